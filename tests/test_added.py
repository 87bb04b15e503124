"""Added files: harmless names, whole files, and nothing that lay there before is lost."""

import os
import threading
import time

import pytest

from index import added
from index.added import arriving, files, folder, harmless
from index.errors import FootnoteError, UsageError


def bring(store, name, data=b"The ferry sails at noon.", **limits):
    with arriving(store, name, **limits) as file:
        file.write(data)
        return file.keep()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("ferry.md", "ferry.md"),
        ("Der große Fährplan.PDF", "Der große Fährplan.PDF"),
        ("../../etc/ferry.md", "ferry.md"),
        ("..\\..\\windows\\ferry.md", "ferry.md"),
        ("/ferry.md", "ferry.md"),
        (".hidden.md", "hidden.md"),
        ("...md.txt", "md.txt"),
        ("a\x00b\x1b[2Jc\u202egnp\u200b.txt", "ab[2Jcgnp.txt"),
        ("two\nlines\t.md", "two lines.md"),
        ("C:stream.md", "C_stream.md"),
        ('<img src=x onerror="x">.md', "_img src=x onerror=_x__.md"),
        ("NUL.txt", "_NUL.txt"),
        ("com1.notes.md", "_com1.notes.md"),
        ("e\u0301te\u0301.txt", "été.txt"),
        ("report.md.", "report.md"),
        ("lone\ud800.md", "lone\ufffd.md"),
    ],
)
def test_a_name_is_made_harmless(name, kept):
    assert harmless(name) == kept


@pytest.mark.parametrize("name", ["tool.exe", "README", "page.md.exe", "picture.png", "a.md/"])
def test_a_kind_that_cannot_be_read_is_refused_with_those_that_can(name):
    with pytest.raises(UsageError, match=r"that Footnote cannot read|has no name") as refused:
        harmless(name)
    assert "docx, eml, epub, htm, html" in refused.value.hint


@pytest.mark.parametrize("name", ["", "...", "/", "\x00", ".md"])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(UsageError):
        harmless(name)


def test_a_long_name_is_cut_between_letters_and_keeps_its_suffix(store):
    name = harmless("ä" * 500 + ".md")
    assert name == "ä" * 88 + ".md"
    assert bring(store, "ä" * 500 + ".md").path.name == name


def test_a_file_is_kept_whole_under_its_name(store):
    kept = bring(store, "ferry.md")
    assert (kept.path, kept.new) == (folder(store) / "ferry.md", True)
    assert kept.path.read_bytes() == b"The ferry sails at noon."
    assert os.listdir(folder(store)) == ["ferry.md"]


def test_the_same_file_again_changes_nothing(store):
    first = bring(store, "ferry.md").path.stat()
    again = bring(store, "ferry.md")
    assert (again.path.name, again.new) == ("ferry.md", False)
    assert (again.path.stat().st_ino, again.path.stat().st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    assert files(store) == [again.path]


def test_another_file_of_that_name_gets_a_number(store):
    names = [bring(store, "ferry.md", data).path.name for data in (b"one", b"two", b"three", b"two")]
    assert names == ["ferry.md", "ferry (2).md", "ferry (3).md", "ferry (2).md"]
    assert [path.read_bytes() for path in files(store)] == [b"two", b"three", b"one"]


def test_a_link_that_lies_there_is_neither_followed_nor_replaced(store, tmp_path):
    outside = tmp_path / "secret.md"
    outside.write_bytes(b"the same")
    folder(store).mkdir(parents=True)
    (folder(store) / "ferry.md").symlink_to(outside)
    assert bring(store, "ferry.md", b"the same").path.name == "ferry (2).md"
    assert outside.read_bytes() == b"the same"


def test_a_file_that_is_too_large_leaves_nothing(store):
    with pytest.raises(added.TooLarge, match=r"ferry\.md is larger than 1 MB"):
        bring(store, "ferry.md", b"x" * 1_000_001, most=1_000_000)
    assert os.listdir(folder(store)) == []
    assert bring(store, "ferry.md", b"x" * 1_000_000, most=1_000_000).new


def test_an_empty_file_is_refused(store):
    with pytest.raises(UsageError, match=r"ferry\.md is empty"):
        bring(store, "ferry.md", b"")
    assert os.listdir(folder(store)) == []


def test_half_a_file_is_hidden_and_then_gone(store):
    with arriving(store, "ferry.md") as file:
        file.write(b"The ferry sa")
        assert files(store) == []
        assert all(name.startswith(".") for name in os.listdir(folder(store)))
    assert os.listdir(folder(store)) == []


def test_what_arrived_when_a_process_ended_is_swept_away_a_day_later(store):
    folder(store).mkdir(parents=True)
    old, fresh = (folder(store) / f"{added.DRAFT}{n}" for n in ("old", "fresh"))
    for draft in (old, fresh):
        draft.write_bytes(b"x")
    yesterday = time.time() - added.GIVEN_UP - 60
    os.utime(old, (yesterday, yesterday))
    bring(store, "ferry.md")
    assert (old.exists(), fresh.exists()) == (False, True)


def test_many_that_arrive_at_once_under_one_name_are_all_kept(store):
    together = threading.Barrier(8)

    def arrive(number):
        with arriving(store, "ferry.md") as file:
            file.write(b"%d" % number)
            together.wait(20)
            file.keep()

    threads = [threading.Thread(target=arrive, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(path.read_bytes() for path in files(store)) == [b"%d" % n for n in range(8)]


def test_a_file_system_without_second_names_keeps_files_too(store, monkeypatch):
    def link(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    assert [bring(store, "ferry.md", data).path.name for data in (b"one", b"two")] == ["ferry.md", "ferry (2).md"]
    assert len(os.listdir(folder(store))) == 2


def test_there_a_name_that_another_takes_meanwhile_is_not_taken_from_it(store, monkeypatch):
    def link(*_):
        raise PermissionError(1, "Operation not permitted")

    real = os.replace
    seen = []

    def replace(draft, path):
        if not seen:  # another comes in between, just before the first has its name
            seen.append(path)
            seen.append(bring(store, "ferry.md", b"Another. "))
        real(draft, path)

    monkeypatch.setattr(os, "link", link)
    monkeypatch.setattr("pathlib.Path.replace", replace)
    bring(store, "ferry.md", b"The first.")
    assert sorted(path.read_bytes() for path in files(store)) == [b"Another. ", b"The first."]


def test_a_folder_that_cannot_be_made_is_said_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(FootnoteError, match=r"ferry\.md cannot be kept"):
        bring(tmp_path / "file", "ferry.md")
