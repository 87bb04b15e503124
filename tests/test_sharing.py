"""One index of several machines: each test's machines are stores with folders of their own, over one PostgreSQL."""

import contextlib
import json
import platform
import re
import shutil
import threading
import time

import pytest
from conftest import WordEmbedder, bytes_of, live

from index import __main__ as command_line
from index import replica
from index.added import folder as added_in
from index.catalog import Catalog
from index.check import check
from index.database import FILE_NAME
from index.errors import FootnoteError, UsageError
from index.replica import NOTE, claim, note_of
from index.search import Index
from index.segments import SEGMENTS
from index.sharing import end, fetch_newest, keep_up, share
from index.sync import sync_followed, sync_paths
from index.upkeep import purge, remove, roll_back
from index.writer import writing
from rag.settings import Settings, build


class Machine:
    """A store and a folder of articles, named by a word each."""

    def __init__(self, place):
        self.store, self.folder, self.embedder = place / "store", place / "articles", WordEmbedder()
        self.folder.mkdir(parents=True)

    def write(self, **texts):
        for name, text in texts.items():
            (self.folder / f"{name}.txt").write_text(text)

    def sync(self, **texts):
        self.write(**texts)
        return sync_paths(self.store, [self.folder], self.embedder, remove_many=True)

    def texts(self):
        return sorted(live(self.store).values())

    def found(self, question):
        with Index(self.store, self.embedder).view() as view:
            vector = self.embedder.embed_question(question)
            return [hit.article.source.rpartition("/")[2] for hit in view.hits(view.dense(vector, 1), {})]


@pytest.fixture
def machines(tmp_path, database, monkeypatch):
    """The first has two articles and has shared its index, the second is a copy of it."""
    monkeypatch.setenv("FOOTNOTE_DATABASE", database)
    first, second = Machine(tmp_path / "first"), Machine(tmp_path / "second")
    first.sync(mole="The mole fell in the storm.", ferry="The ferry sails at noon.")
    share(first.store)
    share(second.store)
    return first, second


def going(inside, postgres):
    """From now on the database goes when something was written, before it is handed on."""
    once, patch = replica.hand_on, inside.enter_context(pytest.MonkeyPatch.context())

    def late(*given):
        with postgres.stopped():
            once(*given)

    patch.setattr("index.replica.hand_on", late)


def edition(machine):
    return note_of(machine.store).edition


def test_a_copy_answers_as_the_index_it_was_made_of(machines):
    first, second = machines
    assert second.texts() == first.texts()
    assert second.found("When does the ferry sail?") == ["ferry.txt"]
    assert second.embedder.embedded == []
    assert check(second.store).faults == ()
    assert edition(first) == edition(second) == 1


def test_what_one_machine_indexes_is_fetched_by_the_other_and_nothing_is_embedded_twice(machines):
    first, second = machines
    second.sync(dock="A dock was built of oak.")
    assert first.found("dock of oak") != ["dock.txt"]
    assert fetch_newest(first.store)
    assert not fetch_newest(first.store)
    assert first.found("dock of oak") == ["dock.txt"]
    assert len(first.texts()) == 3
    assert len(second.embedder.embedded) == 1
    assert len(first.embedder.embedded) == 2
    assert check(first.store).faults == check(second.store).faults == ()


def test_both_write_in_turn_and_each_begins_with_what_the_other_wrote(machines):
    first, second = machines
    second.sync(dock="A dock was built of oak.")
    first.sync(buoy="A buoy was lost.")  # without having fetched
    assert len(first.texts()) == 4
    fetch_newest(second.store)
    assert second.texts() == first.texts()
    remove(second.store, [first.folder / "mole.txt"])
    fetch_newest(first.store)
    assert "The mole fell in the storm." not in first.texts()
    roll_back(first.store)
    fetch_newest(second.store)
    assert second.texts() == first.texts()
    assert "The mole fell in the storm." in second.texts()
    assert [path.name for path in (first.store / SEGMENTS).iterdir()] == [
        path.name for path in (second.store / SEGMENTS).iterdir()
    ]


def test_while_one_machine_writes_another_is_told_so_and_may_read(machines):
    first, second = machines
    with writing(first.store):
        with (
            pytest.raises(FootnoteError, match=re.escape(f"Another machine ({platform.node()}) is writing")),
            writing(second.store),
        ):
            pass
        assert second.found("When does the ferry sail?") == ["ferry.txt"]
        assert not fetch_newest(second.store)
    with writing(second.store):
        pass


