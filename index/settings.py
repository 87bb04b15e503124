"""What the index needs to know: defaults in code, an optional footnote.toml, the environment for paths."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from index.embedder import PACKAGED_MODEL
from index.errors import UsageError
from index.following import SOURCES_FILE, Outside

SETTINGS_FILE = "footnote.toml"


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """Where the index lives and what it is made with.

    `store` is the folder that holds everything Footnote keeps. `model` is the packaged model's name, a local folder
    or the name of a model in the local cache; `precision` is "auto", "float32" or "bfloat16". Pages are fetched from
    the internet, and from `networks`, such as "10.1.0.0/16", which are not reached without being named.
    """

    store: Path = Path(".footnote")
    model: str = PACKAGED_MODEL
    precision: str = "auto"
    networks: tuple[str, ...] = ()

    @property
    def outside(self) -> Outside:
        """What a run may look at."""
        return Outside(self.networks, Path(SOURCES_FILE))

    def at(self, store: Path | None) -> IndexSettings:
        """The same settings for another store, where one is named."""
        return replace(self, store=store.expanduser()) if store else self


def load_settings(environ: Mapping[str, str] | None = None, file: Path = Path(SETTINGS_FILE)) -> IndexSettings:
    """The settings of [index] in `file`; FOOTNOTE_STORE and FOOTNOTE_MODEL go before the file.

    Raises UsageError for a file that cannot be read, and a section or a setting that does not exist.
    """
    environ = os.environ if environ is None else environ
    values = _section(file)
    known = [f.name for f in fields(IndexSettings)]
    for name, value in values.items():
        if name not in known:
            raise UsageError(f"{file}: there is no setting {name!r} in [index]", f"Known are: {', '.join(known)}.")
        if name == "networks":
            values[name] = _networks(file, value)
        elif not isinstance(value, str):
            raise UsageError(f"{file}: {name} is {value!r}, not a text", f'Write {name} = "...".')
    values |= {name: environ[key] for name, key in _ENVIRONMENT.items() if environ.get(key)}
    return IndexSettings(**(values | {"store": Path(values.get("store", ".footnote")).expanduser()}))


def _networks(file: Path, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise UsageError(f"{file}: networks is {value!r}, not a list of texts", 'Write networks = ["10.1.0.0/16"].')
    return tuple(value)


_ENVIRONMENT = {"store": "FOOTNOTE_STORE", "model": "FOOTNOTE_MODEL"}


def _section(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    try:
        sections = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {error}", "Mend the file, or move it away.") from error
    section = sections.pop("index", {})
    if not isinstance(section, dict):
        raise UsageError(f"{file}: index is not a section", "Write [index] on a line of its own.")
    for name in sections:
        raise UsageError(
            f"{file}: there is no {name!r} outside of [index]", "Write settings below a line [index], the only section."
        )
    return section
