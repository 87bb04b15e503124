"""What is followed: sources.toml, what is added, and what is made of it."""

import contextlib

import pytest
from conftest import live

from index.catalog import Catalog
from index.errors import FootnoteError, UsageError
from index.following import Outside, add, listed, merged, named, options_of
from index.ledger import Followed
from index.sync import sync_followed, sync_paths
from index.upkeep import remove


def written(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_list_names_paths_from_its_own_folder_and_addresses(tmp_path):
    file = written(
        tmp_path / "sources.toml",
        '[[source]]\nlocation = "articles"\n\n[[source]]\nlocation = "HTTPS://Example.org/feed#top"\nkind = "feed"\n'
        "limit = 50\n",
    )
    assert listed(file) == [
        Followed(str(tmp_path / "articles"), "files", {}, listed=True),
        Followed("https://example.org/feed", "feed", {"limit": 50}, listed=True),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[source]]", "source 1 has no location"),
        ('[[source]]\nlocation = "a"\nkind = "book"', "there is no kind 'book'"),
        ('[[source]]\nlocation = "a"\nlimit = 0', "limit is 0"),
        ('[[source]]\nlocation = "a"\nfields = "text"', "fields is not a mapping"),
        ('[[source]]\nlocation = "a"\ncolour = "red"', "there is no setting 'colour'"),
        ('sauce = "a"', "'sauce' is not known"),
        ("[[source]", "cannot be read"),
        ('[[source]]\nlocation = "ftp://a/b"', "ftp"),
    ],
)
def test_what_a_list_cannot_mean_is_one_sentence(tmp_path, text, said):
    with pytest.raises(UsageError, match=said):
        listed(written(tmp_path / "sources.toml", text))


def test_no_list_drops_nothing():
    following = [Followed("/a", listed=True), Followed("/b")]
    assert merged(following, None) == (following, [])


def test_what_a_list_no_longer_names_is_dropped_and_what_was_added_by_hand_stays():
    following = [Followed("/a", listed=True), Followed("/b")]
    now, dropped = merged(following, [Followed("/c", listed=True)])
    assert now == [Followed("/b"), Followed("/c", listed=True)]
    assert dropped == [Followed("/a", listed=True)]


def test_a_kind_that_was_found_out_is_not_asked_for_again():
    known = [Followed("https://a.example/x", "feed", listed=True)]
    assert merged(known, [Followed("https://a.example/x", "", listed=True)])[0] == known


def test_a_list_is_followed_and_what_it_drops_waits_for_a_yes(store, embedder, tmp_path):
    for name in ("one", "two"):
        written(tmp_path / name / "a.md", f"# {name}\n\nThe article of folder {name}.")
    file = tmp_path / "sources.toml"
    outside = Outside(listing=written(file, '[[source]]\nlocation = "one"\n[[source]]\nlocation = "two"\n'))
    assert sync_followed(store, embedder, outside=outside).new == 2
    written(file, '[[source]]\nlocation = "one"\n')
    report = sync_followed(store, embedder, outside=outside)
    assert (report.gone, report.held) == (0, [str(tmp_path / "two" / "a.md")])
    assert sync_followed(store, embedder, remove_many=True, outside=outside).gone == 1
    assert list(live(store)) == [str(tmp_path / "one" / "a.md")]
    with contextlib.closing(Catalog(store)) as catalog:
        assert catalog.followed() == [str(tmp_path / "one")]


def test_what_is_not_there_fails_alone_and_keeps_its_articles(store, embedder, tmp_path):
    for name in ("one", "two"):
        written(tmp_path / name / "a.md", f"# {name}\n\nThe article of folder {name}.")
        add(store, [str(tmp_path / name)], "", {})
    sync_followed(store, embedder)
    (tmp_path / "two").rename(tmp_path / "elsewhere")
    written(tmp_path / "one" / "b.md", "# b\n\nAnother article.")
    report = sync_followed(store, embedder)
    assert (report.new, report.failed, len(live(store))) == (1, 1, 3)
    (tmp_path / "elsewhere").rename(tmp_path / "two")
    assert (sync_followed(store, embedder).failed, len(live(store))) == (0, 3)


