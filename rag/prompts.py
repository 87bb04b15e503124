"""The texts of prompts/, with values put in for their $names, and a digest of them for the record."""

from __future__ import annotations

import hashlib
import string
from dataclasses import dataclass
from pathlib import Path

from index.errors import FootnoteError

FOLDER = Path(__file__).resolve().parent.parent / "prompts"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as it is written, with its $names."""

    name: str
    text: str

    @property
    def names(self) -> frozenset[str]:
        """What values it needs."""
        return frozenset(string.Template(self.text).get_identifiers())

    def filled(self, **values: str) -> str:
        """The text with all values in their places; a "$" in a value stays one. Raises ValueError for other names."""
        if values.keys() != self.names:
            raise ValueError(f"the prompt {self.name} needs {sorted(self.names)}, not {sorted(values)}")
        return string.Template(self.text).substitute(values)


def load(name: str, folder: Path = FOLDER) -> Prompt:
    """The prompt of that name. Raises FootnoteError when its file cannot be used."""
    file = folder / f"{name}.txt"
    try:
        prompt = Prompt(name, file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FootnoteError(f"The prompt {file.name} cannot be read ({error})", "Put the file back.") from error
    if not string.Template(prompt.text).is_valid():
        raise FootnoteError(f"The prompt {file.name} has a $ without a name", "Write $$ for the sign itself.")
    return prompt


def digest(*prompts: Prompt) -> str:
    """A name for these texts, of 16 hexadecimal digits: another text has another."""
    whole = "\0".join(f"{p.name}\0{p.text}" for p in prompts)
    return hashlib.sha256(whole.encode()).hexdigest()[:16]
