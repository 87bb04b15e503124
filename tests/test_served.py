"""Segments on a Chroma server, tested against the real one on loopback."""

import contextlib
import http.client
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from conftest import Clock, Shelf, bytes_of, found, live
from vector_server import PATIENCE, VectorServer, free_port

from index import served
from index.__main__ import main
from index.catalog import Catalog
from index.check import check
from index.embedder import Embedder
from index.errors import DamagedIndex, FootnoteError, ServerAway
from index.search import Index
from index.segments import SEGMENTS
from index.server import Server
from index.sync import sync, sync_paths
from index.upkeep import purge, remove, roll_back

ROOT = Path(__file__).parent.parent
FERRY = "When does the ferry sail?"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """One server for many stores."""
    server = VectorServer(tmp_path_factory.mktemp("vectors") / "data")
    yield server
    server.kill()


@pytest.fixture
def own(tmp_path):
    """A server that a test may kill."""
    server = VectorServer(tmp_path / "data")
    yield server
    server.kill()


@pytest.fixture
def at(running):
    return running.server


@pytest.fixture
def on_server(store, shelf, embedder, at):
    """The three articles, their segment on the server."""
    sync(store, [shelf], embedder, server=at)
    return Index(store, embedder, at)


def segments(store):
    with contextlib.closing(Catalog(store)) as catalog:
        return catalog.segments()


def names(store):
    return {row.name for row in segments(store)}


def there(server, store):
    """The collections on the server that are of this store."""
    owner = served.owner_of(store)
    return {name for name, about in served.Collections(server, 10).all() if about.get(served.OWNER) == owner}


def nearest(index, question, limit=10):
    with index.view() as view:
        return view.dense(index.embedder.embed_question(question), limit)


def said(caplog):
    return [record.getMessage() for record in caplog.records if record.name.startswith("index")]


# The same answers -----------------------------------------------------------------------------------------------------


