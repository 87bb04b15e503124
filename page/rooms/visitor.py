"""Who asks: the name that the visitor of the page has logged in with, wherever the page answers."""

from __future__ import annotations

from page.session import VISITOR


def visitor() -> str:
    """The name, "" where nobody has to log in. Raises LookupError where nothing is being asked for.

    Gradio answers an event in a task that it began for another visitor, so what is told of the event goes first.
    """
    from gradio.context import LocalContext

    request = LocalContext.request.get(None)
    if request is None:
        return VISITOR.get()
    if request.username is None:
        raise LookupError("an event that came through no gate")
    return str(request.username)
