"""What passes between a run and the processes that read for it: frames of JSON, never pickle, and nothing is believed.

A frame is one letter that says what it is, the length of what follows, and that. A process that a file has taken over
can say no more in it than what a file could have said: readings of its own job.
"""

from __future__ import annotations

import json
import os
import struct
from dataclasses import fields
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from index.records import Article, Section, article_id
from index.sources.draft import MAX_CHARACTERS
from index.sources.sightings import Job, Reading

JOB = b"J"  # to the process; all others come from it
TAKEN = b"T"  # the job has arrived
PART = b"P"  # a reading of a part of the source
READING = b"R"  # the reading of the source itself, which comes last
DONE = b"D"
WORN = b"W"  # done, and this process has served its time
NO_MEMORY = b"M"
BROKEN = b"B"  # the reader raised what it should not
KINDS = {JOB, TAKEN, PART, READING, DONE, WORN, NO_MEMORY, BROKEN}

HEADER = struct.Struct(">cI")
# An article of 5,000,000 characters, and its headings, in UTF-8 with the escapes of JSON.
MAX_FRAME = 64_000_000

TOO_MUCH = "gave more text than is read"

_CHUNK = 1 << 20
_STATES = {"indexed", "opened", "skipped", "failed"}
_HEX = set("0123456789abcdef")


class Garbled(ValueError):
    """Bytes that are no frame, or a frame that says what it cannot say."""


class TooLarge(ValueError):
    """A frame of more than MAX_FRAME bytes."""


def send(channel: int, kind: bytes, content: bytes = b"") -> None:
    """Write one frame. Raises OSError when nobody reads any more."""
    rest = memoryview(HEADER.pack(kind, len(content)) + content)
    while rest:
        rest = rest[os.write(channel, rest) :]


def receive(channel: int) -> tuple[bytes, bytes] | None:
    """The next frame, (kind, content), waited for; None at the end. Raises Garbled and TooLarge."""
    header = _exactly(channel, HEADER.size)
    if header is None:
        return None
    kind, length = HEADER.unpack(header)
    if kind not in KINDS:
        raise Garbled("no frame begins like this")
    if length > MAX_FRAME:
        raise TooLarge(f"{length:,} bytes")
    content = _exactly(channel, length)
    return None if content is None else (kind, content)


def _exactly(channel: int, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        piece = os.read(channel, min(size - len(data), _CHUNK))
        if not piece:
            return None
        data += piece
    return bytes(data)


def job_said(job: Job) -> bytes:
    """The job as JSON, its path absolute, for the process works in another folder."""
    return json.dumps(_named(job) | {"path": os.path.abspath(job.path)}, default=_plain).encode()


def job_heard(content: bytes) -> Job:
    """The job that job_said() said."""
    said = json.loads(content)
    fetched = datetime.fromisoformat(said["fetched"]) if said["fetched"] else None
    return Job(**said | {"path": Path(said["path"]), "fetched": fetched})


def reading_said(reading: Reading) -> bytes:
    """The reading as JSON. Raises UnicodeEncodeError for a text that no database would take."""
    return json.dumps(_named(reading), default=_plain, ensure_ascii=False).encode()


def reading_heard(content: bytes, job: Job) -> Reading:
    """The reading that reading_said() said of the job. Raises Garbled for anything else, whatever it is."""
    try:
        reading = _reading(json.loads(content))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        raise Garbled("not a reading") from error
    itself = reading.source == job.source and not reading.part_of
    part = reading.part_of == job.source and reading.source.startswith(f"{job.source}#")
    if not (itself or part):
        raise Garbled("a reading of something else")
    if (reading.state == "indexed") is not (reading.article is not None):
        raise Garbled("an article in the wrong state")
    if reading.article and not _whole(reading.article, reading.source):
        raise Garbled("not an article of this source")
    return reading


def _named(record: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass
    """The fields of a dataclass by name; unlike asdict(), nothing is copied."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _plain(value: object) -> object:
    """What JSON has no word for."""
    if isinstance(value, Section):
        return [value.start, value.body, value.heading]
    if isinstance(value, Article):
        return _named(value)
    if isinstance(value, date):
        return value.isoformat()
    return dict(value)  # type: ignore[call-overload]  # a mapping; anything else raises TypeError


def _reading(said: dict[str, Any]) -> Reading:
    state, key = _text(said["state"]), _text(said["digest"])
    if state not in _STATES or len(key) > 64 or not _HEX.issuperset(key):
        raise Garbled("no such state or digest")
    article = _article(said["article"]) if said["article"] else None
    return Reading(_text(said["source"]), key, state, _text(said["reason"]), article, _text(said["part_of"]))


def _article(said: dict[str, Any]) -> Article:
    return Article(
        id=_text(said["id"]),
        source=_text(said["source"]),
        title=_text(said["title"]),
        text=_text(said["text"]),
        author=_maybe(said["author"]),
        published=_day(said["published"]),
        published_from=_maybe(said["published_from"]),
        fetched=_moment(said["fetched"]),
        language=_maybe(said["language"]),
        pages=tuple(_offset(page) for page in said["pages"]),
        sections=tuple(Section(_offset(start), _offset(body), _text(line)) for start, body, line in said["sections"]),
        modified=_day(said["modified"]),
        url=_maybe(said["url"]),
        publisher=_maybe(said["publisher"]),
    )


def _whole(article: Article, source: str) -> bool:
    """Whether the article is that of the source, and every offset in it lies in its text, in order."""
    end = len(article.text)
    starts = [section.start for section in article.sections]
    return (
        article.source == source
        and article.id == article_id(source)
        and end <= MAX_CHARACTERS
        and all(before <= after for places in (article.pages, starts) for before, after in pairwise([*places, end]))
        and all(section.start <= section.body <= end for section in article.sections)
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Garbled("not a text")
    value.encode()  # raises for half a surrogate pair, which JSON can spell and no database takes
    return value


def _maybe(value: object) -> str | None:
    return None if value is None else _text(value)


def _offset(value: object) -> int:
    if type(value) is not int or value < 0:
        raise Garbled("not an offset")
    return value


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise Garbled("a time without its zone")
    return moment


def _day(value: object) -> date | None:
    return None if value is None else date.fromisoformat(_text(value))
