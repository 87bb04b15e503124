"""What a run has found so far, by question, so that one that was stopped goes on and a repeated one asks nothing.

A journal is one file, named by everything that the result depends on: another set, index, setting or program has
another journal. Each question is a line after its checksum; a line that was cut off, or altered, is not read.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from index.records import digest

# How many journals are kept beside each other, the latest ones: each change of the program begins another.
JOURNALS = 16
SUFFIX = ".rows.jsonl"

log = logging.getLogger(__name__)


class Journal:
    """The rows of one run by question; without a file it keeps nothing. One run writes it at a time."""

    def __init__(self, file: Path | None, fresh: bool = False) -> None:
        self._file = file
        self._rows = _read(file) if file and not fresh else {}

    def get(self, question: str) -> Mapping[str, Any] | None:
        """The row of that question, as JSON values; None when it is not there."""
        return self._rows.get(question)

    def add(self, question: str, row: Mapping[str, Any]) -> None:
        """Writes a row through, so that it is there when the run is stopped. Where it cannot, the run goes on."""
        if self._file is None:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(_line({"question": question, "row": row}))
        except OSError as error:
            log.warning("%s cannot be written (%s): a run that is stopped begins anew", self._file, error.strerror)
            self._file = None


def journal_in(folder: Path, about: Mapping[str, Any], fresh: bool = False) -> Journal:
    """The journal, in `folder`, of a run that depends on `about`; an empty one when it is to be made `fresh`."""
    file = folder / f"{digest(json.dumps(about, sort_keys=True))[:16]}{SUFFIX}"
    others = sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: (-path.stat().st_mtime_ns, path.name))
    with contextlib.suppress(OSError):  # where nothing can be written, nothing can be taken away
        for old in [path for path in others if path != file][JOURNALS - 1 :]:
            old.unlink(missing_ok=True)
        if fresh:
            file.unlink(missing_ok=True)
    return Journal(file, fresh)


def _line(values: Mapping[str, Any]) -> str:
    text = json.dumps(values)
    return f"{zlib.crc32(text.encode()):08x} {text}\n"


def _read(file: Path) -> dict[str, Mapping[str, Any]]:
    """The rows of a file, which is cut after its last whole line: the next row begins on a line of its own."""
    try:
        data = file.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if whole != data:
            os.truncate(file, len(whole))
    except OSError:
        return {}
    lines = (line.partition(b" ") for line in whole.splitlines())
    found = [json.loads(text) for checksum, _, text in lines if checksum == b"%08x" % zlib.crc32(text)]
    return {values["question"]: values["row"] for values in found}
