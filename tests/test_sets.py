from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from conftest import ARTICLE, SET, judged, write_lines

from index.candidates import Only
from index.errors import FootnoteError, UsageError
from rag.evals.sets import GoldSpan, load, qrels


def written(folder, *changed, **changes):
    """A set of one question about one article, with some fields changed."""
    (folder / "mole.md").write_text(ARTICLE, encoding="utf-8")
    gold = {"source": "mole.md", "start": 0, "end": 24, "text": "The mole fell in August."}
    question = {"id": "q1", "question": "When did it fall?", "kind": "single", "earlier": [], "answers": ["August"]}
    return write_lines(folder / "questions.jsonl", question | {"gold": [gold]} | changes, *changed)


def test_a_written_question_has_its_gold_as_a_span_and_a_relevant_document(tmp_path):
    question = load(written(tmp_path)).questions[0]
    assert question.relevance == {"mole.md": 1}
    assert question.spans == (GoldSpan("mole.md", "The mole fell in August.", 0),)
    assert (question.kind, question.answerable, question.answers) == ("single", True, ("August",))


def test_a_folder_with_a_questions_file_is_a_set(tmp_path):
    assert load(written(tmp_path).parent).name == tmp_path.name


def test_other_places_that_say_the_same_are_relevant_too(tmp_path):
    (tmp_path / "copy.md").write_text(ARTICLE, encoding="utf-8")
    also = [{"source": "copy.md", "text": "It was rebuilt by May."}]
    question = load(written(tmp_path, also=also)).questions[0]
    assert question.relevance == {"mole.md": 1, "copy.md": 1}
    assert [span.document for span in question.spans] == ["mole.md"]


def test_a_source_beside_the_questions_is_known_by_its_file_name(tmp_path):
    found = load(written(tmp_path))
    assert found.document(str(tmp_path.resolve() / "mole.md")) == "mole.md"
    assert found.document("https://example.org/mole") == "https://example.org/mole"


def test_an_article_that_lies_elsewhere_is_named_by_its_source(tmp_path):
    gold = [{"source": "https://example.org/mole", "start": 0, "end": 3, "text": "The"}]
    also = [{"source": "/shelf/mole.md", "text": "The mole fell"}]
    found = load(written(tmp_path, gold=gold, also=also))
    assert found.questions[0].relevance == {"https://example.org/mole": 1, "/shelf/mole.md": 1}
    for name in found.questions[0].relevance:
        assert (found.source(name), found.document(name)) == (name, name)


def test_a_source_beside_the_questions_may_be_named_in_full(tmp_path):
    source = str(tmp_path.resolve() / "mole.md")
    found = load(written(tmp_path, gold=[{"source": source, "text": "The mole fell"}]))
    assert found.questions[0].relevance == {"mole.md": 1}
    assert found.source("mole.md") == source


@pytest.mark.parametrize("zone", ["+00:00", ""])
def test_a_written_question_may_say_when_it_was_asked(tmp_path, zone):
    found = load(written(tmp_path, asked=f"2024-09-03T10:00:00{zone}")).asked_on(date(2025, 1, 1))
    assert found.questions[0].as_asked().asked_at == datetime(2024, 9, 3, 10, tzinfo=UTC)


def test_a_written_question_may_be_kept_to_some_articles(tmp_path):
    found = load(written(tmp_path, only={"author": "Ada", "first": "2024-05-03"}))
    only = Only("", "Ada", date(2024, 5, 3))
    for one in (found, found.asked_on(date(2025, 1, 1))):
        assert one.questions[0].as_asked().only == only
    with pytest.raises(FootnoteError, match="line 1, only: 'last week' is no day"):
        load(written(tmp_path, only={"first": "last week"}))


def test_a_time_that_is_none_is_named_by_its_line(tmp_path):
    with pytest.raises(FootnoteError, match="line 1: 'asked' is no time: 'last week'"):
        load(written(tmp_path, asked="last week"))


def test_the_document_of_a_judged_set_is_a_line_of_its_corpus(tmp_path):
    found = load(judged(tmp_path))
    assert found.source("d1") == f"{tmp_path.resolve()}/corpus.jsonl#d1"
    assert found.document(found.source("d1")) == "d1"


def test_an_article_that_was_judged_and_does_not_answer_has_the_grade_0(tmp_path):
    (tmp_path / "ferry.md").write_text("The ferry sails at noon.", encoding="utf-8")
    no = [{"source": "ferry.md", "text": "The ferry"}, {"source": "mole.md", "text": "It was rebuilt"}]
    assert load(written(tmp_path, **{"not": no})).questions[0].relevance == {"ferry.md": 0, "mole.md": 1}


