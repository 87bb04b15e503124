"""Removing, rolling back and purging, on a real store."""

import contextlib

import pytest
from conftest import Shelf, WordEmbedder, bytes_of, found, live, resynced

from index.catalog import Catalog
from index.check import check
from index.errors import FootnoteError, ServerAway
from index.following import Dropped
from index.ledger import Followed
from index.search import Index
from index.sources.listings import Feed
from index.sources.sightings import Known
from index.sync import sync, sync_paths
from index.upkeep import copy, purge, removal, remove, roll_back


def ledger(store):
    catalog = Catalog(store)
    try:
        return {source: (k.digest, k.state, k.twin) for source, k in catalog.known().items()}
    finally:
        catalog.close()


def changed(shelf):
    shelf.texts = {"mole": shelf.texts["mole"], "ferry": "The ship leaves at dawn.", "dock": "A dock was built."}
    return shelf


def test_a_rollback_brings_back_what_the_last_run_replaced_and_took_away(indexed, store, shelf, embedder):
    texts, lines = dict(shelf.texts), ledger(store)
    resynced(store, changed(shelf), embedder)
    embedder.embedded.clear()
    done = roll_back(store)
    assert (done.back, done.away) == (2, 2)
    assert (live(store), ledger(store)) == (texts, lines)
    assert found(indexed, "When does the ferry sail?")[0][0] == "ferry"
    assert "dock" not in found(indexed, "dock")[1]
    assert embedder.embedded == []
    assert check(store).faults == ()


def test_a_second_rollback_undoes_the_first(indexed, store, shelf, embedder):
    resynced(store, changed(shelf), embedder)
    lines = ledger(store)
    roll_back(store)
    roll_back(store)
    assert (live(store), ledger(store)) == (shelf.texts, lines)
    assert found(indexed, "ship at dawn")[1] == ["ferry"]
    assert check(store).faults == ()


def test_what_was_rolled_back_is_indexed_again_by_the_next_sync(indexed, store, shelf, embedder):
    resynced(store, changed(shelf), embedder)
    roll_back(store)
    report = resynced(store, shelf, embedder)
    assert (report.new, report.changed, report.gone) == (1, 1, 1)
    assert live(store) == shelf.texts


def test_a_run_that_changes_nothing_leaves_the_way_back(indexed, store, shelf, embedder):
    texts = dict(shelf.texts)
    resynced(store, changed(shelf), embedder)
    shelf.shut = {"mole"}
    sync(store, [shelf], embedder)
    roll_back(store)
    assert live(store) == texts


def test_a_removal_can_be_rolled_back(store, embedder, tmp_path):
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text(f"# {name}\n\nThe article {name}.")
    sync_paths(store, [tmp_path], embedder)
    before = live(store)
    remove(store, [tmp_path / "a.md"])
    assert list(live(store)) == [str(tmp_path / "b.md")]
    roll_back(store)
    assert live(store) == before


def test_a_rollback_of_another_model_brings_its_vectors_back(indexed, store, shelf):
    sync(store, [shelf], WordEmbedder("other"))
    roll_back(store)
    assert found(Index(store, WordEmbedder()), "When does the ferry sail?")[0][0] == "ferry"
    with pytest.raises(FootnoteError, match="made by the model words"):
        found(Index(store, WordEmbedder("other")), "ferry")
    assert check(store).faults == ()


def test_there_is_no_way_back_from_the_first_state_but_to_nothing(store, shelf, embedder):
    sync(store, [Shelf()], embedder)
    with pytest.raises(FootnoteError, match="no generation to go back to"):
        roll_back(store)
    sync(store, [shelf], embedder)
    assert (roll_back(store).away, live(store)) == (3, {})


def test_a_purge_leaves_no_byte_of_a_deleted_text(store, shelf, embedder):
    shelf.texts["secret"] = "The password of the harbourmaster is xyzzyplugh, as everybody knows."
    sync(store, [shelf], embedder)
    del shelf.texts["secret"]
    resynced(store, shelf, embedder)
    assert b"xyzzyplugh" in bytes_of(store)
    done = purge(store)
    assert (done.erased, done.whole) == (1, True)
    assert b"xyzzyplugh" not in bytes_of(store)
    assert live(store) == shelf.texts
    assert check(store).faults == ()
    with pytest.raises(FootnoteError, match="no generation to go back to"):
        roll_back(store)


def test_a_purge_while_somebody_reads_says_that_pages_may_be_left(indexed, store, shelf, embedder):
    resynced(store, changed(shelf), embedder)
    with contextlib.closing(Catalog(store)) as reader, reader.snapshot():
        assert not purge(store).whole
    assert purge(store).whole


def line(part_of=""):
    return Known("d", "indexed", "", "", "r", part_of)


def test_a_front_page_is_removed_without_the_rest_of_its_site():
    known = {"https://a.example/": line(), "https://a.example/1": line("https://a.example/feed")}
    gone = removal(["HTTPS://A.example"], known, [Followed("https://a.example/", "page")])
    assert (gone.sources, gone.unfollowed) == (("https://a.example/",), ("https://a.example/",))


