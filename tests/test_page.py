"""The page in real Chromium, with a scripted assistant: what is clicked is lit, other people's text does nothing."""

import http.client
import json
import os
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest
from scripted_page import (
    FLOOD,
    GAUGE,
    HOSTILE,
    PAYLOADS,
    RADAR,
    RIVER,
    SEEN,
    SERVICE,
    Scripted,
    Shelved,
    Syncing,
    Unmarked,
    articles,
    ask,
    browser_test,
    cite,
    follow,
    hit,
    in_view,
    lit,
    quoted,
    read,
    refused,
    serving,
    visiting,
)
from test_accessibility import faults

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import app
from index.errors import FootnoteError, UsageError
from index.records import Article, Overview, Section, article_id
from index.sync import Report
from page import chat, header, source, words
from page.rooms import ask as asking
from page.rooms import header as syncs
from page.rooms import source as rooms_source
from page.rooms import wiring
from page.syncs import Syncs
from page.tabs import Fair
from rag.answers import Answer, Doubt, Question, Refusal, Sentence
from rag.chain import checked
from rag.conversations import Conversations
from rag.doors.faults import BROKEN
from rag.wording import DIFFERING, SAYINGS, short

# The server and the browser ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    assistant = Scripted()
    store = tmp_path_factory.mktemp("store")
    syncing = Syncing(assistant, store)
    past = Conversations(store)
    examples = ["River: how high was it?", PAYLOADS[0]]
    served = app.serve(app.page(assistant, Shelved(), syncing, examples, past, Unmarked()), past, Shelved(), store)
    with serving(served) as port:
        url = f"http://127.0.0.1:{port}"
        yield SimpleNamespace(url=url, port=port, assistant=assistant, syncing=syncing, past=past)


# Drawing, without a browser ------------------------------------------------------------------------------------------


def test_plain_text_holds_nothing_that_html_markdown_or_a_template_reads():
    for payload in PAYLOADS:
        drawn = words.plain(payload)
        assert unescape(drawn) == payload
        assert re.fullmatch(r"(?:[A-Za-z0-9 ,]|&#[0-9]+;)*", drawn)


def test_characters_that_hide_or_reorder_words_are_not_shown():
    assert words.plain("a\u200bb\u202ec\u2066d\ufefff\U000e0041\x00\x1b\x85") == "abcdf"


def test_the_joiners_that_persian_needs_are_kept():
    assert words.plain("می\u200cروم") == "می\u200cروم"


def test_a_lone_surrogate_can_be_sent():
    assert words.plain("a\ud800").encode() == "a\ufffd".encode()


def test_overlapping_quotes_are_drawn_once_and_the_chosen_one_is_whole():
    drawn = source.line_html("abcdefgh", (0, 8), [(1, 4), (2, 6)], (2, 6))
    assert drawn == 'a<mark class="lit">b</mark><mark class="active">cdef</mark>gh'


def test_a_quote_over_two_paragraphs_is_lit_in_both():
    article = Article("a", "s", "t", "one two\nthree four")
    assert source.text_html(article, [(4, 13)], (4, 13)) == (
        '<p>one <mark class="active">two</mark></p><p><mark class="active">three</mark> four</p>'
    )


def test_a_heading_is_drawn_as_one_and_not_repeated():
    article = Article("a", "s", "t", "# Early\nIt rained.\n\n# Late\nIt dried.",
                      sections=(Section(0, 8, "Early"), Section(20, 27, "Late")))  # fmt: skip
    drawn = source.text_html(article, [], (0, 0))
    assert drawn == "<h3>Early</h3><p>It rained&#46;</p><h3>Late</h3><p>It dried&#46;</p>"


def test_an_article_is_drawn_without_a_look_at_all_its_headings_for_each_line():
    looks = []

    class Sections(tuple):
        def __iter__(self):
            looks.append(1)
            return super().__iter__()

    sections = Sections(Section(20 * n, 20 * n + 8, f"{n:05}") for n in range(500))
    text = "".join(f"# {n:05}\nIt rained.\n\n" for n in range(500))
    drawn = source.text_html(Article("a", "s", "t", text, sections=sections), [], (0, 0))
    assert drawn.startswith("<h3>00000</h3><p>It rained&#46;</p><h3>00001</h3>")
    assert drawn.count("<h3>") == 500
    assert len(looks) == 1


@pytest.mark.parametrize(
    "wanted", ["", "cite-1-9", "cite-9-1", "cite-0-1", "near-1-1", "cite-1-1-1", "<img>", "cite-1-¹"]
)
def test_a_number_that_was_never_given_opens_nothing(wanted):
    question = Question("River?")
    turns = [chat.Turn(1, "River?", quoted(question, (RIVER, FLOOD)))]
    assert source.opened(wanted, turns) == source.empty_html()


def test_the_panel_shows_the_article_as_it_was_when_it_was_cited():
    edited = Article(RIVER.id, RIVER.source, RIVER.title, "Something else entirely.")
    cited = ((RIVER, FLOOD), (edited, "Something"))
    turns = [chat.Turn(n, "River?", quoted(Question("River?"), pair)) for n, pair in enumerate(cited, start=1)]
    assert "metres" in source.opened("cite-1-1", turns)
    assert "metres" not in source.opened("cite-2-1", turns)


def test_a_turn_keeps_only_the_articles_that_its_links_lead_to():
    question, far = Question("River?"), [hit(HOSTILE, payload) for payload in PAYLOADS]
    answer = quoted(question, (RIVER, FLOOD))
    answer = replace(answer, hits=(*answer.hits, *far))
    refusal = refused(question, Refusal.NOT_SUPPORTED, *far)
    (turn,) = asking.kept([chat.Turn(1, "River?", answer)])
    assert turn.answer.hits == answer.hits[:1]
    assert "metres" in source.opened("cite-1-1", [turn])
    (turn,) = asking.kept([chat.Turn(1, "River?", refusal)])
    assert turn.answer.hits == tuple(far[: chat.NEAREST])
    assert chat.answer_html(1, turn.answer) == chat.answer_html(1, refusal)


