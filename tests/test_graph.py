"""What a failed write leaves of a graph is seen before anything opens it."""

import shutil

import numpy as np
import pytest

from index import graph, vectors

RANDOM = np.random.default_rng(11)
WIDTH = 16
SIZE = 4 + 4 * 64 + 4 * WIDTH + 8  # of an element: count, links, vector, label
FILES = (graph.HEADER, graph.ELEMENTS, graph.NORMS, graph.UPPER)


def unit(rows):
    """Random vectors of length 1."""
    given = RANDOM.normal(size=(rows, WIDTH)).astype(np.float32)
    return given / np.linalg.norm(given, axis=1, keepdims=True)


class Made:
    """A segment as Chroma wrote it, and a copy of its graph for each damage."""

    def __init__(self, directory, count):
        self.numbers = list(range(500, 500 + count))
        self._vectors = unit(count)
        self._whole = directory / "whole"
        vectors._write(self._whole, self.numbers, self.fetch)
        self._tried = directory / "tried"

    def fetch(self, numbers):
        return self._vectors[np.asarray(numbers) - 500]

    def read(self, name):
        return next(self._whole.glob(f"*/{name}")).read_bytes()

    def fault(self, **files):
        """What is said of the segment with these contents of files, without those that are None."""
        shutil.rmtree(self._tried, ignore_errors=True)
        shutil.copytree(self._whole, self._tried)
        for name in FILES:
            if (key := name.removesuffix(".bin")) in files:
                file = next(self._tried.glob(f"*/{name}"))
                file.unlink()
                if files[key] is not None:
                    file.write_bytes(files[key])
        return graph.fault(self._tried, self.numbers, self.fetch)

    def without(self, name, at, length):
        """The same after a write of `length` bytes at `at` that was left out."""
        whole = self.read(name)
        return self.fault(**{name.removesuffix(".bin"): whole[:at] + whole[at + length :]})


@pytest.fixture(scope="module", params=[40, 300])
def made(request, tmp_path_factory):
    return Made(tmp_path_factory.mktemp("graph"), request.param)


@pytest.mark.parametrize("count", [1, 2, 3, 99, 100, 101, 1_200])
def test_a_graph_as_it_was_written_is_sound(tmp_path, count):
    assert Made(tmp_path, count).fault() is None


def test_equal_vectors_are_a_sound_graph(tmp_path):
    same = np.full((200, 4), 0.5, np.float32)
    vectors._write(tmp_path / "same", range(200), lambda numbers: same[: len(numbers)])
    assert graph.fault(tmp_path / "same", range(200), lambda numbers: same[: len(numbers)]) is None


@pytest.mark.parametrize("length", [1, 4, 64, SIZE, 4_096])
def test_bytes_that_are_left_out_are_seen_wherever_they_were(made, length):
    used = {
        graph.HEADER: len(made.read(graph.HEADER)),
        graph.ELEMENTS: SIZE * len(made.numbers),
        graph.NORMS: 4 * len(made.numbers),
        graph.UPPER: len(made.read(graph.UPPER)),
    }
    unseen = [
        (name, at)
        for name, end in used.items()
        for at in RANDOM.integers(0, end, 40).tolist()
        if not made.without(name, at, length)
    ]
    assert unseen == []


def test_room_that_no_element_has_taken_may_hold_anything(tmp_path):
    made = Made(tmp_path, 40)
    assert len(made.read(graph.ELEMENTS)) == 100 * SIZE
    assert made.without(graph.ELEMENTS, 40 * SIZE, 10 * SIZE) is None


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_missing_is_named(made, name):
    assert made.fault(**{name.removesuffix(".bin"): None})


def test_zeros_where_a_write_did_not_arrive_are_seen(made):
    whole = bytearray(made.read(graph.ELEMENTS))
    for start in (0, 7 * SIZE, SIZE * len(made.numbers) - 512):
        holed = whole.copy()
        holed[start : start + 512] = bytes(512)
        assert made.fault(data_level0=bytes(holed))


@pytest.mark.parametrize(
    ("at", "value", "said"),
    [
        (0, 0, "without links"),
        (0, 65, "too many"),
        (4, 5_000, "not there"),
        (SIZE - 8, 2**20, "each passage once"),
    ],
)
def test_an_element_that_leads_out_of_the_graph_is_seen(made, at, value, said):
    whole = bytearray(made.read(graph.ELEMENTS))
    whole[3 * SIZE + at : 3 * SIZE + at + 4] = value.to_bytes(4, "little")
    assert said in made.fault(data_level0=bytes(whole))


def test_another_format_is_not_taken_for_this_one(made):
    header = made.read(graph.HEADER)
    assert "format" in made.fault(header=b"\2\0\0\0" + header[4:])
