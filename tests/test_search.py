import errno
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from conftest import Shelf, WordEmbedder, found, resynced, rewrite

from index.candidates import Only
from index.catalog import Catalog
from index.records import Overview
from index.search import Index
from index.segments import COPIES, SEGMENTS
from index.sync import sync, sync_paths
from index.vectors import Segment


def test_a_store_that_does_not_exist_counts_nothing_and_is_not_made(store, embedder):
    index = Index(store, embedder)
    assert index.overview() == Overview(0, 0, None, None, 0, 0)
    assert not index.exists()
    assert not store.exists()


def test_an_empty_index_finds_nothing(store, embedder):
    sync(store, [Shelf()], embedder)
    assert found(Index(store, embedder), "ferry") == ([], [])


def test_an_overview_counts_what_is_searched(indexed):
    assert indexed.overview() == Overview(3, 3, None, None, 3, 1)


def test_a_hit_holds_its_passage_its_article_and_who_found_it(indexed, shelf):
    with indexed.view() as view:
        scored = view.lexical("ticket", 3)
        (hit,) = view.hits(scored, {scored[0][0]: "lexical"})
    assert (hit.article.source, hit.article.text, hit.found_by) == ("ferry", shelf.texts["ferry"], "lexical")
    assert hit.article.text[hit.passage.start : hit.passage.end] == hit.passage.text
    assert hit.score == scored[0][1] > 0


def test_hits_keep_the_order_and_leave_out_what_is_not_live(indexed):
    with indexed.view() as view:
        hits = view.hits([(3, 0.1), (99, 0.9), (1, 0.5)], {})
    assert [(hit.article.source, hit.score, hit.found_by) for hit in hits] == [("crane", 0.1, ""), ("mole", 0.5, "")]


def test_the_dense_score_is_the_cosine(indexed, embedder):
    with indexed.view() as view:
        vector = embedder.embed_question("The ferry sails at noon.")
        dense = view.dense(vector, 3)
        assert view.similarities(vector, [number for number, _ in dense]) == pytest.approx(dict(dense), abs=1e-5)
        assert view.similarities(vector, []) == {}


@pytest.mark.parametrize("question", ["", "?!", "“”"])
def test_a_question_without_words_matches_no_words(indexed, question):
    with indexed.view() as view:
        assert view.lexical(question, 3) == []


def test_the_limit_is_kept_and_passages_that_are_not_live_take_no_place(store, embedder, monkeypatch):
    monkeypatch.setattr("index.segments.MAX_DEAD_SHARE", 1.0)  # dead passages stay in their segment
    shelf = Shelf(**{f"s{n}": f"The ferry sails on day {n}." for n in range(20)})
    sync(store, [shelf], embedder)
    for n in range(15):
        del shelf.texts[f"s{n}"]
    resynced(store, shelf, embedder)
    index = Index(store, embedder)
    with index.view() as view:
        vector = embedder.embed_question("The ferry sails on day 1.")
        assert len(view.dense(vector, 3)) == 3
        hits = view.hits(view.dense(vector, 9), {})
    assert {hit.article.source for hit in hits} == set(shelf.texts)


def test_segments_may_be_asked_ahead_and_only_for_the_vector_that_is_meant(indexed, embedder, monkeypatch):
    ferry, quay = embedder.embed_question("ferry"), embedder.embed_question("quay")
    with indexed.view() as view:
        expected = view.dense(ferry, 2), view.dense(quay, 2)
        asked = []
        nearest = Segment.nearest
        monkeypatch.setattr(Segment, "nearest", lambda s, v, n: asked.append(v) or nearest(s, v, n))
        with ThreadPoolExecutor(1) as beside:
            view.look_ahead(beside, lambda: ferry, 2)
            assert view.dense(ferry, 2) == expected[0]
            assert len(asked) == 1
            assert view.dense(quay, 2) == expected[1]
        assert len(asked) == 2


def test_a_word_in_fewer_passages_tells_more(indexed):
    with indexed.view() as view:
        assert view.rarity('"nowhere"') == 1
        assert view.rarity('"ticket"') == 0.5  # 1 - log 2 / log 4: in one of three
        assert view.rarity('"the"') == 0


def test_an_open_index_answers_though_its_directory_is_gone(indexed, store, embedder):
    shutil.rmtree(store / SEGMENTS)
    for index in (indexed, Index(store, embedder)):
        assert found(index, "When does the ferry sail?")[0][0] == "ferry"


