import json
from datetime import date

import pytest
from conftest import write_lines

from index.errors import FootnoteError, UsageError
from index.settings import IndexSettings
from index.sync import sync_paths
from index.upkeep import EVALS, purge
from rag.evals.evaluate import SETS, evaluate
from rag.evals.runs import means
from rag.retrieve import HybridRetriever

MOLE = "The mole fell in August. It was rebuilt before the end of May."


@pytest.fixture(autouse=True)
def words(monkeypatch, embedder):
    """A bag of words in the place of the model, the same one for each build."""
    monkeypatch.setattr("rag.settings.Embedder", lambda *_: embedder)
    return embedder


@pytest.fixture
def settings(store):
    return IndexSettings(store)


@pytest.fixture
def written(tmp_path):
    """A set of one answerable and one unanswerable question about one article."""
    folder = tmp_path / "written"
    gold = {"source": "mole.txt", "text": "The mole fell in August."}
    write_lines(
        folder / "questions.jsonl",
        {"id": "q1", "question": "When did the mole fall?", "kind": "single", "answers": ["August"], "gold": [gold]},
        {"id": "q2", "question": "Who sang at supper?", "kind": "unanswerable"},
    )
    (folder / "mole.txt").write_text(MOLE, encoding="utf-8")
    return folder


@pytest.fixture
def judged(tmp_path):
    """A set of one question about two documents of its own."""
    folder = tmp_path / "judged"
    write_lines(
        folder / "corpus.jsonl",
        {"_id": "d1", "title": "The mole", "text": MOLE},
        {"_id": "d2", "title": "The ferry", "text": "The ferry sails at noon."},
    )
    write_lines(folder / "queries.jsonl", {"_id": "q1", "text": "When does the ferry sail?"})
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td2\t1\n", encoding="utf-8")
    return folder


def test_a_written_set_is_asked_on_the_current_store(settings, written, words):
    sync_paths(settings.store, [written], words)
    found = evaluate(settings, written)
    assert (found.set_name, len(found.rows), found.errors) == ("written", 2, ())
    assert means(found.rows)["hit@1"].value == 1
    assert {name: found.about[name] for name in ("index", "model")} == {
        "index": "1 articles, 1 passages, generation 1",
        "model": "words float32",
    }


def test_a_written_set_without_its_articles_is_one_clear_error(settings, written):
    with pytest.raises(
        FootnoteError, match=r"1 of the 1 articles .* are not in .*store, the first is mole.txt"
    ) as told:
        evaluate(settings, written)
    assert told.value.hint == f"`python -m index sync {written}` puts them there."
    assert not settings.store.exists()


def test_what_a_set_holds_out_is_not_searched_and_stays_in_the_store(settings, written, words):
    (written / "ferry.txt").write_text("The ferry sails at noon from the quay.", encoding="utf-8")
    sync_paths(settings.store, [written], words)
    with (written / "questions.jsonl").open("a", encoding="utf-8") as file:
        no = {"id": "q3", "question": "When does the ferry sail?", "kind": "unanswerable", "held_out": ["ferry.txt"]}
        file.write(json.dumps(no) + "\n")
    found = evaluate(settings, written)
    assert found.about["index"].startswith("1 articles, ")
    assert [row.ranking for row in found.rows] == [("mole.txt",)] * 3
    assert "2 articles" in evaluate(settings, without_held_out(written)).about["index"]


def without_held_out(written):
    """The same set, holding nothing out."""
    file = written / "questions.jsonl"
    file.write_text(file.read_text(encoding="utf-8").replace(', "held_out": ["ferry.txt"]', ""), encoding="utf-8")
    return written


def test_a_set_about_no_articles_still_needs_a_store(settings, written):
    write_lines(written / "questions.jsonl", {"id": "q2", "question": "Who sang?", "kind": "unanswerable"})
    with pytest.raises(FootnoteError, match="There is no index in"):
        evaluate(settings, written)
    assert not settings.store.exists()


def test_a_folder_without_a_set_is_a_usage_error(settings, tmp_path):
    with pytest.raises(UsageError, match="holds no question set"):
        evaluate(settings, tmp_path)


def test_a_judged_set_gets_a_store_of_its_own(settings, judged):
    found = evaluate(settings, judged)
    assert found.rows[0].ranking == ("d2", "d1")
    (own,) = (settings.store / SETS).iterdir()
    assert [file.name for file in settings.store.iterdir()] == [SETS]
    assert found.about["index"].startswith("2 articles, ")
    assert (own / "catalog.sqlite").exists()


def test_a_judged_set_is_embedded_once(settings, judged, words):
    evaluate(settings, judged)
    assert len(words.embedded) == 2
    again = evaluate(settings, judged)
    assert len(words.embedded) == 2
    assert again.rows[0].ranking == ("d2", "d1")


def test_another_corpus_gets_another_store(settings, judged):
    evaluate(settings, judged)
    write_lines(judged / "corpus.jsonl", {"_id": "d2", "title": "", "text": "The ferry sails at seven."})
    assert evaluate(settings, judged).rows[0].ranking == ("d2",)
    assert len(list((settings.store / SETS).iterdir())) == 2


