"""What a server writes to stderr: one line for each request and each answer, to be read or as JSON.

The text of a question is in none of them, unless it is asked for.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from index.printable import escaped, visible

FORMS = ("text", "json")


class Lines(logging.Formatter):
    """One line for each record, with the "facts" that it was given."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self._json = form == "json"

    def format(self, record: logging.LogRecord) -> str:
        """The record as text, or as a JSON object; what is raised with its trace."""
        facts: dict[str, Any] = getattr(record, "facts", {})
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        if self._json:
            line = {"time": time, "level": record.levelname, "logger": record.name, "event": record.getMessage()}
            return escaped(json.dumps({**line, **facts, **({"trace": trace} if trace else {})}, ensure_ascii=False))
        said = " ".join([record.getMessage(), *(f"{name}={value}" for name, value in facts.items())])
        return visible(f"{time} {record.levelname} {said}" + (f"\n{trace}" if trace else "")).rstrip()


def configure(form: str) -> None:
    """Everything that is logged goes to stderr in this form: what the doors do, and the warnings of all others."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(form))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("footnote").setLevel(logging.INFO)