def test_a_view_that_a_writer_overtakes_answers_without_a_segment_of_its_own(indexed, store, shelf, embedder):
    vector = embedder.embed_question("When does the ferry sail?")
    with indexed.view() as view:
        shelf.texts = {"dock": "A dock and a quay."}
        resynced(store, shelf, embedder)
        assert found(indexed, "quay")[0] == ["dock"]
        (newer,) = (store / COPIES).iterdir()
        assert view.hits(view.dense(vector, 1), {})[0].article.source == "ferry"
        assert set((store / COPIES).iterdir()) <= {newer}
    assert found(indexed, "quay")[0] == ["dock"]
    assert len(list((store / COPIES).iterdir())) == 1


def test_a_full_disk_does_not_stop_a_question(indexed, monkeypatch, caplog):
    def full(**_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tempfile.mkdtemp", full)
    for _ in range(2):
        assert found(indexed, "When does the ferry sail?")[0][0] == "ferry"
    assert [record.getMessage() for record in caplog.records] == [
        "[Errno 28] No space left on device; answering from the catalog's vectors"
    ]


def test_a_segment_that_cannot_be_searched_any_more_is_answered_for_by_the_catalog(indexed, store, caplog):
    with indexed.view() as view:
        view.open()
    for file in (store / COPIES).rglob("chroma.sqlite3"):
        file.write_bytes(b"\0" * file.stat().st_size)
    for _ in range(2):
        assert found(indexed, "When does the ferry sail?")[0][0] == "ferry"
    (warned,) = [record.getMessage() for record in caplog.records]
    assert "cannot be searched" in warned
    assert warned.endswith("answering from the catalog's vectors")
    assert not any((store / COPIES).iterdir())


def test_what_is_live_is_counted_once_a_generation(indexed, store, shelf, embedder, monkeypatch):
    counted = []
    count = Catalog.overview
    monkeypatch.setattr(Catalog, "overview", lambda catalog: counted.append(1) or count(catalog))
    for _ in range(2):
        with indexed.view() as view:
            assert (view.overview().articles, view.rarity('"ticket"')) == (3, 0.5)
    assert len(counted) == 1
    shelf.texts["dock"] = "A dock."
    sync(store, [shelf], embedder)
    assert (indexed.overview().articles, len(counted)) == (4, 2)


def test_a_store_made_anew_is_counted_anew(indexed, store, embedder):
    assert indexed.overview() == Overview(3, 3, None, None, 3, 1)
    shutil.rmtree(store)
    sync(store, [Shelf(dock="A dock.")], embedder)
    assert indexed.overview() == Overview(1, 1, None, None, 1, 1)
    assert found(indexed, "dock") == (["dock"], ["dock"])


def test_a_passage_whose_vector_is_lost_has_no_similarity(indexed, store, embedder):
    rewrite(store, "DELETE FROM vectors WHERE key = (SELECT vector FROM passages WHERE number = 2)")
    with indexed.view() as view:
        assert set(view.similarities(embedder.embed_question("ferry"), [1, 2, 3])) == {1, 3}
        assert view.similarities(embedder.embed_question("ferry"), [2]) == {}


def test_a_question_leaves_out_a_vector_that_is_damaged(indexed, store, embedder):
    rewrite(store, "UPDATE vectors SET vector = x'00' WHERE key = (SELECT vector FROM passages WHERE number = 3)")
    shutil.rmtree(store / SEGMENTS)
    assert found(indexed, "When does the ferry sail?")[0] == ["ferry", "mole"]
    with indexed.view() as view:
        assert set(view.similarities(embedder.embed_question("ferry"), [1, 2, 3])) == {1, 2}


def test_threads_share_an_index_while_it_is_written(indexed, store, shelf, embedder):
    wrong, done = [], threading.Event()

    def ask():
        while not done.is_set():
            dense, lexical = found(indexed, "the ferry sails")
            if dense[0] != "ferry" or lexical[0] != "ferry":
                wrong.append((dense, lexical))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(4):
        shelf.texts["mole"] = f"The mole was rebuilt {n} times."
        sync(store, [shelf], embedder)
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_copies_are_removed_with_the_index(store, shelf, embedder):
    sync(store, [shelf], embedder)
    index = Index(store, embedder)
    found(index, "ferry")
    assert len(list((store / COPIES).iterdir())) == 1
    del index
    assert list((store / COPIES).iterdir()) == []


def test_dates_are_counted(store, embedder, tmp_path):
    (tmp_path / "a.md").write_text("---\ndate: 2024-08-27\n---\n# A\n\nDated text.")
    sync_paths(store, [tmp_path / "a.md"], embedder)
    assert Index(store, embedder).overview() == Overview(1, 1, date(2024, 8, 27), date(2024, 8, 27), 0, 1)


def test_a_view_settles_the_precision_of_the_index(indexed, store):
    embedder = WordEmbedder()
    with Index(store, embedder).view():
        assert embedder.settled == "float32"


# Some articles alone -------------------------------------------------------------------------------------------------


@pytest.fixture
def papers(store, embedder, tmp_path):
    """Five articles about the ferry: of three papers, by several people, of four days and none."""
    said = {
        "noon": ("The Packet", "Ines Calloway", "2024-08-27"),
        "late": ("The Packet", "Tom Rae", "2024-08-30"),
        "fare": ("Evening Post", "Ines Calloway and Ada Quill", "2024-09-02"),
        "post": ("Évening Post - Arts", "Özlem E\u0301", "2024-09-03"),
        "bare": None,
    }
    folder = tmp_path / "said"
    folder.mkdir()
    for name, about in said.items():
        meta = "<meta property='og:site_name' content='{}'><meta name='author' content='{}'>"
        dated = "<meta property='article:published_time' content='{}'>"
        head = (meta + dated).format(*about) if about else ""
        text = f"<p>The ferry sails at {name} from the quay, as it always has, and nobody minds that it does.</p>" * 3
        (folder / f"{name}.html").write_text(
            f"<html><head><title>{name}</title>{head}</head><body>{text}</body></html>"
        )
    sync_paths(store, [folder], embedder)
    return Index(store, embedder)


def names(hits):
    return sorted({hit.article.title for hit in hits})


KEPT = [
    (Only(source="packet"), ["late", "noon"]),
    (Only(source="said/fare"), ["fare"]),
    (Only(author="CALLOWAY"), ["fare", "noon"]),
    (Only(first=date(2024, 8, 30)), ["fare", "late", "post"]),
    (Only(source="évening post"), ["post"]),
    (Only(source='"évening post"'), ["post"]),
    (Only(last=date(2024, 8, 30)), ["late", "noon"]),
    (Only("Packet", "calloway", date(2024, 8, 27), date(2024, 8, 27)), ["noon"]),
    (Only(source="100%"), []),
    (Only(source='"The Packet"'), ["late", "noon"]),
    (Only(source='"Packet"'), []),
    (Only(author="Calloway, Ines"), ["fare", "noon"]),
    (Only(author="ÖZLEM é"), ["post"]),
    (Only(source="\0x"), []),
]


@pytest.mark.parametrize(("only", "left"), KEPT)
@pytest.mark.parametrize("compared", [20_000, 0])
def test_a_view_of_some_articles_finds_no_others(papers, only, left, compared, monkeypatch):
    monkeypatch.setattr("index.search.COMPARED", compared)
    monkeypatch.setattr("index.candidates.MOST", compared)
    with papers.view(only) as view:
        dense = view.hits(view.dense(papers.embedder.embed_question("ferry"), 10), {})
        lexical = view.hits(view.lexical("ferry", 10), {})
        overview = view.overview()
    assert (names(dense), names(lexical)) == (left, left)
    assert (overview.articles, overview.passages) == (len(left), len({hit.passage.id for hit in dense}))


def test_a_view_of_some_articles_counts_words_in_all(papers):
    with papers.view(Only(source="packet")) as view:
        assert view.frequencies(["ferry"])["ferry"] == view.whole().passages > view.overview().passages
        assert [hit.article.title for hit in view.published(date.min, date.max, 9)] == ["late", "noon"]


def test_an_article_that_lies_in_two_places_is_found_by_each(store, embedder, tmp_path):
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same.md").write_text("# Ferry\n\nThe ferry sails at noon from the quay.")
    sync_paths(store, [tmp_path / "here", tmp_path / "there"], embedder)
    for name in ("here/same", "there/same"):
        with Index(store, embedder).view(Only(source=name)) as view:
            assert view.overview().articles == 1, name