def test_the_oldest_turns_are_dropped_and_the_numbers_of_the_others_stay(monkeypatch):
    monkeypatch.setattr(asking, "TURNS", 2)
    turns = []
    for question in ("River?", "Broken", "Radar?"):
        assert "no longer kept" not in str(chat.messages(turns))
        turns = asking.kept([*turns, *asking.answering(Scripted(), question, turns)])
    assert [(turn.number, turn.question) for turn in turns] == [(2, "Broken"), (3, "Radar?")]
    assert source.opened("cite-1-1", turns) == source.empty_html()
    assert 'data-place="cite-3-1"' in source.opened("cite-3-1", turns)
    drawn = chat.messages(turns)
    assert "no longer kept" in drawn[0]["content"]
    assert "#cite-3-1" in drawn[3]["content"]


def test_an_answer_is_drawn_while_it_grows(page):
    ask(page, "River, slowly?")
    page.locator("#chat .pending", has_text="And the <b>gauge").wait_for()
    assert page.locator("#chat .sentence").count() == 1
    SEEN.set()
    page.locator("#chat .sentence").nth(1).wait_for()
    assert page.locator("#chat .pending").count() == 0
    page.locator("#chat a.cite").nth(1).click()
    page.locator("#source mark").first.wait_for()


def test_what_is_said_before_everything_is_read_says_so():
    whole = Scripted().ask(Question("River?"))
    early = chat.reply_html(chat.Turn(1, "River?", answer=replace(whole, done=False, early=True)))
    assert "Reading what else was found" in early
    assert 'class="sentence"' in early
    assert '<div class="growing" inert>' in early  # its numbers lead nowhere yet
    assert "Reading what else was found" not in chat.reply_html(chat.Turn(1, "River?", answer=whole))


def test_each_answer_is_kept_in_its_conversation(monkeypatch):
    monkeypatch.setattr(asking, "REDRAWN", 0.0)
    kept = []
    past = SimpleNamespace(keep=lambda conversation, answer: kept.append((conversation, answer)))
    ask = asking.conversing(Scripted(), past)
    turns = []
    for question in ("River?", "Broken", "Radar?"):
        *_, (_, _, turns) = ask(question, "", turns)
    *_, (_, _, other) = ask("Radar?", "", [])
    assert [answer.question.text for _, answer in kept] == ["River?", "Radar?", "Radar?"]
    assert all(answer.done for _, answer in kept)
    first, second, third = (conversation for conversation, _ in kept)
    assert first == second != third
    assert {turn.conversation for turn in turns} == {first}
    assert [turn.conversation for turn in other] == [third]


def test_an_answer_that_cannot_be_kept_is_shown_all_the_same(caplog):
    def full(*_):
        raise FootnoteError("The disk is full", "Make room.")

    *_, (_, _, turns) = asking.conversing(Scripted(), SimpleNamespace(keep=full))("River?", "", [])
    assert turns[0].answer.sentences
    assert "could not be kept: The disk is full" in caplog.text


def test_a_growing_answer_is_not_drawn_for_each_word(monkeypatch):
    def stream(self, question):
        whole = self.ask(question)
        yield from (replace(whole, done=False, pending="x" * n) for n in range(1_000))
        yield whole

    monkeypatch.setattr(Scripted, "stream", stream)
    drawn = list(asking.answering(Scripted(), "River?", []))
    assert 2 <= len(drawn) < 100
    assert drawn[-1].answer.done


def test_what_is_not_borne_out_says_so():
    whole = quoted(Question("River?"), (RIVER, FLOOD))
    said = [
        Sentence("It rose by <9> metres.", (1,), doubt=Doubt.NUMBER),
        Sentence("<i>It sank.</i>", ()),
        Sentence("It rose.", (1,)),
    ]
    drawn = chat.answer_html(1, replace(whole, sentences=tuple(said), note="openai:m <did> not answer."))
    assert "<did>" not in drawn
    drawn = unescape(drawn)
    assert '<p class="note">openai:m <did> not answer.</p>' in drawn
    assert drawn.count("a number here is not in the quote") == 1
    assert drawn.count("(no source)") == 1
    assert drawn.count('class="sentence doubted"') == drawn.count('class="sentence"') == 1


def test_of_the_tabs_of_a_page_those_go_first_that_one_user_has_most_of(tmp_path):
    blocks = app.page(Scripted(), Shelved(), Syncing(Scripted(), tmp_path), [], Conversations(tmp_path), Unmarked())
    app.serve(blocks, Conversations(tmp_path), Shelved(), tmp_path)
    assert isinstance(blocks.state_holder.session_data, Fair)
    assert blocks.state_holder.capacity == app.TABS


def test_what_was_searched_is_said_in_one_line():
    drawn = unescape(chat.searched_html(quoted(Question("River?"), (RIVER, FLOOD))))
    assert drawn == '<p class="searched">Searched 15 articles (3 Jan 2024 – 12 Dec 2024), 63 passages · 0.08 s</p>'


def test_a_sentence_without_support_says_so():
    assert "(no source)" in chat.sentence_html(1, Sentence("Perhaps.", ()), {})


def test_the_short_answer_is_marked_and_every_part_is_text():
    text = "<b>At</b> noon & <i>not</i> before."
    drawn = chat.marked_html(Sentence(text, (1,), (10, 14)))
    assert unescape(re.search("<mark>(.*)</mark>", drawn)[1]) == "noon"
    assert unescape(re.sub("</?mark>", "", drawn)) == text
    assert "<b>" not in drawn