def test_what_one_question_holds_out_is_held_out_of_the_whole_set(tmp_path):
    who = {"id": "q2", "question": "Who?", "kind": "unanswerable", "held_out": ["https://example.org/", "ferry.md"]}
    found = load(written(tmp_path, who))
    assert found.held_out == tuple(sorted([f"{tmp_path.resolve()}/ferry.md", "https://example.org/"]))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"question": None}, "questions.jsonl line 1: 'question' is missing"),
        ({"answers": "August"}, "questions.jsonl line 1: 'answers' is not a list: 'August'"),
        ({"gold": []}, "questions.jsonl line 1: 'gold' is missing for a question of kind 'single'"),
        ({"kind": "unanswerable"}, "questions.jsonl line 1: 'gold' is given for a question of kind 'unanswerable'"),
        ({"gold": [{"text": "x"}]}, "questions.jsonl line 1, gold 1: 'source' is missing"),
        ({"gold": [{"source": "gone.md", "text": "x"}]}, "questions.jsonl line 1, gold 1: there is no file 'gone.md'"),
        (
            {"gold": [{"source": "mole.md", "text": "x", "start": 3, "end": 9}]},
            "questions.jsonl line 1, gold 1: 'text' has 1 characters, but stands from 3 to 9",
        ),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong(tmp_path, changes, complaint):
    with pytest.raises(FootnoteError) as caught:
        load(written(tmp_path, **changes))
    assert str(caught.value).startswith(complaint)


def test_a_line_that_is_not_json_is_named(tmp_path):
    with written(tmp_path).open("a") as file:
        file.write("\n{not json\n")
    with pytest.raises(FootnoteError, match=r"questions\.jsonl line 3: this is not JSON"):
        load(tmp_path)


def test_a_line_that_is_nested_without_end_is_named(tmp_path):
    (tmp_path / "questions.jsonl").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(FootnoteError, match=r"questions\.jsonl line 1: this is not JSON"):
        load(tmp_path)


def test_an_id_stands_once(tmp_path):
    with pytest.raises(FootnoteError, match="'q1' stands in the set 2 times"):
        load(written(tmp_path, {"id": "q1", "question": "Why?", "kind": "unanswerable"}))


def test_a_folder_without_questions_is_refused(tmp_path):
    with pytest.raises(UsageError, match="holds no question set"):
        load(tmp_path)


def test_the_digest_changes_with_the_questions_and_with_their_articles(tmp_path):
    before = load(written(tmp_path)).digest
    assert load(written(tmp_path)).digest == before
    assert load(written(tmp_path, id="q9")).digest != before
    written(tmp_path)
    (tmp_path / "mole.md").write_text(ARTICLE + " Twice.", encoding="utf-8")
    assert load(tmp_path).digest != before


def test_a_span_is_covered_by_half_of_it():
    span = GoldSpan("mole.md", "The mole fell in August.", 0)  # 24 characters
    assert span.covered(ARTICLE, 12, 40)
    assert not span.covered(ARTICLE, 13, 40)
    assert span.touched(ARTICLE, 23, 40)
    assert not span.touched(ARTICLE, 24, 40)


def test_a_span_without_offsets_stands_where_its_text_stands():
    assert GoldSpan("mole.md", "It was rebuilt").place(ARTICLE) == (25, 39)


@pytest.mark.parametrize(
    ("span", "complaint"),
    [
        (GoldSpan("mole.md", "It was rebuilt", 24), "at 24 does not stand there"),
        (GoldSpan("mole.md", "It sank"), "does not stand there"),
        (GoldSpan("mole.md", "il"), "stands there more than once"),
    ],
)
def test_a_span_that_does_not_stand_in_its_article_is_an_error(span, complaint):
    with pytest.raises(FootnoteError, match=complaint):
        span.place(ARTICLE + " Until April.")


def test_a_judged_question_has_the_grades_and_the_earlier_user_turns(tmp_path):
    first, second = load(judged(tmp_path)).questions
    assert first.relevance == {"d1": 2, "d2": 1}
    assert first.earlier == ("What is the mole?",)
    assert (first.kind, first.answers, first.spans) == ("news", ("May",), ())
    assert first.as_asked().asked_at.date() == date(2024, 9, 1)
    assert (second.answerable, second.kind) == (False, "question")


