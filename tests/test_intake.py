"""What is put into an index by hand, and taken out again."""

import pytest
from conftest import live

from index.added import arriving, files, folder
from index.errors import FootnoteError, UsageError
from index.following import Outside
from index.intake import follow, sync_added, sync_all, take_out
from index.records import article_id
from index.search import Index
from index.sync import sync_paths

NOON, FELL = "The ferry sails at noon.", "The mole fell in August."
HERE = Outside(networks=("127.0.0.0/8",))


def bring(store, name="ferry.md", text=NOON):
    with arriving(store, name) as file:
        file.write(text.encode())
        return file.keep().path


def written(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def texts(store):
    return sorted(live(store).values())


def following(store, embedder):
    return Index(store, embedder).followed()


# Added files ---------------------------------------------------------------------------------------------------------


def test_an_added_file_is_indexed_and_what_else_is_followed_is_not_looked_at(store, embedder, tmp_path):
    mole = written(tmp_path / "news" / "mole.md", FELL)
    sync_paths(store, [mole.parent], embedder)
    written(mole, "The mole stands.")
    bring(store)
    report = sync_added(store, embedder)
    assert (report.new, report.changed, texts(store)) == (1, 0, [NOON, FELL])


def test_the_next_sync_finds_what_was_added_and_not_indexed_yet(store, embedder):
    bring(store)
    assert (sync_all(store, embedder).new, texts(store)) == (1, [NOON])
    assert sync_all(store, embedder).same == 1


def test_an_added_file_is_deleted_and_gone(store, embedder):
    ferry, mole = bring(store), bring(store, "mole.md", FELL)
    sync_added(store, embedder)
    taken = take_out(store, article_id(str(ferry)))
    assert (taken.sources, taken.unfollowed, taken.returning) == ((str(ferry),), (), ())
    assert (files(store), texts(store)) == ([mole], [FELL])
    assert sync_all(store, embedder).new == 0


def test_the_last_added_file_can_be_deleted_and_another_added(store, embedder):
    take = bring(store)
    sync_added(store, embedder)
    take_out(store, article_id(str(take)))
    assert (texts(store), sync_all(store, embedder).held) == ([], [])
    bring(store, "mole.md", FELL)
    assert (sync_added(store, embedder).new, texts(store)) == (1, [FELL])


def test_an_added_file_that_waits_to_be_indexed_can_be_deleted(store, embedder):
    bring(store, "mole.md", FELL)
    sync_added(store, embedder)
    ferry = bring(store)
    take_out(store, article_id(str(ferry)))
    assert [path.name for path in files(store)] == ["mole.md"]


def test_while_the_index_is_written_to_nothing_is_deleted(store, embedder, monkeypatch):
    ferry = bring(store)
    sync_added(store, embedder)

    def busy(*_):
        raise FootnoteError("Another process is writing")

    monkeypatch.setattr("index.intake.remove", busy)
    with pytest.raises(FootnoteError, match="Another process"):
        take_out(store, article_id(str(ferry)))
    assert (files(store), texts(store)) == ([ferry], [NOON])


def test_the_folder_of_added_files_itself_cannot_be_taken_out(store, embedder):
    bring(store)
    sync_added(store, embedder)
    with pytest.raises(UsageError, match="not there any more, or cannot be taken out"):
        take_out(store, article_id(str(folder(store))))
    assert texts(store) == [NOON]


# What is followed ----------------------------------------------------------------------------------------------------


def test_a_folder_is_followed_indexed_and_taken_out_again_and_stays_on_the_disk(store, embedder, tmp_path):
    mole = written(tmp_path / "news" / "mole.md", FELL)
    assert follow(store, f"  {mole.parent} ", embedder).new == 1
    assert following(store, embedder) == [str(mole.parent)]
    taken = take_out(store, article_id(str(mole.parent)))
    assert (taken.unfollowed, texts(store), mole.exists()) == ((str(mole.parent),), [], True)


def test_an_article_of_a_folder_cannot_be_taken_out_alone(store, embedder, tmp_path):
    mole = written(tmp_path / "news" / "mole.md", FELL)
    follow(store, str(mole.parent), embedder)
    with pytest.raises(UsageError):
        take_out(store, article_id(str(mole)))
    assert (texts(store), mole.exists()) == ([FELL], True)


def test_an_address_is_followed_and_indexed(store, embedder, site):
    url = site.put("/ferry", f"<html><body><article><h1>Ferry</h1><p>{NOON * 9}</p></article></body></html>")
    assert follow(store, url, embedder, outside=HERE).new == 1
    assert following(store, embedder) == [url]
    assert follow(store, url, embedder, outside=HERE).same == 1


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("", "Nothing is named"),
        ("   ", "Nothing is named"),
        ("/nowhere/at/all", "/nowhere/at/all does not exist"),
        ("harbour.example/feed", "harbour.example/feed does not exist here"),
        ("ftp://harbour.example/feed", "ftp"),
        ("http://", "names no host"),
        ("http://127.0.0.1:1/", "127.0.0.1"),
        ("http://[::1]/", "::1"),
        (
            "http://192.168.0.1/feed",
            "^http://192.168.0.1/feed cannot be followed: refused, because 192.168.0.1 is not on",
        ),
        ("http://169.254.169.254/latest", "169.254.169.254"),
        ("file:///etc/passwd", "file"),
    ],
)
def test_what_cannot_be_followed_is_one_sentence_and_is_not_followed(store, embedder, location, said):
    with pytest.raises(FootnoteError, match=said):
        follow(store, location, embedder)
    assert not store.exists() or following(store, embedder) == []


def test_a_bare_host_name_is_told_how_an_address_is_written(store, embedder):
    with pytest.raises(UsageError) as refused:
        follow(store, "www.harbour.example", embedder)
    assert refused.value.hint == "For the address write https://www.harbour.example"


def test_an_address_that_does_not_answer_is_not_followed(store, embedder, site):
    with pytest.raises(FootnoteError, match="404"):
        follow(store, site.url("/gone"), embedder, outside=HERE)
    assert not store.exists() or following(store, embedder) == []


class Stopped(Exception):
    pass


@pytest.mark.parametrize("stage", ["scanning", "reading", "splitting", "embedding", "building"])
def test_what_was_stopped_anywhere_is_gone_on_with_by_the_next_sync(store, embedder, tmp_path, stage):
    old = written(tmp_path / "old" / "crane.md", "A crane barge struck the quay.")
    sync_paths(store, [old.parent], embedder)
    for n in range(3):
        written(tmp_path / "news" / f"{n}.md", f"Report {n}: {FELL}")

    def stop(now, *_):
        if now == stage:
            raise Stopped

    with pytest.raises(Stopped):
        follow(store, str(tmp_path / "news"), embedder, stop)
    assert texts(store) == ["A crane barge struck the quay."]
    assert sync_all(store, embedder).new == 3
    assert len(texts(store)) == 4
