import json
from random import Random

import pytest
from conftest import write_lines

from benchmarks.peers.preparing import alone, changing, edited, mixed, original, prepared, repeated, sentence
from rag.evals.sets import EvalQuestion, GoldSpan

ARTICLES = [{"_id": "a", "title": "A", "text": "One two three. Four five."}, {"_id": "b", "title": "B", "text": "Six."}]


def question(name, **more):
    return EvalQuestion(name, f"{name}?", "single", **({"answerable": True, "relevance": {"a": 1}} | more))


@pytest.fixture
def lines():
    def read(file):
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]

    return read


def test_missing_articles_are_made_of_those_there_are_in_turn():
    made = repeated(ARTICLES, 5)
    assert [line["_id"] for line in made] == ["a", "b", "a#again-1", "b#again-1", "a#again-2"]
    assert made[:2] == ARTICLES


def test_a_repeated_article_has_the_words_of_each_sentence_in_another_order():
    text = "one two three four five six seven. eight nine ten\neleven twelve"
    again = mixed(text, Random(1))
    assert again != text
    assert [sorted(part.split()) for part in again.split(".")] == [sorted(part.split()) for part in text.split(".")]
    assert len(again) == len(text)


def test_of_more_articles_than_wanted_the_first_are_kept():
    assert repeated(ARTICLES, 1) == ARTICLES[:1]


def test_a_repeated_article_counts_as_the_one_it_was_made_of():
    assert [original(line["_id"]) for line in repeated(ARTICLES, 4)] == ["a", "b", "a", "b"]


def test_one_in_a_hundred_changes_and_at_least_one():
    assert len(changing([{"_id": str(n)} for n in range(1_000)])) == 10
    assert len(changing(ARTICLES)) == 1


def test_each_edit_is_a_sentence_of_its_own():
    assert len({sentence(n).partition("counted")[2].split(" ", 2)[2] for n in range(90)}) == 90


def test_an_edit_puts_a_paragraph_before_the_article():
    assert edited(ARTICLES[1], "New.") == ARTICLES[1] | {"text": "New.\n\nSix."}
    assert edited(ARTICLES[1], None) == ARTICLES[1]


def test_questions_that_lean_on_others_or_have_no_gold_are_left_out():
    asked = [
        question("stays"),
        question("follows", earlier=("Before?",)),
        question("nobody", answerable=False, relevance={}),
        question("apart", held_out=("a",)),
        question("also"),
    ]
    assert [q.id for q in alone(asked, 0)] == ["stays", "also"]
    assert [q.id for q in alone(asked, 1)] == ["stays"]


def test_a_judged_set_is_written_with_its_edit(tmp_path, lines):
    write_lines(tmp_path / "set" / "corpus.jsonl", *ARTICLES)
    write_lines(tmp_path / "set" / "queries.jsonl", {"_id": "q", "text": "Three?", "metadata": {"answerable": True}})
    (tmp_path / "set" / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq\ta\t1\n")
    given = prepared(tmp_path / "set", 2, 0, tmp_path / "given")
    before, after = lines(given.folder / "corpus.jsonl"), lines(given.folder / "changed.jsonl")
    [(name, new)] = given.edits.items()
    assert before == ARTICLES
    assert after == [line | {"text": f"{new}\n\n{line['text']}"} if line["_id"] == name else line for line in before]
    assert lines(given.folder / "asked.jsonl") == [{"id": "q", "text": "Three?", "asked": ""}]
    assert (given.articles, given.characters) == (2, len("One two three. Four five.Six."))


def test_a_written_set_is_read_from_its_files(tmp_path, lines):
    folder = tmp_path / "set"
    gold = [{"source": "mole.txt", "text": "The mole keeps the waves out."}]
    write_lines(folder / "questions.jsonl", {"id": "q", "question": "What?", "kind": "single", "gold": gold})
    (folder / "mole.txt").write_text("The mole\n\nThe mole keeps the waves out. It was built of stone in one summer.\n")
    given = prepared(folder, 1, 0, tmp_path / "given")
    [article] = lines(given.folder / "corpus.jsonl")
    assert article["_id"] == "mole.txt"
    assert gold[0]["text"] in article["text"]
    assert given.questions[0].spans == (GoldSpan("mole.txt", gold[0]["text"]),)
