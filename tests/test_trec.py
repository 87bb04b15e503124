import pytest
from conftest import write_lines

from index.errors import FootnoteError, UsageError
from rag.evals.collection import Collection, Document, Query
from rag.evals.formats import trec

CLASSIC = """
<top>
<num> Number: 301
<title> Moles &amp;
 harbours
<desc> Description: What fell?
</top>
<top>
<num> Number: 302
<title> Ferries
</top>
"""
XML = """<topics task="harbour">
<topic number="301"><query>Moles &amp; harbours</query><question>What fell?</question></topic>
<topic number="302"><query>Ferries</query></topic>
</topics>"""
TABBED = "301\tMoles & harbours\n302\tFerries\n"


@pytest.fixture
def folder(tmp_path):
    """Documents and judgements of two topics, the second without a relevant document."""
    (tmp_path / "collection.tsv").write_text("d1\tThe mole fell.\nd2\tThe ferry sails.\n", encoding="utf-8")
    (tmp_path / "qrels.txt").write_text("301 0 d1 2\n301 0 d2 0\n302 0 d2 0\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(("name", "text"), [("topics.txt", CLASSIC), ("topics.xml", XML), ("topics.tsv", TABBED)])
def test_topics_are_read_in_each_of_their_forms(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    found = trec.read(folder)
    assert list(found.collection.queries) == [Query("301", "Moles & harbours", relevance={"d1": 2, "d2": 0})]
    assert list(found.collection.documents) == [
        Document("d1", "", "The mole fell."),
        Document("d2", "", "The ferry sails."),
    ]
    assert found.notes == ("1 question without a relevant document left out.",)


def test_what_trec_holds_is_the_same_there_and_back(tmp_path):
    documents = [Document("d1", "Moles", "The mole fell.", {"author": "Ada Quill"})]
    made = Collection(documents, [Query("q1", "What fell?", relevance={"d1": 2})])
    assert trec.write(made, tmp_path / "out") == []
    assert trec.read(tmp_path / "out").collection.queries == made.queries
    assert list(trec.read(tmp_path / "out").collection.documents) == documents


def test_what_trec_does_not_hold_is_told_in_a_sentence_each(tmp_path):
    about = {"type": "news", "answers": ["May"], "history": [{"role": "user", "text": "What?"}], "mood": "good"}
    made = Collection([Document("a b", "", "Text.")], [Query("q1", "What\nfell?", about, {"a b": 1})])
    assert trec.write(made, tmp_path / "out") == [
        "TREC does not hold white space in an id: 1 are written with %20 or the like.",
        "TREC does not hold line breaks or runs of blanks: 1 question.",
        "TREC does not hold answers: 1 question.",
        "TREC does not hold kinds of question: 1 question.",
        "TREC does not hold the questions asked before: 1 question.",
        "TREC does not hold other notes on questions: 1 question.",
    ]
    assert (tmp_path / "out" / "qrels.txt").read_text() == "q1 0 a%20b 1\n"
    assert (tmp_path / "out" / "topics.tsv").read_text() == "q1\tWhat fell?\n"


def test_a_document_that_says_the_same_as_another_is_not_judged(tmp_path):
    places = {"evidence": [{"doc_id": "a", "text": "Text."}], "also": [{"doc_id": d, "text": "Text."} for d in "ab"]}
    made = Collection([Document(d, "", "Text.") for d in "ab"], [Query("q1", "What?", places, {"a": 1, "b": 1})])
    assert "TREC does not hold other places that say the same: 1 question." in trec.write(made, tmp_path / "out")
    assert (tmp_path / "out" / "qrels.txt").read_text() == "q1 0 a 1\n"
    alone = Collection(made.documents, [Query("q1", "What?", {"also": places["also"]}, {"a": 1, "b": 1})])
    trec.write(alone, tmp_path / "alone")
    assert (tmp_path / "alone" / "qrels.txt").read_text() == "q1 0 a 1\nq1 0 b 1\n"


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("topics.tsv", "301\tMoles\n302 Ferries\n", r"topics\.tsv line 2: this is not an id and a question"),
        (
            "topics.txt",
            "\n<top>\n<num> Number: 301\n</top>\n",
            r"topics\.txt line 2: this topic has no num or no title",
        ),
        (
            "topics.xml",
            "<topics>\n<topic number='1'><query></query></topic>",
            r"topics\.xml line 2: this topic has no query",
        ),
    ],
)
def test_a_topic_that_cannot_be_read_is_named_by_its_line(folder, name, text, complaint):
    (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(FootnoteError, match=complaint):
        trec.read(folder)


def test_a_document_that_cannot_be_read_is_named_by_its_line(folder):
    write_lines(folder / "topics.tsv")
    (folder / "topics.tsv").write_text(TABBED, encoding="utf-8")
    (folder / "collection.tsv").write_text("d1\tThe mole fell.\nd2\n", encoding="utf-8")
    with pytest.raises(FootnoteError, match=r"collection\.tsv line 2: this is not an id and a text"):
        list(trec.read(folder).collection.documents)


def test_a_folder_without_topics_says_what_is_wanted(folder):
    with pytest.raises(UsageError, match="has no topics") as told:
        trec.read(folder)
    assert "qrels.txt" in told.value.hint
