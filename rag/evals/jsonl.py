"""Lines of a JSON file, read so that a complaint names the file, the line and what is missing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from index.errors import FootnoteError, UsageError

T = TypeVar("T")

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_KINDS = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "an object"}


@dataclass(frozen=True, slots=True)
class Record:
    """A JSON object and where it stands, such as "questions.jsonl line 3, gold 1"."""

    values: Mapping[str, Any]
    where: str

    def value(self, name: str, kind: type[T], default: T | None = None) -> T:
        """The value under `name`; `default`, if there is one, when it is missing or null. Raises FootnoteError."""
        value = self.values.get(name)
        if value is None and default is not None:
            return default
        if isinstance(value, kind):
            return value
        raise self.wrong(f"{name!r} is missing" if value is None else f"{name!r} is not {_KINDS[kind]}: {value!r:.60}")

    def texts(self, name: str) -> tuple[str, ...]:
        """The list of texts under `name`; empty when it is missing."""
        values = self.value(name, list, [])
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(f"{name!r} is not a list of texts")
        return tuple(values)

    def records(self, name: str) -> tuple[Record, ...]:
        """The list of objects under `name`; empty when it is missing."""
        values = self.value(name, list, [])
        if not all(isinstance(value, dict) for value in values):
            raise self.wrong(f"{name!r} is not a list of objects")
        return tuple(Record(value, f"{self.where}, {name} {n}") for n, value in enumerate(values, 1))

    def record(self, name: str) -> Record:
        """The object under `name`; empty when it is missing."""
        return Record(self.value(name, dict, {}), f"{self.where}, {name}")

    def wrong(self, what: str) -> FootnoteError:
        """The error that says what is wrong here."""
        return FootnoteError(f"{self.where}: {what}", "Mend that line of the question set.")


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it stands in the file: `offset` is where its bytes begin."""

    offset: int
    data: bytes
    where: str

    def record(self) -> Record:
        """The JSON object on the line. Raises FootnoteError when there is none."""
        try:
            values = json.loads(self.data)
        except (ValueError, RecursionError) as error:
            raise Record({}, self.where).wrong(f"this is not JSON ({error})") from error
        if not isinstance(values, dict):
            raise Record({}, self.where).wrong("this is not a JSON object")
        return Record(values, self.where)


def as_text(value: object) -> str:
    """JSON that can be written as UTF-8: half of a surrogate pair stands there as an escape."""
    text = json.dumps(value, ensure_ascii=False)
    return json.dumps(value) if _LONE_SURROGATE.search(text) else text


def lines(path: Path) -> Iterator[Line]:
    """The lines of a file that hold anything, one at a time. Raises UsageError when it cannot be opened."""
    try:
        with path.open("rb") as file:
            offset = 0
            for number, data in enumerate(file, 1):
                if data.strip():
                    yield Line(offset, data, f"{path.name} line {number}")
                offset += len(data)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "Give the folder of a question set.") from error


def records(path: Path) -> Iterator[Record]:
    """The JSON objects of a file, one per line."""
    return (line.record() for line in lines(path))