def test_what_disagrees_stands_side_by_side_with_its_days():
    answer = replace(quoted(Question("River?"), (RIVER, FLOOD), (RADAR, SERVICE)), differing=True)
    drawn = chat.quoted_html(1, answer)
    days = [unescape(day) for day in re.findall("<li><i>(.*?)</i><span", drawn)]
    assert [day.replace("\xa0", " ") for day in days] == [short(c.published) for c in answer.citations]
    assert unescape(drawn).index(DIFFERING) < unescape(drawn).index(FLOOD) < unescape(drawn).index(SERVICE)


def test_an_empty_index_says_what_to_do():
    answer = Answer(Question("x"), "x", (), (), (), Overview(0, 0, None, None, 0, 0), "scripted", Refusal.NO_ARTICLES)
    assert SAYINGS[Refusal.NO_ARTICLES] in unescape(chat.answer_html(1, answer))
    assert "Searched" not in chat.answer_html(1, answer)


def test_a_sync_that_fails_ends_in_one_sentence():
    def sync(progress):
        raise FootnoteError("Another process is writing.", "Wait for it.")

    *_, last = Syncs().watched(sync)
    assert unescape(syncs.sync_html(last)) == '<p class="trouble">Another process is writing. Wait for it.</p>'


def test_an_error_and_its_hint_are_two_sentences():
    with pytest.raises(UsageError) as told:
        checked(" ")
    assert wiring.trouble(told.value) == "The question is empty. Write what you want to know from your articles."


def test_progress_is_counted_only_where_there_is_something_to_count():
    assert header.progress_line("embedding", 1200, 3400) == "Embedding 1,200 of 3,400 passages"
    assert header.progress_line("scanning", 12, 0) == "Scanning"
    assert header.progress_line("building", 0, 1) == "Building"


def test_a_port_that_is_taken_is_said_in_one_sentence():
    with app.listening(0) as taken, pytest.raises(UsageError, match="is taken") as told:
        app.listening(taken.getsockname()[1])
    assert "PORT=8000" in told.value.hint


def test_a_sync_that_runs_does_not_keep_the_process():
    import subprocess
    import sys

    code = "import time; from page.syncs import Syncs; Syncs().begin(lambda progress: time.sleep(600))"
    root = Path(app.__file__).parent
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False, timeout=60).returncode == 0


def test_help_does_not_wait_for_gradio():
    import subprocess
    import sys

    root = Path(app.__file__).parent
    code = "import app, sys; sys.exit('gradio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


# The doors, without a browser ----------------------------------------------------------------------------------------


