import shutil

import pytest
from conftest import found, live, rewrite

from index.audit import Audit
from index.catalog import Catalog
from index.check import check
from index.database import FILE_NAME
from index.errors import FootnoteError
from index.search import Index
from index.segments import SEGMENTS
from index.sync import sync
from index.writer import writing

FERRY = "When does the ferry sail?"


def segment(store):
    return next((store / SEGMENTS).iterdir())


def flip_bytes(store):
    file = next(segment(store).rglob("data_level0.bin"))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)


def remove_a_file(store):
    next(segment(store).rglob("*.sqlite3")).unlink()


def remove_the_directory(store):
    shutil.rmtree(segment(store))


def sql(statement):
    return lambda store: rewrite(store, statement)


DAMAGE = {
    "flipped bytes": (flip_bytes, "The vector index segment-"),
    "a file is gone": (remove_a_file, "The vector index segment-"),
    "a directory is gone": (remove_the_directory, "The vector index segment-"),
    "no segment": (
        sql("UPDATE passages SET segment = NULL"),
        "The vector index segment-",
        "3 passages in no vector index",
    ),
    "a segment that is none": (
        sql("UPDATE passages SET segment = 99 WHERE number = 1"),
        "The vector index segment-",
        "1 passage in no vector index",
    ),
    "full text is short": (sql("DELETE FROM passages_text WHERE rowid = 1"), "The full text differs from 1 passage"),
    "full text says else": (sql("UPDATE passages_text SET body = 'x'"), "The full text differs from 3 passages"),
    "full text rows are gone": (sql("DELETE FROM passages_text_content"), "The full text differs from 3 passages"),
    "full text words are gone": (sql("DELETE FROM passages_text_data WHERE id > 10"), "The full text is damaged"),
    "stray full text": (
        sql("INSERT INTO passages_text (rowid, body) VALUES (99, 'x')"),
        "The full text differs from 1 passage",
    ),
}


def test_a_new_index_is_sound(indexed, store):
    report = check(store)
    assert (report.sound, report.faults) == (True, ())
    assert report.searched == indexed.overview()


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_named_and_repaired_without_embedding(indexed, store, embedder, damage):
    hurt, *problems = DAMAGE[damage]
    hurt(store)
    embedder.embedded.clear()
    report = check(store)
    assert [fault.problem[: len(p)] for fault, p in zip(report.faults, problems, strict=True)] == problems
    assert "--repair" in report.faults[0].step
    repaired = check(store, repair=True)
    assert repaired.sound
    assert [fault.problem for fault in repaired.faults] == [fault.problem for fault in report.faults]
    assert check(store).faults == ()
    assert embedder.embedded == []
    dense, lexical = found(Index(store, embedder), FERRY)
    assert (dense[0], lexical) == ("ferry", ["ferry"])
    assert len(list((store / SEGMENTS).iterdir())) == 1


@pytest.mark.parametrize("damage", ["flipped bytes", "a file is gone", "a directory is gone"])
def test_a_reader_keeps_answering_before_and_after_the_repair(indexed, store, embedder, damage):
    assert found(indexed, FERRY)[0][0] == "ferry"
    DAMAGE[damage][0](store)
    newcomer = Index(store, embedder)
    for reader in (indexed, newcomer):
        assert found(reader, FERRY)[0][0] == "ferry"
    check(store, repair=True)
    for reader in (indexed, newcomer):
        assert found(reader, FERRY)[0][0] == "ferry"


def test_a_missing_vector_is_left_to_sync(indexed, store, shelf, embedder):
    sql("DELETE FROM vectors WHERE key = (SELECT vector FROM passages WHERE number = 1)")(store)
    flip_bytes(store)
    report = check(store, repair=True)
    assert not report.sound
    assert report.faults[0].problem == "1 passage without a vector"
    assert report.faults[0].step == "Run `python -m index sync` to compute them."
    assert report.faults[1].repaired
    assert sync(store, [shelf], embedder).embedded == 1
    assert check(store).faults == ()


@pytest.mark.parametrize("vector", ["zeroblob(256)", "x'00'", "substr(vector, 1, 252)", "'words'", "randomblob(256)"])
def test_a_vector_that_no_model_gave_is_computed_by_the_sync_after_a_repair(indexed, store, shelf, embedder, vector):
    sql(f"UPDATE vectors SET vector = {vector} WHERE key = (SELECT vector FROM passages WHERE number = 2)")(store)
    report = check(store)
    assert [(fault.problem, fault.repaired) for fault in report.faults] == [("1 vector damaged", False)]
    repaired = check(store, repair=True)
    assert repaired.faults[0].step == "They were taken out; run `python -m index sync` to compute them again."
    assert not repaired.sound
    assert sync(store, [shelf], embedder).embedded == 1
    assert check(store).faults == ()
    assert sorted(found(Index(store, embedder), FERRY)[0]) == ["crane", "ferry", "mole"]