def test_who_reads_goes_on_with_what_was_there_while_something_newer_comes(machines):
    first, second = machines
    index = Index(first.store, first.embedder)
    with index.view() as view:
        vector = first.embedder.embed_question("dock of oak")
        before = view.hits(view.dense(vector, 3), {})
        second.sync(dock="A dock was built of oak.")
        assert fetch_newest(first.store)
        assert view.hits(view.dense(vector, 3), {}) == before
    with index.view() as view:
        assert view.hits(view.dense(vector, 1), {})[0].article.text == "A dock was built of oak."


def test_what_changes_nothing_sends_nothing(machines):
    first, second = machines
    for _ in range(3):
        first.sync()
        with writing(second.store):
            pass
    assert edition(first) == edition(second) == replica.edition_of(replica.database_of(first.store)).edition == 1


def test_only_blocks_that_changed_are_sent(machines, postgres):
    first, _ = machines
    first.sync(**{f"n{number}": f"Note {number} says {'word ' * 900}{number}." for number in range(60)})
    before = dict(postgres.execute("SELECT number, digest FROM shared_parts WHERE file = ''"))
    written = dict(postgres.execute("SELECT number, CAST(xmin AS text) FROM shared_parts WHERE file = ''"))
    first.sync(more="One more note.")
    after = dict(postgres.execute("SELECT number, digest FROM shared_parts WHERE file = ''"))
    again = dict(postgres.execute("SELECT number, CAST(xmin AS text) FROM shared_parts WHERE file = ''"))
    same = {number for number in before if after.get(number) == before[number]}
    assert same, len(before)
    assert {number for number in same if again[number] != written[number]} == set()


def test_what_could_not_be_handed_on_is_handed_on_by_the_next_writer(machines, postgres):
    first, second = machines
    with postgres.stopped(), pytest.raises(FootnoteError, match="cannot be reached"):
        first.sync(dock="A dock was built of oak.")
    assert len(first.texts()) == 2  # nothing begins that could not be handed on
    with contextlib.ExitStack() as inside:
        first.write(dock="A dock was built of oak.")
        going(inside, postgres)
        with pytest.raises(FootnoteError, match="could not be handed on"):
            first.sync()
    assert len(first.texts()) == 3
    with writing(first.store):
        pass
    fetch_newest(second.store)
    assert second.texts() == first.texts()


def test_what_another_machine_wrote_meanwhile_is_not_written_over(machines, monkeypatch):
    first, second = machines
    monkeypatch.setattr("index.replica.writing_alone", lambda there: contextlib.nullcontext())  # the lock was lost
    with contextlib.ExitStack() as inside:
        inside.enter_context(writing(first.store)).remember("anything", "1")
        second.sync(dock="A dock was built of oak.")
        with pytest.raises(FootnoteError, match="changed by another machine meanwhile"):
            inside.close()
    first.sync()
    fetch_newest(second.store)
    assert first.texts() == second.texts()
    assert len(first.texts()) == 3


def test_a_run_that_is_stopped_hands_on_what_it_has_published(machines, monkeypatch):
    first, second = machines

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("index.sync._Run.forget", stopped)
    with pytest.raises(KeyboardInterrupt):
        first.sync(dock="A dock was built of oak.")
    fetch_newest(second.store)
    assert len(second.texts()) == 3


def test_what_is_fetched_over_keeps_its_vectors_and_the_next_run_embeds_nothing_again(machines, postgres):
    first, second = machines
    with contextlib.ExitStack() as inside:
        going(inside, postgres)
        first.write(dock="A dock was built of oak.")
        with pytest.raises(FootnoteError, match="could not be handed on"):
            first.sync()
    second.sync(buoy="A buoy was lost.")
    first.embedder.embedded.clear()
    assert fetch_newest(first.store)
    assert "A dock was built of oak." not in first.texts()
    first.sync()
    assert first.embedder.embedded == []
    fetch_newest(second.store)
    assert second.texts() == first.texts()
    assert len(first.texts()) == 4


def spoiled(store, place=8192 + 50):
    """A byte of the catalog changes on the disk."""
    with writing(store):  # nothing is in the log
        pass
    with (store / FILE_NAME).open("r+b") as file:
        file.seek(place)
        byte = file.read(1)
        file.seek(place)
        file.write(bytes([byte[0] ^ 1]))


def test_a_catalog_that_is_damaged_here_is_not_handed_on_and_is_mended_from_the_others(machines):
    first, second = machines
    second.sync(dock="A dock was built of oak.")
    fetch_newest(first.store)
    spoiled(first.store)
    with pytest.raises(FootnoteError, match="is damaged"), writing(first.store) as catalog:
        catalog.remember("anything", "1")
    assert not fetch_newest(second.store)
    assert check(second.store).faults == ()
    assert check(first.store, repair=True).sound
    assert check(first.store).faults == ()
    fetch_newest(second.store)
    assert first.texts() == second.texts()
    assert len(first.texts()) == 3


