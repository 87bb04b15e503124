"""Files of records: JSON, one JSON object a line, and tables with a header line. Each record is an article.

They may be large, so one record at a time is taken out of the bytes, however the file is built. One that cannot be
read is reported, and the rest go on.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePath
from typing import Any

from index.errors import FootnoteError, NotAnArticle, UnreadableSource
from index.records import digest
from index.sources.decoding import encoding_of
from index.sources.draft import Piece
from index.sources.fields import ROLES, Entry, Record, holds, unknown_role

LINES = {".jsonl", ".ndjson"}
TABLES = {".csv", ".tsv"}
DATA_SUFFIXES = {".json"} | LINES | TABLES

MAX_RECORDS = 200_000
# Bytes. Parsed, JSON takes up to 30 times as many.
MAX_RECORD = 16_000_000
MAX_NESTED = 200

# Where an object keeps its list of articles, and the objects that such an object lies in.
_LISTS = (
    "articles", "items", "entries", "posts", "results", "data", "docs", "documents", "records", "rows", "stories",
    "news", "hits", "@graph",
)  # fmt: skip
_AROUND = ("response", "data", "result", "feed", "hits")
_MARK = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.S)
_MEMBER = re.compile(rb'\s*("(?:[^"\\]++|\\.)*+")\s*:\s*', re.S)
_SOLID = re.compile(rb"[^\s\x1e]")
_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Found:
    """A record in its place, "line 12", or the `problem` with it. The `place` is "" for the only one of its file."""

    place: str
    record: Record | None = None
    problem: str = ""
    state: str = "failed"


def read_records(data: bytes, name: str, fields: Mapping[str, str]) -> Iterator[Piece]:
    """The articles among the records of a file, each by its id, or else by its place: "line 12".

    `fields` maps roles to fields, see index.sources.fields. A piece without a name is the file itself: a JSON object
    that is an article. Raises UnreadableSource for a file that is damaged, and for a mapping that names a field that
    no record has; NotAnArticle where no record holds a text. What came before the damage is given first.
    """
    if role := unknown_role(fields):
        raise UnreadableSource(f"the mapping names {role!r}, which is none of: {', '.join(ROLES)}")
    encoding = encoding_of(data)
    table = PurePath(name).suffix.lower() in TABLES
    if not table and not encoding.startswith("utf-8"):
        data, encoding = data.decode(encoding, "replace").encode(), "utf-8"

    def found() -> Iterator[Found]:
        return _in_table(data, encoding, name) if table else _in_json(data, name, fields)

    _check(found(), fields)
    names = Names()
    for number, item in enumerate(found()):
        if number == MAX_RECORDS:
            raise UnreadableSource(f"it holds more than {MAX_RECORDS:,} records; the others were not read")
        yield _piece(item, fields, names)


class Names:
    """Names for the pieces of one file, no two of them alike."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def new(self, name: str, place: str) -> str:
        """The name, or the place where there is none, or both where another has that name already."""
        given = name or place
        if given in self._given:
            given = f"{given} ({place})"
        self._given.add(given)
        return given


def _check(found: Iterator[Found], fields: Mapping[str, str]) -> None:
    """Raises what there is to say of the file as a whole; looks no further than to the first article."""
    missing, any_text, problem, records = list(fields.values()), False, "", 0
    for item in islice(found, MAX_RECORDS):
        if item.record is None:
            problem = problem or (item.problem if item.state == "failed" else "")
            continue
        records += 1
        missing = [path for path in missing if not holds(item.record, path)]
        any_text = any_text or Entry(item.record, fields).has_text
        if any_text and not missing:
            return
    if records and missing:
        raise UnreadableSource(f"no record has the field {missing[0]!r} that the mapping names")
    if problem and not records:
        raise UnreadableSource(problem)
    if not any_text:
        raise NotAnArticle("no articles in it: no field that holds a text")


def _piece(item: Found, fields: Mapping[str, str], names: Names) -> Piece:
    if item.record is None:
        return Piece(names.new("", item.place), problem=item.problem, state=item.state)
    entry = Entry(item.record, fields)
    name = names.new(entry.id, item.place) if item.place else ""
    key = ""
    try:
        key = digest(json.dumps(item.record, sort_keys=True), json.dumps(dict(fields), sort_keys=True))
        return Piece(name, draft=entry.draft(), digest=key)
    except NotAnArticle as error:
        return Piece(name, digest=key, problem=str(error))
    except FootnoteError as error:
        return Piece(name, problem=str(error), state="failed")
    except MemoryError:  # this is of the process, which says so itself
        raise
    # The parsers of markup and dates raise whatever a text leads them to, and the next record is another matter.
    except Exception:
        return Piece(name, problem="damaged record", state="failed")


# JSON ---------------------------------------------------------------------------------------------------------------


def _in_json(data: bytes, name: str, fields: Mapping[str, str]) -> Iterator[Found]:
    """The records of a list, of the list in an object, or of the objects on their lines, whatever the suffix says."""
    first = _SOLID.search(data, 3 if data.startswith(b"\xef\xbb\xbf") else 0)
    start = first.start() if first else len(data)
    opening = data[start : start + 1]
    if opening == b"[":
        return _in_list(data, start + 1)
    if PurePath(name).suffix.lower() in LINES or (opening == b"{" and _goes_on(data, start)):
        return _in_lines(data, start)
    if opening != b"{":
        raise UnreadableSource("damaged JSON: it begins with neither [ nor {")
    alone = _parsed(data[start:], "") if len(data) - start <= MAX_RECORD else Found("")
    if alone.record is not None and Entry(alone.record, fields).has_text:
        return iter([alone])
    at = _list_in(data, start)
    return _in_list(data, at + 1) if at else iter([alone])


