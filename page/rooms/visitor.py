"""Who asks: the name that the visitor of the page has logged in with, wherever the page answers."""

from __future__ import annotations

from collections.abc import Callable

from index.errors import FootnoteError
from page.session import VISITOR


def holding() -> Callable[[], bool]:
    """What tells, from any thread and whenever it is asked, whether the visitor of now is logged in still."""
    from gradio.context import LocalContext

    request = LocalContext.request.get(None)
    scope = request.request.scope if request and request.request else {}
    holds: Callable[[], bool] = scope.get("holds", lambda: True)
    return holds


def visitor() -> str:
    """The name, "" where nobody has to log in. Raises LookupError where nothing is being asked for.

    Raises FootnoteError where the user was removed, or given another password, while an answer was looked for: it would
    be kept for whoever has the name next.
    Gradio answers an event in a task that it began for another visitor, so what is told of the event goes first.
    """
    from gradio.context import LocalContext

    request = LocalContext.request.get(None)
    if request is None:
        return VISITOR.get()
    if request.username is None:
        raise LookupError("an event that came through no gate")
    if not holding()():
        raise FootnoteError(f"{request.username} is not logged in any more", "Log in, and ask again.")
    return str(request.username)
