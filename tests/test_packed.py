import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from reading import asked, packed_reader

from index.errors import FootnoteError
from rag.reading.packed import CARD, MANIFEST, NETWORK, TOKENIZER, PackedModel, arrays, checked
from rag.reading.windows import Window

ROOT = Path(__file__).parent.parent
PASSAGES = [(one.passage.title, one.passage.text) for one in asked()]


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A packed folder that is only read."""
    return packed_reader(tmp_path_factory.mktemp("reader") / "packed")


@pytest.fixture
def packed(shared, tmp_path):
    """A packed folder to be damaged."""
    return shutil.copytree(shared, tmp_path / "packed")


READS = """
import sys
from pathlib import Path
from rag.reading.packed import PackedModel
PackedModel(Path(sys.argv[1])).read("ada?", [("", "Ada.")])
"""


def test_reading_leaves_nothing_in_the_home_of_whoever_asks(shared, tmp_path):
    # The library would leave the id of this machine, and what it means to tell its makers.
    home = {name: str(tmp_path) for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")}
    environ = os.environ | home
    subprocess.run([sys.executable, "-c", READS, str(shared)], cwd=ROOT, env=environ, check=True, timeout=120)
    assert list(tmp_path.rglob("*")) == []


def test_the_manifest_says_how_the_reader_came_about(shared):
    assert checked(shared)["calibration"]["threshold"] == 1.5
    assert set(checked(shared)["files"]) == {NETWORK, TOKENIZER, CARD}


@pytest.mark.parametrize("name", [NETWORK, TOKENIZER, CARD])
def test_a_file_that_was_changed_is_refused(packed, name):
    (packed / name).write_bytes((packed / name).read_bytes() + b" ")
    with pytest.raises(FootnoteError, match=name):
        PackedModel(packed).read("ada?", PASSAGES)


@pytest.mark.parametrize("name", [NETWORK, TOKENIZER, CARD])
def test_a_file_that_is_gone_is_refused(packed, name):
    (packed / name).unlink()
    with pytest.raises(FootnoteError, match=f"{name} is missing"):
        PackedModel(packed).read("ada?", PASSAGES)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"files": 3, "format": 2}', '{"files": {}}', "\xff"])
def test_a_manifest_that_cannot_be_read_is_told(packed, text):
    (packed / MANIFEST).write_text(text, encoding="latin-1")
    with pytest.raises(FootnoteError, match="holds no packed reader"):
        checked(packed)


def test_a_folder_that_is_not_there_holds_no_reader(tmp_path):
    with pytest.raises(FootnoteError, match="holds no packed reader"):
        PackedModel(tmp_path / "none").read("ada?", PASSAGES)


def test_a_reader_of_another_format_is_refused(packed):
    manifest = json.loads((packed / MANIFEST).read_text()) | {"format": 1}
    (packed / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(FootnoteError, match="another version"):
        checked(packed)


def test_nothing_is_read_from_the_disk_before_the_first_passage(tmp_path):
    assert PackedModel(tmp_path / "none").name == "reader"


def test_several_threads_read_what_one_reads(shared):
    expected = PackedModel(shared, threads=1).read("ada?", PASSAGES)
    model = PackedModel(shared, threads=1)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: model.read("ada?", PASSAGES), range(8)))
    assert found == [expected] * 8


def test_spans_are_of_the_text_best_first_and_apart(shared):
    text = "ada has 11. bob has 22. " * 40
    (found,) = PackedModel(shared, threads=1).read("who?", [("Ada", text)], 5)
    assert len(found) == 5
    assert [s.score for s in found] == sorted((s.score for s in found), reverse=True)
    ranges = sorted((s.start, s.end) for s in found)
    assert all(0 <= a < b <= len(text) for a, b in ranges)
    assert all(a[1] <= b[0] for a, b in pairwise(ranges))


def test_a_passage_is_read_among_others_as_alone(shared):
    model = PackedModel(shared, threads=1)
    passages = [*PASSAGES, ("Ada", "ada has 11. " * 60), ("", "")]
    alone = [model.read("ada?", [one])[0] for one in passages]
    for together, found in zip(model.read("ada?", passages), alone, strict=True):
        assert [(s.start, s.end) for s in together] == [(s.start, s.end) for s in found]
        assert [s.score for s in together] == pytest.approx([s.score for s in found], abs=1e-3)
    assert alone[-1] == model.read("ada?", []) == []


def test_the_chance_is_a_half_at_the_threshold_and_grows_with_the_score(shared):
    model = PackedModel(shared)
    assert model.chance(1.5) == 0.5
    # One temperature above the threshold: 1 / (1 + 1 / e).
    assert model.chance(3.5) == pytest.approx(0.731, abs=1e-3)
    chances = [model.chance(score) for score in (-1e6, -9, 0, 1.5, 4, 20, 1e6)]
    assert chances == sorted(chances)
    assert (round(chances[0], 9), chances[-1]) == (0, 1)


def test_shorter_windows_are_padded_and_masked():
    ids, types, kept = arrays([Window((5, 6, 7), (0, 1, 1), ()), Window((8,), (0,), ())])
    assert (ids.tolist(), types.tolist()) == ([[5, 6, 7], [8, 0, 0]], [[0, 1, 1], [0, 0, 0]])
    assert kept.tolist() == [[1, 1, 1], [1, 0, 0]]


def test_a_manifest_that_does_not_name_the_network_is_refused(packed):
    manifest = json.loads((packed / MANIFEST).read_text())
    del manifest["files"][NETWORK]
    (packed / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(FootnoteError, match="holds no packed reader"):
        checked(packed)