def test_a_catalog_that_cannot_even_be_opened_is_fetched_again(machines):
    first, second = machines
    with writing(first.store):
        pass
    (first.store / FILE_NAME).write_bytes(b"nothing of a catalog" * 1000)
    assert check(first.store, repair=True).sound
    assert first.texts() == second.texts()


def test_segments_that_are_not_here_stay_with_the_others_and_are_fetched(machines, tmp_path):
    first, second = machines
    shutil.rmtree(first.store / SEGMENTS)
    first.sync(dock="A dock was built of oak.")
    third = Machine(tmp_path / "third")
    share(third.store)
    assert check(third.store).faults == ()
    file = next(path for path in (second.store / SEGMENTS).rglob("*.bin"))
    file.unlink()
    assert fetch_newest(second.store)
    assert file.exists() or not file.parent.exists()
    assert check(second.store).faults == ()


def test_a_copy_that_could_not_be_made_can_be_made_later(machines, tmp_path, monkeypatch):
    first, _ = machines
    third = Machine(tmp_path / "third")

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("index.replica._fetch_catalog", full)
        with pytest.raises(FootnoteError, match="No space left"):
            share(third.store)
    assert not (third.store / NOTE).exists()
    assert share(third.store).fetched
    assert third.texts() == first.texts()


def test_no_seeds_are_indexed_where_a_shared_index_is_to_be_fetched(machines, tmp_path, caplog):
    parts = build(Settings(tmp_path / "third"))
    assert parts.begin() is None
    assert "`python -m index share` makes" in caplog.text
    assert not parts.index.exists()


def test_an_index_may_take_the_place_of_the_shared_one(machines, tmp_path):
    first, second = machines
    third = Machine(tmp_path / "third")
    third.sync(dock="A dock was built of oak.")
    assert not share(third.store, replacing=True).fetched
    with pytest.raises(FootnoteError, match="does not have the index that"):
        fetch_newest(first.store)
    fourth = Machine(tmp_path / "fourth")
    share(fourth.store)
    assert fourth.texts() == ["A dock was built of oak."]
    share(second.store, replacing=True)
    assert len(second.texts()) == 2


@pytest.mark.parametrize("repaired", [True, False])
def test_a_catalog_that_was_taken_away_is_fetched_and_not_handed_on_empty(machines, postgres, repaired):
    first, second = machines
    with writing(first.store):
        pass
    if repaired:
        (first.store / FILE_NAME).write_bytes(b"nothing of a catalog" * 1000)
        with postgres.stopped(), pytest.raises(FootnoteError, match="cannot be reached"):
            check(first.store, repair=True)
    else:
        for left in first.store.glob(f"{FILE_NAME}*"):
            left.unlink()
    first.sync(dock="A dock was built of oak.")
    fetch_newest(second.store)
    assert len(second.texts()) == 3
    assert first.texts() == second.texts()


def test_a_damaged_shared_index_is_replaced_from_a_machine_that_has_it_sound(machines, postgres, tmp_path):
    first, _ = machines
    postgres.execute("UPDATE shared_parts SET data = CAST('x' AS bytea)")
    third = Machine(tmp_path / "third")
    with pytest.raises(FootnoteError, match="not as it was written"):
        share(third.store)
    assert share(first.store, replacing=True).edition == 1
    assert share(third.store).edition == 1
    assert third.texts() == first.texts()
    assert check(third.store).faults == ()


@pytest.mark.parametrize("way", ["replaced", "ended"])
def test_places_of_other_machines_are_not_looked_at_after_it_either(machines, way):
    first, second = machines
    second.sync(dock="A dock was built of oak.")
    (first.folder / "mole.txt").unlink()
    share(second.store, replacing=True) if way == "replaced" else end(second.store)
    assert sync_followed(second.store, second.embedder, remove_many=True).gone == 0
    assert len(second.texts()) == 3


def test_of_what_was_purged_elsewhere_no_vector_comes_back(machines, monkeypatch):
    first, second = machines

    def fails(*_):
        raise OSError("anything")

    with monkeypatch.context() as patch:
        patch.setattr("index.sync._scan", fails)
        with pytest.raises(FootnoteError):
            second.sync()
    (first.folder / "mole.txt").unlink()
    first.sync()
    purge(first.store)
    second.sync(dock="A dock was built of oak.")
    fetch_newest(first.store)
    for machine in machines:
        with contextlib.closing(Catalog(machine.store)) as catalog:
            assert catalog.connection.execute("SELECT count(*) FROM vectors").fetchone()[0] == 2


