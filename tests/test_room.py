"""The evals of a store for a front, over a tiny store of two articles."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import write_lines
from test_make import towns_in

from index.candidates import Only
from index.errors import FootnoteError, UsageError
from index.sync import sync_paths
from rag.__main__ import main
from rag.answers import Question
from rag.evals.evaluate import evaluate
from rag.evals.room import Room
from rag.evals.runs import save
from rag.settings import Settings, build

MOLE = "The mole fell in August. It was rebuilt before the end of May."
FERRY = "The ferry sails at noon from the quay. A ticket costs two crowns."
FELL = {"source": "mole.txt", "text": "The mole fell in August."}
TICKET = {"source": "ferry.txt", "text": "A ticket costs two crowns."}
QUESTIONS = (
    {"id": "fell", "question": "When did the mole fall?", "kind": "single", "answers": ["August"], "gold": [FELL]},
    {
        "id": "fare",
        "question": "Which dance was loved?",
        "kind": "single",
        "answers": ["two crowns"],
        "gold": [TICKET],
    },
    {"id": "sang", "question": "Who sang at supper?", "kind": "unanswerable"},
)


@pytest.fixture(autouse=True)
def words(monkeypatch, embedder):
    """A bag of words in the place of the model, the same one for each build."""
    monkeypatch.setattr("rag.settings.Embedder", lambda *_: embedder)
    return embedder


@pytest.fixture
def settings(store):
    return Settings(store, reader="sentences")


@pytest.fixture
def articles(tmp_path):
    """A folder with two articles and questions about them."""
    folder = tmp_path / "articles"
    write_lines(folder / "questions.jsonl", *QUESTIONS)
    (folder / "mole.txt").write_text(MOLE, encoding="utf-8")
    (folder / "ferry.txt").write_text(FERRY, encoding="utf-8")
    return folder


@pytest.fixture
def room(settings, articles, words):
    sync_paths(settings.store, [articles], words)
    return Room(build(settings), settings)


def test_a_store_that_does_not_exist_has_no_sets_and_no_runs_and_is_not_made(settings):
    room = Room(build(settings), settings)
    assert (room.sets(), room.lines(), room.drawings(), room.marks(), room.going) == ((), (), (), (), None)
    assert not settings.store.exists()


def test_a_set_that_lies_with_the_articles_is_offered(room):
    (found,) = room.sets()
    assert (found.name, found.about) == ("articles", "the articles in articles")
    assert (found.questions, found.unanswerable, found.trouble) == (3, 1, "")


def test_a_set_of_the_store_is_offered_and_one_that_is_damaged_says_why(room, settings, articles):
    own = settings.store / "questions"
    own.mkdir()
    write_lines(own / "mine" / "questions.jsonl", {"id": "q", "question": "Who sang?", "kind": "unanswerable"})
    write_lines(own / "torn" / "questions.jsonl", {"id": "q"})
    found = {one.name: one for one in room.sets()}
    assert list(found) == ["articles", "mine", "torn"]
    assert (found["mine"].questions, found["mine"].about) == (1, "your articles")
    assert found["torn"].trouble.startswith("questions.jsonl line 1: ")


def test_a_run_asks_what_is_served_and_is_kept_as_the_command_keeps_it(room, settings, articles):
    steps = []
    name = room.run(room.sets()[0].id, lambda *step: steps.append(step))
    assert steps == [("asking", n, 3) for n in range(3)]
    (line,) = room.lines()
    assert (line.id, line.name, line.questions, line.failed) == (name, "articles", 3, 0)
    alone = evaluate(settings, articles, answers=True, fresh=True)
    assert {measure: mean.value for measure, mean in line.means.items()} == {
        measure: pytest.approx(sum(values) / len(values))
        for measure in line.means
        for values in [[row.values[measure] for row in alone.rows if measure in row.values]]
    }
    assert line.time.p50 <= line.time.p95
    assert room.going is None


def test_a_run_does_not_change_what_is_served(settings, articles, words):
    sync_paths(settings.store, [articles], words)
    parts = build(settings)
    before = parts.index.embedder
    Room(parts, settings).run(Room(parts, settings).sets()[0].id)
    assert parts.index.embedder is before


def test_a_run_of_the_command_line_in_the_folder_is_listed_and_another_file_says_why_it_is_not_read(
    room, settings, articles
):
    runs = settings.store / "evals" / "runs"
    save(evaluate(settings, articles), runs / "by-hand.json")
    (runs / "torn.json").write_text("{}", encoding="utf-8")
    good, torn = sorted(room.lines(), key=lambda line: bool(line.trouble))
    assert (good.name, good.trouble, torn.name) == ("articles", "", "torn.json")
    assert "is not a run file" in torn.trouble
    assert room.drawings() == ()  # one run, one kind of question, no answers


def test_a_run_that_was_cancelled_is_not_kept_and_goes_on_where_it_was(room):
    name = room.sets()[0].id
    with pytest.raises(FootnoteError, match="cancelled"):
        room.run(name, lambda step, done, total: room.cancel() if done == 1 else None)
    assert (room.lines(), room.going) == ((), None)
    asked = []
    ask = room._parts.assistant.ask
    room._parts.assistant.ask = lambda question: (asked.append(question.text), ask(question))[1]
    room.run(name)
    # One rehearsal, and the two that were not asked before.
    assert asked == [QUESTIONS[2]["question"]] * 2


def test_one_run_goes_on_at_a_time_and_it_says_how_far_it_is(room):
    begun, go_on, seen = threading.Event(), threading.Event(), []

    def wait(step, done, total):
        begun.set()
        assert go_on.wait(20)

    name = room.sets()[0].id
    thread = threading.Thread(target=lambda: room.run(name, wait))
    thread.start()
    assert begun.wait(20)
    seen.append(room.going)
    with pytest.raises(FootnoteError, match="A run is going on already"):
        room.run(name)
    go_on.set()
    thread.join(20)
    assert [(going.name, going.done, going.total) for going in seen] == [("articles", 0, 3)]
    assert len(room.lines()) == 1


@pytest.fixture
def towns(room, tmp_path):
    """Ten articles of which questions can be made."""
    folder = towns_in(tmp_path / "towns")
    room._parts.follow(str(folder))
    return folder


def test_a_set_is_made_as_the_command_makes_it_and_removed(room, towns, settings, tmp_path):
    steps = []
    name = room.make(20, 10, Only(str(towns)), lambda *step: steps.append(step))
    (made,) = [one for one in room.sets() if one.own]
    assert (made.id, made.name, made.questions, made.about) == (name, "made-1", 20, "your articles")
    assert {step for step, _, _ in steps} == {"reading", "making", "choosing"}
    asked = ["--questions", "20", "--articles", "10", "--source", str(towns)]
    assert main(["eval", "make", "--store", str(settings.store), "--out", str(tmp_path / "mine"), *asked]) == 0
    here = settings.store / "questions" / "made-1"
    assert (here / "questions.jsonl").read_bytes() == (tmp_path / "mine" / "questions.jsonl").read_bytes()
    second = room.make(5, 10, Only())
    assert [one.name for one in room.sets() if one.own] == ["made-1", "made-2"]
    room.remove(name)
    assert [one.id for one in room.sets() if one.own] == [second]
    with pytest.raises(UsageError, match="no such question set"):
        room.remove(name)


def test_a_making_that_is_cancelled_leaves_nothing(room, towns, settings):
    with pytest.raises(FootnoteError, match="The making was cancelled"):
        room.make(20, 10, Only(), lambda step, *_: room.cancel() if step == "making" else None)
    assert (room.going, [one for one in room.sets() if one.own]) == (None, [])
    assert not (settings.store / "questions").exists()


@pytest.mark.parametrize("numbers", [(0, 5), (5, 0), (10**6, 5), (5, -1)])
def test_a_number_that_cannot_be_is_refused(room, numbers):
    with pytest.raises(UsageError, match="cannot be made"):
        room.make(*numbers, Only())


def test_a_set_that_is_sent_can_be_run_and_its_name_is_taken_once(room, articles):
    line = {"id": "q", "question": "What does a ticket cost?", "kind": "single", "gold": [TICKET]}
    data = json.dumps(line).encode()
    first, second = (room.add("../mine.jsonl", data) for _ in range(2))
    assert (first.name, second.name, first.own, first.questions) == ("mine", "mine-2", True, 1)
    run = room.run(first.id)
    room.remove(first.id)
    assert [one.name for one in room.sets() if one.own] == ["mine-2"]
    assert [line.id for line in room.lines()] == [run]


def test_only_what_was_made_or_sent_can_be_removed(room, settings, articles):
    _, name = marked(room, "When did the mole fall?")
    room.judge_unanswerable(name)
    assert [one.own for one in room.sets()] == [False, False]
    for one in room.sets():
        with pytest.raises(UsageError, match="no such question set"):
            room.remove(one.id)
    (settings.store / "questions" / "linked").symlink_to(articles)
    # It is the folder that is followed, under another name: nothing of that is touched.
    assert not any(one.own for one in room.sets())
    assert (articles / "questions.jsonl").exists()


def test_nothing_is_removed_or_made_while_a_run_goes_on(room):
    name = room.add("mine", b'{"id": "q", "question": "Who sang?", "kind": "unanswerable"}').id
    refused = []

    def try_both(*_):
        for act in (lambda: room.remove(name), lambda: room.make(5, 5, Only())):
            with pytest.raises(FootnoteError, match="A run is going on already") as error:
                act()
            refused.append(error)

    room.run(name, try_both)
    assert len(refused) == 2
    assert [one.id for one in room.sets() if one.own] == [name]


def test_a_set_or_run_that_is_not_there_is_a_usage_error(room):
    for ask in (room.run, room.sheet, lambda name: room.compare(name, name), lambda name: room.trace(name, 0)):
        with pytest.raises(UsageError, match="no such"):
            ask("0" * 12)


def test_the_sheet_of_a_run_names_what_went_wrong_first(room):
    sheet = room.sheet(room.run(room.sets()[0].id))
    assert sheet.summary == "3 questions, 2 of them with an answer in the articles; none failed."
    first = sheet.worst[0]
    assert (first.id, first.number, first.fault) == ("fare", 1, "refused, although it can be answered")
    assert set(sheet.times) >= {"total", "retrieve"}
    assert [drawing.title for drawing in sheet.drawings][-1] == "Risk and coverage"


def test_a_question_that_failed_is_traced_to_where_it_was_lost(room):
    traced = room.trace(room.run(room.sets()[0].id), 1)
    (wanted,) = traced.wanted
    assert (traced.asked.id, wanted.document, wanted.text) == ("fare", "ferry.txt", TICKET["text"])
    assert (wanted.lost, wanted.why) == ("reader", "it was among the first ten, and the answer does not cite it")
    assert traced.note == ""


def test_a_question_whose_set_is_gone_is_traced_without_what_answers_it(room, articles):
    name = room.run(room.sets()[0].id)
    write_lines(articles / "questions.jsonl", QUESTIONS[0])
    assert "has changed since" in room.trace(name, 0).note
    assert room.trace(name, 0).wanted
    traced = room.trace(name, 1)
    assert (traced.wanted, traced.note) == ((), room.trace(name, 2).note)
    assert traced.note.startswith("The question is in no set any more")


def test_two_runs_are_compared_and_those_of_other_questions_say_that_they_are_not(room, settings, articles):
    runs = settings.store / "evals" / "runs"
    for n, read in enumerate((6, 1)):
        save(evaluate(settings.with_changes([f"read={read}"]), articles, answers=True), runs / f"{n}.json")
    b, a = room.lines()
    versus = room.compare(a.id, b.id)
    assert (versus.a.id, versus.b.id, versus.incomparable) == (a.id, b.id, "")
    hit = next(one for one in versus.differences if one.measure == "hit@1")
    assert (hit.delta.value, hit.wins, hit.losses, hit.verdict) == (0, 0, 0, "identical")
    assert len(room.drawings()) == 3
    write_lines(articles / "questions.jsonl", QUESTIONS[0])
    other = room.compare(a.id, room.run(room.sets()[0].id))
    assert "different questions" in other.incomparable
    assert other.differences == ()


def test_a_run_during_which_the_articles_change_is_not_kept_and_the_next_begins_anew(room, articles, words, settings):
    def write(step, done, total):
        if done == 1:
            (articles / "song.txt").write_text("Ada sang at supper.", encoding="utf-8")
            sync_paths(settings.store, [articles], words)

    name = room.sets()[0].id
    with pytest.raises(FootnoteError, match="The articles changed while the set was asked"):
        room.run(name, write)
    assert (room.lines(), room.going) == ((), None)
    run = room._loaded(room.run(name))[1]
    assert run.about["index"].startswith("3 articles")
    assert all("song.txt" in row.ranking for row in run.rows if row.id == "sang")


def test_a_followed_folder_that_may_not_be_entered_has_no_set(room, articles, monkeypatch):
    real = Path.is_file

    def is_file(path):
        if path.parent == articles:
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "is_file", is_file)
    assert room.sets() == ()


# Answers that were marked as wrong -----------------------------------------------------------------------------------


def marked(room, text):
    answer = room._parts.assistant.ask(Question(text))
    return answer, room.mark(answer).id


def test_a_marked_answer_can_be_taken_back(room):
    answer, name = marked(room, "When did the mole fall?")
    assert room.are_marked([answer]) == (True,)
    assert [mark.id for mark in room.marks()] == [name]
    room.unmark(answer)
    assert room.are_marked([answer]) == (False,)
    room.unmark(answer)  # as from a page that was open meanwhile


def test_a_sentence_that_is_chosen_is_the_gold_of_a_set_that_can_be_run(room):
    _, name = marked(room, "When did the mole fall?")
    mark, places = room.marked(name)
    number, at = next((p.number, p.sentences.index(FELL["text"])) for p in places if FELL["text"] in p.sentences)
    assert room.judge_place(mark.id, number, at).places == (
        (FELL["text"], FELL["text"]),
    )  # its first line is its title
    (mine,) = [one for one in room.sets() if one.about == "answers that were marked as wrong"]
    room.run(mine.id)
    assert room.lines()[0].means["recall@10"].value == 1
    assert room.trace(room.lines()[0].id, 0).wanted[0].text == FELL["text"]


def test_an_answer_text_makes_gold_of_the_sentence_that_says_it(room, settings):
    _, name = marked(room, "What is the fare of the ferry?")
    mark = room.judge_answer(name, " Two  crowns ")
    assert (mark.answer, mark.places) == ("Two crowns", (("The ferry sails at noon from the quay.", TICKET["text"]),))
    line = json.loads((settings.store / "questions" / "marked-in-conversations" / "questions.jsonl").read_text())
    assert line["answers"] == ["Two crowns"]


def test_an_answer_text_that_nothing_says_is_not_taken(room):
    _, name = marked(room, "What is the fare of the ferry?")
    for text, why in (("nine crowns", "None of the passages"), ("  ", "no answer to look for")):
        with pytest.raises(UsageError, match=why):
            room.judge_answer(name, text)
    assert room.marked(name)[0].verdict == ""


def test_a_question_that_the_articles_do_not_answer_is_to_be_refused(room):
    _, name = marked(room, "When did the mole fall?")
    assert room.judge_unanswerable(name).verdict == "unanswerable"
    assert [one.unanswerable for one in room.sets()][-1] == 1
    assert room.judge_again(name).verdict == ""
    assert len(room.sets()) == 1


def test_a_sentence_that_is_not_there_is_a_usage_error(room):
    _, name = marked(room, "When did the mole fall?")
    for place in ((0, 99), (99, 0), (-1, 0)):
        with pytest.raises(UsageError, match="no such sentence"):
            room.judge_place(name, *place)


def test_a_note_is_kept_and_a_mark_taken_out(room):
    _, name = marked(room, "When did the mole fall?")
    assert room.annotate(name, "July, surely").note == "July, surely"
    room.drop(name)
    assert room.marks() == ()


def test_a_marked_question_is_asked_of_the_articles_that_it_was_kept_to(room, articles):
    only = Only("ferry.txt")
    answer = room._parts.assistant.ask(Question("When does the ferry sail?", only=only))
    mark = room.mark(answer)
    assert mark.only == only
    whole = room.mark(replace(answer, question=replace(answer.question, only=Only())))
    assert whole.id != mark.id  # of all articles it is another question
    found, places = room.marked(mark.id)
    assert {place.title for place in places} == {"The ferry sails at noon from the quay."}
    room.judge_unanswerable(found.id)
    asked = []
    ask = room._parts.assistant.ask
    room._parts.assistant.ask = lambda question: (asked.append(question.only), ask(question))[1]
    room.run(next(one.id for one in room.sets() if one.unanswerable == one.questions))
    assert set(asked) == {only}


def test_a_run_is_not_kept_where_its_owner_was_removed_meanwhile(room, settings):
    gone = []

    def owner():
        if gone:
            raise FootnoteError("ada is not logged in any more", "Log in, and ask again.")
        return "ada"

    hers = Room(room._parts, settings, owner)
    for step in (1, 2):  # in the midst of it, and at its end
        with pytest.raises(FootnoteError, match="not logged in"):
            hers.run(room.sets()[0].id, lambda _, done, total, at=step: gone.append(done) if done == at else None)
        gone.clear()
    assert (room.lines(), room.going) == ((), None)


def test_the_marks_of_another_and_their_runs_are_not_seen(room, settings):
    other = Room(room._parts, settings, "grace")
    _, name = marked(other, "When did the mole fall?")
    other.judge_unanswerable(name)
    (mine,) = [one for one in other.sets() if one.about == "answers that were marked as wrong"]
    run = other.run(mine.id)
    assert [line.id for line in other.lines()] == [run]
    assert (room.lines(), room.marks(), len(room.sets())) == ((), (), 1)
    for ask in (room.sheet, lambda name: room.compare(name, name), lambda name: room.trace(name, 0)):
        with pytest.raises(UsageError, match="no such run"):
            ask(run)
    with pytest.raises(UsageError, match="no such question set"):
        room.run(mine.id)
