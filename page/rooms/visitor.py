"""Who asks: the name that the visitor of the page has logged in with, wherever the page answers."""

from __future__ import annotations

from index.errors import FootnoteError
from page.session import VISITOR


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
    scope = request.request.scope if request.request else {}
    if not scope.get("holds", lambda: True)():
        raise FootnoteError(f"{request.username} is not logged in any more", "Log in, and ask again.")
    return str(request.username)
