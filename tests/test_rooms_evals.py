"""The evals in real Chromium, over a tiny store: a set is run, runs are compared, an answer is marked and judged."""

import json
import re
import sys
import threading
import time
from datetime import date
from functools import partial
from types import SimpleNamespace

import pytest
from conftest import write_lines
from scripted_page import PAYLOADS, ask, browser_test, serving, visiting
from test_accessibility import faults
from test_make import towns_in
from test_page_language import SEEN_TEXTS, left_in_english

import app
from index.candidates import Only
from index.errors import FootnoteError, UsageError
from index.records import article_id
from index.sync import sync_paths
from page.chat import Turn
from page.rooms.evals import HOME, Running, Views, marked, wanted_set
from page.rooms.past import resumed
from proofs.words import WordEmbedder
from rag.answers import Question
from rag.evals.room import Room
from rag.settings import Settings, build

ARTICLES = {
    "mole.txt": "The mole fell in August. It was rebuilt before the end of May.",
    "ferry.txt": "The ferry sails at noon from the quay. A ticket costs two crowns.",
}
FELL = {"source": "mole.txt", "text": "The mole fell in August."}
TICKET = {"source": "ferry.txt", "text": "A ticket costs two crowns."}
LOST = f"Which dance was loved? {PAYLOADS[0]}"
QUESTIONS = (
    {"id": "fell", "question": "When did the mole fall?", "kind": "single", "answers": ["August"], "gold": [FELL]},
    {"id": "lost", "question": LOST, "kind": "several", "answers": ["two crowns"], "gold": [TICKET]},
    {"id": "sang", "question": "Who sang at supper?", "kind": "unanswerable"},
)


class Waiting:
    """The assistant that answers, which waits before each answer while `open` is not set."""

    def __init__(self, assistant):
        self._assistant = assistant
        self.open = threading.Event()
        self.open.set()

    def ask(self, question):
        assert self.open.wait(20)
        return self._assistant.ask(question)

    def __getattr__(self, name):
        return getattr(self._assistant, name)


def opened(folder):
    """A store of the two articles and its evals, with a bag of words in the place of the model."""
    articles, store = folder / "articles", folder / "store"
    write_lines(articles / "questions.jsonl", *QUESTIONS)
    for name, text in ARTICLES.items():
        (articles / name).write_text(text, encoding="utf-8")
    embedder = WordEmbedder()
    sync_paths(store, [articles], embedder)
    settings = Settings(store, reader="sentences")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rag.settings.Embedder", lambda *_: embedder)
        parts = build(settings)
    waiting = Waiting(parts.assistant)
    object.__setattr__(parts, "assistant", waiting)
    return SimpleNamespace(parts=parts, room=Room(parts, settings), waiting=waiting)


# Without a browser ---------------------------------------------------------------------------------------------------


@pytest.fixture
def tiny(tmp_path):
    return opened(tmp_path)


def until(holds):
    """Waits for it, at most 20 s."""
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_run_goes_on_when_nobody_looks_and_another_does_not_begin(tiny):
    running = Running()
    tiny.waiting.open.clear()
    run = partial(tiny.room.run, tiny.room.sets()[0].id)
    running.begin(run)
    running.begin(run)
    until(lambda: tiny.room.going)
    assert running.busy
    tiny.waiting.open.set()
    until(lambda: not running.busy)
    assert (len(tiny.room.lines()), running.said) == (1, "")


def test_a_run_that_fails_says_why_until_the_next_one(tiny):
    def fail():
        raise FootnoteError("The set is gone", "Look again.")

    running = Running()
    running.begin(fail)
    until(lambda: not running.busy)
    assert running.said == "The set is gone. Look again."


@pytest.mark.parametrize("name", ["", "evals-", "evals-home", "evals-none", "read-0", "evals-sheet-", PAYLOADS[0]])
def test_a_link_that_leads_nowhere_leads_home(tiny, name):
    views = Views(tiny.room, Running())
    assert views.act(name) == HOME
    assert 'data-view="home"' in views.draw(HOME)


def test_what_is_not_there_is_an_error(tiny):
    views = Views(tiny.room, Running())
    for name in (f"evals-sheet-{'0' * 12}", f"evals-mark-{'0' * 16}"):
        with pytest.raises(FootnoteError, match="There is no such"):
            views.draw(views.act(name))
    with pytest.raises(FootnoteError, match="There is no such"):
        views.act(f"evals-drop-{'0' * 16}")


