"""The Ask room in Chromium: stages, filters, what is offered, and the way from one quote to the next."""

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest
from scripted_page import (
    FLOOD,
    PAYLOADS,
    RADAR,
    READ,
    RIVER,
    SERVICE,
    Scripted,
    Shelved,
    Syncing,
    Unmarked,
    ask,
    browser_test,
    follow,
    hit,
    lit,
    serving,
)  # fmt: skip

import app
from index.candidates import Names, Only
from index.records import passage_id
from page.source import read_html
from page.words import plain
from rag.answers import Question
from rag.conversations import Conversations
from rag.stored import NEARBY, shown


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """The file of an article, which says more than is read of it."""
    file = tmp_path_factory.mktemp("articles") / "river.html"
    file.write_text(f"<title>River</title><script>document.title='pwned'</script><p>{RIVER.text}</p>")
    return file


@pytest.fixture(scope="module")
def site(tmp_path_factory, original):
    class Library(Shelved):
        def article(self, article):
            return replace(RIVER, source=str(original)) if article == RIVER.id else super().article(article)

        def followed(self):
            return [str(original.parent)]

        def names(self):
            return Names(tuple(papers), ())

    papers = ["The Packet"]
    assistant, library = Scripted(), Library()
    store = tmp_path_factory.mktemp("store")
    past = Conversations(store)
    syncing = Syncing(assistant, store)
    blocks = app.page(assistant, library, syncing, ["River: how high was it?", PAYLOADS[0]], past, Unmarked())
    with serving(app.serve(blocks, past, library, store)) as port:
        yield SimpleNamespace(
            url=f"http://127.0.0.1:{port}", port=port, assistant=assistant, syncing=syncing, papers=papers
        )


def only_of_the_last(site):
    return site.assistant.asked[-1].only


@browser_test
def test_what_is_searched_is_shown_while_it_is_read(page):
    READ.clear()
    page.fill("#question textarea", "River, read slowly?")
    page.press("#question textarea", "Enter")
    waiting = page.locator("#chat .waiting", has_text="Searched 15 articles")
    waiting.wait_for()
    assert "Reading what was found" in waiting.inner_text()
    READ.set()
    page.locator("#chat .said").wait_for()


@browser_test
@pytest.mark.parametrize("device", ["page", "phone"])
def test_filters_keep_every_question_to_what_they_say_until_they_are_taken_out(device, site, request):
    page = request.getfixturevalue(device)
    page.click("#filters summary")
    page.fill("#filters [name=source]", "the packet")
    page.fill("#filters [name=first]", "2024-05-01")
    page.press("#filters [name=source]", "Enter")
    page.locator("#filters form").wait_for(state="hidden")
    ask(page, "River?")
    assert only_of_the_last(site) == Only("the packet", first=date(2024, 5, 1))
    ask(page, "River again?")
    assert only_of_the_last(site).source == "the packet"
    assert page.locator("#chips button").all_text_contents() == ["the packet", "from 1 May 2024"]
    page.click("#chips button >> nth=0")
    ask(page, "River?")
    assert only_of_the_last(site) == Only(first=date(2024, 5, 1))
    page.click("#filters summary")
    page.click("#filters [type=reset]")
    page.locator("#chips button").first.wait_for(state="detached")
    page.keyboard.press("Escape")
    ask(page, "River?")
    assert only_of_the_last(site) == Only()


@browser_test
def test_days_in_the_wrong_order_are_told_and_nothing_is_asked(page, site):
    asked = len(site.assistant.asked)
    page.click("#filters summary")
    page.fill("#filters [name=first]", "2024-05-02")
    page.fill("#filters [name=last]", "2024-05-01")
    page.fill("#question textarea", "River?")
    page.press("#question textarea", "Enter")
    page.get_by_text("No day is both after 2024-05-02 and before 2024-05-01").wait_for()
    assert len(site.assistant.asked) == asked
    assert page.input_value("#question textarea") == "River?"


@browser_test
def test_what_another_machine_has_brought_in_is_counted_after_an_answer_and_beside_the_list(page, site, monkeypatch):
    known = page.locator("#name .known")
    known.get_by_text("15 articles").wait_for()
    monkeypatch.setattr(site.assistant, "articles", 16)
    ask(page, "River?")
    known.get_by_text("16 articles").wait_for()
    monkeypatch.setattr(site.assistant, "articles", 17)
    page.click("#rooms a[href='#room-articles']")
    known.get_by_text("17 articles").wait_for()