def test_a_passage_said_to_stand_in_another_segment_is_named_and_repaired(indexed, store, shelf, embedder):
    shelf.texts["quay"] = "A quay was built."
    sync(store, [shelf], embedder)
    sql("UPDATE passages SET segment = 2 WHERE number = 1")(store)
    problems = [fault.problem for fault in check(store).faults]
    assert len(problems) == 2
    assert all(problem.endswith(" is damaged (1 passage too many or missing)") for problem in problems)
    assert check(store, repair=True).sound
    assert check(store).faults == ()
    dense, _ = found(Index(store, embedder), "The mole fell in August.")
    assert dense[0] == "mole"
    assert len(set(dense)) == 3


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE articles SET text = 'The ferry sails at ten. A ticket costs a crown.' WHERE source = 'ferry'",
        "UPDATE articles SET text = 'The' WHERE source = 'ferry'",
        "UPDATE articles SET pages = '[' WHERE source = 'ferry'",
        'UPDATE passages SET "end" = "end" - 1 WHERE article = (SELECT number FROM articles WHERE source = \'ferry\')',
        "UPDATE passages SET vector = (SELECT min(key) FROM vectors WHERE key <> passages.vector) WHERE article = "
        "(SELECT number FROM articles WHERE source = 'ferry')",
    ],
)
def test_an_altered_article_is_read_again_by_the_sync_after_a_repair(indexed, store, shelf, embedder, change):
    sql(change)(store)
    report = check(store)
    assert report.faults[0].problem == "1 article not as stored, the first is ferry"
    assert not check(store, repair=True).sound
    assert sync(store, [shelf], embedder).changed == 1
    assert live(store) == shelf.texts
    assert check(store).faults == ()


def test_looking_makes_no_store(store):
    for repair in (False, True):
        with pytest.raises(FootnoteError, match="There is no index in"):
            check(store, repair)
    assert not store.exists()


def test_looking_changes_nothing(indexed, store):
    flip_bytes(store)
    generation = indexed.overview().generation
    check(store)
    assert indexed.overview().generation == generation


def test_what_a_running_sync_has_staged_is_no_damage(indexed, store, shelf, embedder):
    shelf.texts |= {"quay": "A quay was built.", "ferry": "The ship leaves at dawn."}
    reports = []
    sync(store, [shelf], embedder, lambda *_: reports.append(check(store)))
    assert len(reports) > 5
    assert all(report.sound for report in reports)


def test_a_check_sees_one_generation_whatever_is_published_meanwhile(indexed, store, shelf, embedder, monkeypatch):
    shelf.texts["ferry"] = "The ship leaves at dawn."
    as_stored = Audit._as_stored

    def then_published(catalog, *row):
        if shelf.texts["ferry"] not in live(store).values():
            sync(store, [shelf], embedder)
        return as_stored(catalog, *row)

    monkeypatch.setattr(Audit, "_as_stored", then_published)
    assert check(store).faults == ()
    assert live(store) == shelf.texts


def test_looking_waits_for_no_writer(indexed, store):
    writer = Catalog(store)
    with writer.transaction():
        assert check(store).faults == ()
    writer.close()


def test_a_repair_waits_for_no_other_writer(indexed, store):
    with writing(store), pytest.raises(FootnoteError, match="is writing to the index"):
        check(store, repair=True)


def test_a_damaged_catalog_says_to_start_anew(indexed, store):
    catalog = Catalog(store)
    catalog._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    catalog.close()
    data = bytearray((store / FILE_NAME).read_bytes())
    for at in range(4096, len(data), 4096):
        data[at : at + 64] = b"\xa5" * 64
    (store / FILE_NAME).write_bytes(data)
    for repair, step in ((False, "Run `python -m index check --repair`"), (True, "Move the store away and run")):
        hints = []
        try:
            hints = [fault.step for fault in check(store, repair).faults]
        except FootnoteError as error:
            hints = [error.hint]
        assert [hint[: len(step)] for hint in hints] == [step]


def test_a_file_that_is_no_catalog_says_to_start_anew(store):
    store.mkdir()
    (store / FILE_NAME).write_text("This is a text and no database, and it is long enough to be told from one." * 9)
    with pytest.raises(FootnoteError, match="is damaged") as caught:
        check(store)
    assert "Move the store away" in caught.value.hint