def test_an_answer_is_marked_by_its_turn_and_a_turn_without_one_is_not(tiny):
    answer = tiny.parts.assistant.ask(Question("When did the mole fall?"))
    turns = [Turn(1, "x", trouble="It broke."), Turn(2, answer.question.text, answer)]
    assert [turn.marked for turn in marked(tiny.room, "mark-2", turns)] == [False, True]
    assert tiny.room.are_marked([answer]) == (True,)
    for name in ("mark-1", "mark-3", "mark-x", "note-2"):
        assert marked(tiny.room, name, turns) == turns
    assert [turn.marked for turn in marked(tiny.room, "unmark-2", turns)] == [False, False]
    assert tiny.room.marks() == ()


def test_a_conversation_opens_when_the_marks_cannot_be_read(tiny, caplog):
    answer = tiny.parts.assistant.ask(Question("When did the mole fall?"))
    past = tiny.parts.conversations_of("")
    conversation = past.begin()
    past.keep(conversation, answer)
    tiny.room.mark(answer)
    assert [turn.marked for turn in resumed(past, tiny.room, conversation)] == [True]
    for file in tiny.parts.store.glob("marks.db*"):
        file.write_bytes(b"junk" * 1000)
    assert [turn.marked for turn in resumed(past, tiny.room, conversation)] == [False]
    assert "marks.db is damaged" in caplog.text


def test_of_many_who_begin_at_once_one_does():
    begun, go_on = [], threading.Event()
    running = Running()

    def work():
        begun.append(1)
        go_on.wait(20)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=running.begin, args=[work]) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    finally:
        sys.setswitchinterval(interval)
        go_on.set()
    until(lambda: not running.busy)
    assert len(begun) == 1


def test_the_form_of_a_new_set_is_read_or_refused():
    said = {"questions": "20", "articles": "7", "author": " Ada ", "source": "", "first": "2024-05-03", "last": ""}
    assert wanted_set(json.dumps(said)) == (20, 7, Only("", "Ada", date(2024, 5, 3)))
    assert wanted_set("{}") == (0, 0, Only())
    for text in ("", "[]", '{"questions": "many"}', '{"questions": [5]}', "[" * 100_000):
        with pytest.raises(UsageError, match="The form cannot be read"):
            wanted_set(text)
    with pytest.raises(UsageError, match="is no day"):
        wanted_set('{"first": "yesterday"}')


# In the browser ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    tiny = opened(tmp_path_factory.mktemp("evals"))
    parts, past = tiny.parts, tiny.parts.conversations
    page = app.page(parts.assistant, parts.index, parts, (), past, tiny.room)
    with serving(app.serve(page, past, parts.index, parts.store, keep=tiny.room.add)) as port:
        yield SimpleNamespace(url=f"http://127.0.0.1:{port}", room=tiny.room, waiting=tiny.waiting, parts=parts)


SIZES = {"desktop": {}, "phone": {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}}


@pytest.fixture(params=SIZES)
def page(request, chromium, site):
    with visiting(chromium, site, **SIZES[request.param]) as page:
        yield page
        assert (page.faults, page.outside) == ([], [])
        assert page.get_attribute("body", "pwned") is None


def view(page, name):
    """The view of the room, once it is that one."""
    found = page.locator(f"#evals-view [data-view={name}]")
    found.wait_for()
    return found


def enter(page):
    page.click("#rooms a[href='#room-evals']")
    return view(page, "home")


def run(page):
    """Runs the first set, to its end."""
    before = page.locator("#evals-view table.runs tbody tr").count()
    page.locator("#evals-view a.run").first.click()
    page.locator("#evals-view table.runs tbody tr").nth(before).wait_for()


def fits(page):
    """Whether nothing stands out to the side of the page or of the room."""
    return page.evaluate(
        "() => document.documentElement.scrollWidth <= innerWidth"
        " && document.querySelector('#evals').scrollWidth <= document.querySelector('#evals').clientWidth"
    )


