import math
from dataclasses import replace

from conftest import FARE, FELL, SANG, SET, TEXTS, Shelf, resynced

from index.sync import sync
from rag.evals.diagnoses import detected, duplicates, holds_answer, of_index, of_runs, of_set, stands_in
from rag.evals.runs import Row, Run


def told(findings, serious=None):
    return [finding.text for finding in findings if serious in (None, finding.serious)]


def a_run(*values, **about):
    rows = [Row(f"q{n}", "Why?", "single", True, values={"hit@1": v, "judged@10": v}) for n, v in enumerate(values)]
    return Run("quay", "d" * 32, tuple(rows), about, {"torch": "2.0"})


# A set ----------------------------------------------------------------------------------------------------------------


def test_a_set_that_is_well_has_its_size_and_power_alone():
    found = list(of_set(SET, TEXTS.get))
    assert told(found, serious=True) == []
    assert told(found)[0] == f"quay {'0' * 32}: 3 questions (2 single, 1 unanswerable)"
    # 2.8 * sqrt(.05 / 2) and so on, in points.
    assert told(found)[1].startswith("2 answerable: a difference of 44.3, 62.6, 88.5 points is found")


def test_more_questions_show_smaller_differences():
    assert detected(500, 0.1) == 2.8 * math.sqrt(0.1 / 500)


def test_a_question_that_stands_there_twice_is_serious():
    again = replace(FELL, id="again", text="When did  the mole fall")
    assert duplicates((FELL, FARE, again)) == ["again"]
    (serious,) = told(of_set(replace(SET, questions=(FELL, again)), TEXTS.get), serious=True)
    assert serious == "1 questions stand there more than once: again"


def test_the_same_words_after_another_question_are_another_question():
    assert duplicates((replace(FELL, earlier=("What is it?",)), replace(FELL, id="b", earlier=("Who is it?",)))) == []


def test_a_question_that_holds_its_answer_is_named():
    assert not holds_answer(FELL)
    assert holds_answer(replace(FELL, text="Did the mole fall in August?"))
    assert not holds_answer(replace(FELL, text="Were there augustinians at the mole?"))
    assert not holds_answer(replace(FELL, text="Is it so?", answers=("is",)))


def test_a_question_that_stands_in_its_article_is_named():
    copied = replace(FELL, text="“The mole fell — in August”?")
    assert stands_in(copied, TEXTS["mole.md"])
    assert not stands_in(FELL, TEXTS["mole.md"])
    assert not stands_in(replace(FELL, text="The mole fell"), TEXTS["mole.md"]), "too short to say"
    assert "1 questions stand word for word in an article that answers them: fell" in told(
        of_set(replace(SET, questions=(copied, SANG)), TEXTS.get)
    )


# An index -------------------------------------------------------------------------------------------------------------


def asking(name, folder):
    """A set whose one question is about that article of that folder."""
    return replace(SET, folder=folder, questions=(replace(FELL, relevance={name: 1}),))


def test_an_index_that_is_as_it_should_be_has_nothing_serious(indexed, store, embedder, tmp_path):
    found = list(of_index(store, embedder, replace(SET, questions=(SANG,))))
    assert told(found) == [
        f"3 articles, 3 passages, generation 1; model words float32 {embedder.fingerprint}",
    ]


def test_another_model_is_serious(indexed, store, embedder):
    embedder.name = "others"
    (serious,) = told(of_index(store, embedder, SET), serious=True)
    assert serious.startswith("the settings name another model: others ")


def test_gold_that_is_not_indexed_is_serious(indexed, store, embedder, tmp_path):
    (serious,) = told(of_index(store, embedder, asking("mole.md", tmp_path)), serious=True)
    assert serious == f"1 articles that answer a question are not indexed: {tmp_path}/mole.md"


def test_a_file_that_changed_since_is_serious(store, embedder, tmp_path):
    from index.sources.files import Files

    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "mole.md").write_text(TEXTS["mole.md"])
    assert sync(store, [Files(folder)], embedder).problems == []
    assert told(of_index(store, embedder, asking("mole.md", folder)), serious=True) == []
    (folder / "mole.md").write_text("The mole stands.")
    (serious,) = told(of_index(store, embedder, asking("mole.md", folder)), serious=True)
    assert serious == f"1 files are not as they were indexed: sync: {folder}/mole.md"


def test_articles_of_an_older_version_are_serious(store, embedder, monkeypatch):
    resynced(store, Shelf(mole=TEXTS["mole.md"]), embedder)
    monkeypatch.setattr("index.sync.SPLITTER_VERSION", "another")
    (serious,) = told(of_index(store, embedder, replace(SET, questions=())), serious=True)
    assert serious.endswith("older version of Footnote: sync: mole")


def test_a_store_that_is_not_there_is_not_made(store, embedder):
    assert told(of_index(store, embedder, SET)) == [f"{store} is not made yet; `eval run` or `index sync` does it"]
    assert not store.exists()


# Runs -----------------------------------------------------------------------------------------------------------------


def test_runs_of_the_same_were_made_alike():
    found = list(of_runs({"a": a_run(1.0, model="words"), "b": a_run(0.0, model="words")}))
    assert told(found, serious=True) == []
    assert "a and b were made alike" in told(found)


def test_what_differs_between_two_runs_is_named():
    a, b = a_run(1.0, model="words", program="1"), replace(a_run(1.0, model="others", program="2"), packages={})
    assert "a and b differ in model (words and others), program, torch (2.0 and nothing)" in told(
        of_runs({"a": a, "b": b})
    )


def test_runs_on_different_questions_cannot_be_compared():
    other = replace(a_run(1.0), set_digest="e" * 32)
    assert told(of_runs({"a": a_run(1.0), "b": other}), serious=True) == [
        "a and b cannot be compared: they are on different questions"
    ]
    assert told(of_runs({"a": a_run(1.0), "b": a_run(1.0, 1.0)}), serious=True) == [
        "a and b cannot be compared: not the same questions of the set were asked"
    ]


def test_failed_questions_and_another_version_of_the_set_are_serious():
    failed = replace(a_run(1.0), rows=(Row("q0", "Why?", "single", True, error="OSError: gone"),))
    assert told(of_runs({"a": failed}, SET), serious=True) == [
        "a: 1 questions failed, so it is compared with nothing",
        f"a was made on another version of the set, not {'0' * 32}",
    ]


def test_what_nobody_judged_is_told():
    assert "a: of the first 10 documents, 75.0 % were judged by nobody and count as not relevant" in told(
        of_runs({"a": a_run(0.5, 0.0)})
    )
