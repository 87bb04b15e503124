"""The only errors a front shows: one sentence that names the thing, and the next step."""

from __future__ import annotations


def ended(said: object) -> str:
    """What is said, as a sentence: with a full stop unless it ends with a mark of its own."""
    text = str(said).rstrip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def first_line(error: BaseException) -> str:
    """The first line of what a library says went wrong, at most 200 characters; its kind when it says nothing."""
    return str(error).strip().split("\n")[0][:200] or type(error).__name__


class FootnoteError(Exception):
    """Something the user can mend. `str(error)` is the sentence, `hint` the next step, `exit_code` 1 or 2."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __reduce__(self) -> tuple[type[FootnoteError], tuple[str, str]]:
        return type(self), (str(self), self.hint)


def explained(error: FootnoteError) -> str:
    """The sentence and the next step, on one line."""
    return f"{ended(error)} {error.hint}".strip()


class UsageError(FootnoteError):
    """The request itself cannot be meant: an empty question, a path that does not exist."""

    exit_code = 2


class UnreadableSource(FootnoteError):
    """One source could not be turned into an article. It is reported, and the rest go on."""


class NotAnArticle(FootnoteError):
    """A source holds nothing to index: another file type, no text layer, an empty file. It is skipped, not failed."""


class DamagedIndex(FootnoteError):
    """A published segment or a stored vector is not what was put there; the hint says how it is made again."""


class ServerAway(FootnoteError):
    """The Chroma server that holds the segments cannot be asked now; the catalog has what it would say."""


class ServerFailed(ServerAway):
    """The Chroma server answered that it could not answer: this time, or of one damaged collection each time."""