def fetch(site, method="GET", path="/", body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    connection.request(method, path, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
    response = connection.getresponse()
    response.text = response.read().decode("utf-8", "replace")
    connection.close()
    return response


def test_the_page_is_refused_under_a_foreign_host_name(site):
    for name in ("evil.test", "testserver"):
        assert fetch(site, Host=name).status == 400
    for name in ("127.0.0.1", "localhost", f"[::1]:{site.port}"):
        assert fetch(site, Host=name).status == 200


def test_every_response_says_what_the_page_may_do(site):
    for path in ("/", "/gradio_api/info", "/nothing-here"):
        headers = fetch(site, path=path).headers
        assert "form-action 'self'; object-src 'none'" in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "same-origin")


def test_uploads_and_what_other_sites_post_are_refused(site):
    assert fetch(site, "POST", "/gradio_api/upload", "x").status == 403
    crossing = fetch(site, "POST", "/gradio_api/call/ask", "{}", Sec_Fetch_Site="cross-site")
    assert (crossing.status, crossing.headers["x-content-type-options"]) == (403, "nosniff")


@pytest.mark.parametrize("origin", ["https://evil.test", "http://127.0.0.1:1", "null"])
def test_what_another_origin_posts_is_refused_without_sec_fetch_site_too(site, origin):
    assert fetch(site, "POST", "/gradio_api/call/ask", '{"data": ["River?"]}', Origin=origin).status == 403


@pytest.mark.parametrize("said", [{}, {"Sec_Fetch_Site": "same-origin", "Origin": "null"}, {"Origin": "own"}])
def test_what_the_page_and_programs_post_is_taken(site, said):
    headers = {name: value.replace("own", site.url) for name, value in said.items()}
    headers |= {"Content_Type": "application/json"}
    assert fetch(site, "POST", "/gradio_api/call/ask", '{"data": ["River?"]}', **headers).status == 200


def test_asking_is_the_only_public_door(site):
    assert list(json.loads(fetch(site, path="/gradio_api/info").text)["named_endpoints"]) == ["/ask"]
    assert fetch(site, path="/monitoring").status in (403, 404)
    assert fetch(site, path="/gradio_api/runs").status == 404


def called(site, question):
    """The event that a program is sent for a question: its name and data."""
    body = json.dumps({"data": [question]})
    call = fetch(site, "POST", "/gradio_api/call/ask", body, Content_Type="application/json")
    events = fetch(site, path=f"/gradio_api/call/ask/{json.loads(call.text)['event_id']}").text
    event, data = events.strip().split("\ndata: ")
    return event, json.loads(data)


def test_a_program_that_asks_gets_the_answer_as_json(site):
    event, (answer,) = called(site, "River?")
    assert event == "event: complete"
    assert [c["quote"] for c in answer["citations"]] == [FLOOD, GAUGE]


@pytest.mark.parametrize("question", [None, 5, {}, []])
def test_a_program_that_asks_with_no_text_is_told_so(site, question, caplog):
    event, data = called(site, question)
    assert (event, data["error"]) == ("event: error", 'The question is not a text. Send {"data": ["Your question?"]}.')
    assert caplog.records == []


# In the browser ------------------------------------------------------------------------------------------------------


@browser_test
def test_a_number_lights_exactly_the_quote_and_brings_it_into_view(page):
    ask(page, "River?")
    for number, quote, other in ((1, FLOOD, GAUGE), (2, GAUGE, FLOOD)):
        follow(page, f"cite-1-{number}")
        assert lit(page) == [quote]
        assert lit(page, "lit") == [other]
        assert in_view(page, "#reader mark.active")
    assert page.evaluate("document.activeElement.id") == "reader"
    assert page.locator("#reader h3").all_text_contents() == ["The flood"]
    head = page.locator("#reader header").inner_text()
    assert all(part in head for part in ("The river archive", "Ilse Brandt", "12 March 2024 (byline)", "river.md"))


@browser_test
def test_a_number_shows_its_quote_before_it_is_opened(page):
    reply = ask(page, "River?")
    number = reply.locator(".sentence a.cite").nth(1)
    peek = number.locator(".peek")
    assert peek.is_hidden()
    assert number.inner_text() == "[2]"
    number.hover()
    assert peek.inner_text().split("\n") == [GAUGE, "The river archive · Ilse Brandt · 12 Mar 2024"]
    text, shown = (where.bounding_box() for where in (reply.locator(".said"), peek))
    assert text["x"] <= shown["x"]
    assert shown["x"] + shown["width"] <= text["x"] + text["width"] + 1
    assert shown["y"] > number.bounding_box()["y"]
    page.mouse.move(0, 0)
    assert peek.is_hidden()
    reply.locator(".sentence a.cite").first.focus()
    page.keyboard.press("Tab")
    assert peek.is_visible()
    page.keyboard.press("Enter")
    page.wait_for_selector("#reader[data-place='cite-1-2']")
    assert peek.is_hidden()


@browser_test
def test_the_chosen_number_is_marked(page):
    ask(page, "River?")
    follow(page, "cite-1-2")
    page.mouse.move(0, 0)
    links = [page.locator(f".said a[href='#cite-1-{n}']") for n in (1, 2)]
    colours = [link.evaluate("a => getComputedStyle(a).backgroundColor") for link in links]
    assert colours[0] == "rgba(0, 0, 0, 0)"
    assert colours[1] != colours[0]


@browser_test
def test_a_number_of_an_earlier_turn_opens_its_own_article(page):
    ask(page, "River?")
    ask(page, "Radar?")
    follow(page, "cite-2-1")
    assert lit(page) == [SERVICE]
    follow(page, "cite-1-1")
    assert lit(page) == [FLOOD]
    assert page.locator("#reader h2").text_content() == "The river archive"


@browser_test
def test_earlier_questions_go_along_with_a_later_one(page, site):
    ask(page, "River?")
    ask(page, "Radar?")
    assert site.assistant.asked[-1].earlier == ("River?",)


@browser_test
def test_the_same_place_can_be_opened_again(page):
    ask(page, "River?")
    follow(page, "cite-1-2")
    page.evaluate("document.querySelector('#source').scrollTop = 0")
    follow(page, "cite-1-2")
    assert in_view(page, "#reader mark.active")


@browser_test
def test_a_refusal_says_so_and_shows_the_nearest_passages(page):
    reply = ask(page, "Mayor?")
    assert reply.locator(".refusal").inner_text() == "Your articles do not say."
    assert reply.locator("a.near b").all_text_contents() == ["Radar gauge in service", "The river archive"]
    follow(page, "near-1-2")
    assert lit(page) == [GAUGE]
    assert in_view(page, "#reader mark.active")


# Gradio's own pictures and styles around the messages.
GRADIOS = [".icon-button-wrapper", ".scroll-down-button-container", "[data-testid=status-tracker]"]
DRAWN = """GRADIOS => ({
    pwned: document.body.getAttribute("pwned") || window.pwned || "",
    tags: [...document.querySelectorAll("#chat, #source, #head")].flatMap(place => [...place.querySelectorAll(
        "img, form, input, video, iframe, script, style, svg, object, h1, [onerror], [onload], [ontoggle]," +
        "#reader [style], .answer [style]"
    )].filter(e => !GRADIOS.some(own => e.closest(own)) && e.closest("#name") === null)).map(e => e.outerHTML),
    links: [...document.querySelectorAll("#chat a, #source a")].map(a => a.getAttribute("href")),
})"""


@browser_test
@pytest.mark.parametrize("bypass_csp", [False, True], ids=["served", "without the CSP"])
def test_hostile_text_is_shown_and_does_nothing(chromium, site, bypass_csp):
    question = "\n".join(PAYLOADS)
    with visiting(chromium, site, bypass_csp=bypass_csp) as page:
        reply = ask(page, question)
        assert page.locator(".asked").text_content() == question
        said = reply.locator(".said").text_content()
        assert all(text in said for text in PAYLOADS)
        assert reply.locator(".notes b").first.text_content() == HOSTILE.title
        follow(page, "cite-1-3")
        assert page.locator("#reader .text p").all_text_contents() == list(PAYLOADS)
        assert lit(page) == [PAYLOADS[2]]
        assert page.locator("#reader h2").text_content() == HOSTILE.title
        assert HOSTILE.author in page.locator("#reader header").text_content()
        page.wait_for_timeout(300)
        drawn = page.evaluate(DRAWN, GRADIOS)
        assert (drawn["pwned"], drawn["tags"], page.outside) == ("", [], [])
        assert {re.sub(r"[0-9]+", "n", link) for link in drawn["links"]} == {
            "#cite-n-n",
            "#copy-n",
            "#link-n",
            "#mark-n",
            "#edit-n",
        }


@browser_test
@pytest.mark.parametrize("bypass_csp", [False, True], ids=["served", "without the CSP"])
def test_hostile_articles_are_listed_and_read_and_do_nothing(chromium, site, bypass_csp):
    with visiting(chromium, site, bypass_csp=bypass_csp) as page:
        articles(page)
        assert page.locator("#listing h3").nth(2).text_content() == HOSTILE.title
        page.fill("#find input", PAYLOADS[1])
        page.locator("#listing .nothing").wait_for()
        assert PAYLOADS[1] in page.locator("#listing .nothing").text_content()
        page.fill("#find input", "")
        read(page, HOSTILE.id)
        assert page.locator("#reader .text p").all_text_contents() == list(PAYLOADS)
        page.wait_for_timeout(300)
        own = [*GRADIOS, ".timeline > svg"]  # the bars, in which there is no text of others
        drawn = page.evaluate(DRAWN.replace("#chat, #source", "#listing, #chat, #source"), own)
        assert (drawn["pwned"], drawn["tags"], page.outside) == ("", [], [])


@browser_test
def test_articles_are_listed_with_how_they_ended(page):
    articles(page)
    assert page.locator("#listing .states").inner_text().split() == "All 63 Indexed 61 Skipped 0 Failed 2".split()  # noqa: SIM905
    assert page.locator("#listing .reason").all_inner_texts() == ["Failed damaged PDF", "Failed HTTP 500"]
    page.click("#listing a[href='#list-failed-0']")
    page.wait_for_function("document.querySelectorAll('#listing .sources li').length === 2")
    assert page.locator("#listing .states [aria-current]").inner_text() == "Failed 2"


@browser_test
def test_a_long_list_has_pages(page):
    articles(page)
    page.click("#listing .pages a")
    page.get_by_text("51–63 of 63").wait_for()
    assert page.locator("#listing .sources li").count() == 13
    assert page.evaluate("document.querySelector('#shelf').scrollTop") == 0


@browser_test
def test_a_page_of_the_list_that_is_no_more_is_its_first(page):
    articles(page)
    page.evaluate("() => { window.footnote.wanted = 'list-failed-7'; document.querySelector('#turn').click(); }")
    page.wait_for_function("document.querySelectorAll('#listing .sources li').length === 2")


@browser_test
def test_what_is_looked_for_narrows_the_list_from_its_first_page(page):
    articles(page)
    page.click("#listing .pages a")
    page.get_by_text("51–63 of 63").wait_for()
    page.click("#find input")
    page.keyboard.type("Article 07")
    page.wait_for_function("document.querySelectorAll('#listing .sources li').length === 1")
    assert page.locator("#listing h3").inner_text() == "Article 07"
    page.fill("#find input", "broken")
    page.locator("#listing .trouble").wait_for()
    assert page.locator("#listing .trouble").inner_text() == "The index is damaged. Run: python -m index check"


@browser_test
def test_an_article_of_the_list_is_read_with_nothing_lit(page):
    articles(page)
    read(page, HOSTILE.id)
    assert page.locator("#reader mark").count() == 0
    page.click("#rooms a[href='#room-ask']")
    assert page.locator("#listing").is_hidden()
    ask(page, "River?")
    follow(page, "cite-1-1")
    assert lit(page) == [FLOOD]


@browser_test
def test_an_article_that_has_gone_meanwhile_is_said_to_be(page):
    articles(page)
    name = read(page, article_id("/articles/00.md"))
    assert page.locator(f"#reader[data-place='{name}'] .trouble").inner_text() == rooms_source.GONE


@browser_test
def test_on_a_phone_an_article_lies_over_the_list_and_goes_back_to_it(chromium, site):
    with visiting(chromium, site, 390, 844) as phone:
        articles(phone)
        name = read(phone, HOSTILE.id)
        assert phone.evaluate("[document.querySelector('#shelf').inert, scrollX, document.body.scrollWidth]") == [
            True,
            0,
            390,
        ]
        phone.click("#reader .close")
        assert phone.evaluate("document.activeElement.getAttribute('href')") == f"#{name}"
        assert phone.evaluate("document.querySelector('#shelf').inert") is False


@browser_test
def test_a_question_keeps_its_lines(page):
    ask(page, "placeholder")
    page.fill("#question textarea", "River one\n\n    two\n- three")
    page.press("#question textarea", "Enter")
    page.locator(".answer").nth(1).wait_for()
    assert page.locator(".asked").nth(1).text_content() == "River one\n\n    two\n- three"


@browser_test
def test_an_example_asks_and_is_shown_literally(page):
    examples = page.locator("a.example")
    assert examples.nth(1).text_content() == PAYLOADS[0]
    examples.nth(0).click()
    page.locator(".answer").wait_for()
    assert page.locator(".asked").text_content() == "River: how high was it?"
    assert page.outside == []


@browser_test
def test_an_empty_question_asks_nothing(page, site):
    before = len(site.assistant.asked)
    page.fill("#question textarea", "   ")
    page.press("#question textarea", "Enter")
    page.get_by_text("Type a question first.").wait_for()
    assert len(site.assistant.asked) == before
    assert page.locator(".asked").count() == 0


@browser_test
def test_a_question_that_is_too_long_is_refused_whole_and_not_cut(page, site):
    before = len(site.assistant.asked)
    reply = ask(page, "River " + "x" * 49_994)
    assert reply.inner_text().startswith("The question has 50,000 characters; at most 4,000 are read. Ask it in a few")
    assert [len(question.text) for question in site.assistant.asked[before:]] == [50_000]
    assert reply.evaluate("reply => reply.getBoundingClientRect().bottom < innerHeight")


@browser_test
def test_an_error_is_one_sentence_and_the_chat_goes_on(page):
    assert ask(page, "Broken").locator(".trouble").inner_text() == "The index is damaged. Run: python -m index check"
    assert ask(page, "Bug").locator(".trouble").inner_text() == BROKEN
    assert "secret" not in page.content()
    ask(page, "River?")
    follow(page, "cite-3-1")
    assert lit(page) == [FLOOD]


@browser_test
def test_enter_on_a_number_opens_it_and_escape_comes_back(page):
    ask(page, "River?")
    page.focus(".said a[href='#cite-1-2']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#reader[data-place='cite-1-2']")
    page.wait_for_function("document.activeElement.id === 'reader'")
    assert page.get_attribute("#reader", "aria-label") == "Source: The river archive"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#cite-1-2"


@browser_test
def test_a_new_conversation_is_empty(page, site):
    ask(page, "River?")
    follow(page, "cite-1-1")
    page.click("#anew")
    page.wait_for_selector(".welcome")
    page.wait_for_selector("#source .empty")
    ask(page, "Radar?")
    assert site.assistant.asked[-1].earlier == ()
    follow(page, "cite-1-1")
    assert lit(page) == [SERVICE]


# Conversations -------------------------------------------------------------------------------------------------------


def bar(page):
    """The side bar, opened, and its lines."""
    if page.get_attribute("#pasts", "aria-expanded") == "false":
        page.click("#pasts")
    page.locator("#recall").wait_for()
    return page.locator("#kept ol > li")


def menu(page, title, act):
    """Follows what can be done with the conversation of that title."""
    line = bar(page).filter(has_text=title)
    line.locator("summary").click()
    line.get_by_role("link", name=act).click()


def opened_conversation(page):
    page.wait_for_url(re.compile(r"#past-[0-9a-f]{32}$"))
    return page.url[-32:]


@browser_test
def test_a_conversation_is_opened_again_and_goes_on_with_its_numbers_working(page, site):
    ask(page, "River, the first one?")
    ask(page, "Radar?")
    first = opened_conversation(page)
    page.click("#anew")
    page.wait_for_selector(".welcome")
    page.wait_for_url(re.compile(r"/$"))
    ask(page, "Mayor?")
    assert opened_conversation(page) != first
    bar(page).filter(has_text="River, the first one?").locator("a.past").click()
    page.locator("#chat .asked", has_text="Radar?").wait_for()
    page.wait_for_url(f"{site.url}/#past-{first}")
    assert page.locator("#chat .asked").all_text_contents() == ["River, the first one?", "Radar?"]
    follow(page, "cite-2-1")
    assert lit(page) == [SERVICE]
    follow(page, "cite-1-2")
    assert lit(page) == [GAUGE]
    ask(page, "River, again?")
    assert site.assistant.asked[-1].earlier == ("River, the first one?", "Radar?")
    assert [turn.question for turn in site.past.turns(first)] == ["River, the first one?", "Radar?", "River, again?"]


@browser_test
def test_a_conversation_that_is_opened_again_has_what_else_was_found_and_what_was_offered(page, site):
    ask(page, "Further news of the East Mole?")
    opened_conversation(page)
    page.click("#anew")
    page.wait_for_selector(".welcome")
    bar(page).filter(has_text="Further news of the East Mole?").locator("a.past").click()
    offer = page.locator("#chat .more a", has_text="Timeline of East Mole")
    offer.wait_for()
    follow(page, "cite-1-1")
    assert page.locator("#reader .nearbys b").all_text_contents() == [RADAR.title]
    offer.click()
    page.locator("[data-testid=bot]").nth(1).locator(".answer").wait_for()
    asked = site.assistant.asked[-1]
    assert (asked.text, asked.earlier) == ("Timeline of East Mole", ("Further news of the East Mole?",))


@browser_test
def test_the_address_of_an_answer_opens_it(page, chromium, site):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, "River, to be shown?")
    ask(page, "Radar?")
    opened_conversation(page)
    page.click("a[href='#link-2']")
    page.get_by_text("Copied", exact=True).wait_for()
    address = page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(re.escape(site.url) + "/#past-[0-9a-f]{32}-2", address)
    other = page.context.new_page()
    other.goto(address)
    other.locator("#chat .asked", has_text="Radar?").wait_for()
    other.locator("#chat a.cite").last.click()
    other.wait_for_selector("#reader[data-place='cite-2-1']")


