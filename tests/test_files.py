import errno
import os
import subprocess
from pathlib import Path

import pytest

from index.errors import UsageError
from index.records import digest
from index.sources.files import Files
from index.sources.reading import MAX_BYTES
from index.sources.sightings import Known, Sighting

TEXT = "The mole fell in August, and it was rebuilt by May of the next year."


def written(folder, **files):
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    return Files(folder)


def reason(files, name):
    """Why a file of the folder gives no article."""
    (found,) = files.read([Sighting(str(files.root / name), "")])
    return found.state, found.reason


def seen(files):
    """Name, state and problem of everything that a scan meets."""
    return [(os.path.relpath(s.source, files.root), s.state, s.problem) for s in files.scan({})]


def fails(*_):
    raise OSError(errno.EIO, "Input/output error")


def test_a_scan_sees_every_article_in_the_order_of_the_names(tmp_path):
    files = written(tmp_path, **{"b.txt": TEXT, "a/z.md": TEXT, "a/deep/er/x.html": TEXT, "C.HTML": TEXT})
    assert [name for name, *_ in seen(files)] == ["C.HTML", "a/deep/er/x.html", "a/z.md", "b.txt"]


def test_a_sighting_has_the_digest_of_the_bytes(tmp_path):
    (sighting,) = written(tmp_path, **{"a.txt": TEXT}).scan({})
    assert sighting == Sighting(str(tmp_path / "a.txt"), digest(TEXT.encode()))


def test_a_single_file_is_a_source_too(tmp_path):
    written(tmp_path, **{"a.txt": TEXT, "b.txt": TEXT})
    files = Files(tmp_path / "a.txt")
    assert [Path(s.source).name for s in files.scan({})] == ["a.txt"]
    assert files.covers(str(tmp_path / "a.txt"))
    assert not files.covers(str(tmp_path / "b.txt"))


def test_what_is_not_there_cannot_be_a_source(tmp_path):
    with pytest.raises(UsageError, match="gone does not exist"):
        Files(tmp_path / "gone")


def test_hidden_files_and_folders_are_not_seen(tmp_path):
    assert seen(written(tmp_path, **{".a.txt": TEXT, ".git/b.txt": TEXT})) == []


def test_what_is_no_article_is_skipped_with_a_reason(tmp_path):
    files = written(tmp_path, **{"a.exe": "x", "b": "x", "c.txt": b""})
    assert seen(files) == [
        ("a.exe", "skipped", "not an article format (.exe)"),
        ("b", "skipped", "not an article format (no suffix)"),
        ("c.txt", "skipped", "empty file"),
    ]


def test_a_file_that_is_too_large_is_skipped_without_being_read(tmp_path):
    with (tmp_path / "a.txt").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    files = Files(tmp_path)
    assert seen(files) == [("a.txt", "skipped", "larger than 50 MB")]
    assert reason(files, "a.txt") == ("skipped", "larger than 50 MB")


def test_links_and_pipes_are_not_followed(tmp_path):
    folder = tmp_path / "in"
    written(tmp_path, **{"secret.txt": TEXT, "in/a.txt": TEXT})
    (folder / "file.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.txt")
    assert [name for name, *_ in seen(Files(folder))] == ["a.txt"]


def test_a_link_or_a_pipe_put_in_the_place_of_a_file_is_refused(tmp_path):
    (tmp_path / "a.txt").symlink_to(tmp_path / "b.txt")
    (tmp_path / "b.txt").write_text(TEXT)
    os.mkfifo(tmp_path / "pipe.txt")
    assert reason(Files(tmp_path), "a.txt") == ("failed", "too many levels of symbolic links")
    assert reason(Files(tmp_path), "pipe.txt") == ("failed", "not a plain file")


def test_a_name_that_is_no_utf_8_is_reported_and_the_rest_go_on(tmp_path):
    (tmp_path / os.fsdecode(b"na\xefve.txt")).write_text(TEXT)
    files = written(tmp_path, **{"a.txt": TEXT})
    assert seen(files) == [
        ("a.txt", "seen", ""),
        ("na\ufffdve.txt", "failed", "its name is not valid UTF-8; rename it"),
    ]


