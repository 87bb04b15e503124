"""Which language each request is answered in, told to all that answers it, and to the browser with the page.

A reader gets the first language that the browser asks for and the page has, or the one that was chosen by hand.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

from page.language import ENGLISH, LANGUAGE, LANGUAGES, catalogue, known, language
from rag.doors.admission import App, Receive, Scope, Send, headers_of
from rag.doors.faults import Fault

# Where script.js keeps what was chosen by hand.
COOKIE = "footnote-language"
SCRIPT = Path(__file__).parent / "script.js"
# Before it, what is to be known to Gradio when it begins.
_BEGINNING = b"<script>window.gradio_config"


def wanted(accepted: str, chosen: str = "") -> str:
    """The language for a reader whose browser sends this Accept-Language, and who has chosen that one, "" for none."""
    if chosen in LANGUAGES:
        return chosen
    ranked = []
    for entry in accepted.split(","):
        tag, _, weight = entry.partition(";")
        number = re.fullmatch(r"\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*", weight)
        ranked.append((float(number[1]) if number else 0.0 if weight.strip() else 1.0, tag.strip().lower()))
    tags = [tag for weight, tag in sorted(ranked, key=lambda one: -one[0]) if weight > 0]
    return next((lang for tag in tags if (lang := tag.partition("-")[0]) in LANGUAGES), ENGLISH)


def translated(fault: Fault) -> tuple[Fault, str]:
    """What a door tells, as its reader reads it, and in which language that is: English where it is not known."""
    error, hint = known(fault.error), known(fault.hint)
    if error is None or hint is None:
        return fault, ENGLISH
    return replace(fault, error=error, hint=hint), language()


def cookies_of(scope: Scope) -> dict[str, str]:
    """The cookies of a request."""
    given = "; ".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie")
    return dict(cookie.strip(" ").partition("=")[::2] for cookie in given.split(";"))


def speaking(app: App) -> App:
    """The app, which answers each request in the language of its reader."""

    async def speak(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        accepted = headers_of(scope).get("accept-language", "")
        theirs = scope["language"] = wanted(accepted, cookies_of(scope).get(COOKIE, ""))
        token = LANGUAGE.set(theirs)
        try:
            if scope["path"] == "/" and scope["method"] == "GET":
                # What is to be changed may not be packed.
                headers = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
                return await app({**scope, "headers": headers}, receive, _addressed(send, theirs))
            await app(scope, receive, send)
        finally:
            LANGUAGE.reset(token)

    return speak


def _addressed(send: Send, language: str) -> Send:
    """Sends the page in this language: its mark, and before all else what its scripts say in it."""
    begun: Scope = {}
    body = b""

    async def sending(message: Scope) -> None:
        nonlocal begun, body
        if message["type"] == "http.response.start":
            begun = message
            return
        body += message.get("body", b"")
        if message.get("more_body"):
            return
        if _BEGINNING in body:
            body = body.replace(b'lang="en"', f'lang="{language}"'.encode(), 1)
            body = body.replace(_BEGINNING, f"<script>{_script(language)}</script>".encode() + _BEGINNING, 1)
        length = (b"content-length", str(len(body)).encode())
        headers = [length if name.lower() == b"content-length" else (name, value) for name, value in begun["headers"]]
        await send({**begun, "headers": [*headers, (b"vary", b"Accept-Language, Cookie")]})
        await send({**message, "body": body})

    return sending


@cache
def _script(language: str) -> str:
    """What has Gradio speak this language, whatever the browser prefers beside it, and the words of script.js."""
    texts = catalogue(language).texts
    words = {text: texts[text] for text in spoken(SCRIPT.read_text(encoding="utf-8")) if text in texts}
    told = json.dumps([language, words], ensure_ascii=True).replace("<", "\\u003c")
    return (
        f"(([language, words]) => {{ window.footnoteWords = words; "
        'Object.defineProperty(navigator, "language", { value: language, configurable: true }); '
        f'Object.defineProperty(navigator, "languages", {{ value: [language], configurable: true }}); }})({told});'
    )


def spoken(script: str) -> list[str]:
    """The texts that a script says."""
    return [json.loads(text) for text in re.findall(r'\bsay\(("(?:[^"\\]|\\.)*")', script)]