def test_on_a_server_the_seeds_are_found_as_they_are_in_files(seeds_store, at, tmp_path):
    store, model = tmp_path / "store", Embedder()
    shutil.copytree(seeds_store, store, ignore=shutil.ignore_patterns("open"))
    before = segments(store)
    report = sync(store, [], model, server=at)
    assert report.embedded == 0
    assert all(map(served.on_server, (row.checksums for row in segments(store))))
    assert there(at, store) == names(store)
    assert list((store / SEGMENTS).iterdir()) == []
    lines = (ROOT / "seeds/questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines if "question" in json.loads(line)]
    assert len(questions) > 20
    files, server = Index(seeds_store, model), Index(store, model, at)
    for question in questions:
        one, other = nearest(files, question), nearest(server, question)
        assert [number for number, _ in one] == [number for number, _ in other]
        assert [score for _, score in one] == pytest.approx([score for _, score in other], abs=1e-5)
    assert sum(row.live for row in before) == sum(row.live for row in segments(store))


def test_copies_of_a_store_ask_the_same_collections(on_server, store, embedder, at, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(store, other)
    copied = Index(other, embedder, at)
    assert nearest(copied, FERRY) == nearest(on_server, FERRY)
    assert found(copied, FERRY)[0][0] == "ferry"


def test_what_is_gone_is_not_found_though_its_collection_holds_it(on_server, store, shelf, embedder, at, monkeypatch):
    monkeypatch.setattr("index.segments.MAX_DEAD_SHARE", 1.0)
    before = names(store)
    del shelf.texts["ferry"]
    sync(store, [shelf], embedder, remove_many=True, server=at)
    assert names(store) == before
    assert sorted(found(on_server, FERRY)[0]) == ["crane", "mole"]


# One writer, several stores -------------------------------------------------------------------------------------------


def test_a_changed_article_gets_another_collection_and_the_unused_are_removed(on_server, store, shelf, embedder, at):
    (first,) = names(store)
    shelf.texts["ferry"] = "The ferry sails at dusk."
    sync(store, [shelf], embedder, server=at)
    assert there(at, store) == names(store)
    assert first not in names(store)
    assert found(on_server, "dusk")[0][0] == "ferry"


def test_a_reader_whose_collection_is_gone_answers_from_the_catalog(on_server, store, shelf, embedder, at, caplog):
    vector = embedder.embed_question(FERRY)
    with on_server.view() as view:
        view.open()
        shelf.texts = {"dock": "A dock and a quay."}
        sync(store, [shelf], embedder, remove_many=True, server=at)
        assert view.hits(view.dense(vector, 1), {})[0].article.source == "ferry"
    (warned,) = said(caplog)
    assert warned.endswith("answering from the catalog's vectors")
    assert found(on_server, "quay")[0] == ["dock"]


def test_the_collections_of_another_store_stay(on_server, store, embedder, at, tmp_path):
    other = tmp_path / "other"
    sync(other, [Shelf(dock="A dock.")], embedder, server=at)
    assert there(at, other) == names(other)
    sync(other, [Shelf(dock="Another dock.")], embedder, server=at)
    assert there(at, store) == names(store)
    assert found(on_server, FERRY)[0][0] == "ferry"


def test_a_copy_of_a_store_that_writes_leaves_what_the_first_one_uses(on_server, store, embedder, at, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(store, other)
    shutil.copystat(store / served.MARK, other / served.MARK)
    sync(other, [Shelf(dock="A dock.")], embedder, remove_many=True, server=at)
    assert there(at, store) == names(store)
    assert there(at, other) == names(other)
    assert found(on_server, FERRY)[0][0] == "ferry"
    assert check(store, server=at).faults == ()


def test_collections_of_others_are_not_looked_into(on_server, store, shelf, embedder, at):
    theirs = served.Collections(at, 10)
    theirs.create("segment-of-somebody", 3, {"about": "else"})
    shelf.texts["dock"] = "A dock."
    sync(store, [shelf], embedder, server=at)
    assert "segment-of-somebody" in {name for name, _ in theirs.all()}
    theirs.remove("segment-of-somebody")


# Switching -----------------------------------------------------------------------------------------------------------


def test_segments_move_to_the_server_and_back_without_embedding(indexed, store, shelf, embedder, at):
    expected = nearest(indexed, FERRY)
    embedder.embedded.clear()
    for server in (at, None, at):
        sync(store, [shelf], embedder, server=server)
        assert [served.on_server(row.checksums) for row in segments(store)] == [server is not None]
        index = Index(store, embedder, server)
        assert [number for number, _ in nearest(index, FERRY)] == [number for number, _ in expected]
        assert check(store, server=server).faults == ()
    assert embedder.embedded == []
    assert there(at, store) == names(store)  # those it had before it was in files have gone when it came again
    assert list((store / SEGMENTS).iterdir()) == []


def test_a_sync_with_nothing_new_leaves_the_collections(on_server, store, shelf, embedder, at):
    before = segments(store)
    sync(store, [shelf], embedder, server=at)
    assert segments(store) == before


def test_another_server_is_filled_by_the_next_sync(on_server, store, shelf, embedder, own):
    embedder.embedded.clear()
    sync(store, [shelf], embedder, server=own.server)
    assert there(own.server, store) == names(store)
    assert embedder.embedded == []


def test_without_the_setting_the_catalog_answers(on_server, store, embedder, caplog):
    index = Index(store, embedder)
    for _ in range(2):
        assert found(index, FERRY)[0][0] == "ferry"
    (warned,) = said(caplog)
    assert "is on a Chroma server, and the settings name none" in warned


# The server is away ---------------------------------------------------------------------------------------------------


def test_while_the_server_is_away_the_catalog_answers_and_then_the_server_again(
    store, shelf, embedder, own, monkeypatch, caplog
):
    sync(store, [shelf], embedder, server=own.server)
    index = Index(store, embedder, own.server)
    there, score = nearest(index, FERRY), dict(nearest(index, FERRY))
    monkeypatch.setattr(served, "AGAIN", 0.0)
    own.kill()
    for _ in range(3):
        assert [number for number, _ in nearest(index, FERRY)] == [number for number, _ in there]
        assert dict(nearest(index, FERRY)) == pytest.approx(score, abs=1e-5)
    (warned,) = said(caplog)
    assert warned.startswith(f"The Chroma server at {own.address} does not answer (")
    assert warned.endswith("; answering from the catalog's vectors until it does")
    caplog.clear()
    own.start()
    assert nearest(index, FERRY) == there
    assert said(caplog) == [f"The Chroma server at {own.address} answers again"]
    assert found(Index(store, embedder, own.server), FERRY)[0][0] == "ferry"


def test_a_server_that_hangs_is_waited_for_once(store, shelf, embedder, own, monkeypatch):
    monkeypatch.setattr(served, "ASKED", 0.5)
    sync(store, [shelf], embedder, server=own.server)
    index, tries = Index(store, embedder, own.server), []
    first = nearest(index, FERRY)
    ask = served.ServedSegment._nearest
    monkeypatch.setattr(served.ServedSegment, "_nearest", lambda *given: tries.append(1) or ask(*given))
    own.freeze()
    for _ in range(5):
        assert [number for number, _ in nearest(index, FERRY)] == [number for number, _ in first]
    assert len(tries) == 1


def test_what_is_asked_ahead_of_a_server_that_hangs_is_not_waited_for_again(store, shelf, embedder, own, monkeypatch):
    monkeypatch.setattr(served, "ASKED", 0.5)
    sync(store, [shelf], embedder, server=own.server)
    index, tries = Index(store, embedder, own.server), []
    first, vector = nearest(index, FERRY), embedder.embed_question(FERRY)
    ask = served.ServedSegment._nearest
    monkeypatch.setattr(served.ServedSegment, "_nearest", lambda *given: tries.append(1) or ask(*given))
    own.freeze()
    with ThreadPoolExecutor(1) as beside, index.view() as view:
        view.look_ahead(beside, lambda: vector, 10)
        assert [number for number, _ in view.dense(vector, 10)] == [number for number, _ in first]
    assert len(tries) == 1


class Between(BaseHTTPRequestHandler):
    """Hands on what is asked, and fails as Chroma does `fails` times, where a path ends so."""

    def _answer(self):
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        if urlsplit(self.path).path.endswith(self.server.path) and self.server.fails:
            self.server.fails -= 1
            status, said = 500, b'{"error": "InternalError", "message": "the disk is full"}'
        else:
            asked = http.client.HTTPConnection(urlsplit(self.server.behind).netloc, timeout=PATIENCE)
            asked.request(self.command, self.path, body, {"Content-Type": "application/json"})
            with asked.getresponse() as response:
                status, said = response.status, response.read()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - the library names them

    def log_message(self, *_):
        pass


@pytest.fixture
def failing(at):
    """The server behind one that fails when it is told to."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Between) as between:
        between.behind, between.path, between.fails = at.address, "", 0
        between.server = Server(f"http://127.0.0.1:{between.server_port}")
        threading.Thread(target=between.serve_forever, daemon=True).start()
        yield between
        between.shutdown()


def test_a_server_that_fails_once_is_asked_again(store, shelf, embedder, failing, monkeypatch, caplog):
    sync(store, [shelf], embedder, server=failing.server)
    monkeypatch.setattr(served, "AGAIN", 0.0)
    index, tries = Index(store, embedder, failing.server), []
    there = nearest(index, FERRY)
    failing.path, failing.fails = "/query", 1
    assert [number for number, _ in nearest(index, FERRY)] == [number for number, _ in there]
    (warned,) = said(caplog)
    assert "has failed (" in warned
    assert "the disk is full" in warned
    ask = served.ServedSegment._nearest
    monkeypatch.setattr(served.ServedSegment, "_nearest", lambda *given: tries.append(1) or ask(*given))
    assert nearest(index, FERRY) == there
    assert len(tries) == 1


def test_a_collection_is_made_again_only_when_the_server_fails_each_time(store, shelf, embedder, failing, monkeypatch):
    monkeypatch.setattr(served, "BETWEEN", 0.0)
    sync(store, [shelf], embedder, server=failing.server)
    before = names(store)
    failing.path = "/count"
    failing.fails = 1
    sync(store, [shelf], embedder, server=failing.server)
    assert (names(store), failing.fails) == (before, 0)
    failing.fails = 1
    assert check(store, server=failing.server).faults == ()
    assert failing.fails == 0
    failing.fails = served.TRIES
    (fault,) = check(store, server=failing.server).faults
    assert "is damaged (" in fault.problem
    assert "the disk is full" in fault.problem
    failing.fails = served.TRIES
    sync(store, [shelf], embedder, server=failing.server)
    assert names(store) != before
    assert check(store, server=failing.server).faults == ()


def test_a_link_tries_again_after_a_while():
    clock, tries = Clock(), []
    link = served.Link(Server("http://127.0.0.1:1"), clock)

    def away():
        tries.append(clock.now)
        raise ServerAway("It is away")

    for step in (0, served.AGAIN - 1, 1, 0):
        clock.now += step
        with pytest.raises(ServerAway):
            link.ask(away)
    assert tries == [1000.0, 1000.0 + served.AGAIN]
    clock.now += served.AGAIN
    assert link.ask(lambda: "here") == "here"
    assert link.away == ""


def test_a_sync_while_the_server_is_away_says_so_and_loses_nothing(on_server, store, shelf, embedder, at, own):
    own.kill()
    texts, before = live(store), segments(store)
    shelf.texts["dock"] = "A dock was built."
    with pytest.raises(
        ServerAway, match=rf"The Chroma server at {own.address} does not answer \(.*refused.*\)"
    ) as away:
        sync(store, [shelf], embedder, server=own.server)
    assert (away.value.exit_code, bool(away.value.hint)) == (1, True)
    assert (live(store), segments(store)) == (texts, before)
    own.start()
    sync(store, [shelf], embedder, server=own.server)
    assert found(Index(store, embedder, own.server), "dock")[0][0] == "dock"


def test_a_server_that_dies_while_it_is_filled_costs_no_embedding(store, shelf, embedder, own, monkeypatch):
    monkeypatch.setattr(served, "BATCH", 1)
    vectors, asked = Catalog.vectors, []

    def counted(catalog, numbers):
        asked.append(numbers)
        if len(asked) == 3:
            own.kill()
        return vectors(catalog, numbers)

    monkeypatch.setattr(Catalog, "vectors", counted)
    with pytest.raises(ServerAway):
        sync(store, [shelf], embedder, server=own.server)
    assert segments(store) == []
    assert len(embedder.embedded) == 3
    own.start()
    sync(store, [shelf], embedder, server=own.server)
    assert len(embedder.embedded) == 3
    assert there(own.server, store) == names(store)
    assert found(Index(store, embedder, own.server), FERRY)[0][0] == "ferry"
    assert check(store, server=own.server).faults == ()


KILLED = """
import os, sys
from pathlib import Path
sys.path[:0] = {paths!r}
from conftest import Shelf, WordEmbedder
from index import served
from index.server import Server
from index.sync import sync
served._fault = lambda *_: os._exit(9)
sync(Path({store!r}), [Shelf(ferry="The ferry sails at dusk.")], WordEmbedder(), server=Server({address!r}))
"""


def test_a_sync_that_is_killed_leaves_a_collection_that_nobody_asks(on_server, store, shelf, embedder, at):
    texts, before = live(store), names(store)
    script = KILLED.format(paths=[str(ROOT), str(ROOT / "tests")], store=str(store), address=at.address)
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert ran.returncode == 9, ran.stderr
    assert (live(store), names(store)) == (texts, before)
    assert len(there(at, store) - before) == 1  # filled, and not published
    assert found(Index(store, embedder, at), "dusk")[0] == found(on_server, "dusk")[0]
    sync(store, [shelf], embedder, server=at)
    assert there(at, store) == names(store)


# Whether it is sound --------------------------------------------------------------------------------------------------


def collection(store, server):
    (name,) = names(store)
    return served.Collections(server, 10).open(name)


def drop(store, server):
    served.Collections(server, 10).remove(*names(store))


def forget_one(store, server):
    collection(store, server).delete(ids=["2"])


def alter_one(store, server):
    kept = collection(store, server)
    kept.update(ids=["1"], embeddings=kept.get(ids=["2"], include=["embeddings"])["embeddings"])


def put_another(store, server):
    drop(store, server)
    (name,) = names(store)
    served.Collections(server, 10).create(name, 3, {"about": "another"})


def put_another_passage(store, server):
    kept = collection(store, server)
    kept.delete(ids=["2"])
    kept.add(ids=["99"], embeddings=kept.get(ids=["1"], include=["embeddings"])["embeddings"])


DAMAGE = {
    drop: "does not exist",
    forget_one: "holds 2 of 3 passages",
    alter_one: "has other vectors than the catalog",
    put_another: "is another than was published",
    put_another_passage: "lacks passages, the first is number 2",
}


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_a_check_finds_what_is_not_as_published_and_repairs_it(on_server, store, embedder, at, damage):
    assert check(store, server=at).faults == ()
    embedder.embedded.clear()
    damage(store, at)
    (fault,) = check(store, server=at).faults
    assert DAMAGE[damage] in fault.problem
    assert "check --repair" in fault.step
    assert check(store, repair=True, server=at).sound
    assert check(store, server=at).faults == ()
    assert embedder.embedded == []
    assert found(Index(store, embedder, at), FERRY)[0][0] == "ferry"
    assert there(at, store) == names(store)


@pytest.mark.parametrize("damage", [drop, forget_one, put_another], ids=lambda damage: damage.__name__)
def test_a_collection_that_is_gone_or_short_is_made_again_by_the_next_sync(
    on_server, store, shelf, embedder, at, damage
):
    (before,) = names(store)
    damage(store, at)
    embedder.embedded.clear()
    sync(store, [shelf], embedder, server=at)
    assert before not in names(store)
    assert embedder.embedded == []
    assert check(store, server=at).faults == ()


def test_a_check_without_the_server_says_that_it_does_not_answer(on_server, store):
    away = Server(f"http://127.0.0.1:{free_port()}")
    for repair in (False, True):
        (fault,) = check(store, repair, away).faults
        assert fault.problem.startswith(f"The Chroma server at {away.address} does not answer (")
        assert not fault.repaired


def test_a_check_does_not_wait_long_for_a_server_that_hangs(store, shelf, embedder, own, monkeypatch):
    sync(store, [shelf], embedder, server=own.server)
    waited = []
    made = served.Collections
    monkeypatch.setattr(served, "Collections", lambda at, seconds: waited.append(seconds) or made(at, seconds))
    monkeypatch.setattr(served, "ASKED", 0.5)
    own.freeze()
    (fault,) = check(store, server=own.server).faults
    assert "does not answer (" in fault.problem
    assert waited == [0.5]


def test_a_check_without_the_server_finds_and_repairs_what_is_in_the_store(store, embedder, at, away, monkeypatch):
    monkeypatch.setattr("index.segments.segments_to_merge", lambda *_: [])
    sync(store, [Shelf(ferry="The ferry sails at noon.")], embedder, server=at)
    sync(store, [Shelf(ferry="The ferry sails at noon.", dock="A dock was built.")], embedder)
    one, other = sorted(segments(store), key=lambda row: served.on_server(row.checksums))
    shutil.rmtree(store / SEGMENTS / one.name)
    for repair in (False, True):
        damaged, unanswered = check(store, repair, away).faults
        assert (damaged.problem.startswith(f"The vector index {one.name} is damaged"), damaged.repaired) == (
            True,
            repair,
        )
        assert "does not answer (" in unanswered.problem
    assert other.name in names(store)
    assert check(store, server=at).faults == ()


def test_a_check_without_the_setting_names_it_and_a_repair_puts_the_segment_in_the_store(on_server, store, embedder):
    (fault,) = check(store).faults
    assert "is on a Chroma server, and the settings name none" in fault.problem
    assert check(store, repair=True).sound
    assert check(store).faults == ()
    assert found(Index(store, embedder), FERRY)[0][0] == "ferry"


def test_what_is_built_is_compared_before_it_is_published(store, shelf, embedder, at, monkeypatch):
    monkeypatch.setattr(served, "_nearest", lambda *_: [])
    with pytest.raises(DamagedIndex, match="misses 3 of 3 probes"):
        sync(store, [shelf], embedder, server=at)
    monkeypatch.undo()
    assert segments(store) == []
    sync(store, [shelf], embedder, server=at)
    assert there(at, store) == names(store)


# Removing, rolling back, purging --------------------------------------------------------------------------------------


def test_a_rollback_and_a_purge_keep_to_the_server(on_server, store, shelf, embedder, at):
    shelf.texts = {"mole": shelf.texts["mole"], "dock": "A dock was built."}
    sync(store, [shelf], embedder, remove_many=True, server=at)
    roll_back(store, at)
    assert found(on_server, FERRY)[0][0] == "ferry"
    assert check(store, server=at).faults == ()
    purge(store, at)
    assert check(store, server=at).faults == ()
    assert there(at, store) == names(store)


def test_an_article_is_taken_out_and_brought_back_while_the_server_is_away(store, embedder, at, tmp_path, caplog):
    for name in ("ferry", "mole"):
        (tmp_path / f"{name}.txt").write_text(f"The {name} is old.")
    sync_paths(store, [tmp_path / "ferry.txt", tmp_path / "mole.txt"], embedder, server=at)
    away = Server(f"http://127.0.0.1:{free_port()}")
    remove(store, [tmp_path / "ferry.txt"], away)
    assert list(live(store)) == [str(tmp_path / "mole.txt")]
    assert any(line.endswith("segments are merged by the next sync") for line in said(caplog))
    roll_back(store, away)
    assert len(live(store)) == 2
    assert check(store, server=at).faults == ()


@pytest.fixture
def away():
    """Where no server answers."""
    return Server(f"http://127.0.0.1:{free_port()}")


def test_a_twin_takes_the_place_of_what_is_taken_out_while_the_server_is_away(store, embedder, at, away, tmp_path):
    first, twin = tmp_path / "a.txt", tmp_path / "b.txt"
    for file in (first, twin):
        file.write_text("The ferry is old.")
    sync_paths(store, [first, twin], embedder, server=at)
    remove(store, [first], away)
    assert list(live(store)) == [str(twin)]
    assert found(Index(store, embedder, at), FERRY)[0] == [str(twin)]
    sync_paths(store, [twin], embedder, server=at)
    assert there(at, store) == names(store)
    assert list((store / SEGMENTS).iterdir()) == []


def test_a_run_that_merged_is_rolled_back_while_the_server_is_away(on_server, store, shelf, embedder, at, away):
    shelf.texts = {"mole": shelf.texts["mole"], "dock": "A dock was built."}
    sync(store, [shelf], embedder, remove_many=True, server=at)
    roll_back(store, away)
    assert sorted(live(store)) == ["crane", "ferry", "mole"]
    assert found(on_server, FERRY)[0][0] == "ferry"
    assert check(store, server=at).faults == ()


def test_a_purge_while_the_server_is_away_erases_the_text(store, shelf, embedder, at, away):
    shelf.texts["secret"] = "The password of the harbourmaster is xyzzyplugh."
    sync(store, [shelf], embedder, server=at)
    del shelf.texts["secret"]
    sync(store, [shelf], embedder, remove_many=True, server=at)
    assert (purge(store, away).erased, b"xyzzyplugh" in bytes_of(store)) == (1, False)
    assert check(store, server=at).faults == ()
    sync(store, [shelf], embedder, server=at)
    assert there(at, store) == names(store)


def test_a_purge_that_cannot_make_a_segment_has_erased_the_text(store, shelf, embedder, at, monkeypatch):
    monkeypatch.setattr("index.segments.MAX_DEAD_SHARE", 1.0)
    shelf.texts["secret"] = "The password of the harbourmaster is xyzzyplugh."
    sync(store, [shelf], embedder, server=at)
    del shelf.texts["secret"]
    sync(store, [shelf], embedder, remove_many=True, server=at)
    monkeypatch.setattr(served, "_nearest", lambda *_: [])
    with pytest.raises(DamagedIndex, match="misses 3 of 3 probes"):
        purge(store, at)
    assert b"xyzzyplugh" not in bytes_of(store)


# What is sent ---------------------------------------------------------------------------------------------------------


class Echo(BaseHTTPRequestHandler):
    """Refuses everything, and repeats what it was sent."""

    def do_GET(self):
        self.server.seen.append(dict(self.headers))
        self.send_response(401)
        self.end_headers()
        self.wfile.write(f"no entry for {self.headers['authorization']}".encode())

    def log_message(self, *_):
        pass


def test_a_token_is_sent_and_never_told(caplog):
    caplog.set_level(logging.DEBUG)
    with HTTPServer(("127.0.0.1", 0), Echo) as http:
        http.seen = []
        threading.Thread(target=http.serve_forever, daemon=True).start()
        server = Server(f"http://127.0.0.1:{http.server_port}", token="s3cret")
        with pytest.raises(ServerAway) as caught:
            served.require(server)
        link = served.Link(server)
        segment = served.opened(link, "segment-a", {served.ID: "x"}, 3)
        with pytest.raises(ServerAway):
            segment.nearest(np.zeros(3, np.float32), 1)
        http.shutdown()
    sent = {name.lower(): value for name, value in http.seen[0].items()}
    assert (sent["authorization"], sent["x-chroma-token"]) == ("Bearer s3cret", "s3cret")
    assert "s3cret" not in f"{caught.value} {caught.value.hint} {link.away}"
    assert "s3cret" not in caplog.text
    assert "does not answer (what it says has the token in it)" in str(caught.value)


def test_a_server_on_this_machine_is_not_asked_through_a_proxy(at, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    served.Collections(at, 9.5).require()


def test_each_request_has_an_end(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = Server(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(ServerAway, match="timed out"):
            served.Collections(server, 0.1).require()


def test_a_database_that_is_not_there_is_named(store, shelf, embedder, at):
    with pytest.raises(FootnoteError, match="nowhere") as caught:
        sync(store, [shelf], embedder, server=Server(at.address, database="nowhere"))
    assert caught.value.exit_code == 1


def test_a_database_of_its_own_is_used(store, shelf, embedder, at):
    api = served.Collections(at, 10)._api
    api.create_database("papers", tenant="default_tenant")
    server = Server(at.address, database="papers")
    sync(store, [shelf], embedder, server=server)
    assert there(server, store) == names(store)
    assert there(at, store) == set()
    assert found(Index(store, embedder, server), FERRY)[0][0] == "ferry"


def test_the_command_line_ends_with_a_sentence_when_the_server_is_away(tmp_path):
    (tmp_path / "a.md").write_text("# A\n\nThe ferry sails at noon.")
    environ = os.environ | {"FOOTNOTE_CHROMA": f"http://127.0.0.1:{free_port()}", "FOOTNOTE_CHROMA_TOKEN": "s3cret"}
    command = [sys.executable, "-m", "index", "sync", str(tmp_path / "a.md"), "--store", str(tmp_path / "store")]
    ran = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[0].startswith(f"The Chroma server at {environ['FOOTNOTE_CHROMA']} does not answer (")
    assert "s3cret" not in ran.stdout + ran.stderr


def test_a_purge_says_what_the_server_keeps(on_server, store, at, monkeypatch, capsys):
    monkeypatch.setenv("FOOTNOTE_CHROMA", at.address)
    assert main(["purge", "--store", str(store)]) == 0
    assert "A Chroma server keeps the files of what it has removed" in capsys.readouterr().out


def test_the_command_line_refuses_an_address_that_others_reach(tmp_path):
    environ = os.environ | {"FOOTNOTE_CHROMA": "http://192.0.2.1:8000"}
    command = [sys.executable, "-m", "index", "sync", str(tmp_path), "--store", str(tmp_path / "store")]
    ran = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert ran.returncode == 2
    assert "CVE-2026-45829" in ran.stderr
    assert not (tmp_path / "store").exists()
