"""What a program is told when a request cannot be answered: a status, a sentence, and the next step.

At OpenAI's paths it has OpenAI's form. A stack trace is for the log alone.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Any

from index.errors import DamagedIndex, FootnoteError, UsageError, ended

log = logging.getLogger("footnote.doors")

BROKEN = "Something went wrong inside Footnote; the log has the details."
OPENAI_PATHS = ("/v1/chat/", "/v1/models")
_OPENAI_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class NotFound(FootnoteError):
    """What is asked for by its id is not there."""


class Unavailable(FootnoteError):
    """No question can be answered now."""


class Busy(Unavailable):
    """As many questions as may be answered at once are being answered."""


@dataclass(frozen=True, slots=True)
class Fault:
    """How a request failed. `retry_after` is after how many seconds another may do better, 0 when that is not known."""

    status: int
    error: str
    hint: str = ""
    retry_after: int = 0

    @property
    def headers(self) -> dict[str, str]:
        """The headers that belong to the status."""
        retry = {"retry-after": str(self.retry_after)} if self.retry_after else {}
        more = {401: {"www-authenticate": "Bearer"}, 408: {"connection": "close"}}
        return retry | more.get(self.status, {})

    def told(self, path: str) -> dict[str, Any]:
        """The body of the response, in the form that clients of the path read."""
        if not path.startswith(OPENAI_PATHS):
            return {"error": self.error, "hint": self.hint}
        kind = _OPENAI_TYPES.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")
        message = f"{self.error} {self.hint}".strip()
        return {"error": {"message": message, "type": kind, "param": None, "code": None}}


def fault_of(error: Exception) -> Fault:
    """How this error is told. One that nobody has foreseen is logged, and nothing of it is told."""
    if not isinstance(error, FootnoteError):
        log.error("a request could not be finished", exc_info=error)
        return Fault(500, BROKEN)
    return Fault(_status(error), ended(error), error.hint, 1 if isinstance(error, Busy) else 0)


def _status(error: FootnoteError) -> int:
    if isinstance(error, UsageError):
        return 400
    if isinstance(error, NotFound):
        return 404
    # What else can be mended is mended in the index: the request is right, and conflicts with how the index is.
    return 503 if isinstance(error, Unavailable | DamagedIndex) else 409


def encoded(value: object) -> bytes:
    """JSON in UTF-8. A lone surrogate, as in the name of a file that is not UTF-8, becomes a question mark."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