def test_a_feed_is_removed_with_what_it_listed():
    known = {"https://a.example/1": line("https://a.example/feed"), "https://a.example/2": line()}
    gone = removal(["https://a.example/feed"], known, [Followed("https://a.example/feed", "feed")])
    assert gone.sources == ("https://a.example/1",)
    assert gone.unfollowed == ("https://a.example/feed",)


def test_an_article_of_a_feed_that_is_followed_comes_back_and_that_is_said():
    known = {"https://a.example/1": line("https://a.example/feed"), "https://a.example/feed": line()}
    gone = removal(["https://a.example/1"], known, [Followed("https://a.example/feed", "feed")])
    assert (gone.sources, gone.returning) == (("https://a.example/1",), ("https://a.example/feed",))


def test_a_copy_finds_the_same_and_lives_apart(indexed, store, shelf, embedder, tmp_path, caplog):
    embedder.embedded.clear()
    copy(store, tmp_path / "copy")
    del shelf.texts["ferry"]
    resynced(tmp_path / "copy", shelf, embedder)
    other = Index(tmp_path / "copy", embedder)
    assert found(other, "the ferry and the mole")[1] == ["mole"]
    assert "ferry" in found(indexed, "the ferry and the mole")[1]
    assert embedder.embedded == []
    assert check(tmp_path / "copy").faults == ()
    assert caplog.records == []


def test_a_copy_needs_a_store_and_a_folder_that_is_not_there(indexed, store, tmp_path):
    with pytest.raises(FootnoteError, match="There is no index in"):
        copy(tmp_path / "none", tmp_path / "copy")
    with pytest.raises(FileExistsError):
        copy(store, store)


# What feeds list -----------------------------------------------------------------------------------------------------


def two_feeds(site):
    """Two feeds with an article of their own each, and one that is in both; all can say that they are as they were."""
    for name in ("mole", "ferry", "crane"):
        prose = f"A {name} broke from its moorings in a strong wind and struck the wall that it had come to save."
        site.put(f"/{name}", f"<html><title>{name}</title><body><article><p>{prose}</p></article></body></html>")
    told = {"first": ("mole", "ferry"), "second": ("ferry", "crane")}
    return [
        site.put(f"/{name}", put_items(site, *items), "application/rss+xml", etag=f'"{name}"')
        for name, items in told.items()
    ]


def put_items(site, *paths):
    items = "".join(f"<item><link>{site.url(f'/{path}')}</link></item>" for path in paths)
    return f'<rss version="2.0"><channel>{items}</channel></rss>'


def settled(store, embedder, tools, *urls, dropped=()):
    """Runs until all feeds say that they are as they were; the names of what is live."""
    feeds = [Followed(url, "feed") for url in urls]
    for _ in range(3):
        rest = [Dropped(followed.location) for followed in dropped]
        sync(store, [*(Feed(url, tools) for url in urls), *rest], embedder, follow=feeds, remove_many=True,
             dropped=dropped)  # fmt: skip
    return sorted(source.rpartition("/")[2] for source in live(store))


def test_an_article_in_two_feeds_stays_when_one_is_removed(site, tools, store, embedder):
    first, second = two_feeds(site)
    assert settled(store, embedder, tools, first, second) == ["crane", "ferry", "mole"]
    remove(store, [first])
    assert settled(store, embedder, tools, second) == ["crane", "ferry"]


def test_an_article_in_two_feeds_stays_when_one_is_listed_no_longer(site, tools, store, embedder):
    first, second = two_feeds(site)
    settled(store, embedder, tools, first, second)
    gone = [Followed(first, "feed", listed=True)]
    assert settled(store, embedder, tools, second, dropped=gone) == ["crane", "ferry"]


def test_it_stays_too_when_nothing_can_be_merged_meanwhile(site, tools, store, embedder, monkeypatch, caplog):
    first, second = two_feeds(site)
    settled(store, embedder, tools, first, second)

    def away(*_):
        raise ServerAway("It is away")

    gone = Followed(first, "feed", listed=True)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("index.segments.merge_segments", away)
        sources = [Feed(second, tools), Dropped(first)]
        assert sync(store, sources, embedder, remove_many=True, dropped=[gone]).gone == 3
    assert "It is away; segments are merged by the next sync" in caplog.text
    assert settled(store, embedder, tools, second) == ["crane", "ferry"]


def test_an_article_of_a_feed_comes_back_after_a_rollback(site, tools, store, embedder):
    first, second = two_feeds(site)
    settled(store, embedder, tools, first)
    settled(store, embedder, tools, first, second)
    assert roll_back(store).away == 1
    assert settled(store, embedder, tools, first, second) == ["crane", "ferry", "mole"]


@pytest.mark.parametrize("listed", [True, False], ids=["listed", "not listed any more"])
def test_an_article_of_a_feed_that_is_not_trusted_is_read_again(site, tools, store, embedder, listed):
    first, _ = two_feeds(site)
    settled(store, embedder, tools, first)
    if not listed:
        site.change("/first", body=put_items(site, "ferry").encode(), etag='"changed"')
        settled(store, embedder, tools, first)
    with contextlib.closing(Catalog(store)) as catalog:
        catalog.connection.execute("UPDATE articles SET text = 'M' || substr(text, 2) WHERE live")
    assert not check(store, repair=True).sound
    settled(store, embedder, tools, first)
    assert check(store).faults == ()