@browser_test
def test_an_address_of_nothing_says_so_and_leaves_an_empty_page(chromium, site):
    with visiting(chromium, site) as page:
        page.goto(f"{site.url}/#past-{'0' * 32}")
        page.reload()
        page.get_by_text("There is no conversation").wait_for()
        assert page.locator(".toast-body b", has_text="Not opened.").count() == 1
        assert page.locator(".welcome").count()


@browser_test
def test_a_conversation_is_found_renamed_taken_along_and_removed(page, site):
    ask(page, "River, for the drawer?")
    kept = opened_conversation(page)
    bar(page)
    page.fill("#recall input", "drawer gauge")
    page.wait_for_function("document.querySelectorAll('#kept ol > li').length === 1")
    menu(page, "for the drawer", "Rename")
    page.fill("dialog input", PAYLOADS[0])
    page.click("dialog .yes")
    bar(page).filter(has_text="<img").wait_for()
    assert site.past.find(kept).title == PAYLOADS[0]
    assert page.get_attribute("body", "pwned") is None
    with page.expect_download() as saved:
        menu(page, "<img", "Save as Markdown")
    assert saved.value.suggested_filename.endswith(".md")
    assert FLOOD.replace(".", "") in saved.value.path().read_text("utf-8").replace("\\", "").replace(".", "")
    menu(page, "<img", "Remove")
    page.get_by_role("button", name="Cancel").click()
    assert site.past.find(kept)
    menu(page, "<img", "Remove")
    page.click("dialog .yes")
    page.get_by_text("No conversation has").wait_for()
    page.wait_for_selector(".welcome")
    with pytest.raises(UsageError):
        site.past.find(kept)