@browser_test
def test_filters_are_still_seen_after_a_sync(page, site):
    page.click("#filters summary")
    page.fill("#filters [name=source]", "the packet")
    page.press("#filters [name=source]", "Enter")
    site.papers.append("Another paper")
    site.syncing.go.set()
    page.click("#sync")
    page.locator("#filters option[value='Another paper']").wait_for(state="attached")
    assert page.locator("#chips button").all_text_contents() == ["the packet"]
    ask(page, "River?")
    assert only_of_the_last(site).source == "the packet"


@browser_test
def test_what_is_offered_while_an_answer_grows_is_asked_when_that_is_done(page, site):
    READ.clear()
    page.fill("#question textarea", "River, read slowly?")
    page.press("#question textarea", "Enter")
    page.locator("#chat .waiting", has_text="Searched 15 articles").wait_for()
    page.evaluate(
        """() => {
        const link = document.querySelector("#chat").appendChild(document.createElement("a"));
        link.href = "#ask-0";
        link.textContent = "Mayor, offered?";
        link.click();
        link.remove();
    }"""
    )
    page.locator("#later", has_text="“Mayor, offered?” is asked when this answer is done.").wait_for()
    page.fill("#question textarea", "Radar?")
    READ.set()
    page.locator("[data-testid=bot]").nth(1).locator(".answer").wait_for()
    assert page.input_value("#question textarea") == "Radar?"
    ask(page, "Radar?")
    asked = [question.text for question in site.assistant.asked[-3:]]
    assert asked == ["River, read slowly?", "Mayor, offered?", "Radar?"]


@browser_test
def test_a_conversation_is_opened_from_the_settings_too(page):
    ask(page, "River?")
    page.click("#pasts")
    page.click("#rooms a[href='#room-settings']")
    page.locator("#kept .past").first.click()
    page.locator("#chat .asked").first.wait_for()


@browser_test
def test_an_example_is_asked_word_for_word(page, site):
    page.click(".welcome a >> nth=1")
    page.locator("#chat .answer").wait_for()
    assert site.assistant.asked[-1].text == PAYLOADS[0]


@browser_test
def test_the_arrows_go_from_one_quote_to_the_next(page):
    ask(page, "River?")
    follow(page, "cite-1-1")
    before = lit(page)
    assert page.locator("#reader .steps").inner_text().split() == ["1", "of", "2", "›"]
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#reader[data-place='cite-1-2']")
    assert lit(page) != before
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#reader[data-place='cite-1-1']")
    page.click("#reader .steps a[rel=next]")
    page.wait_for_selector("#reader[data-place='cite-1-2']")
    assert page.evaluate("document.activeElement.className") != "asked"


@browser_test
def test_the_arrows_move_in_the_question_and_not_in_the_article_while_it_is_typed(page):
    ask(page, "River?")
    follow(page, "cite-1-1")
    page.fill("#question textarea", "ab")
    page.keyboard.press("ArrowLeft")
    page.keyboard.type("x")
    assert page.input_value("#question textarea") == "axb"
    assert page.locator("#reader").get_attribute("data-place") == "cite-1-1"


@browser_test
def test_the_original_is_shown_and_nothing_in_it_runs(page, site):
    answer = page.goto(f"{site.url}/originals/{RIVER.id}")
    policies = answer.headers["content-security-policy"]
    assert (answer.status, page.title()) == (200, "River")
    assert policies.startswith("sandbox;")
    assert page.goto(f"{site.url}/originals/{'0' * 32}").status == 404
    page.faults.clear()


def test_what_else_was_found_is_of_other_articles_and_each_once():
    answer = Scripted().ask(Question("River?"))
    others = [hit(replace(RADAR, id=f"{n:032x}"), SERVICE) for n in range(NEARBY + 3) for _ in range(2)]
    found = shown(replace(answer, hits=(*answer.hits, *others)))
    assert [one.article for one in found.nearby] == [f"{n:032x}" for n in range(NEARBY)]
    assert shown(found) == found
    assert shown(answer).nearby == ()


def test_another_passage_is_lit_unless_the_article_was_changed():
    p = hit(RIVER, FLOOD).passage
    key = passage_id(RIVER.revision, p.start, p.end)
    name = f"read-{RIVER.id}-{p.start}-{p.end}-{key[:8]}"
    assert f'<mark class="active">{plain(FLOOD)}</mark>' in read_html(name, RIVER)
    assert "<mark" not in read_html(name, replace(RIVER, text="Ha. " + RIVER.text))
