import hashlib
import json

import pytest
from conftest import write_lines

from benchmarks.subset import cut
from rag.evals.sets import load

GOLD = ["a", "b", "c", "d"]
OTHERS = ["s", "t", "u", "v", "w", "x"]


def first(names, count):
    """The first in the order of the SHA-256 of their names."""
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())[:count]


LEFT = first(GOLD, 2)
LOST = [name for name in GOLD if name not in LEFT]


@pytest.fixture
def whole(tmp_path):
    """Ten documents, four of them gold. `both` asks for one that stays and one that goes, `goes` for one that goes."""
    folder = tmp_path / "whole"
    write_lines(folder / "corpus.jsonl", *({"_id": n, "title": n, "text": f"About {n}."} for n in OTHERS + GOLD))
    gold = {"stays": LEFT[:1], "both": [LEFT[1], LOST[0]], "goes": LOST[1:], "nobody": []}
    write_lines(
        folder / "queries.jsonl",
        *({"_id": q, "text": f"Ask {q}?", "metadata": {"answerable": bool(gold[q])}} for q in gold),
    )
    rows = [(q, name, 2) for q, names in gold.items() for name in names] + [("goes", name, 0) for name in OTHERS]
    judged = "".join(f"{q}\t{name}\t{grade}\n" for q, name, grade in rows)
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + judged)
    return folder


def test_half_of_the_articles_are_gold_and_half_are_not(whole, tmp_path):
    kept = load(cut(whole, 4, tmp_path / "cut")).corpus.documents
    assert kept == {*LEFT, *first(OTHERS, 2)}


def test_where_gold_is_short_other_articles_fill_up(whole, tmp_path):
    kept = load(cut(whole, 9, tmp_path / "cut")).corpus.documents
    assert kept == {*GOLD, *first(OTHERS, 5)}


def test_articles_stay_in_the_order_of_the_file_and_as_they_were(whole, tmp_path):
    before = (whole / "corpus.jsonl").read_text().splitlines()
    after = (cut(whole, 4, tmp_path / "cut") / "corpus.jsonl").read_text().splitlines()
    assert after == [line for line in before if json.loads(line)["_id"] in {*LEFT, *first(OTHERS, 2)}]


def test_a_question_keeps_the_gold_that_is_left_and_is_dropped_when_none_is(whole, tmp_path):
    questions = load(cut(whole, 4, tmp_path / "cut")).questions
    assert {question.id: question.relevance for question in questions} == {"stays": {LEFT[0]: 2}, "both": {LEFT[1]: 2}}
    assert all(question.answerable for question in questions)


def test_strangers_are_the_questions_that_the_articles_do_not_answer(whole, tmp_path):
    questions = load(cut(whole, 4, tmp_path / "cut", strangers=True)).questions
    assert [(q.id, q.answerable) for q in questions] == [
        ("stays", True), ("both", True), ("goes", False), ("nobody", False),
    ]  # fmt: skip
    assert [q.relevance for q in questions[2:]] == [{}, {}]


def test_the_same_cut_twice_is_the_same_to_the_byte(whole, tmp_path):
    once, again = (load(cut(whole, 4, tmp_path / name)) for name in ("once", "again"))
    assert once.digest == again.digest