@pytest.mark.parametrize(
    ("qrels", "complaint"),
    [
        ("q1\td1\thigh\n", r"qrels\.tsv line 2: this is not a question, a document and a whole number"),
        ("q2\td1\t1\n", r"queries\.jsonl line 1, metadata: 'answerable' is True, but qrels\.tsv has no relevant"),
        ("q1\td1\t1\nq7\td1\t1\n", r"qrels\.tsv judges the query 'q7'"),
        ("q1\td9\t1\n", r"qrels\.tsv judges the document 'd9'"),
    ],
)
def test_judgements_that_do_not_fit_the_set_are_named(tmp_path, qrels, complaint):
    with pytest.raises(FootnoteError, match=complaint):
        load(judged(tmp_path, qrels=qrels))


def test_a_judged_set_without_a_corpus_is_refused(tmp_path):
    (judged(tmp_path) / "corpus.jsonl").unlink()
    with pytest.raises(UsageError, match=r"corpus\.jsonl cannot be read"):
        load(tmp_path)


def test_places_of_a_judged_question_are_gold_when_it_is_said_where_they_stand(tmp_path):
    fell = {"doc_id": "d1", "text": "The mole fell in August.", "start": 0}
    about = {"evidence": [fell, {"doc_id": "d1", "text": "it fell, as it were"}], "also": [fell | {"start": 25}]}
    queries = [{"_id": "q1", "text": "When?", "metadata": about}]
    (asked,) = load(judged(tmp_path, queries)).questions
    assert asked.spans == (GoldSpan("d1", "The mole fell in August.", 0),)
    assert asked.also == (GoldSpan("d1", "The mole fell in August.", 25),)


def test_a_question_that_does_not_say_when_is_asked_on_the_day_that_is_named():
    said = datetime(2024, 9, 1, 12, tzinfo=UTC)
    questions = (replace(SET.questions[0], asked_at=said), SET.questions[1])
    dated = replace(SET, questions=questions).asked_on(date(2024, 12, 18))
    assert [q.as_asked().asked_at for q in dated.questions] == [said, datetime(2024, 12, 18, 12, tzinfo=UTC)]
    assert SET.asked_on(None) == SET


@pytest.mark.parametrize(
    "text",
    ["query-id\tcorpus-id\tscore\nq 1\td 1\t2\n", "q 1\td 1\t2\n"],
    ids=["with headings", "without"],
)
def test_qrels_are_read_with_or_without_headings(tmp_path, text):
    (tmp_path / "qrels.tsv").write_text(text, encoding="utf-8")
    assert qrels(tmp_path / "qrels.tsv") == {"q 1": {"d 1": 2}}


def test_qrels_of_trec_have_four_columns(tmp_path):
    (tmp_path / "qrels.txt").write_text("q1 0 d1 1\nq1\t0\td2\t-1\n", encoding="utf-8")
    assert qrels(tmp_path / "qrels.txt") == {"q1": {"d1": 1, "d2": -1}}


@pytest.mark.parametrize("line", ["q1\td1", "q1\td1\tmuch", "q1 0 d1 1 more"])
def test_a_judgement_that_is_none_is_named_by_its_line(tmp_path, line):
    (tmp_path / "qrels.tsv").write_text(f"q0\td0\t1\n{line}\n", encoding="utf-8")
    with pytest.raises(
        FootnoteError, match=r"qrels\.tsv line 2: this is not a question, a document and a whole number"
    ):
        qrels(tmp_path / "qrels.tsv")


def test_a_judged_set_without_headings_keeps_its_first_judgement(tmp_path):
    judged(tmp_path)
    (tmp_path / "qrels.tsv").write_text("q1\td1\t2\nq1\td2\t1\n", encoding="utf-8")
    assert load(tmp_path).questions[0].relevance == {"d1": 2, "d2": 1}


def test_an_empty_answer_is_refused_because_every_quote_holds_it(tmp_path):
    with pytest.raises(FootnoteError, match="line 1: 'answers' has an empty text"):
        load(written(tmp_path, answers=["August", " "]))


def test_a_set_without_a_question_is_refused(tmp_path):
    (tmp_path / "questions.jsonl").write_text("\n", encoding="utf-8")
    with pytest.raises(UsageError, match="holds no question"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["x" * 5_000, "a\0b"])
def test_a_source_that_cannot_be_a_file_is_named_by_its_line(tmp_path, name):
    with pytest.raises(FootnoteError, match=r"questions\.jsonl line 1, gold 1: there is no file"):
        load(written(tmp_path, gold=[{"source": name, "text": "x"}]))
