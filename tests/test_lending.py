import contextlib
import gc
import shutil
import threading

import pytest
from conftest import Shelf, found

from index.catalog import Catalog
from index.database import FILE_NAME
from index.errors import FootnoteError
from index.lending import KEPT, Lending
from index.search import Index
from index.sync import sync


@pytest.fixture
def opened(monkeypatch):
    """The catalogs that were opened and have not been closed."""
    standing = []
    make, close = Catalog.__init__, Catalog.close

    def made(catalog, *arguments):
        make(catalog, *arguments)
        standing.append(catalog)

    def closed(catalog):
        close(catalog)
        if catalog in standing:  # those of a test before may end now
            standing.remove(catalog)

    monkeypatch.setattr(Catalog, "__init__", made)
    monkeypatch.setattr(Catalog, "close", closed)
    return standing


def test_one_catalog_serves_one_question_after_another(indexed, opened):
    for question in ("ferry", "quay"):
        found(indexed, question)
        indexed.overview()
    assert len(opened) == 1


def test_what_was_published_meanwhile_is_found(indexed, store, shelf, embedder):
    assert "dock" not in found(indexed, "dock")[0]
    shelf.texts["dock"] = "A dock."
    sync(store, [shelf], embedder)
    assert found(indexed, "dock")[0][0] == "dock"


def test_a_copy_of_the_file_alone_has_all_that_was_published(indexed, store, shelf, embedder, tmp_path):
    found(indexed, "ferry")
    shelf.texts["dock"] = "A dock."
    sync(store, [shelf], embedder)
    (tmp_path / "copy").mkdir()
    shutil.copy(store / FILE_NAME, tmp_path / "copy")
    assert Index(tmp_path / "copy", embedder).overview() == indexed.overview()


def test_so_has_a_copy_when_somebody_was_reading_while_it_was_published(indexed, store, shelf, embedder, tmp_path):
    with indexed.view():
        shelf.texts["dock"] = "A dock."
        sync(store, [shelf], embedder)
    found(indexed, "dock")
    older = tmp_path / "older"
    older.mkdir()
    shutil.copy(store / FILE_NAME, older)
    assert Index(older, embedder).overview() == indexed.overview()
    assert not (store / f"{FILE_NAME}-wal").stat().st_size


def test_one_without_checksums_is_not_kept_so_that_it_can_get_them(indexed, opened, monkeypatch):
    monkeypatch.setattr(Catalog, "has_checksums", False)
    found(indexed, "ferry")
    assert opened == []


def test_what_was_deleted_is_not_held(indexed, store, opened):
    found(indexed, "ferry")
    shutil.rmtree(store)
    assert not indexed.exists()
    assert opened == []


def test_questions_at_once_have_each_their_own_and_few_are_kept(indexed, opened):
    with contextlib.ExitStack() as stack:
        views = [stack.enter_context(indexed.view()) for _ in range(KEPT + 3)]
        assert len({id(view._catalog) for view in views}) == len(opened) == KEPT + 3
    assert len(opened) == KEPT


def test_threads_lend_at_once(indexed):
    wrong = []

    def asks():
        wrong.extend(lexical for _ in range(20) for _, lexical in [found(indexed, "ferry")] if lexical != ["ferry"])

    threads = [threading.Thread(target=asks) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_store_that_was_made_anew_or_moved_away_is_not_read_from_its_old_file(indexed, store, embedder, opened):
    assert found(indexed, "ferry")[1] == ["ferry"]
    store.rename(store.with_name("elsewhere"))
    assert not indexed.exists()
    assert indexed.overview().articles == 0
    with pytest.raises(FootnoteError, match="There is no index"):
        indexed.followed()
    sync(store, [Shelf(dock="A dock.")], embedder)
    assert found(indexed, "ferry dock")[1] == ["dock"]
    shutil.copytree(store.with_name("elsewhere"), store, dirs_exist_ok=True)  # into the same file
    assert found(indexed, "ferry dock")[1] == ["ferry"]
    assert len(opened) == 1


def test_one_in_which_something_went_wrong_is_not_lent_again(indexed, store, opened):
    lending = Lending(store)
    with pytest.raises(ValueError, match="asked for"), lending.one_state():
        raise ValueError("asked for")
    assert opened == []


def test_they_are_closed_with_the_index(store, shelf, embedder, opened):
    sync(store, [shelf], embedder)
    index = Index(store, embedder)
    found(index, "ferry")
    assert opened
    del index
    gc.collect()
    assert not opened
