import json
from datetime import date

import pytest

from index.errors import FootnoteError, NotAnArticle, UnreadableSource, UsageError
from rag.evals.corpus import Corpus
from rag.evals.sets import GoldSpan, load

ARTICLE = "The mole fell in August. It was rebuilt by May."


def write_lines(path, *records):
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def written(folder, *changed, **changes):
    """A set of one question about one article, with some fields changed."""
    (folder / "mole.md").write_text(ARTICLE, encoding="utf-8")
    gold = {"source": "mole.md", "start": 0, "end": 24, "text": "The mole fell in August."}
    question = {"id": "q1", "question": "When did it fall?", "kind": "single", "earlier": [], "answers": ["August"]}
    return write_lines(folder / "questions.jsonl", question | {"gold": [gold]} | changes, *changed)


def judged(folder, queries=None, qrels="q1\td1\t2\nq1\td2\t1\n"):
    write_lines(
        folder / "corpus.jsonl",
        {"_id": "d1", "title": "Möle", "text": ARTICLE, "metadata": {"date": "2024-08-27T10:00:00+00:00"}},
        {"_id": "d2", "title": "", "text": "Ferries.", "metadata": {"author": "Ada Quill", "date": "last week"}},
        {"_id": "d3", "title": "Nothing", "text": " "},
    )
    history = [{"role": "user", "text": "What is the mole?"}, {"role": "assistant", "text": "A wall."}]
    about = {"answerable": True, "type": "news", "history": history, "question_date": "2024/09/01", "answers": ["May"]}
    no = {"_id": "q2", "text": "Who sang?", "metadata": {"answerable": False}}
    write_lines(
        folder / "queries.jsonl", *(queries or [{"_id": "q1", "text": "When was it rebuilt?", "metadata": about}, no])
    )
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + qrels, encoding="utf-8")
    return folder


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
        ("q1 d1 1\n", r"qrels\.tsv line 2: this is not query-id, corpus-id and score"),
        ("q1\td1\thigh\n", r"qrels\.tsv line 2: this is not query-id, corpus-id and score"),
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


def test_a_document_is_read_as_an_article(tmp_path):
    corpus = Corpus(judged(tmp_path))
    article = corpus.read(f"{tmp_path.resolve()}/corpus.jsonl#d1")
    assert (article.title, article.text, article.author) == ("Möle", ARTICLE, None)
    assert (article.published, article.published_from) == (date(2024, 8, 27), "corpus metadata")


def test_a_date_that_is_no_date_stays_unknown(tmp_path):
    corpus = Corpus(judged(tmp_path))
    article = corpus.read(corpus.prefix + "d2")
    assert (article.author, article.published, article.published_from) == ("Ada Quill", None, None)


def test_an_empty_document_is_no_article(tmp_path):
    corpus = Corpus(judged(tmp_path))
    with pytest.raises(NotAnArticle):
        corpus.read(corpus.prefix + "d3")


def test_a_document_that_is_not_there_cannot_be_read(tmp_path):
    corpus = Corpus(judged(tmp_path))
    with pytest.raises(UnreadableSource, match="no document 'd9'"):
        corpus.read(corpus.prefix + "d9")


def test_a_corpus_that_changes_while_it_is_read_is_noticed(tmp_path):
    corpus = Corpus(judged(tmp_path))
    write_lines(tmp_path / "corpus.jsonl", {"_id": "d0", "text": "New."})
    with pytest.raises(UnreadableSource, match="changed while it was read"):
        corpus.read(corpus.prefix + "d1")


def test_a_corpus_can_be_restricted_to_some_documents(tmp_path):
    corpus = Corpus(judged(tmp_path), frozenset({"d2"}))
    assert corpus.documents == {"d2"}
    assert [seen.source for seen in corpus.scan()] == [corpus.prefix + "d2"]


def test_a_scan_sees_each_document_with_a_digest_that_follows_its_line(tmp_path):
    before = {seen.source: seen.digest for seen in Corpus(judged(tmp_path)).scan()}
    file = tmp_path / "corpus.jsonl"
    file.write_text(file.read_text(encoding="utf-8").replace("Ferries.", "Ferry."), encoding="utf-8")
    corpus = Corpus(tmp_path)
    after = {seen.source: seen.digest for seen in corpus.scan()}
    assert [source for source in after if before[source] != after[source]] == [corpus.prefix + "d2"]
    assert all(corpus.covers(source) for source in after)
    assert not corpus.covers(str(file))


def test_a_document_id_stands_once(tmp_path):
    judged(tmp_path)
    with (tmp_path / "corpus.jsonl").open("a") as file:
        file.write(json.dumps({"_id": "d1", "text": "Again."}) + "\n")
    with pytest.raises(FootnoteError, match=r"corpus\.jsonl line 4: the _id 'd1' stands there twice"):
        Corpus(tmp_path)
