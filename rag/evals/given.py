"""A question set that somebody sends: its name as that of a folder, and its articles as the index names them.

Whoever writes one names an article by its file. Where the set lies in the store there is no such file beside it, so the
name is looked for in the folders that are followed. What could not be asked is refused before anything is kept.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from index.errors import FootnoteError, UsageError
from index.sources.files import is_address
from rag.evals.collection import line
from rag.evals.sets import QUESTIONS, load
from rag.marked import MARKED

LONGEST_NAME = 60
# Where a question names articles.
_PLACES, _NAMES = ("gold", "also", "not"), "held_out"


def stem_of(name: str) -> str:
    """The folder of a set that is sent under this name."""
    words = re.findall(r"\w+", re.sub(r"\.\w+$", "", name).lower())
    stem = "-".join(words)[:LONGEST_NAME].strip("-") or "own"
    return f"own-{stem}" if stem.startswith((MARKED, "made-")) else stem


def place_set(data: bytes, followed: Sequence[str], folder: Path) -> None:
    """Writes the set into `folder`, all of it at once. Raises FootnoteError for one that cannot be asked."""
    content = "".join(_placed(text, followed) for text in data.decode("utf-8-sig", "replace").splitlines(True))
    if not content.strip():
        raise UsageError("The file holds no question", "Write one a line, as JSON.")
    with TemporaryDirectory() as draft:
        (Path(draft) / QUESTIONS).write_text(content, encoding="utf-8")
        load(Path(draft))
    try:
        folder.mkdir(parents=True)
        draft_file = folder / f"{QUESTIONS}.draft"
        draft_file.write_text(content, encoding="utf-8")
        draft_file.replace(folder / QUESTIONS)
    except OSError as error:
        why = error.strerror or str(error)
        raise FootnoteError(f"{folder} cannot be written: {why}", "Make room for it, and try again.") from error


def _placed(text: str, followed: Sequence[str]) -> str:
    """A line of the set with its articles by their whole paths; what is no question stays as it is."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(values, dict):
        return text
    found = {name: [_named(place, followed) for place in values[name]] for name in _PLACES if _is_list(values, name)}
    if _is_list(values, _NAMES):
        found[_NAMES] = [_source(name, followed) for name in values[_NAMES]]
    return line(values | found) if any(values[name] != places for name, places in found.items()) else text


def _is_list(values: Mapping[str, Any], name: str) -> bool:
    return isinstance(values.get(name), list)


def _named(place: Any, followed: Sequence[str]) -> Any:  # noqa: ANN401 - JSON
    return {**place, "source": _source(place.get("source"), followed)} if isinstance(place, dict) else place


def _source(name: Any, followed: Sequence[str]) -> Any:  # noqa: ANN401 - JSON
    """The path of the file with this name in a folder that is followed; anything else as it is."""
    if not isinstance(name, str) or is_address(name) or Path(name).is_absolute():
        return name
    for place in followed:
        try:
            if not is_address(place) and (Path(place) / name).is_file():
                return os.path.normpath(Path(place) / name)
        except (OSError, ValueError):  # a name that is too long, or has a zero byte
            continue
    return name
