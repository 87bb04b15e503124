"""What the index needs to know: defaults in code, an optional footnote.toml, the environment for paths."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from index.embedder import PACKAGED_MODEL
from index.following import SOURCES_FILE, Outside
from index.server import Server, server_at
from index.settings_file import SETTINGS_FILE, section


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
