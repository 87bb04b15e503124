"""What the index needs to know: defaults in code, an optional footnote.toml, the environment for paths."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from index.embedder import PACKAGED_MODEL
from index.errors import UsageError
from index.following import SOURCES_FILE, Outside
from index.server import Server, server_at

SETTINGS_FILE = "footnote.toml"
# The sections of the file: [index] is read here, the others where questions are answered.
SECTIONS = ("index", "ask", "write", "conversations")
# Settings that may hold a password, and are never shown.
SECRET = ("database",)
# How a value is written in the file, by the kind of its default.
_WRITTEN = {
    str: ("a text", 'Write {name} = "...".'),
    int: ("a whole number", "Write {name} = 128."),
    float: ("a number", "Write {name} = 0.5."),
    tuple: ("a list of texts", 'Write {name} = ["10.1.0.0/16"].'),
}


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """Where the index lives and what it is made with.

    `store` is the folder that holds everything Footnote keeps. `model` is the packaged model's name, a local folder
    or the name of a model in the local cache; `precision` is "auto", "float32" or "bfloat16". A passage has at most
    `passage_tokens` tokens, and with 0 as many as the model reads. Pages are fetched from the internet, and from
    `networks`, such as "10.1.0.0/16", which are not reached without being named. `chroma` is the address of the Chroma
    server that holds the segments; without one they are files in the store. `ray` is the address of a Ray cluster that
    reads files and embeds: "auto" for one on this machine, "host:6379" or "ray://host:10001".
    """

    store: Path = Path(".footnote")
    model: str = PACKAGED_MODEL
    precision: str = "auto"
    passage_tokens: int = 0
    networks: tuple[str, ...] = ()
    chroma: str = ""
    ray: str = ""

    @property
    def server(self) -> Server | None:
        """The Chroma server, with what the environment says of it. Raises UsageError for one that is not taken."""
        return server_at(self.chroma)

    @property
    def outside(self) -> Outside:
        """What a run may look at."""
        return Outside(self.networks, Path(SOURCES_FILE), self.ray)

    def at(self, store: Path | None) -> Self:
        """The same settings for another store, where one is named."""
        return replace(self, store=store.expanduser()) if store else self


def load_settings(environ: Mapping[str, str] | None = None, file: Path = Path(SETTINGS_FILE)) -> IndexSettings:
    """The settings of [index] in `file`; FOOTNOTE_STORE, _MODEL, _CHROMA and _RAY go before the file.

    Raises UsageError for a file that cannot be read, and a section or a setting that does not exist.
    """
    return IndexSettings(**index_values(environ, file))


def index_values(environ: Mapping[str, str] | None = None, file: Path = Path(SETTINGS_FILE)) -> dict[str, Any]:
    """The values of [index] that are set, as `load_settings` takes them."""
    environ = os.environ if environ is None else environ
    values = section(file, "index", {f.name: f.default for f in fields(IndexSettings)} | {"store": ""})
    values |= {name: environ[key] for name, key in _ENVIRONMENT.items() if environ.get(key)}
    return values | {"store": Path(values.get("store", ".footnote")).expanduser()}


_ENVIRONMENT = {
    "store": "FOOTNOTE_STORE", "model": "FOOTNOTE_MODEL", "chroma": "FOOTNOTE_CHROMA", "ray": "FOOTNOTE_RAY",
}  # fmt: skip


def database(environ: Mapping[str, str] | None = None, file: Path = Path(SETTINGS_FILE)) -> str:
    """The address of the database that keeps what people write, "" where files of the store do.

    It is what FOOTNOTE_DATABASE says or, where that is not set, [conversations] in `file`. Raises UsageError.
    """
    environ = os.environ if environ is None else environ
    in_file: str = section(file, "conversations", {"database": ""}).get("database", "")
    return environ.get("FOOTNOTE_DATABASE") or in_file


def section(file: Path, name: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a section of the file, each of the kind that its default has. Raises UsageError."""
    values = _sections(file).get(name, {})
    for setting, value in values.items():
        if setting not in defaults:
            raise UsageError(
                f"{file}: there is no setting {setting!r} in [{name}]", f"Known are: {', '.join(defaults)}."
            )
        values[setting] = _checked(file, setting, value, type(defaults[setting]))
    return values


def _checked(file: Path, name: str, value: Any, kind: type) -> Any:  # noqa: ANN401 - what a file holds
    if kind is tuple and isinstance(value, list) and all(isinstance(text, str) for text in value):
        return tuple(value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        what, hint = _WRITTEN[kind]
        # A list of addresses of databases, say, has their passwords.
        said = f"is {value!r}," if name not in SECRET else "is"
        raise UsageError(f"{file}: {name} {said} not {what}", hint.format(name=name))
    return value


def _sections(file: Path) -> dict[str, dict[str, Any]]:
    if not file.exists():
        return {}
    try:
        sections = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {error}", "Mend the file, or move it away.") from error
    for name, values in sections.items():
        if name not in SECTIONS:
            raise UsageError(
                f"{file}: there is no {name!r} outside of [index], [ask], [write] and [conversations]",
                "Write settings below one of these lines.",
            )
        if not isinstance(values, dict):
            raise UsageError(f"{file}: {name} is not a section", f"Write [{name}] on a line of its own.")
    return sections
