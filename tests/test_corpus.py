import json
from datetime import date

import pytest
from conftest import ARTICLE, judged, write_lines

from index.errors import FootnoteError, NotAnArticle, UnreadableSource
from rag.evals.corpus import Corpus


def test_a_document_is_read_as_an_article(tmp_path):
    corpus = Corpus(judged(tmp_path))
    article = corpus.article(f"{tmp_path.resolve()}/corpus.jsonl#d1")
    assert (article.title, article.text, article.author) == ("Möle", ARTICLE, None)
    assert (article.published, article.published_from) == (date(2024, 8, 27), "corpus metadata")


def test_a_date_that_is_no_date_stays_unknown(tmp_path):
    corpus = Corpus(judged(tmp_path))
    article = corpus.article(corpus.prefix + "d2")
    assert (article.author, article.published, article.published_from) == ("Ada Quill", None, None)


@pytest.mark.parametrize(
    ("about", "publisher"),
    [({"source": "The Packet"}, "The Packet"), ({"publisher": "The Packet", "source": "wire"}, "The Packet"),
     ({"source": {"name": "The Packet"}}, None), ({"source": " "}, None), ({}, None)],
)  # fmt: skip
def test_a_document_names_its_publisher(tmp_path, about, publisher):
    write_lines(tmp_path / "corpus.jsonl", {"_id": "d1", "text": ARTICLE, "metadata": about})
    corpus = Corpus(tmp_path)
    assert corpus.article(corpus.prefix + "d1").publisher == publisher


def test_an_empty_document_is_no_article(tmp_path):
    corpus = Corpus(judged(tmp_path))
    with pytest.raises(NotAnArticle):
        corpus.article(corpus.prefix + "d3")


def test_a_document_that_is_not_there_cannot_be_read(tmp_path):
    corpus = Corpus(judged(tmp_path))
    with pytest.raises(UnreadableSource, match="no document 'd9'"):
        corpus.article(corpus.prefix + "d9")


def test_a_corpus_that_changes_while_it_is_read_is_noticed(tmp_path):
    corpus = Corpus(judged(tmp_path))
    write_lines(tmp_path / "corpus.jsonl", {"_id": "d0", "text": "New."})
    with pytest.raises(UnreadableSource, match="changed while it was read"):
        corpus.article(corpus.prefix + "d1")


def test_a_corpus_can_be_restricted_to_some_documents(tmp_path):
    corpus = Corpus(judged(tmp_path), frozenset({"d2"}))
    assert corpus.documents == {"d2"}
    assert [seen.source for seen in corpus.scan({})] == [corpus.prefix + "d2"]


def test_a_scan_sees_each_document_with_a_digest_that_follows_its_line(tmp_path):
    before = {seen.source: seen.digest for seen in Corpus(judged(tmp_path)).scan({})}
    file = tmp_path / "corpus.jsonl"
    file.write_text(file.read_text(encoding="utf-8").replace("Ferries.", "Ferry."), encoding="utf-8")
    corpus = Corpus(tmp_path)
    after = {seen.source: seen.digest for seen in corpus.scan({})}
    assert [source for source in after if before[source] != after[source]] == [corpus.prefix + "d2"]
    assert all(corpus.covers(source) for source in after)
    assert not corpus.covers(str(file))


def test_a_document_id_stands_once(tmp_path):
    judged(tmp_path)
    with (tmp_path / "corpus.jsonl").open("a") as file:
        file.write(json.dumps({"_id": "d1", "text": "Again."}) + "\n")
    with pytest.raises(FootnoteError, match=r"corpus\.jsonl line 4: the _id 'd1' stands there twice"):
        Corpus(tmp_path)