@browser_test
def test_an_answer_is_copied_with_its_footnotes(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, "River, to be copied?")
    opened_conversation(page)
    page.click("a[href='#copy-1']")
    page.get_by_text("Copied", exact=True).wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "[^1-2]: “The council voted for a radar gauge.”" in copied
    assert copied.count("## ") == 1


@browser_test
def test_a_question_is_put_back_to_be_changed(page, site):
    ask(page, "River\nand its height?")
    ask(page, "Broken")
    page.click("a[href='#edit-1']")
    assert page.input_value("#question textarea") == "River\nand its height?"
    page.click("a[href='#edit-2']")
    assert page.input_value("#question textarea") == "Broken"


@browser_test
def test_what_was_searched_is_changed_and_asked_as_it_stands(page, site):
    ask(page, "River?")
    ask(page, "Leaning?")
    page.click("a[href='#reword-2']")
    assert page.input_value("#question textarea") == "River? Leaning?"
    page.locator("#alone").wait_for()
    page.fill("#question textarea", "River, and its height?")
    page.press("#question textarea", "Enter")
    page.locator("#chat .asked", has_text="and its height").wait_for()
    page.locator("#chat .acts").nth(2).wait_for()
    assert site.assistant.asked[-1] == Question("River, and its height?", (), site.assistant.asked[-1].asked_at)
    assert page.locator("#alone").count() == 0
    ask(page, "River, with the others?")
    assert len(site.assistant.asked[-1].earlier) == 3