@browser_test
def test_a_set_is_run_and_its_run_opened_to_a_question_that_was_lost(page):
    enter(page)
    run(page)
    assert fits(page)
    page.locator("#evals-view table.runs tbody a").first.click()
    assert "3 questions, 2 of them with an answer" in view(page, "sheet").text_content()
    assert page.locator("#evals-view svg[role=img]").count() >= 1
    assert fits(page)
    page.get_by_text("Which dance was loved?").click()
    traced = view(page, "trace")
    assert LOST in traced.locator("h2").text_content()
    assert traced.locator(".steps .lost").text_content().strip() == "✗ cited, lost here"
    assert fits(page)
    traced.locator("a.read").first.click()
    page.wait_for_selector("#reader[data-place^='read-']")


@browser_test
def test_two_runs_are_compared(page):
    enter(page)
    run(page)
    run(page)
    page.locator("#evals-view table.runs tbody a").first.click()
    page.locator("#evals-view a[href^='#evals-versus-']").first.click()
    found = view(page, "versus")
    assert "identical, question by question" in found.text_content()
    assert fits(page)


@browser_test
def test_a_run_can_be_cancelled_and_is_still_there_after_the_page_was_closed(page, site):
    write_more(site)
    site.waiting.open.clear()
    try:
        enter(page)
        page.locator("#evals-view a.run").first.click()
        page.locator("#evals-status .running").wait_for()
        page.reload()
        page.wait_for_selector(".welcome")
        enter(page)
        page.locator("#evals-status a[href='#evals-cancel']").click()
        page.get_by_text("Ending").wait_for()
    finally:
        site.waiting.open.set()
    page.get_by_text("The run was cancelled. Run the set again to go on where it was.").wait_for()
    assert site.room.going is None


def write_more(site):
    """Another question, so that a run has something to ask."""
    folder = site.room._places()[0]
    number = len((folder / "questions.jsonl").read_text(encoding="utf-8").splitlines())
    more = [{"id": f"more-{n}", "question": f"Who sang {n} times?", "kind": "unanswerable"} for n in range(number)]
    write_lines(folder / "questions.jsonl", *QUESTIONS, *more)


@pytest.fixture
def towns(site, tmp_path):
    """Articles of which questions can be made, as long as the test goes on."""
    folder = towns_in(tmp_path / "towns")
    site.parts.follow(str(folder))
    yield folder
    site.parts.take_out(article_id(str(folder)))


def names(page):
    return page.locator("#evals-view .sets b").all_text_contents()


@browser_test
def test_a_set_is_made_of_the_articles_that_are_meant_and_removed(page, site, towns):
    enter(page)
    page.get_by_text("Make a question set").click()
    page.fill("#making [name=questions]", "5")
    page.fill("#making [name=source]", "Hull.txt")
    assert fits(page)
    assert faults(page, "the form of a set") == []
    page.click("#making button")
    made = page.locator("#evals-view .sets b", has_text="Question set 1")
    made.wait_for()
    assert page.locator("#evals-status .trouble").count() == 0
    folder = site.parts.store / "questions" / "made-1"
    assert "--source Hull.txt" in (folder / "README.md").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    assert 0 < len(lines) <= 5
    assert {place["source"] for line in lines for place in line.get("gold", [])} == {str(towns / "Hull.txt")}
    assert fits(page)
    page.locator("#evals-view a[aria-label='Remove Question set 1']").click()
    page.locator("dialog").get_by_text("Cancel").click()
    assert "Question set 1" in names(page)
    page.locator("#evals-view a[aria-label='Remove Question set 1']").click()
    page.locator("dialog button.yes").click()
    made.wait_for(state="detached")
    assert not folder.exists()


@browser_test
def test_a_set_that_cannot_be_made_says_why(page, site):
    enter(page)
    page.get_by_text("Make a question set").click()
    page.click("#making button")
    page.get_by_text("They are to be in English and have at least 600 characters.").wait_for()
    assert list((site.parts.store / "questions").glob("made-*")) == []


