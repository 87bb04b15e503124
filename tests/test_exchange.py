import json

import pytest
from conftest import ARTICLE, MEASURES, SET, find, write_lines
from conftest import judged as judged_set

from index.errors import FootnoteError, UsageError
from rag.evals import exchange, runs
from rag.evals.asking import run
from rag.evals.exchange import FORMATS, bring_in, collection_of, module, send_out, send_run, shown
from rag.evals.sets import load


@pytest.fixture
def made(tmp_path):
    """A judged set whose second question has no answer."""
    folder = judged_set(tmp_path / "made")
    about = {"type": "span", "answerable": True, "answers": ["August"],
             "evidence": [{"doc_id": "d1", "text": "August", "start": 17}]}  # fmt: skip
    no = {"type": "span", "answerable": False}
    write_lines(
        folder / "queries.jsonl",
        {"_id": "q1", "text": "When did it fall?", "metadata": about},
        {"_id": "q2", "text": "Who sang?", "metadata": no},
    )
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_goes_out_and_comes_in(made, store, tmp_path, name):
    send_out(made, name, tmp_path / "out", store)
    back = bring_in(name, tmp_path / "out", tmp_path / "back")
    # TREC and SQuAD 1.1 do not hold that a question has no answer.
    assert back.questions == len(load(tmp_path / "back").questions) == (1 if name in ("trec", "squad1") else 2)
    asked = load(tmp_path / "back").questions[0]
    assert (asked.text, asked.answerable, len(asked.relevance)) == ("When did it fall?", True, 1)


@pytest.mark.parametrize("name", ["beir", "csv"])
def test_what_a_format_holds_all_of_is_the_same_there_and_back(made, store, tmp_path, name):
    assert send_out(made, name, tmp_path / "out", store).notes == ()
    bring_in(name, tmp_path / "out", tmp_path / "back")
    before, after = collection_of(made, store), collection_of(tmp_path / "back", store)
    assert (list(after.documents), after.queries) == (list(before.documents), before.queries)


def test_a_spreadsheet_beside_its_articles_becomes_a_written_set_there(tmp_path):
    (tmp_path / "mole.md").write_text(ARTICLE, encoding="utf-8")
    (tmp_path / "questions.csv").write_text("question,document,quote\nWhen?,mole.md,fell in August\n", encoding="utf-8")
    assert bring_in("csv", tmp_path / "questions.csv", tmp_path).questions == 1
    assert load(tmp_path).questions[0].spans[0].place(ARTICLE) == (9, 23)
    with pytest.raises(UsageError, match=r"questions\.jsonl is there already"):
        bring_in("csv", tmp_path / "questions.csv", tmp_path)


def test_a_set_that_is_cut_off_beside_its_articles_is_never_there(tmp_path, monkeypatch):
    (tmp_path / "a.md").write_text(ARTICLE, encoding="utf-8")
    (tmp_path / "set.csv").write_text("question,document,quote\nWhen?,a.md,fell in August\n", encoding="utf-8")

    def cut_off(collection, folder):
        (folder / "questions.jsonl").write_text("{", encoding="utf-8")
        assert not (tmp_path / "questions.jsonl").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(exchange, "write_written", cut_off)
    with pytest.raises(KeyboardInterrupt):
        bring_in("csv", tmp_path / "set.csv", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.md", "set.csv"]


def test_a_set_that_could_not_be_asked_is_not_written(made, tmp_path):
    with (made / "qrels.tsv").open("a", encoding="utf-8") as file:
        file.write("q1\tgone\t1\n")
    with pytest.raises(FootnoteError, match="judges the document 'gone'"):
        bring_in("beir", made, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made"]


def test_what_lies_there_already_is_not_touched(made, store, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="out is there already"):
        bring_in("beir", made, tmp_path / "out")
    with pytest.raises(UsageError, match="out is there already"):
        send_out(made, "squad", tmp_path / "out", store)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_free(made, tmp_path):
    (tmp_path / "out").mkdir()
    assert bring_in("beir", made, tmp_path / "out").questions == 2


def test_a_link_to_an_empty_folder_is_followed(made, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    assert bring_in("beir", made, tmp_path / "out").questions == 2
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "real" / "qrels.tsv").is_file()


def test_a_full_disk_is_told_in_a_sentence_and_leaves_nothing(made, tmp_path, monkeypatch):
    def full(collection, folder):
        (folder / "corpus.jsonl").write_text("{", encoding="utf-8")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exchange, "write_judged", full)
    with pytest.raises(UsageError, match="out cannot be written: No space left on device"):
        bring_in("beir", made, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_a_format_that_does_not_exist_is_a_usage_error(made, tmp_path):
    with pytest.raises(UsageError, match="There is no format 'excel'"):
        bring_in("excel", made, tmp_path / "out")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_what_it_is(name):
    assert module(name).ABOUT


def test_what_was_written_is_shown_with_its_losses(made, store, tmp_path):
    sent = send_out(made, "trec", tmp_path / "out", store)
    assert shown(sent, "Next.").splitlines() == [
        f"2 questions, 1 of them unanswerable, are in {tmp_path / 'out'}.",
        "TREC does not hold that a question has no answer: 1 question.",
        "TREC does not hold answers: 1 question.",
        "TREC does not hold the places that answer: 1 question.",
        "Next.",
    ]


def test_a_run_goes_out_as_a_run_of_trec(tmp_path):
    runs.save(run(find, SET, MEASURES), tmp_path / "run.json")
    sent = send_run(tmp_path / "run.json", tmp_path / "run.txt")
    assert (sent.questions, sent.unanswerable) == (3, 1)
    assert (tmp_path / "run.txt").read_text().splitlines()[0] == "fell Q0 ferry.md 1 1.000000 footnote"
    assert json.loads((tmp_path / "run.json").read_text())["rows"][0]["ranking"] == ["ferry.md", "mole.md"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_long_article_and_half_a_character_go_out_and_come_in(made, store, tmp_path, name):
    text = "The mole fell. " + "It was rebuilt. " * 20_000 + "In \ud83d May, \U0001f6a2."
    (made / "corpus.jsonl").write_text(json.dumps({"_id": "d1", "title": "Mole", "text": text}), encoding="utf-8")
    about = {"type": "span", "answers": ["fell"], "evidence": [{"doc_id": "d1", "text": "fell", "start": 9}]}
    write_lines(made / "queries.jsonl", {"_id": "q1", "text": "What?", "metadata": about})
    send_out(made, name, tmp_path / "out", store)
    bring_in(name, tmp_path / "out", tmp_path / "back")
    (back,) = collection_of(tmp_path / "back", store).documents
    assert (len(back.text), back.text[-7:]) == (len(text), "May, \U0001f6a2.")