def test_a_path_that_does_not_exist_is_not_added(store):
    with pytest.raises(UsageError, match="/nowhere does not exist"):
        add(store, ["/nowhere"], "", {})
    assert not store.exists()


def test_the_fields_of_records_are_given_by_name():
    assert options_of(["text=body", "title=name"], 5) == {"fields": {"text": "body", "title": "name"}, "limit": 5}
    with pytest.raises(UsageError, match="--field text names no field"):
        options_of(["text"], None)


def test_the_fields_that_are_named_are_read(store, embedder, tmp_path):
    file = written(tmp_path / "a.jsonl", '{"id": "1", "prose": "The mole fell in August.", "text": "no"}\n')
    add(store, [str(file)], "", options_of(["text=prose"], None))
    sync_followed(store, embedder)
    assert list(live(store).values()) == ["The mole fell in August."]


def following(store):
    with contextlib.closing(Catalog(store)) as catalog:
        return {followed.location: dict(followed.options) for followed in catalog.following()}


def test_to_name_what_is_followed_keeps_what_was_said_of_it(store, embedder, tmp_path):
    file = written(tmp_path / "a.jsonl", '{"id": "1", "prose": "The mole fell in August.", "text": "no"}\n')
    add(store, [str(file)], "", options_of(["text=prose"], None))
    sync_paths(store, [file], embedder)
    assert list(live(store).values()) == ["The mole fell in August."]
    assert following(store) == {str(file): {"fields": {"text": "prose"}}}


def test_what_is_said_of_a_file_counts_more_than_that_its_folder_is_followed_too(store, embedder, tmp_path):
    written(tmp_path / "a" / "b.jsonl", '{"id": "1", "prose": "The mole fell in August.", "text": "no"}\n')
    listing = written(
        tmp_path / "sources.toml",
        '[[source]]\nlocation = "a"\n[[source]]\nlocation = "a/b.jsonl"\nfields = {text = "prose"}\n',
    )
    sync_followed(store, embedder, outside=Outside(listing=listing))
    assert list(live(store).values()) == ["The mole fell in August."]


def test_what_is_removed_while_a_run_begins_is_not_followed_again(store, embedder, tmp_path):
    stays = written(tmp_path / "a" / "x.txt", "The mole fell in August.").parent
    goes = written(tmp_path / "b" / "y.txt", "A crane struck the quay.").parent
    sync_paths(store, [stays, goes], embedder)

    def only(followed):  # is asked between the look at what is followed and the lock
        if followed.location == str(goes):
            remove(store, [goes])
        return True

    sync_followed(store, embedder, only=only)
    assert list(following(store)) == [str(stays)]
    assert list(live(store)) == [str(stays / "x.txt")]


def test_an_index_in_a_followed_folder_is_no_source(tmp_path, embedder):
    written(tmp_path / "x.txt", "The mole fell in August.")
    written(tmp_path / "index" / "notes.txt", "What lies in the index is not read.")
    for _ in range(2):
        report = sync_paths(tmp_path / "index", [tmp_path], embedder)
        assert (report.new + report.same, report.unread) == (1, [])
    assert list(live(tmp_path / "index")) == [str(tmp_path / "x.txt")]


def test_a_garbled_list_of_what_is_followed_is_one_sentence(store, embedder, tmp_path):
    sync_paths(store, [written(tmp_path / "x.txt", "The mole fell in August.")], embedder)
    with contextlib.closing(Catalog(store)) as catalog:
        catalog.connection.execute("UPDATE followed SET options = 'none'")
    with pytest.raises(FootnoteError, match="the list of what is followed is garbled"):
        sync_followed(store, embedder)


def test_an_address_is_named_in_one_way():
    assert named("HTTP://Example.org:80/a?utm_source=x#y").location == "http://example.org/a"
