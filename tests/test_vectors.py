import contextlib
import errno
import os
import shutil
import sqlite3

import numpy as np
import pytest

from index import vectors
from index.errors import DamagedIndex

RANDOM = np.random.default_rng(1)
VECTORS = RANDOM.normal(size=(40, 16)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)
NUMBERS = list(range(100, 140))


def fetch(numbers):
    return VECTORS[[number - 100 for number in numbers]]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A segment's directory and its checksums; tests work on copies."""
    directory = tmp_path_factory.mktemp("built") / "segment-a"
    return directory, vectors.build(directory, NUMBERS, fetch)


@pytest.fixture
def segment(built, tmp_path):
    return shutil.copytree(built[0], tmp_path / "segment-a"), built[1]


def test_what_is_nearest_is_found_with_its_similarity(segment, tmp_path):
    copy = vectors.open_copy(*segment, tmp_path / "open")
    found = copy.nearest(VECTORS[7], 3)
    exact = vectors.exact(VECTORS[7], VECTORS)
    assert [number for number, _ in found] == [100 + int(i) for i in np.argsort(-exact)[:3]]
    assert [score for _, score in found] == pytest.approx(sorted(exact.tolist(), reverse=True)[:3], abs=1e-5)
    copy.close()


def test_more_than_there_is_gives_what_there_is(segment, tmp_path):
    copy = vectors.open_copy(*segment, tmp_path / "open")
    assert len(copy.nearest(VECTORS[0], 1_000)) == copy.size == 40
    assert copy.nearest(VECTORS[0], 0) == []
    copy.close()


def test_reading_leaves_the_published_files_as_they_are(segment, tmp_path):
    copy = vectors.open_copy(*segment, tmp_path / "open")
    copy.nearest(VECTORS[0], 3)
    assert vectors.differences(*segment) == []
    copy.close()


def test_a_copy_is_removed_when_its_holder_lets_go(segment, tmp_path):
    copy = vectors.open_copy(*segment, tmp_path / "open")
    assert len(list((tmp_path / "open").iterdir())) == 1
    del copy
    assert list((tmp_path / "open").iterdir()) == []


def test_each_changed_missing_or_added_file_is_a_difference(segment):
    directory, checksums = segment
    first, second, *_ = sorted(f for f in directory.rglob("*") if f.is_file())
    first.write_bytes(first.read_bytes()[:-1] + b"?")
    second.unlink()
    (directory / "more").write_text("")
    names = sorted([first.relative_to(directory).as_posix(), second.relative_to(directory).as_posix(), "more"])
    assert vectors.differences(directory, checksums) == [f"{name} has changed" for name in names]


def test_a_damaged_segment_is_not_opened(segment, tmp_path):
    directory, checksums = segment
    next(f for f in directory.rglob("data_level0.bin")).write_bytes(b"")
    with pytest.raises(DamagedIndex, match="segment-a is damaged"):
        vectors.open_copy(directory, checksums, tmp_path / "open")
    assert list((tmp_path / "open").iterdir()) == []


def test_a_segment_that_has_been_replaced_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        vectors.open_copy(tmp_path / "gone", {}, tmp_path / "open")


def test_a_copy_that_there_is_no_room_for_is_one_short_sentence(tmp_path, monkeypatch):
    checksums = vectors.build(tmp_path / "segment-a", NUMBERS, fetch)

    def full(source, target, *, follow_symlinks=True):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(
        OSError, match=r"^The vector index segment-a cannot be copied: \[Errno 28\] No space left"
    ) as told:
        vectors.open_copy(tmp_path / "segment-a", checksums, tmp_path / "open")
    assert str(told.value).count("No space left") == 1
    assert list((tmp_path / "open").iterdir()) == []


def test_a_copy_that_chroma_cannot_open_is_an_error_of_the_system(tmp_path):
    directory = tmp_path / "segment-a"
    directory.mkdir()
    (directory / "chroma.sqlite3").write_text("no database " * 1_000)
    with pytest.raises(OSError, match="cannot be opened"):
        vectors.open_copy(directory, vectors._checksums(directory), tmp_path / "open")
    assert list((tmp_path / "open").iterdir()) == []


def test_a_segment_that_does_not_hold_what_was_put_in_is_not_built(tmp_path, monkeypatch):
    write = vectors._write
    monkeypatch.setattr(vectors, "_write", lambda directory, numbers, fetch: write(directory, numbers[1:], fetch))
    with pytest.raises(
        DamagedIndex, match=r"not written as it was made: header\.bin tells of 39 vectors and not of 40"
    ):
        vectors.build(tmp_path / "segment-b", NUMBERS, fetch)


def test_a_segment_of_other_vectors_is_not_built(tmp_path, monkeypatch):
    write = vectors._write
    monkeypatch.setattr(vectors, "_write", lambda directory, numbers, _: write(directory, numbers, lambda n: -fetch(n)))
    with pytest.raises(DamagedIndex, match="other vectors than those that were put in"):
        vectors.build(tmp_path / "segment-b", NUMBERS, fetch)