@browser_test
def test_an_answer_that_is_not_wanted_is_stopped_and_its_question_put_back(page, site):
    SEEN.clear()
    page.fill("#question textarea", "River, slowly?")
    page.press("#question textarea", "Enter")
    page.locator("#chat .growing").wait_for()
    assert page.locator("#send").is_hidden()
    with page.expect_request("**/cancel"):
        page.click("#stop")
    page.request.get(site.url)  # when this is answered, the server has heard it, and what ends later is not shown
    page.wait_for_selector(".welcome")
    SEEN.set()
    assert page.input_value("#question textarea") == "River, slowly?"
    assert page.locator("#send").is_visible()
    page.fill("#question textarea", "")
    ask(page, "Radar?")
    assert site.assistant.asked[-1].earlier == ()


@browser_test
@pytest.mark.parametrize("width", [1400, 390])
def test_a_question_that_is_sent_while_an_answer_comes_is_asked_when_that_is_done(chromium, site, width):
    SEEN.clear()
    with visiting(chromium, site, width, 900) as page:
        box, line = page.locator("#question textarea"), page.locator("#later")
        box.fill("River, slowly?")
        box.press("Enter")
        page.locator("#chat .pending").wait_for()
        assert box.input_value() == ""
        box.fill("Radar?")
        box.press("Enter")
        line.get_by_text("It is asked when this answer is done.").wait_for()
        line.get_by_role("button", name="Do not ask it").click()
        line.wait_for(state="detached")
        assert box.input_value() == "Radar?"
        box.press("Enter")
        line.wait_for()
        assert faults(page, "a question that waits") == []
        asked = len(site.assistant.asked)
        SEEN.set()
        page.locator("[data-testid=bot]").nth(1).locator(".answer").wait_for()
        assert [(one.text, one.earlier) for one in site.assistant.asked[asked:]] == [("Radar?", ("River, slowly?",))]
        assert (line.count(), box.input_value()) == (0, "")
        assert page.faults == []


@browser_test
def test_what_is_typed_stays_when_an_answer_is_stopped_and_when_what_is_offered_is_asked(page, site):
    ask(page, "Further news of the East Mole?")
    SEEN.clear()
    page.fill("#question textarea", "River, slowly?")
    page.press("#question textarea", "Enter")
    page.locator("#chat .pending").wait_for()
    page.fill("#question textarea", "What I type meanwhile")
    page.click("#stop")
    page.locator("#chat .pending").wait_for(state="detached")
    SEEN.set()
    assert page.input_value("#question textarea") == "What I type meanwhile"
    page.locator("#chat .more a", has_text="Timeline of East Mole").click()
    page.locator("[data-testid=bot]").nth(1).locator(".answer").wait_for()
    assert site.assistant.asked[-1].text == "Timeline of East Mole"
    assert page.input_value("#question textarea") == "What I type meanwhile"


@browser_test
def test_on_a_phone_the_conversations_lie_over_the_page_until_one_is_chosen(chromium, site):
    with visiting(chromium, site, 390, 844, has_touch=True, is_mobile=True) as phone:
        ask(phone, "River, on a phone?")
        opened_conversation(phone)
        assert phone.evaluate("document.querySelector('#past').inert")
        bar(phone)
        assert phone.evaluate("document.querySelector('#past').getBoundingClientRect().right") < 390
        phone.keyboard.press("Escape")
        phone.locator("#recall").wait_for(state="hidden")
        assert phone.evaluate("document.activeElement.id") == "pasts"
        bar(phone).filter(has_text="on a phone").locator("a.past").click()
        phone.locator("#recall").wait_for(state="hidden")
        assert phone.locator("#chat .asked").all_text_contents() == ["River, on a phone?"]


@browser_test
def test_a_wide_window_keeps_the_side_bar_open(page):
    bar(page)
    page.reload()
    page.locator("#recall").wait_for()
    page.click("#pasts")
    page.reload()
    page.wait_for_selector(".welcome")
    assert page.locator("#recall").is_hidden()


def test_a_file_of_what_is_not_kept_is_not_found(site):
    for path in (f"/conversations/{'0' * 32}.md", "/conversations/..%2fcatalog.db", "/conversations/x"):
        response = fetch(site, path=path)
        assert response.status == 404
        assert "Traceback" not in response.text
    conversation = site.past.begin()
    site.past.keep(conversation, quoted(Question("River?"), (RIVER, FLOOD)))
    response = fetch(site, path=f"/conversations/{conversation}.exe")
    assert (response.status, response.text) == (404, "There is no 'exe' of a conversation. There are: html, md, bib.")
    response = fetch(site, path=f"/conversations/{conversation}.html")
    assert response.headers["content-disposition"] == 'attachment; filename="river.html"'
    assert "The river archive" in response.text