def test_sharing_is_not_ended_while_a_process_writes(machines, monkeypatch):
    first, _ = machines
    monkeypatch.setattr("index.sharing.PATIENCE", 0.1)
    with writing(first.store), pytest.raises(FootnoteError, match="is writing to the index"):
        end(first.store)
    end(first.store)
    assert not fetch_newest(first.store)
    first.sync(dock="A dock was built of oak.")
    assert not (first.store / NOTE).exists()


def test_what_one_machine_follows_is_not_looked_at_by_another_unless_it_is_named_there(machines):
    first, second = machines
    first.sync(dock="A dock was built of oak.")
    (first.folder / "dock.txt").unlink()  # as if the folder of this name were another one there
    with pytest.raises(UsageError, match="follows nothing"):
        sync_followed(second.store, second.embedder)
    second.sync(buoy="A buoy was lost.")
    assert sync_followed(second.store, second.embedder).gone == 0
    assert len(second.texts()) == 4
    assert sync_paths(second.store, [first.folder], second.embedder, remove_many=True).gone == 1
    fetch_newest(first.store)
    with pytest.raises(UsageError, match="follows nothing"):
        sync_followed(first.store, first.embedder)


def test_added_files_of_two_machines_are_not_mixed_up(machines, monkeypatch):
    first, second = machines
    place = str(added_in(first.store))
    with writing(second.store) as catalog:
        claim(second.store, catalog, [place])
    with pytest.raises(UsageError, match="has added files in"), writing(first.store) as catalog:
        claim(first.store, catalog, [place])


def test_counts_are_those_of_what_was_fetched(machines, postgres):
    first, second = machines
    index = Index(first.store, first.embedder)
    assert index.overview().articles == 2
    with contextlib.ExitStack() as inside:
        going(inside, postgres)
        with pytest.raises(FootnoteError, match="could not be handed on"):
            remove(first.store, [first.folder / "mole.txt"])
    assert index.overview().articles == 1
    remove(second.store, [first.folder / "mole.txt", first.folder / "ferry.txt"])
    fetch_newest(first.store)
    assert index.overview().articles == 0


@pytest.mark.parametrize("reading", [False, True])
def test_what_is_handed_on_is_whole_also_while_the_log_cannot_be_emptied(machines, monkeypatch, reading):
    first, second = machines
    monkeypatch.setattr("index.replica.CLEARING", 10)
    with contextlib.closing(Catalog(first.store)) as reader:
        with reader.snapshot() if reading else contextlib.nullcontext():
            first.sync(dock="A dock was built of oak.")
        fetch_newest(second.store)
    assert second.texts() == first.texts()
    assert not (first.store / replica.FETCHING).exists()


def test_of_a_purged_article_no_byte_is_left_in_the_database_or_in_a_copy(machines, postgres):
    first, second = machines
    first.sync(secret="The word is xyzzyplugh.")
    fetch_newest(second.store)
    assert b"xyzzyplugh" in postgres.files()
    (first.folder / "secret.txt").unlink()
    first.sync()
    (second.store / "evals").mkdir()
    (second.store / "evals" / "run.json").write_text("xyzzyplugh")
    assert purge(first.store).whole
    fetch_newest(second.store)
    for kept in (postgres.files(), bytes_of(first.store), bytes_of(second.store)):
        assert b"xyzzyplugh" not in kept


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE shared_parts SET data = CAST('x' AS bytea) WHERE number = 1",
        "DELETE FROM shared_parts WHERE file = '' AND number = 0",
        "UPDATE shared_parts SET file = replace(file, '/', '/../../../over/') WHERE file <> ''",
    ],
)
def test_a_damaged_shared_index_is_told_and_the_copy_stays_as_it_is(machines, postgres, harm):
    first, second = machines
    first.sync(dock="A dock was built of oak.")
    before = second.texts()
    postgres.execute(harm)
    with pytest.raises(FootnoteError, match="shared index"):
        fetch_newest(second.store)
    assert second.texts() == before
    assert edition(second) == 1
    assert not list(second.store.parent.rglob("over*"))


def test_a_fetch_that_was_killed_is_begun_anew(machines):
    first, second = machines
    first.sync(dock="A dock was built of oak.")
    left = second.store / replica.FETCHING
    left.mkdir()
    (left / FILE_NAME).write_bytes(b"half")
    assert fetch_newest(second.store)
    assert second.texts() == first.texts()
    assert not left.exists()


