import json

import pytest
from conftest import judged as judged_set
from conftest import write_lines

from index.errors import UsageError
from rag.evals.judging import Judgement
from rag.evals.labels import QrelsLabels, WrittenLabels, lines_of, plain_questions
from rag.evals.pools import Candidate
from rag.evals.sets import EvalQuestion, load

TEXT = "The mole fell in August. It was rebuilt by May."
FELL, MAY, ALL = (0, 24), (25, 47), (0, len(TEXT))


def question(name):
    return EvalQuestion(name, "", "single", answerable=True)


def place(name, document, span=ALL):
    return Candidate(question(name), document, "", *span, TEXT[slice(*span)], ())


def said(name, document, span, relevant):
    return Judgement(name, document, *span, TEXT[slice(*span)], relevant)


@pytest.fixture
def new(tmp_path):
    """A new set of one question, in a folder with two articles."""
    for name in ("mole.md", "copy.md"):
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    return tmp_path


def opened(folder):
    return WrittenLabels(folder, [{"id": "fell", "question": "When did it fall?"}])


def test_a_judged_document_is_a_line_of_the_qrels_at_once(tmp_path):
    folder = judged_set(tmp_path, qrels="q1\td1\t2")  # without an end of line
    labels = QrelsLabels(folder)
    assert labels.knows(place("q1", "d1"))
    assert not labels.knows(place("q1", "d2"))
    labels.keep(said("q1", "d2", FELL, relevant=False))
    assert labels.knows(place("q1", "d2"))
    assert (folder / "qrels.tsv").read_text().splitlines()[1:] == ["q1\td1\t2", "q1\td2\t0"]
    assert load(folder).questions[0].relevance == {"d1": 2, "d2": 0}


def test_the_first_place_that_answers_is_gold_and_others_say_it_too(new):
    labels = opened(new)
    labels.keep(said("fell", "mole.md", FELL, relevant=True))
    labels.keep(said("fell", "copy.md", FELL, relevant=True))
    labels.keep(said("fell", "copy.md", MAY, relevant=False))
    (found,) = load(new).questions
    assert [(span.document, span.text) for span in found.spans] == [("mole.md", "The mole fell in August.")]
    assert [span.document for span in found.also] == ["copy.md"]
    assert (found.kind, found.relevance) == ("single", {"copy.md": 1, "mole.md": 1})


def test_a_new_question_without_gold_is_in_the_set_only_when_all_was_judged(new):
    labels = opened(new)
    labels.keep(said("fell", "mole.md", MAY, relevant=False))
    assert lines_of(new / "questions.jsonl") == []
    labels.finish("fell")
    (found,) = load(new).questions
    assert (found.answerable, found.relevance) == (False, {"mole.md": 0})


def test_what_was_judged_is_known_to_the_next_session(new):
    opened(new).keep(said("fell", "mole.md", FELL, relevant=True))
    later = opened(new)
    assert later.knows(place("fell", "mole.md"))  # the passage around a sentence that was judged
    assert later.knows(place("fell", "mole.md", FELL))
    assert not later.knows(place("fell", "mole.md", MAY))
    assert not later.knows(place("fell", "copy.md"))
    later.keep(said("fell", "copy.md", FELL, relevant=True))
    assert len(load(new).questions[0].also) == 1


def test_a_set_that_is_there_keeps_what_it_says(new):
    gold = [{"source": "mole.md", "text": "It was rebuilt by May."}]
    file = write_lines(
        new / "questions.jsonl",
        {"id": "may", "question": "When was it rebuilt?", "kind": "dates", "answers": ["May"], "gold": gold},
        {"id": "sang", "question": "Who sang?", "kind": "unanswerable"},
    )
    labels = WrittenLabels(new, lines_of(file))
    assert labels.knows(place("may", "mole.md"))
    labels.keep(said("may", "copy.md", MAY, relevant=True))
    labels.keep(said("sang", "mole.md", FELL, relevant=True))
    may, sang = load(new).questions
    assert (may.kind, may.answers, [span.document for span in may.spans]) == ("dates", ("May",), ["mole.md"])
    assert [span.document for span in may.also] == ["copy.md"]
    assert (sang.kind, sang.answerable) == ("single", True)


def test_judging_the_same_again_changes_nothing(new):
    labels = opened(new)
    labels.keep(said("fell", "mole.md", FELL, relevant=True))
    once = (new / "questions.jsonl").read_text()
    labels.finish("fell")
    labels.finish("fell")
    labels.keep(said("fell", "mole.md", FELL, relevant=True))
    assert (new / "questions.jsonl").read_text() == once


def test_plain_questions_keep_their_ids_when_lines_are_moved(tmp_path):
    (tmp_path / "a.txt").write_text("Who sang?\n\n When did it fall? \nWho sang?\n", encoding="utf-8")
    (tmp_path / "b.txt").write_text("When did it fall?\nWho sang?\n", encoding="utf-8")
    first, second = plain_questions(tmp_path / "a.txt"), plain_questions(tmp_path / "b.txt")
    assert [question["question"] for question in first] == ["Who sang?", "When did it fall?"]
    assert first == list(reversed(second))


def test_a_file_without_questions_is_told(tmp_path):
    (tmp_path / "empty.txt").write_text("\n", encoding="utf-8")
    for name, complaint in [("empty.txt", "has no questions"), ("gone.txt", "cannot be read")]:
        with pytest.raises(UsageError, match=complaint):
            plain_questions(tmp_path / name)


def test_a_session_that_was_cut_off_keeps_every_judgement_before(new, monkeypatch):
    labels = opened(new)
    labels.keep(said("fell", "mole.md", MAY, relevant=False))
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        labels.keep(said("fell", "mole.md", FELL, relevant=True))
    monkeypatch.undo()
    assert [json.loads(text)["relevant"] for text in (new / "judged.jsonl").read_text().splitlines()] == [False, True]
    assert opened(new).knows(place("fell", "mole.md", FELL))
