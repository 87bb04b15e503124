"""Other people's text in real Chromium, in every place of the page at once: it is shown as it stands, and does nothing.

One visit with the page's own policy, and one without it, so that the policy hides no hole in the escaping.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import unescape
from types import SimpleNamespace

import pytest
from payloads import PAYLOADS
from scripted_page import Scripted, Shelved, Syncing, Unmarked, browser_test, hit, quoted, refused, serving, visiting

import app
from index.candidates import Names
from index.ledger import Followed, Listing, Place, Timeline
from index.printable import visible
from index.records import Article, Section, article_id
from page.exported import exported_html
from page.login import login_html
from page.past import LISTED
from page.words import plain
from rag.answers import Question, Refusal, Sentence
from rag.conversations import Conversation, Turn
from rag.wording import NEAREST

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def other(n, places):
    """A payload that stands some places on, so that each of them comes to stand everywhere."""
    return PAYLOADS[(n + places) % len(PAYLOADS)]


def article(n):
    """An article whose text, heading, title, author and source are payloads."""
    heading, text = " ".join(other(n, 3).split()), PAYLOADS[n]
    source = other(n, 11)
    return Article(
        article_id(f"{n}"), source, other(n, 5), f"{heading}\n{text}", other(n, 7),
        sections=(Section(0, len(heading), heading),),
    )  # fmt: skip


ARTICLES = [article(n) for n in range(len(PAYLOADS))]
QUESTION = "\n".join(PAYLOADS)


def answer(question):
    """Each payload quoted from an article of its own, and each again as a sentence that a model made up."""
    whole = quoted(question, *((a, a.text[len(a.sections[0].heading) + 1 :]) for a in ARTICLES))
    made_up = tuple(Sentence(payload, ()) for payload in PAYLOADS)
    return replace(whole, sentences=(*whole.sentences, *made_up), searched_for=PAYLOADS[0], note=PAYLOADS[1])


class Hostile(Scripted):
    """Answers with nothing but payloads; to "Nearest <number>" with a refusal that shows some of them."""

    def ask(self, question):
        word, _, number = question.text.partition(" ")
        if word == "Nearest":
            chosen = ARTICLES[int(number) :][:NEAREST]
            return refused(question, Refusal.NOT_SUPPORTED, *(hit(a, a.text) for a in chosen))
        return answer(question)

    def stream(self, question):
        whole = self.ask(question)
        if not whole.refusal:
            yield replace(
                whole, sentences=whole.sentences[:5], citations=whole.citations[:5], pending=QUESTION, done=False
            )
        yield whole


@dataclass
class HostileShelf(Shelved):
    """Every source is a payload, with what is said of it; each is listed, whatever is looked for."""

    def __post_init__(self):
        entry = Shelved().entries[0]
        self.entries = [
            replace(entry, source=a.source, state="indexed" if n % 2 else "failed", reason=other(n, 13), title=a.title,
                    author=a.author)
            for n, a in enumerate(ARTICLES)
        ]  # fmt: skip

    def places(self):
        return [Place(Followed(text), 1, 1, "", text) for text in PAYLOADS]

    def timeline(self):
        return Timeline()

    def listing(self, state, like, limit, offset, period):
        states = {"indexed": len(self.entries), "skipped": 0, "failed": 0}
        return Listing(tuple(self.entries[offset : offset + limit]), states, PAYLOADS)

    def names(self):
        return Names(PAYLOADS, PAYLOADS)

    def article(self, article):
        return next((a for a in ARTICLES if a.id == article), None)


class HostilePast:
    """Conversations that are called as payloads are; the third hundred is found by "2"."""

    def listing(self, like, limit):
        named = PAYLOADS[LISTED * int(like or "0") :][:limit]
        return [Conversation(f"{n:032x}", title, NOW, NOW, 1) for n, title in enumerate(named)]

    def find(self, name):
        return self.listing("", 1)[0]

    def turns(self, conversation):
        return [Turn(1, QUESTION, answer(Question(QUESTION))), Turn(2, PAYLOADS[0], None, QUESTION)]

    def keep(self, conversation, answer): ...

    def rename(self, conversation, title): ...

    def remove(self, conversation): ...


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    store = tmp_path_factory.mktemp("store")
    assistant, shelf, past = Hostile(), HostileShelf(), HostilePast()
    blocks = app.page(assistant, shelf, Syncing(assistant, store), PAYLOADS[:40], past, Unmarked())
    with serving(app.serve(blocks, past, shelf, store)) as port:
        yield SimpleNamespace(url=f"http://127.0.0.1:{port}")


# Whatever would run or be sent, anywhere in the page, apart from Gradio's own; and what links lead to.
FOUND = """() => {
    const all = [...document.querySelectorAll("#chat, #source, #listing, #kept, #name, #synced")]
        .flatMap(place => [...place.querySelectorAll("*")]).filter(e => !e.closest(
            ".icon-button-wrapper, .scroll-down-button-container, [data-testid=status-tracker]"));
    const bad = "script,style,link,meta,base,iframe,object,embed,form,input,textarea,select,video,audio,source,img," +
        "image,picture,svg,math,template,dialog,noscript,body,marquee,track";
    return {
        pwned: window.__pwned || null,
        shown: !!document.querySelector("#shell")?.getClientRects().length,
        tags: all.filter(e => e.matches(bad)).map(e => e.outerHTML.slice(0, 200)),
        handlers: all.filter(e => [...e.attributes].some(a => /^on/i.test(a.name))).map(e => e.outerHTML.slice(0, 200)),
        links: [...new Set(all.flatMap(e => ["href", "src", "action", "formaction", "xlink:href", "srcset", "ping"]
            .map(name => e.getAttribute(name)).filter(v => v !== null)
            .map(v => v.replace(/[0-9a-f]{32}/, "ID").replace(/[0-9]+/g, "N"))))].sort(),
    };
}"""
OURS = re.compile(
    r"#((cite|near|copy|link|edit|reword|mark|ask|list|read|past|rename|remove|take)-[\w-]*)|/conversations/ID\.(html|md|bib)"
)


def harmless(page):
    """Nothing ran, nothing was sent and nothing is there that could; gives what links lead to."""
    page.wait_for_timeout(400)
    found = page.evaluate(FOUND)
    assert (found["pwned"], found["shown"]) == (None, True)
    assert (found["tags"], found["handlers"]) == ([], [])
    assert (page.outside, page.dialogs, page.faults) == ([], [], [])
    return found["links"]


def texts(page, selector):
    return page.locator(selector).all_text_contents()


@browser_test
@pytest.mark.parametrize("bypass_csp", [False, True], ids=["served", "without the CSP"])
def test_no_text_runs_calls_out_or_draws_anything_wherever_it_stands(chromium, site, bypass_csp):
    with visiting(chromium, site, bypass_csp=bypass_csp) as page:
        page.set_default_timeout(60_000)
        page.dialogs = []
        page.on("dialog", lambda dialog: (page.dialogs.append(dialog.message), dialog.dismiss()))
        assert texts(page, "a.example") == [visible(payload) for payload in PAYLOADS[:40]]

        page.fill("#question textarea", QUESTION)
        page.press("#question textarea", "Enter")
        page.locator("[data-testid=bot] .answer .notes").first.wait_for()
        said = page.locator("[data-testid=bot]").first.text_content()
        assert [payload for payload in PAYLOADS if visible(payload) not in said] == []
        assert page.locator(".asked").first.text_content().split() == visible(QUESTION).split()
        links = harmless(page)

        for number in range(1, len(PAYLOADS), 40):
            page.evaluate("n => document.querySelector(`#chat a[href='#cite-1-${n}']`).click()", number)
            page.wait_for_selector(f"#reader[data-place='cite-1-{number}']")
            assert page.locator("#reader h2").text_content() == visible(ARTICLES[number - 1].title)
            links += harmless(page)

        page.fill("#question textarea", "Nearest 100")
        page.press("#question textarea", "Enter")
        page.locator("a.near").first.wait_for()
        links += harmless(page)

        page.click("#pasts")
        for hundred in ("1", "2", "0"):
            page.fill("#recall input, #recall textarea", hundred)
            first = visible(PAYLOADS[LISTED * int(hundred)])
            page.wait_for_function("t => document.querySelector('#kept .past b')?.textContent === t", arg=first)
            links += harmless(page)
        page.evaluate("document.querySelector('#kept a.past').click()")
        page.locator("#chat .trouble").wait_for()
        links += harmless(page)

        page.click("#rooms a[href='#room-articles']")
        page.locator("#listing .sources").wait_for()
        links += harmless(page)
        assert {link for link in links if not OURS.fullmatch(link)} == set()


@browser_test
@pytest.mark.parametrize(
    ("drawn", "inputs"),
    [
        (exported_html(PAYLOADS[0], HostilePast().turns("")), 0),
        (login_html(QUESTION, QUESTION, QUESTION), 3),
        ("".join(f"<p title='{plain(p)}' class=\"{plain(p)}\">{plain(p)}</p>" for p in PAYLOADS), 0),
    ],
    ids=["taken along", "login", "attributes"],
)
def test_no_text_runs_or_calls_out_of_any_other_page(chromium, drawn, inputs):
    context = chromium.new_context(bypass_csp=True)
    page, told = context.new_page(), []
    page.on("dialog", lambda dialog: (told.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: told.append(request.url))
    page.set_content(drawn)
    page.wait_for_timeout(300)
    assert (page.evaluate("window.__pwned || null"), told) == (None, [])
    assert page.locator("input").count() == inputs
    assert page.locator("img, iframe, script, svg, object, video, audio, base, embed, math").count() == 0
    handlers = page.evaluate("[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames())")
    assert [name for name in handlers if name.startswith("on")] == []
    context.close()


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_plain_text_comes_out_as_it_went_in_and_has_nothing_that_is_read_as_more(payload):
    drawn = plain(payload)
    assert unescape(drawn) == visible(payload)
    assert not set(drawn) & set("<>\"'`=/\\${}[]()!*_~|:@\n\t")