def test_a_segment_that_gives_other_numbers_is_not_built(tmp_path, monkeypatch):
    write = vectors._write
    astray = dict(zip(NUMBERS, [*NUMBERS[1:], NUMBERS[0]], strict=True))
    back = {there: number for number, there in astray.items()}
    monkeypatch.setattr(
        vectors,
        "_write",
        lambda directory, numbers, fetch: write(
            directory, [astray[n] for n in numbers], lambda part: fetch([back[n] for n in part])
        ),
    )
    with pytest.raises(DamagedIndex, match=r"misses \d\d of 40 probes"):
        vectors.build(tmp_path / "segment-b", NUMBERS, fetch)


def test_passages_that_say_nearly_the_same_do_not_stop_a_run(tmp_path):
    near = RANDOM.normal(size=(1, 64)) + 0.1 * RANDOM.normal(size=(3_000, 64))
    near = (near / np.linalg.norm(near, axis=1, keepdims=True)).astype(np.float32)
    assert vectors.build(tmp_path / "segment-e", list(range(3_000)), lambda numbers: near[list(numbers)])


def test_equal_vectors_pass_the_probe(tmp_path):
    same = np.ones((30, 4), np.float32) / 2
    assert vectors.build(tmp_path / "segment-c", list(range(30)), lambda numbers: same[: len(numbers)])


@pytest.mark.parametrize("size", [2, 3, 17, 33, 34, 40])
@pytest.mark.parametrize("added", [2, 5, 100])
def test_however_it_is_put_in_a_segment_is_saved_whole(tmp_path, monkeypatch, size, added):
    monkeypatch.setattr(vectors, "SAVED", 8)
    monkeypatch.setattr(vectors, "SAVES", 3)
    monkeypatch.setattr(vectors, "ADDED", added)
    pieces = vectors.Pieces(size, added)
    assert pieces.saved == size // min(3, -(-size // 8))
    assert [n for piece in pieces.of(NUMBERS[:size]) for n in piece] == NUMBERS[:size]
    assert max(map(len, pieces.of(NUMBERS))) <= added
    checksums = vectors.build(tmp_path / "segment-a", NUMBERS[:size], fetch)
    with contextlib.closing(sqlite3.connect(tmp_path / "segment-a" / "chroma.sqlite3")) as db:
        (left,) = db.execute("SELECT count(*) FROM embeddings_queue").fetchone()
    assert left <= 1  # the last one stays in the log, and is in the graph as well
    copy = vectors.open_copy(tmp_path / "segment-a", checksums, tmp_path / "open")
    assert copy.numbers() == set(NUMBERS[:size])
    copy.close()


def test_one_passage_is_a_segment(tmp_path):
    assert vectors.build(tmp_path / "segment-d", [100], fetch)


def test_an_exact_segment_needs_no_directory_and_misses_nothing():
    held = vectors.ExactSegment(NUMBERS, fetch)
    similar = vectors.exact(VECTORS[3], VECTORS)
    best = sorted(range(40), key=lambda i: -similar[i])
    assert held.nearest(VECTORS[3], 1_000) == [(100 + i, float(similar[i])) for i in best]
    assert [number for number, _ in held.nearest(VECTORS[3], 2)] == [100 + i for i in best[:2]]
    assert held.nearest(VECTORS[3], 0) == []
    assert held.size == 40


def test_an_exact_segment_may_be_empty():
    held = vectors.ExactSegment([], fetch)
    assert (held.size, held.nearest(VECTORS[3], 5)) == (0, [])


def test_the_copies_of_processes_that_run_are_left_alone(tmp_path):
    for name in ("open-1-x", "open-999999999-x", "open-word-x"):
        (tmp_path / name).mkdir()
    vectors.sweep_copies(tmp_path)
    assert sorted(d.name for d in tmp_path.iterdir()) == ["open-1-x", "open-word-x"]


@pytest.mark.skipif(os.name == "nt", reason="no locks on directories")
def test_the_copy_of_a_process_that_cannot_be_seen_from_here_is_left_alone(tmp_path):
    """Processes of another container have numbers of their own, and a copy may lie there under any of them."""
    checksums = vectors.build(tmp_path / "segment-e", NUMBERS, fetch)
    copy = vectors.open_copy(tmp_path / "segment-e", checksums, tmp_path / "open")
    (held,) = (tmp_path / "open").iterdir()
    elsewhere = held.rename(held.with_name("held-999999999-x"))
    vectors.sweep_copies(tmp_path / "open")
    assert elsewhere.exists()
    copy.close()
    vectors.sweep_copies(tmp_path / "open")  # it is nobody's any more, though it has another name than it was made with
    assert not elsewhere.exists()
