"""Which language a reader gets, in threads and streams of Gradio too, and how the page is told."""

import asyncio
import json

import pytest

from page.language import language
from page.speaking import COOKIE, speaking, spoken, wanted


@pytest.mark.parametrize(
    ("accepted", "given"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("fr,de;q=0.7,en;q=0.3", "de"),
        ("fr, en;q=0.3, DE-ch;q=0.7", "de"),
        ("de;q=0,en;q=0.1", "en"),
        ("de;q=0", "en"),
        ("de;q=x,en;q=0.1", "en"),
        ("fr-FR,fr;q=0.9", "en"),
        ("*", "en"),
        ("den, deu", "en"),
        (",;,;q=1,de;q = 0.5", "de"),
    ],
)
def test_the_first_language_that_is_asked_for_and_spoken_is_given(accepted, given):
    assert wanted(accepted) == given


def test_what_was_chosen_by_hand_comes_before_what_the_browser_asks_for():
    assert wanted("en", "de") == "de"
    assert wanted("de", "en") == "en"
    assert wanted("de", "xx") == "de"
    assert wanted("de", "../en") == "de"


def answered(path, body, *, kind=b"text/html", headers=()):
    """What is sent for a GET of this path, and the language in which the app answered."""
    seen, sent = {}, []

    async def app(scope, receive, send):
        seen.update(language=language(), headers=dict(scope["headers"]))
        sized = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": sized})
        await send({"type": "http.response.body", "body": body[:7], "more_body": True})
        await send({"type": "http.response.body", "body": body[7:]})

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": list(headers)}
    asyncio.run(speaking(app)(scope, None, send))
    assert language() == "en"
    return seen, dict(sent[0]["headers"]), b"".join(message.get("body", b"") for message in sent)


PAGE = b'<!doctype html><html\n\tlang="en"><script>window.gradio_config = {"a": "lang=\\"en\\""};</script>'
GERMAN = (b"accept-language", b"de-DE,de;q=0.9")


def test_the_page_is_marked_and_its_scripts_are_told_before_they_begin():
    seen, headers, body = answered("/", PAGE, headers=[GERMAN, (b"accept-encoding", b"br")])
    assert seen["language"] == "de"
    assert b"accept-encoding" not in seen["headers"]
    assert b'<html\n\tlang="de">' in body
    assert body.index(b"footnoteWords") < body.index(b"gradio_config")
    assert headers[b"content-length"] == str(len(body)).encode()
    assert headers[b"vary"] == b"Accept-Language, Cookie"


def test_the_cookie_of_a_choice_is_read_among_others():
    chosen = (b"cookie", f"a=b; {COOKIE}=de".encode())
    assert answered("/", PAGE, headers=[chosen])[0]["language"] == "de"
    assert answered("/", PAGE, headers=[(b"cookie", f"{COOKIE}=en".encode()), GERMAN])[0]["language"] == "en"


def test_a_page_without_gradio_runs_no_script_of_ours():
    _, _, body = answered("/", b'<html lang="de">a login</html>', headers=[GERMAN])
    assert body == b'<html lang="de">a login</html>'


def test_what_is_no_page_is_sent_as_it_comes():
    seen, _, body = answered("/config", PAGE, headers=[GERMAN])
    assert (seen["language"], body) == ("de", PAGE)


def test_the_words_of_a_script_are_those_that_it_says():
    assert spoken('say("Close"); said("x"); say("a \\"b\\"", { n }); say(name)') == ["Close", 'a "b"']


def test_no_word_ends_the_script_that_carries_it(monkeypatch):
    from page import speaking as module
    from page.language import Catalogue

    module._script.cache_clear()
    monkeypatch.setattr(module, "catalogue", lambda _: Catalogue({"Close": "</script><b>"}, {}))
    try:
        drawn = module._script("de")
        assert "<" not in drawn.replace("(([language, words]) => {", "")
        assert json.loads(drawn[drawn.rindex("})(") + 3 : -2])[1] == {"Close": "</script><b>"}
    finally:
        module._script.cache_clear()
