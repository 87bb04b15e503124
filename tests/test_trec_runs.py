from dataclasses import replace
from pathlib import Path

import ir_measures
import pytest
from conftest import SET, find

from index.errors import FootnoteError, UsageError
from rag.evals.asking import run
from rag.evals.comparisons import compare
from rag.evals.runs import means
from rag.evals.scores import SPAN_RECALL
from rag.evals.trec_runs import MISSING, read_run, write_run

OTHER = "fell Q0 mole.md 1 2.5 bm25\nfell Q0 ferry.md 2 1.5 bm25\nfare Q0 mole.md 1 9 bm25\nsang Q0 mole.md 1 9 bm25\n"


def other(tmp_path, text=OTHER):
    (tmp_path / "run.txt").write_text(text, encoding="utf-8")
    return tmp_path / "run.txt"


def test_the_run_of_another_system_is_measured(tmp_path):
    found = read_run(other(tmp_path), SET)
    assert found.about == {"system": "bm25", "run file": "run.txt"}
    assert [row.ranking for row in found.rows] == [("mole.md", "ferry.md"), ("mole.md",), ("mole.md",)]
    # "fell" is found first and "fare" not at all; "sang" has no answer.
    assert (means(found.rows)["hit@1"].value, means(found.rows)["hit@1"].n) == (0.5, 2)


def test_it_can_be_compared_with_a_run_of_footnote(tmp_path):
    assert compare(read_run(other(tmp_path), SET), run(find, SET)).changes


def test_the_score_says_the_order_and_equal_ones_stand_as_trec_eval_has_them(tmp_path):
    text = "fell Q0 a 1 1.0 x\nfell Q0 c 2 2.0 x\nfell Q0 b 3 2.0 x\n"
    assert read_run(other(tmp_path, text), SET).rows[0].ranking == ("c", "b", "a")


def test_a_question_without_a_line_is_an_error(tmp_path):
    found = read_run(other(tmp_path, "fell Q0 mole.md 1 1 x\n"), SET)
    assert [(row.id, row.error) for row in found.errors] == [("fare", MISSING), ("sang", MISSING)]


def test_a_question_without_a_line_found_nothing_when_that_is_said(tmp_path):
    found = read_run(other(tmp_path, "fell Q0 mole.md 1 1 x\n"), SET, complete=True)
    assert found.errors == ()
    assert found.rows[1].values["hit@1"] == 0


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("fell Q0 mole.md 1", "there are 4 columns, not query, Q0, document, rank, score and tag"),
        ("gone Q0 mole.md 1 1 x", "the set holds no question 'gone'"),
        ("fell Q0 mole.md 1 high x", "the score 'high' is no number"),
        ("fell Q0 mole.md 1 nan x", "the score 'nan' is not finite"),
        ("fare Q0 d 1 1 x", "the document 'd' stands there twice for the question 'fare'"),
    ],
)
def test_a_line_that_cannot_be_meant_is_named(tmp_path, line, complaint):
    with pytest.raises(FootnoteError) as told:
        read_run(other(tmp_path, f"fare Q0 d 1 1 x\n{line}\n"), SET)
    assert str(told.value) == f"run.txt line 2: {complaint}"


def test_the_rankings_are_the_same_there_and_back(tmp_path):
    found = run(find, SET)
    notes = write_run(found, tmp_path / "out.txt")
    again = read_run(tmp_path / "out.txt", SET)
    assert [row.ranking for row in again.rows] == [row.ranking for row in found.rows]
    held = [{name: value for name, value in row.values.items() if name != SPAN_RECALL} for row in found.rows]
    assert [row.values for row in again.rows] == held
    assert notes == [
        "TREC does not hold answers, times and errors, and a run keeps the first 100 documents of a question."
    ]


def test_ids_with_white_space_are_the_same_there_and_back(tmp_path):
    question = replace(SET.questions[0], id="what fell")
    spaced = replace(SET, questions=(question, *SET.questions[1:]))
    lines = OTHER.replace("fell", "what%20fell").replace("ferry.md", "the%20100%25%20ferry.md")
    found = read_run(other(tmp_path, lines), spaced)
    assert (found.rows[0].id, found.rows[0].ranking) == ("what fell", ("mole.md", "the 100% ferry.md"))
    write_run(found, tmp_path / "out.txt")
    assert "what%20fell Q0 the%20100%25%20ferry.md 2 " in (tmp_path / "out.txt").read_text()
    assert read_run(tmp_path / "out.txt", spaced).rows == found.rows


def test_an_id_that_only_looks_so_is_left_as_it_is(tmp_path):
    found = read_run(other(tmp_path, OTHER.replace("ferry.md", "https://quenn.example/a%2Fb")), SET)
    assert found.rows[0].ranking[1] == "https://quenn.example/a%2Fb"


def test_an_empty_id_cannot_be_written(tmp_path):
    found = read_run(other(tmp_path), SET)
    empty = replace(found, rows=(replace(found.rows[0], ranking=("",)),))
    with pytest.raises(UsageError, match="an id that is empty"):
        write_run(empty, tmp_path / "out.txt")


def test_what_cannot_be_written_whole_is_not_there(tmp_path, monkeypatch):
    def full(path, text, encoding):
        with path.open("w", encoding=encoding) as file:
            file.write(text[:9])
        raise OSError(28, "No space left on device")

    found = read_run(other(tmp_path), SET)
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(UsageError, match="No space left"):
        write_run(found, tmp_path / "out.txt")
    assert [file.name for file in tmp_path.iterdir()] == ["run.txt"]


def test_other_tools_read_what_is_written_and_get_the_same_values(tmp_path):
    made = run(find, SET)
    write_run(made, tmp_path / "run.txt")
    lines = [f"{q.id} 0 {d} {grade}\n" for q in SET.questions for d, grade in q.relevance.items()]
    (tmp_path / "qrels.txt").write_text("".join(lines), encoding="utf-8")
    measures = [ir_measures.parse_measure(name) for name in ("nDCG@10", "RR@10", "Success@1")]
    theirs = ir_measures.calc_aggregate(
        measures,
        list(ir_measures.read_trec_qrels(str(tmp_path / "qrels.txt"))),
        list(ir_measures.read_trec_run(str(tmp_path / "run.txt"))),
    )
    ours = [means(made.rows)[name].value for name in ("nDCG@10", "MRR@10", "hit@1")]
    assert [theirs[measure] for measure in measures] == pytest.approx(ours, abs=1e-9)