def test_what_was_asked_is_not_asked_again(settings, written, words):
    sync_paths(settings.store, [written], words)
    first = evaluate(settings, written, answers=True)
    before = list(words.asked), list(words.embedded)
    again = evaluate(settings, written, answers=True)
    assert (words.asked, words.embedded) == before
    assert again.rows == first.rows
    assert evaluate(settings, written, answers=True, fresh=True).known == 0
    assert words.asked != before[0]


def test_another_index_is_asked_again_and_its_questions_are_not_embedded_again(settings, written, words):
    sync_paths(settings.store, [written], words)
    evaluate(settings, written)
    (written / "another.txt").write_text("When the mole fell, nobody was there.", encoding="utf-8")
    sync_paths(settings.store, [written], words)
    before = list(words.asked)
    found = evaluate(settings, written)
    assert words.asked == before
    assert found.known == 2
    assert "another.txt" in found.rows[0].ranking


def test_the_first_question_is_timed_when_the_model_is_there(settings, written, words):
    sync_paths(settings.store, [written], words)
    assert evaluate(settings, written).known == 0
    assert words.asked == ["When did the mole fall?", "When did the mole fall?", "Who sang at supper?"]


def test_a_purge_takes_what_runs_kept_of_the_articles(settings, written, words):
    sync_paths(settings.store, [written], words)
    evaluate(settings, written, answers=True)
    kept = b"".join(file.read_bytes() for file in (settings.store / EVALS).iterdir())
    assert b"The mole fell in August." in kept
    purge(settings.store)
    assert not (settings.store / EVALS).exists()


def test_a_question_is_asked_on_the_day_of_the_last_article(settings, written, words, monkeypatch):
    (written / "2024-12-18-later.md").write_text("---\ndate: 2024-12-18\n---\nThe mole stood again.", encoding="utf-8")
    sync_paths(settings.store, [written], words)
    asked = []
    find = HybridRetriever.search

    def search(self, text, day, only):
        asked.append(day)
        return find(self, text, day, only)

    monkeypatch.setattr(HybridRetriever, "search", search)
    evaluate(settings, written)
    assert set(asked) == {date(2024, 12, 18)}


def test_a_run_changes_its_digest_with_the_index_alone(settings, written, words):
    sync_paths(settings.store, [written], words)
    first, again = (evaluate(settings, written, fresh=True).about for _ in range(2))
    assert again == first
    (written / "another.txt").write_text("The mole.", encoding="utf-8")
    sync_paths(settings.store, [written], words)
    after = evaluate(settings, written).about
    assert {name for name in after if after[name] != first[name]} == {"index", "edition"}


def test_answers_are_asked_for_when_they_are_wanted(settings, written, words):
    sync_paths(settings.store, [written], words)
    assert all(row.answered is None for row in evaluate(settings, written).rows)
    answered = evaluate(settings, written, answers=True)
    assert all(row.answered for row in answered.rows)
    assert {"answer rate", "refusal rate"} <= set(means(answered.rows))


def test_a_question_that_cannot_be_asked_is_counted_as_an_error(settings, written, words):
    sync_paths(settings.store, [written], words)
    with (written / "questions.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"id": "q3", "question": "?" * 9, "kind": "unanswerable"}) + "\n")
    found = evaluate(settings, written)
    assert [(row.id, row.error) for row in found.errors] == [("q3", "UsageError: The question is empty")]
    assert len(found.rows) == 3


def test_an_article_that_changed_since_makes_its_questions_errors(settings, written, words):
    sync_paths(settings.store, [written], words)
    (written / "questions.jsonl").write_text(
        (written / "questions.jsonl").read_text().replace("The mole fell in August.", "The mole fell in March.")
    )
    (error,) = evaluate(settings, written).errors
    assert "'The mole fell in March.' of mole.txt does not stand there" in error.error


def test_another_model_than_that_of_the_store_is_told_before_any_question_is_asked(settings, written, words):
    sync_paths(settings.store, [written], words)
    words.name = "others"
    stages = []
    with pytest.raises(FootnoteError, match="made by the model words"):
        evaluate(settings, written, progress=lambda stage, done, total: stages.append(stage))
    assert stages == []


def test_a_question_that_fails_leaves_a_line_and_no_stack_trace(settings, written, words, caplog):
    sync_paths(settings.store, [written], words)
    write_lines(written / "questions.jsonl", {"id": "q3", "question": "???", "kind": "unanswerable"})
    evaluate(settings, written)
    shown = [record for record in caplog.records if record.levelname == "WARNING"]
    assert [record.getMessage() for record in shown] == ["question q3 failed: UsageError: The question is empty"]
    assert not any(record.exc_info for record in shown)


def test_progress_tells_of_indexing_and_of_asking(settings, judged):
    stages = []
    evaluate(settings, judged, progress=lambda stage, done, total: stages.append(stage))
    assert list(dict.fromkeys(stages)) == ["scanning", "reading", "splitting", "embedding", "building", "asking"]
