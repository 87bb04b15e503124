"""What a server writes to stderr: one line for each request and each answer, to be read or as JSON.

The text of a question is in none of them, unless it is asked for: nor is what an error says, which may repeat one. What
a client sends, such as a path, can neither begin a line nor look like another fact.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from index.printable import escaped, visible

FORMS = ("text", "json")
_PLAIN = re.compile(r"[\w./:@%+-]+", re.ASCII)


class Lines(logging.Formatter):
    """One line for each record, with the "facts" that it was given, and what errors say where `messages` are wished.

    Each names the process that wrote it, where it has a number.
    """

    def __init__(self, form: str, *, messages: bool = False, worker: int = 0) -> None:
        super().__init__()
        self._json = form == "json"
        self._messages = messages
        self._always = {"worker": worker} if worker else {}

    def format(self, record: logging.LogRecord) -> str:
        """The record as text, or as a JSON object; what is raised with its trace. Further lines are indented."""
        facts: dict[str, Any] = self._always | getattr(record, "facts", {})
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        trace = self._trace(record.exc_info[1]) if record.exc_info and record.exc_info[1] else ""
        if self._json:
            line = {"time": time, "level": record.levelname, "logger": record.name, "event": record.getMessage()}
            return escaped(json.dumps({**line, **facts, **({"trace": trace} if trace else {})}, ensure_ascii=False))
        said = " ".join([record.getMessage(), *(f"{name}={_written(value)}" for name, value in facts.items())])
        lines = f"{time} {record.levelname} {said}" + (f"\n{trace}" if trace else "")
        return visible(lines.rstrip().replace("\n", "\n    "))

    def _trace(self, error: BaseException) -> str:
        if self._messages:
            return "".join(traceback.format_exception(error))
        before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        places = "".join(traceback.format_tb(error.__traceback__))
        return (self._trace(before) if before else "") + f"{places}{type(error).__name__}\n"


def _written(value: object) -> str:
    """The value as it stands, or in quotation marks where it may be taken for more than one word."""
    if not isinstance(value, str) or _PLAIN.fullmatch(value):
        return str(value)
    return json.dumps(value, ensure_ascii=not value.isprintable())


def configure(form: str, *, messages: bool, worker: int = 0) -> None:
    """Everything that is logged goes to stderr in this form: what the doors do, and the warnings of all others."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(form, messages=messages, worker=worker))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("footnote").setLevel(logging.INFO)