@browser_test
def test_a_set_of_ones_own_is_added_and_one_that_cannot_be_asked_is_refused(page, site):
    enter(page)
    torn = {"name": "torn.jsonl", "mimeType": "application/jsonl", "buffer": b'{"id": "q", "question": "Who?"}\n'}
    page.set_input_files("#given", torn)
    page.locator("#giving .trouble", has_text="questions.jsonl line 1: 'kind' is missing.").wait_for()
    assert fits(page)
    assert faults(page, "a set that was refused") == []
    mine = {"id": "q", "question": "What does a ticket cost?", "kind": "single", "gold": [TICKET]}
    given = {"name": "My own.jsonl", "mimeType": "application/jsonl", "buffer": json.dumps(mine).encode()}
    page.set_input_files("#given", given)
    page.locator("#evals-view .sets b", has_text="My own").wait_for()
    place = page.locator("#evals-view .sets li", has_text="My own")
    before = len(site.room.lines())
    place.locator("a.run").click()
    page.locator("#evals-view table.runs tbody tr").nth(before).wait_for()
    assert site.room.lines()[0].means["recall@10"].value == 1
    place.get_by_text("Remove").click()
    page.locator("dialog button.yes").click()
    place.wait_for(state="detached")


@browser_test
def test_an_answer_is_marked_with_one_click_judged_and_taken_out(page, site):
    reply = ask(page, "When did the mole fall?")
    reply.get_by_text("Mark as wrong").click()
    reply.get_by_text("Marked as wrong. Take back").wait_for()
    (mark,) = site.room.marks()
    assert mark.question == "When did the mole fall?"
    enter(page)
    page.get_by_text("Marked as wrong: 1 answer to be judged").click()
    view(page, "marks").get_by_text("When did the mole fall?").click()
    view(page, "mark")
    page.fill("#noted", f"In July? {PAYLOADS[1]}")
    page.get_by_text("Keep the note").click()
    page.wait_for_function("() => document.querySelector('#noted')?.defaultValue.startsWith('In July?')")
    page.fill("#right", "August")
    page.get_by_text("Keep", exact=True).click()
    page.get_by_text("What is right", exact=True).wait_for()
    assert site.room.marks()[0].answer == "August"
    page.get_by_text("Judge again").click()
    page.get_by_text("It was rebuilt before the end of May.").click()
    page.get_by_text("Your articles say.").wait_for()
    page.get_by_text("Judge again").click()
    page.get_by_text("My articles do not say").click()
    page.get_by_text("Your articles do not say.").wait_for()
    assert fits(page)
    page.get_by_text("All evals", exact=True).or_(page.locator(".back a")).first.click()
    view(page, "marks").locator(".back a").click()
    assert view(page, "home").locator(".sets b").all_text_contents()[-1] == "Marked in conversations"
    page.get_by_text("Marked as wrong: all judged").click()
    view(page, "marks").get_by_text("When did the mole fall?").click()
    page.get_by_text("Take it out").click()
    page.get_by_text("Nothing is marked.").wait_for()
    assert site.room.marks() == ()


@browser_test
def test_a_mark_that_is_taken_back_in_the_conversation_is_gone(page, site):
    reply = ask(page, "What does a ticket cost?")
    reply.get_by_text("Mark as wrong").click()
    reply.get_by_text("Take back").click()
    reply.get_by_text("Mark as wrong").wait_for()
    assert site.room.marks() == ()


@browser_test
def test_a_german_reader_sees_no_english_word_of_the_evals(chromium, site):
    with visiting(chromium, site, locale="de-DE") as page:

        def look():
            texts = page.evaluate(SEEN_TEXTS)
            others = {"Articles", *ARTICLES.values()}  # what the folder of the set is called, and what is quoted
            assert left_in_english(texts) - others == set()
            return " ".join(texts)

        enter(page)
        run(page)
        look()
        page.locator("#evals-view table.runs tbody a").first.click()
        view(page, "sheet")
        page.evaluate("document.querySelectorAll('#evals details').forEach((one) => { one.open = true; })")
        assert "2 Artikel, 2 Abschnitte, Stand " in look()
        page.get_by_text("Which dance was loved?").click()
        view(page, "trace")
        assert "mehrere Artikel" in look()


@browser_test
def test_the_keyboard_reaches_only_the_room_that_is_seen(page):
    enter(page)
    assert page.locator("#talk").is_hidden()
    assert page.locator("#shelf").is_hidden()
    assert re.fullmatch("page", page.get_attribute("#rooms a[href='#room-evals']", "aria-current"))
    page.click("#rooms a[href='#room-ask']")
    assert page.locator("#evals").is_hidden()