def test_a_file_that_cannot_be_read_is_reported_and_the_rest_go_on(tmp_path, monkeypatch):
    files = written(tmp_path, **{"a.txt": TEXT, "b.txt": TEXT})
    opened = os.open
    monkeypatch.setattr(os, "open", lambda path, *rest: fails() if Path(path).name == "a.txt" else opened(path, *rest))
    assert seen(files) == [("a.txt", "failed", "input/output error"), ("b.txt", "seen", "")]


def test_a_folder_that_cannot_be_listed_is_reported_and_its_articles_are_not_gone(tmp_path, monkeypatch):
    files = written(tmp_path, **{"in/a.txt": TEXT, "b.txt": TEXT})
    listed = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: fails() if Path(path).name == "in" else listed(path))
    assert seen(files) == [
        ("b.txt", "seen", ""),
        ("in", "failed", "the folder cannot be listed: input/output error"),
    ]
    assert not files.covers(str(tmp_path / "in" / "a.txt"))
    assert files.covers(str(tmp_path / "gone.txt"))
    monkeypatch.undo()
    assert len(seen(files)) == 2
    assert files.covers(str(tmp_path / "in" / "a.txt"))


def test_a_folder_with_a_similar_name_is_not_covered(tmp_path):
    files = written(tmp_path / "in", **{"a.txt": TEXT})
    assert not files.covers(f"{tmp_path}/inside/a.txt")


def test_a_file_that_vanishes_after_the_scan_is_no_longer_there(tmp_path):
    files = written(tmp_path, **{"a.txt": TEXT})
    (sighting,) = files.scan({})
    (tmp_path / "a.txt").unlink()
    assert reason(files, Path(sighting.source).name) == ("failed", "no longer there")


def test_a_file_that_vanishes_during_the_scan_is_not_seen(tmp_path, monkeypatch):
    files = written(tmp_path, **{"a.txt": TEXT, "b.txt": TEXT})
    scan = files.scan({})
    assert Path(next(scan).source).name == "a.txt"
    (tmp_path / "b.txt").unlink()
    assert list(scan) == []


def test_a_folder_that_vanishes_during_the_scan_is_reported(tmp_path):
    files = written(tmp_path, **{"a.txt": TEXT, "b/c.txt": TEXT})
    scan = files.scan({})
    next(scan)
    (tmp_path / "b" / "c.txt").unlink()
    (tmp_path / "b").rmdir()
    assert [s.problem for s in scan] == ["the folder cannot be listed: no longer there"]


def test_a_file_that_is_as_it_was_is_not_read_again(tmp_path, monkeypatch):
    files = written(tmp_path, **{"a.txt": TEXT})
    status = (tmp_path / "a.txt").lstat()
    memo = {"stat": [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]}
    known = {str(tmp_path / "a.txt"): Known("as before", "indexed", "", "", "r", memo=memo)}
    monkeypatch.setattr("index.sources.files.plain_bytes", lambda *_: fails())
    assert [s.digest for s in files.scan(known)] == ["as before"]


@pytest.mark.parametrize("change", [lambda p: p.write_text("Other."), lambda p: os.utime(p, (1, 1))])
def test_a_file_about_which_anything_has_changed_is_read_again(tmp_path, change):
    files = written(tmp_path, **{"a.txt": TEXT})
    status = (tmp_path / "a.txt").lstat()
    memo = {"stat": [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]}
    change(tmp_path / "a.txt")
    known = {str(tmp_path / "a.txt"): Known("as before", "indexed", "", "", "r", memo=memo)}
    (sighting,) = files.scan(known)
    assert sighting.digest == digest((tmp_path / "a.txt").read_bytes())


def test_a_file_that_was_only_just_written_is_not_trusted_to_stay(tmp_path):
    (sighting,) = written(tmp_path, **{"a.txt": TEXT}).scan({})
    assert sighting.memo == {}


def test_folders_may_be_nested_deeper_than_python_nests_calls(tmp_path):
    at = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1_100):  # each made in the one before: the whole path is longer than a call takes
        os.mkdir("b", dir_fd=at)
        at, above = os.open("b", os.O_RDONLY, dir_fd=at), at
        os.close(above)
    os.close(at)
    try:
        assert ("c.txt", "seen", "") in seen(written(tmp_path, **{"c.txt": TEXT}))
    finally:
        subprocess.run(["rm", "-rf", tmp_path / "b"], check=True)  # which pytest cannot
