"""The login page: a name, a password, and what is told of the last try. It runs no script."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from page.language import language, later, several
from page.words import plain, tell

STYLE = Path(__file__).parent / "login.css"
# Where the form is sent, and where a person leaves.
LOGIN, LOGOUT = "/login", "/logout"
NAME, PASSWORD, BACK = "username", "password", "back"
AGAIN = "again"
AGAIN_SCRIPT = (
    f'const here = new URL(location.href); here.searchParams.set("{AGAIN}", ""); location.replace(here.href);'
)
WRONG = later("The name or the password is not right.")
BUSY = later("Many people log in at this moment. Try again in a few seconds.")


def login_html(told: str = "", name: str = "", back: str = "/") -> str:
    """The whole page. `told` is a sentence on the last try, and `back` the path that was asked for."""
    sentence = f'<p class="told" role="alert" id="told">{tell(told)}</p>' if told else ""
    described = ' aria-describedby="told"' if told else ""
    # The field that is to be filled next.
    first, second = ("", " autofocus") if name else (" autofocus", "")
    return _whole(
        f'<main><h1>Footnote</h1><p class="claim">{tell("Answers quoted from your articles")}</p>'
        f'<form method="post" action="{LOGIN}">{sentence}'
        f'<label for="name">{tell("Name")}</label>'
        f'<input id="name" name="{NAME}" value="{plain(name)}" autocomplete="username" '
        f'autocapitalize="none" autocorrect="off" spellcheck="false" required{first}{described}>'
        f'<label for="password">{tell("Password")}</label><input id="password" name="{PASSWORD}" type="password" '
        f'autocomplete="current-password" required{second}{described}>'
        f'<input type="hidden" name="{BACK}" value="{plain(back)}"><button>{tell("Log in")}</button></form></main>'
    )


def again_html() -> str:
    """A page that loads its own address once more, with AGAIN in it; it may run AGAIN_SCRIPT and nothing else.

    A link on another site is followed without the cookie of a session; from a page of ours it is followed with it.
    What stands behind # never comes to the server, so that only a script can take it along.
    """
    at_once = f'<script>{AGAIN_SCRIPT}</script><noscript><meta http-equiv="refresh" content="0"></noscript>'
    return _whole(f'<main><h1>Footnote</h1><p class="claim">{tell("One moment")}</p></main>', at_once)


def too_often(seconds: int) -> str:
    """What is told of a try that came too soon."""
    return several(
        seconds,
        "That was wrong too often. The next try is possible in {n} second.",
        "That was wrong too often. The next try is possible in {n} seconds.",
    )


def _whole(body: str, more: str = "") -> str:
    return (
        f'<!doctype html>\n<html lang="{language()}">\n<head>\n<meta charset="utf-8">\n<title>Footnote</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="color-scheme" content="light dark">\n{more}<style>{_style()}</style>\n</head>\n'
        f"<body>{body}</body>\n</html>\n"
    )


@cache
def _style() -> str:
    return STYLE.read_text(encoding="utf-8")