def test_a_state_that_was_noted_too_late_is_no_harm(machines):
    first, second = machines
    old = (first.store / NOTE).read_text()
    first.sync(dock="A dock was built of oak.")
    (first.store / NOTE).write_text(old)  # killed between the database and the note
    first.sync(buoy="A buoy was lost.")
    fetch_newest(second.store)
    assert second.texts() == first.texts()
    assert len(first.texts()) == 4


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        ("UPDATE shared_index SET edition = 1", "edition 1 of the shared index"),
        ("UPDATE shared_index SET identity = 'another'", "does not have the index that"),
    ],
)
def test_a_restored_database_and_one_with_another_index_are_told_and_the_copy_stays(machines, postgres, harm, told):
    first, _ = machines
    first.sync(dock="A dock was built of oak.")
    postgres.execute(harm)
    with pytest.raises(FootnoteError, match=told):
        first.sync(buoy="A buoy was lost.")
    assert len(first.texts()) == 3


def test_without_a_database_a_copy_is_read_and_not_written(machines, monkeypatch):
    first, _ = machines
    monkeypatch.delenv("FOOTNOTE_DATABASE")
    with pytest.raises(FootnoteError, match="no database is set"):
        first.sync(dock="A dock was built of oak.")
    assert first.found("When does the ferry sail?") == ["ferry.txt"]
    end(first.store)
    assert first.sync().new == 1
    with pytest.raises(UsageError, match="is not shared"):
        end(first.store)


def test_what_cannot_be_shared_is_said_with_the_next_step(machines, tmp_path, database, postgres, monkeypatch):
    first, _ = machines
    with pytest.raises(UsageError, match="shared already"):
        share(first.store)
    third = Machine(tmp_path / "third")
    third.sync(dock="A dock was built of oak.")
    with pytest.raises(FootnoteError, match="has one of its own"):
        share(third.store)
    with pytest.raises(FootnoteError, match="There is no index in"):
        share(tmp_path / "empty", replacing=True)
    postgres.emptied()
    with pytest.raises(FootnoteError, match="none in"):
        share(tmp_path / "empty")
    assert not (tmp_path / "empty").exists()
    monkeypatch.delenv("FOOTNOTE_DATABASE")
    with pytest.raises(UsageError, match="No database is set"):
        share(third.store)


def test_a_note_that_cannot_be_read_is_said_with_the_next_step(machines):
    first, _ = machines
    (first.store / NOTE).write_text("{}")
    with pytest.raises(FootnoteError, match="not as it was written"):
        first.sync()


def test_a_copy_is_kept_up_and_what_goes_wrong_is_logged_once(machines, postgres, caplog):
    first, second = machines
    over = threading.Event()
    thread = keep_up(first.store, every=0.05, over=over)
    try:
        second.sync(dock="A dock was built of oak.")
        _until(lambda: len(first.texts()) == 3)
        with postgres.stopped():
            _until(lambda: "is not fetched" in caplog.text)
            time.sleep(0.3)
        second.sync(buoy="A buoy was lost.")
        _until(lambda: len(first.texts()) == 4)
        assert caplog.text.count("is not fetched") < 4  # at most: it stops, it begins again
    finally:
        over.set()
        thread.join()


def test_a_copy_is_kept_up_beside_a_writer_and_after_what_nobody_foresaw(machines, monkeypatch, caplog):
    first, second = machines
    over, once = threading.Event(), fetch_newest
    strange = iter([MemoryError()])

    def fetched(*given):
        for error in strange:
            raise error
        return once(*given)

    with writing(first.store):
        thread = keep_up(first.store, every=0.05, over=over)
        time.sleep(0.3)
        assert caplog.text == ""
    try:
        monkeypatch.setattr("index.sharing.fetch_newest", fetched)
        _until(lambda: "MemoryError" in caplog.text)
        second.sync(dock="A dock was built of oak.")
        _until(lambda: len(first.texts()) == 3)
    finally:
        over.set()
        thread.join()


def _until(true, seconds=30):
    end_at = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end_at
        time.sleep(0.05)


def test_the_command_line_shares_tells_and_ends(tmp_path, database, monkeypatch, capsys):
    monkeypatch.setenv("FOOTNOTE_DATABASE", database)
    first = Machine(tmp_path / "first")
    first.sync(mole="The mole fell in the storm.")

    def said(*arguments):
        code = command_line.main([*arguments, "--store", str(first.store)])
        return code, capsys.readouterr().out

    assert said("share")[1].endswith("it is the shared index from now on, edition 1.\n")
    assert "shared      edition 1" in said("status")[1]
    assert json.loads(said("status", "--json")[1])["shared"] == 1
    assert "one of its own now" in said("share", "--end")[1]
    assert "shared " not in said("status")[1]
