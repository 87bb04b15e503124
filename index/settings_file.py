"""The file of settings, footnote.toml: its sections, what may stand in them, and the one that index/ and rag/ share."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from index.errors import UsageError

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