@browser_test
def test_a_screen_reader_is_not_read_the_tags(page):
    ask(page, "River?")
    labels = page.locator("#chat [data-testid]").evaluate_all("all => all.map(e => e.getAttribute('aria-label'))")
    assert [label for label in labels if label] == ["Question", "Answer"]


@browser_test
def test_a_sync_shows_its_progress_and_result_while_questions_are_answered(page, site):
    site.assistant.articles = 15
    site.syncing.go.clear()
    assert "15 articles" in page.locator(".known").inner_text()
    page.click("#sync")
    page.get_by_text("Embedding 120 of 340 passages").wait_for()
    assert page.locator("#synced progress").evaluate("bar => bar.value / bar.max") == 120 / 340
    assert not page.locator("#sync").is_visible()
    ask(page, "River?")
    assert page.locator("#synced").inner_text() == "Embedding 120 of 340 passages"
    site.syncing.go.set()
    page.get_by_text("3 new, 1 changed, 0 gone, 12 unchanged, 1 skipped").wait_for()
    page.get_by_text("18 articles").wait_for()
    page.click("#synced summary")
    assert "no text layer <img" in page.locator("#synced li").inner_text()
    assert page.evaluate("document.body.id") != "pwned"
    page.click("#head h1")
    assert not page.locator("#synced li").is_visible()
    page.wait_for_selector("#sync:not([disabled])")


@browser_test
def test_a_sync_that_runs_for_another_page_is_watched_there_too(page, chromium, site):
    site.syncing.go.clear()
    with visiting(chromium, site) as other:
        page.click("#sync")
        page.get_by_text("Embedding 120 of 340 passages").wait_for()
        other.click("#sync")
        other.get_by_text("Embedding 120 of 340 passages").wait_for()
        with visiting(chromium, site) as later:
            later.get_by_text("Embedding 120 of 340 passages").wait_for()
            site.syncing.go.set()
            for one in (page, other, later):
                one.get_by_text("3 new, 1 changed").wait_for()
                one.locator("#sync").wait_for()
                assert not one.locator("#halt").is_visible()


@browser_test
def test_a_sync_is_cancelled_at_its_next_step(page, site):
    site.syncing.go.clear()
    page.click("#sync")
    page.get_by_text("Embedding 120 of 340 passages").wait_for()
    page.click("#halt")
    page.get_by_text("Stopping").wait_for()
    site.syncing.go.set()
    page.get_by_text("Stopped. What was done so far is kept, and the next sync goes on from there.").wait_for()
    page.click("#sync")
    page.get_by_text("3 new, 1 changed").wait_for()


@browser_test
def test_on_a_phone_the_source_is_a_sheet_that_opens_and_closes(phone):
    ask(phone, "River?")
    assert phone.evaluate("document.querySelector('#source').checkVisibility({visibilityProperty: true})") is False
    for close in (lambda: phone.keyboard.press("Escape"), lambda: phone.click("#reader .close")):
        follow(phone, "cite-1-2")
        assert in_view(phone, "#reader mark.active")
        assert phone.evaluate("document.querySelector('#talk').inert")
        close()
        phone.wait_for_function("!document.querySelector('#source').checkVisibility({visibilityProperty: true})")
        assert not phone.evaluate("document.querySelector('#talk').inert")


LINES = """all => all.map(e => {
    const range = document.createRange();
    range.selectNodeContents(e);
    return range.getClientRects().length;
})"""


@browser_test
def test_author_and_date_stay_together_on_one_line(phone):
    ask(phone, "River?")
    ask(phone, "Mayor?")
    for width in range(300, 391, 6):
        phone.set_viewport_size({"width": width, "height": 844})
        assert phone.locator(".notes i, .nears i").evaluate_all(LINES) == [1, 1, 1, 1]


def test_a_long_author_does_not_break_the_date():
    assert "12\xa0Mar\xa02024" in chat.note_html(1, cite(1, RIVER, FLOOD))


@browser_test
def test_on_a_phone_nothing_is_wider_than_the_screen_and_the_box_is_in_reach(phone):
    def widest():
        return phone.evaluate("""() => Math.max(...[...document.querySelectorAll(
            "#shell, #head *, #talk, #ask *, .answer *")]
            .map(e => e.getBoundingClientRect()).filter(r => r.width).map(r => r.right))""")

    assert widest() <= 390
    ask(phone, "River " + "w" * 300)
    assert widest() <= 390
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    box = phone.locator("#question textarea").bounding_box()
    assert 700 < box["y"] < box["y"] + box["height"] <= 844


CONTRAST = """() => {
    const rgb = text => text.match(/[0-9.]+/g).map(Number);
    const light = c => c.slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = e => {
        const c = rgb(getComputedStyle(e).backgroundColor);
        return c.length === 3 || c[3] === 1 ? c : behind(e.parentElement);
    };
    const low = [];
    for (const e of document.querySelectorAll("#shell *")) {
        const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
        if (!own || !e.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
        const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05);
        if (ratio < 4.5) low.push([e.tagName, e.className, e.textContent.slice(0, 40), ratio]);
    }
    return low;
}"""


@browser_test
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_from_its_ground_in_light_and_dark(chromium, site, scheme):
    with visiting(chromium, site, color_scheme=scheme) as page:
        paper = page.evaluate("getComputedStyle(document.querySelector('#shell')).backgroundColor")
        assert (sum(map(int, re.findall(r"[0-9]+", paper))) < 200) == (scheme == "dark")
        assert page.evaluate(CONTRAST) == []
        ask(page, "River?")
        ask(page, "Mayor?")
        ask(page, "Broken")
        follow(page, "cite-1-1")
        assert page.evaluate(CONTRAST) == []


def test_what_a_sync_held_back_is_said_with_the_next_step():
    drawn = header.report_html(Report(same=7, held=["/articles/a.md", "/articles/b.md"]))
    assert "2\xa0held\xa0back; python -m index sync --yes takes out what is held back" in unescape(drawn)
