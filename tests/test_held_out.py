import pytest
from conftest import found

from index.check import check
from index.search import Index
from index.sync import sync_paths
from rag.evals.held_out import without


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "ferry.txt").write_text("The ferry sails at noon. A ticket costs two crowns.", encoding="utf-8")
    (folder / "mole.txt").write_text("The mole fell in August. No ferry was hurt.", encoding="utf-8")
    return folder


@pytest.fixture
def whole(store, folder, embedder):
    sync_paths(store, [folder], embedder)
    return Index(store, embedder)


def test_what_is_held_out_is_found_by_neither_finder(whole, embedder, folder, tmp_path):
    embedder.embedded.clear()
    place = without(whole, [str(folder / "ferry.txt")], tmp_path / "sets")
    assert found(Index(place, embedder), "the ferry") == ([str(folder / "mole.txt")], [str(folder / "mole.txt")])
    assert embedder.embedded == []
    assert check(place).faults == ()


def test_the_store_itself_keeps_what_is_held_out(whole, folder, tmp_path):
    without(whole, [str(folder / "ferry.txt")], tmp_path / "sets")
    assert whole.holds(str(folder / "ferry.txt"))


def test_a_copy_is_made_once_for_each_choice(whole, folder, tmp_path):
    one = without(whole, [str(folder / "ferry.txt")], tmp_path / "sets")
    (one / "mark").touch()
    assert (without(whole, [str(folder / "ferry.txt")], tmp_path / "sets") / "mark").exists()
    assert without(whole, [str(folder / "mole.txt")], tmp_path / "sets") != one


def test_a_copy_of_a_store_that_has_changed_is_made_again(whole, store, embedder, folder, tmp_path):
    without(whole, [str(folder / "ferry.txt")], tmp_path / "sets")
    (folder / "crane.txt").write_text("A crane fell. No ferry was hurt.", encoding="utf-8")
    sync_paths(store, [folder], embedder)
    place = without(whole, [str(folder / "ferry.txt")], tmp_path / "sets")
    assert Index(place, embedder).overview().articles == 2
    assert [path.name for path in (tmp_path / "sets").iterdir()] == [place.name]


def test_what_the_store_does_not_hold_is_no_matter(whole, embedder, folder, tmp_path):
    place = without(whole, [str(folder / "gone.txt")], tmp_path / "sets")
    assert Index(place, embedder).overview().articles == 2
