"""One article under two names, when the one that stands for both goes without the other being looked at."""

import contextlib
import zipfile

import pytest
from conftest import Shelf, found, live, resynced

from index.catalog import Catalog
from index.check import check
from index.search import Index
from index.sync import sync, sync_followed, sync_paths
from index.upkeep import remove, roll_back

SAME = " ".join(f"Sentence {n} of the report says that the mole was rebuilt with stone." for n in range(6))
OTHER = " ".join(f"Line {n} of the notice tells of a crane that struck the quay at night." for n in range(6))


class Half(Shelf):
    """A shelf that speaks for the sources whose names begin with a letter."""

    def __init__(self, letter, **texts):
        super().__init__(**texts)
        self.letter = letter

    def covers(self, source):
        return source.startswith(self.letter)


def halves():
    """`a1`, beside much else, says what `b1` says."""
    rest = {f"a{n}": f"Subject{n} is a thing. It weighs {n} pounds." for n in range(2, 9)}
    return Half("a", a1=SAME, **rest), Half("b", b1=SAME)


def of_twins(store):
    with contextlib.closing(Catalog(store)) as catalog:
        return {source: known.twin for source, known in catalog.known().items() if known.twin}


def zipped(path, **texts):
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in texts.items():
            packed.writestr(f"{name}.txt", text)


@pytest.fixture
def folder(store, embedder, tmp_path):
    """A followed folder with a zip, whose part b.txt says what the file c.txt says."""
    folder = tmp_path / "folder"
    folder.mkdir()
    zipped(folder / "a.zip", b=SAME, **{f"q{n}": f"Subject{n} is a thing." for n in range(6)})
    (folder / "c.txt").write_text(SAME)
    sync_paths(store, [folder], embedder)
    assert of_twins(store) == {str(folder / "c.txt"): str(folder / "a.zip#b.txt")}
    return folder


@pytest.mark.parametrize("now", [{}, {"b": OTHER}], ids=["taken out", "edited"])
def test_a_file_stands_for_itself_when_the_part_of_a_zip_that_stood_for_it_goes(store, embedder, folder, now):
    zipped(folder / "a.zip", **now, **{f"q{n}": f"Subject{n} is a thing." for n in range(6)})
    embedder.embedded.clear()
    sync_followed(store, embedder)
    assert live(store)[str(folder / "c.txt")] == SAME
    assert not [text for text in embedder.embedded if "mole" in text]
    assert (of_twins(store), check(store).faults) == ({}, ())
    sync_followed(store, embedder)
    assert live(store)[str(folder / "c.txt")] == SAME
    dense, lexical = found(Index(store, embedder), "the mole was rebuilt with stone")
    assert dense[0] == lexical[0] == str(folder / "c.txt")


def test_a_removal_leaves_the_text_to_the_other_name(store, embedder, tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.txt").write_text(SAME)
    sync_paths(store, [tmp_path / "a", tmp_path / "b"], embedder)
    before = found(Index(store, embedder), "the mole was rebuilt with stone")
    remove(store, [tmp_path / "a"])
    mine = str(tmp_path / "b" / "x.txt")
    assert (live(store), of_twins(store), check(store).faults) == ({mine: SAME}, {}, ())
    after = found(Index(store, embedder), "the mole was rebuilt with stone")
    assert [len(found) for found in after] == [len(found) for found in before]
    roll_back(store)
    assert (list(live(store)), check(store).faults) == ([str(tmp_path / "a" / "x.txt")], ())


def test_a_run_that_looks_at_one_place_leaves_the_text_to_the_name_in_another(store, embedder):
    a, b = halves()
    sync(store, [a, b], embedder)
    assert of_twins(store) == {"b1": "a1"}
    del a.texts["a1"]
    sync(store, [a], embedder)
    assert (live(store)["b1"], of_twins(store)) == (SAME, {})
    b.titles["b1"] = "The report"  # which it always had, and nobody saw while the other stood for it
    sync(store, [a, b], embedder)
    with contextlib.closing(Catalog(store)) as catalog:
        assert catalog.article("b1").title == "The report"


def test_an_edit_that_is_seen_alone_does_not_put_its_words_in_the_mouth_of_the_other(store, embedder):
    a, b = halves()
    sync(store, [a, b], embedder)
    a.texts["a1"] = OTHER
    sync(store, [a], embedder)
    assert (live(store)["a1"], live(store)["b1"], of_twins(store)) == (OTHER, SAME, {})


def test_the_first_of_several_stands_for_the_others(store, embedder):
    a, b = halves()
    b.texts |= {"b2": SAME, "b3": SAME}
    sync(store, [a, b], embedder)
    assert of_twins(store) == {"b1": "a1", "b2": "a1", "b3": "a1"}
    del a.texts["a1"]
    sync(store, [a], embedder)
    assert (live(store)["b1"], of_twins(store)) == (SAME, {"b2": "b1", "b3": "b1"})


@pytest.mark.parametrize("how", ["jammed", "shut"])
def test_the_text_stays_when_the_other_name_cannot_be_read_just_then(store, embedder, how):
    a, b = halves()
    sync(store, [a, b], embedder)
    del a.texts["a1"]
    getattr(b, how).add("b1")
    for _ in range(2):
        report = sync(store, [a, b], embedder)
        assert (report.failed, live(store)["b1"], of_twins(store)) == (1, SAME, {})
    assert "a1" not in live(store)


def test_a_damaged_text_is_left_to_nobody(store, embedder):
    a, b = halves()
    sync(store, [a, b], embedder)
    with contextlib.closing(Catalog(store)) as catalog:
        catalog.connection.execute("UPDATE articles SET text = replace(text, 'stone', 'stove') WHERE source = 'a1'")
    del a.texts["a1"]
    sync(store, [a], embedder)
    assert "b1" not in live(store)
    sync(store, [b], embedder)
    assert live(store)["b1"] == SAME


def test_a_source_that_an_earlier_version_left_without_its_article_is_named_and_read_again(store, embedder):
    a, b = halves()
    sync(store, [a, b], embedder)
    with contextlib.closing(Catalog(store)) as catalog:
        catalog.connection.execute("UPDATE sources SET twin = 'nobody' WHERE source = 'b1'")
    (fault,) = check(store).faults
    assert fault.problem == "1 source whose article is not there, the first is b1"
    resynced(store, b, embedder)
    assert (of_twins(store), check(store).faults) == ({"b1": "a1"}, ())
