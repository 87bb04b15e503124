import pytest

from index.errors import UsageError
from rag.evals.grid import Cell, Worth, cells, file_name, pareto


def test_a_grid_has_every_choice_of_one_value_from_each_axis():
    assert [cell.changes for cell in cells(["read=4,6", "threshold=0.4"])] == [
        ("read=4", "threshold=0.4"),
        ("read=6", "threshold=0.4"),
    ]


def test_cells_that_share_an_index_are_neighbours():
    assert [cell.changes for cell in cells(["read=4,6", "passage_tokens=64,128"])] == [
        ("passage_tokens=64", "read=4"),
        ("passage_tokens=64", "read=6"),
        ("passage_tokens=128", "read=4"),
        ("passage_tokens=128", "read=6"),
    ]
    assert cells(["read=4", "passage_tokens=64"])[0].of_index == ("passage_tokens=64",)


def test_a_cell_knows_its_values():
    assert Cell(("model=a=b", "read=4")).value("read") == "4"
    assert Cell(("model=a=b", "read=4")).value("model") == "a=b"


@pytest.mark.parametrize(
    ("axes", "complaint"),
    [([], "nothing to try"), (["read"], "'read' names no values"), (["read=,"], "names no values"),
     (["read=4", "read=6"], "read is there twice")],
)  # fmt: skip
def test_an_axis_that_cannot_be_meant_is_named(axes, complaint):
    with pytest.raises(UsageError, match=complaint):
        cells(axes)


def test_a_cell_is_worth_having_when_no_other_is_better_in_all():
    good_and_slow, fast, bad = Worth(0.9, 80, 5.0), Worth(0.8, 20, 5.0), Worth(0.8, 80, 5.0)
    assert pareto([good_and_slow, fast, bad]) == [True, True, False]


def test_cells_that_are_equal_in_all_are_both_worth_having():
    assert pareto([Worth(0.9, 80, 5.0), Worth(0.9, 80, 5.0)]) == [True, True]


def test_a_smaller_index_is_worth_something():
    assert pareto([Worth(0.9, 80, 5.0), Worth(0.9, 80, 4.9)]) == [False, True]


def test_a_file_is_named_after_its_changes():
    assert file_name(("passage_tokens=128", "read=4")) == "passage_tokens=128_read=4"
    one, other = file_name(("model=/a/b",)), file_name(("model=-a-b",))
    assert one.startswith("model=-a-b-")
    assert one != other
