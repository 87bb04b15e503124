from pathlib import Path

import pytest

from benchmarks.peers.measuring import Result, Taken
from benchmarks.peers.preparing import Prepared
from benchmarks.peers.table import figures, markdown, milliseconds, ratio


def result(name, **more):
    """A system that indexed in 10 s, answers in 20 ms of which 15 are embedding, and finds one of two first."""
    return Result(**{
        "name": name, "packages": {"lib": "1.0"}, "how": {"store": "SQLite"}, "passages": 500, "loaded": 5.0,
        "indexed": 10.0, "indexed_cpu": 18.0, "index_peak": 900_000_000, "disk": 2_000_000,
        "same": 4.0, "same_cpu": 3.0, "changed": 6.0, "changed_cpu": 5.0, "found": 1.0,
        "taken": (Taken(0.02, 0.015, 0.03),) * 2, "ask_peak": 600_000_000, "cold": (7.0, 3.0, 5.0), "cold_cpu": 4.0,
        "values": {"hit@1": (1.0, 0.0), "recall@10": (1.0, 1.0)},
        "loads": {"index": 0.5, "ask": 0.25},
    } | more)  # fmt: skip


@pytest.fixture
def given():
    return Prepared(Path("given"), "news", "abc", 40, 100_000, (None, None), {"a": "New."})


@pytest.fixture
def rows(given):
    """The cells of a table by the name of their row."""

    def of(*results, **skipped):
        said = markdown(given, results, skipped, "Two cores.", 2)
        cells = [line[2:-2].split(" | ") for line in said.splitlines() if line.startswith("|")]
        return {name: rest for name, *rest in cells}

    return of


def test_characters_a_second_are_those_of_the_articles_over_the_time_of_indexing(rows):
    assert rows(result("footnote"))["characters indexed a second"] == ["10,000"]


def test_each_figure_has_its_ratio_to_the_plain_recipe(rows):
    found = rows(result("footnote", indexed=5.0, disk=9_000_000), result("langchain"))
    assert found["characters indexed a second"] == ["20,000 (2.00×)", "10,000"]
    assert found["on disk, MB"] == ["9.0 (4.50×)", "2.0"]
    assert found["cold start to the first passages, seconds"] == ["5.0 (1.00×)", "5.0"]


def test_without_the_recipe_there_are_no_ratios(rows):
    assert not [cell for row in rows(result("footnote"), result("txtai")).values() for cell in row if "×" in cell]


def test_the_stages_of_a_question_add_up(rows):
    found = rows(result("footnote"))
    stages = ("question, p50, ms", "of it embedding, p50, ms", "of it the rest, p50, ms")
    assert [found[stage] for stage in stages] == [["20.0"], ["15.0"], ["5.0"]]


def test_percentiles_are_of_the_questions():
    times = tuple(Taken(n / 1000, 0.0, 0.0) for n in range(1, 102))
    assert [milliseconds(result("footnote", taken=times), p) for p in (50, 95, 99)] == pytest.approx([51, 96, 100])


def test_quality_is_told_with_its_interval_and_the_paired_test(rows):
    better = result("footnote", values={"hit@1": (1.0, 1.0), "recall@10": (1.0, 1.0)})
    assert rows(better, result("langchain"))["hit@1"] == [
        "1.000 (1.000 to 1.000; p 1.0000)", "0.500 (0.000 to 1.000)"
    ]  # fmt: skip


def test_what_was_skipped_is_named_with_the_reason(given):
    said = markdown(given, [result("footnote")], {"haystack": "no such version"}, "Two cores.", 2)
    assert "Haystack was skipped: no such version" in said


def test_the_load_before_the_phases_is_told(rows):
    assert rows(result("footnote"))["load before indexing / questions"] == ["0.5 / 0.2"]


def test_a_system_that_was_measured_on_a_busy_machine_is_named(given):
    quiet, slow = (
        result("langchain", loads={"index": 3.0, "ask": 2.5}),
        result("txtai", loads={"index": 0.1, "ask": 3.1}),
    )
    said = markdown(given, [quiet, slow], {}, "Two cores.", 2)
    assert [line for line in said.splitlines() if "busy" in line] == [
        "The machine was busy while txtai was measured, so its times say little."
    ]


def test_every_row_has_a_cell_for_each_system(rows):
    assert {len(cells) for cells in rows(result("footnote"), result("langchain"), result("txtai")).values()} == {3}


@pytest.mark.parametrize(
    ("value", "other", "said"), [(1, 2, "0.50×"), (3, 1, "3.00×"), (25, 2, "12.5×"), (1000, 3, "333×")]
)
def test_a_ratio_has_at_most_three_digits(value, other, said):
    assert ratio(value, other) == said


def test_each_figure_has_a_name_of_its_own(given):
    names = [figure.name for figure in figures(given)]
    assert len(names) == len(set(names))