def _goes_on(data: bytes, start: int) -> bool:
    """Whether the first line is an object by itself and others follow, as in files of lines that are named .json."""
    end = data.find(b"\n", start)
    return (
        0 < end - start <= MAX_RECORD and bool(_SOLID.search(data, end)) and bool(_parsed(data[start:end], "").record)
    )


def _in_lines(data: bytes, start: int) -> Iterator[Found]:
    number = data.count(b"\n", 0, start)
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        number += 1
        if _SOLID.search(data, start, end):
            yield _parsed(data[start:end].strip(b"\x1e"), f"line {number}")
        start = end + 1


def _in_list(data: bytes, start: int) -> Iterator[Found]:
    for number, (begin, end) in enumerate(_elements(data, start), start=1):
        yield _parsed(data[begin:end], f"record {number}")


def _parsed(data: bytes, place: str) -> Found:
    what = place or "it"
    if len(data) > MAX_RECORD:
        return Found(place, problem=f"{what} is longer than {MAX_RECORD // 1_000_000} MB")
    try:
        record: Any = json.loads(data.decode("utf-8", "replace"), strict=False)
    except RecursionError:
        return Found(place, problem=f"{what} is nested too deep")
    except ValueError:
        return Found(place, problem=f"{what} is not JSON")
    return Found(place, record) if isinstance(record, dict) else Found(place, None, f"{what} is no record", "skipped")


def _elements(data: bytes, start: int) -> Iterator[tuple[int, int]]:
    """Where each element of a list, or each member of an object, begins and ends; `start` is after the bracket."""
    begin, depth = start, 0
    for mark in _MARK.finditer(data, start):
        at = mark.start()
        kind = data[at]
        if kind in b"[{":
            depth += 1
            if depth > MAX_NESTED:
                raise UnreadableSource(f"refused, because it is nested more than {MAX_NESTED} deep")
        elif kind in b"]}":
            if not depth:
                if _SOLID.search(data, begin, at):
                    yield begin, at
                return
            depth -= 1
        elif kind == ord(",") and not depth:
            yield begin, at
            begin = at + 1
    raise UnreadableSource("damaged JSON: it breaks off")


def _list_in(data: bytes, start: int, depth: int = 0) -> int:
    """Where the list of objects in an object begins, 0 for none."""
    members: dict[str, int] = {}
    for begin, _ in _elements(data, start + 1):
        if member := _MEMBER.match(data, begin):
            members.setdefault(member[1].strip(b'"').decode("ascii", "replace"), member.end())
    for name in _LISTS:
        at = members.get(name, 0)
        if at and re.compile(rb"\[\s*\{").match(data, at):
            return at
    inside = (members[name] for name in _AROUND if name in members and depth < 2)
    found = (_list_in(data, at, depth + 1) for at in inside if data[at : at + 1] == b"{")
    return next(filter(None, found), 0)


# Tables -------------------------------------------------------------------------------------------------------------


def _in_table(data: bytes, encoding: str, name: str) -> Iterator[Found]:
    """The rows under the header line, by its names."""
    csv.field_size_limit(max(csv.field_size_limit(), MAX_RECORD))
    file = io.TextIOWrapper(io.BytesIO(data), encoding, errors="replace", newline="")
    lines: list[str] = []

    def kept() -> Iterator[str]:
        for line in file:
            lines.append(line)
            yield line

    rows = csv.reader(kept(), delimiter=_delimiter(data, encoding, name))
    header: list[str] = []
    while True:
        lines.clear()
        place = f"line {rows.line_num + 1}"
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableSource(f"damaged table: {error} ({place})") from error
        if not header:
            header = [] if row[0:1] and row[0].startswith("sep=") else [cell.strip() for cell in row]
        elif any(cell.strip() for cell in row):
            yield _row(place, row, header, left_open=len(lines) > 1 and sum(line.count('"') for line in lines) % 2 == 1)


def _row(place: str, row: list[str], header: list[str], left_open: bool) -> Found:
    if left_open:
        return Found(place, problem=f"{place} opens a quotation mark that is not closed")
    if any(cell.strip() for cell in row[len(header) :]):
        return Found(place, problem=f"{place} has {len(row)} fields, and the header {len(header)}")
    # Of two fields of one name the first is meant.
    return Found(place, dict(reversed(list(zip(header, row, strict=False)))))


def _delimiter(data: bytes, encoding: str, name: str) -> str:
    """What parts the header line into the most fields."""
    if PurePath(name).suffix.lower() == ".tsv":
        return "\t"
    head = io.TextIOWrapper(io.BytesIO(data[:100_000]), encoding, errors="replace", newline="").read().lstrip()
    if said := re.match(r"\"?sep=([^\w\s]|\t)", head):
        return said[1]
    return max(_DELIMITERS, key=lambda delimiter: len(next(csv.reader([head.split("\n")[0]], delimiter=delimiter), [])))
