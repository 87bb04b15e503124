"""The walk of an article, on real Chroma and SQLite, with a bag of words for a model."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import pytest
from conftest import Shelf, WordEmbedder, found, live, resynced

from index.catalog import Catalog, SegmentRow
from index.check import check
from index.errors import FootnoteError, UsageError
from index.ledger import Followed
from index.plan import plan
from index.records import article_id
from index.search import Index
from index.segments import COPIES, MAX_SEGMENTS, SEGMENTS, segments_to_merge
from index.sources.reading import READERS_VERSION
from index.sources.sightings import Known, Sighting
from index.sync import recipe, sync, sync_followed, sync_paths
from index.upkeep import removal, remove, roll_back
from index.writer import writing

MANY = {f"s{n}": f"Subject{n} is a thing. It weighs {n} pounds." for n in range(6)}


def segments(store):
    catalog = Catalog(store)
    try:
        return catalog.segments()
    finally:
        catalog.close()


def picture(store, embedder):
    """All that a reader could see of a store, without the numbers that depend on its past."""
    catalog = Catalog(store)
    try:
        known = {source: (k.digest, k.state, k.reason) for source, k in catalog.known().items()}
        numbers = [n for row in catalog.segments() for n in catalog.members(row.number)]
        passages = {p.id: catalog.vectors([n]).tobytes() for n, (p, _) in catalog.live_passages(numbers).items()}
    finally:
        catalog.close()
    index = Index(store, embedder)
    first = {source: [ranking[0] for ranking in found(index, text)] for source, text in live(store).items()}
    return known, live(store), passages, first, check(store).sound


# What a run does ------------------------------------------------------------------------------------------------------


def test_a_new_article_is_found_by_meaning_and_by_words(indexed):
    dense, lexical = found(indexed, "When does the ferry sail?")
    assert dense[0] == "ferry"
    assert lexical[0] == "ferry"


def test_each_source_counts_once(store, shelf, embedder):
    shelf.broken, shelf.bare = {"ferry"}, {"crane"}
    report = sync(store, [shelf], embedder)
    assert (report.new, report.changed, report.same, report.gone, report.skipped, report.failed) == (1, 0, 0, 0, 1, 1)
    assert report.problems == [("ferry", "ferry: damaged"), ("crane", "crane: no text in it")]


def test_a_second_run_reads_and_embeds_nothing(indexed, store, shelf, embedder):
    shelf.read_sources.clear()
    embedder.embedded.clear()
    generation = indexed.overview().generation
    report = sync(store, [shelf], embedder)
    assert (report.same, report.embedded, embedder.embedded, shelf.read_sources) == (3, 0, [], [])
    assert indexed.overview().generation == generation


def test_an_edited_article_replaces_its_old_passages(indexed, store, shelf, embedder):
    shelf.texts["ferry"] = "The ship leaves at dawn."
    report = sync(store, [shelf], embedder)
    assert (report.changed, report.same) == (1, 2)
    assert live(store)["ferry"] == "The ship leaves at dawn."
    assert "ferry" not in found(indexed, "a ticket costs two crowns at noon")[1]
    assert indexed.overview().passages == 3


def test_other_bytes_that_say_the_same_are_no_change_and_leave_the_way_back(store, embedder, tmp_path):
    page = "<html><head><title>Mole</title></head><body><!-- {} --><p>The mole fell in August.</p></body></html>"
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.html").write_text(page.format(1))
    (tmp_path / "a" / "y.txt").write_text("A crane struck the quay.")
    sync_paths(store, [tmp_path / "a"], embedder)
    (tmp_path / "a" / "y.txt").write_text("A crane struck the ship.")
    sync_followed(store, embedder)
    (tmp_path / "a" / "x.html").write_text(page.format(22))
    report = sync_followed(store, embedder)
    assert (report.same, report.changed) == (2, 0)
    roll_back(store)
    assert "A crane struck the quay." in live(store).values()


def test_only_the_changed_of_many_are_embedded(store, embedder):
    shelf = Shelf(**MANY)
    sync(store, [shelf], embedder)
    embedder.embedded.clear()
    shelf.texts |= {"s1": "Another thing.", "s4": "A fourth thing."}
    assert sync(store, [shelf], embedder).embedded == 2
    assert sorted(embedder.embedded) == ["s1\nAnother thing.", "s4\nA fourth thing."]


def test_a_gone_article_is_not_found_any_more(indexed, store, shelf, embedder):
    del shelf.texts["crane"]
    assert resynced(store, shelf, embedder).gone == 1
    dense, lexical = found(indexed, "crane barge struck the quay")
    assert "crane" not in dense + lexical
    assert sorted(live(store)) == ["ferry", "mole"]


def test_an_article_that_comes_back_is_new(store, shelf, embedder):
    resynced(store, shelf, embedder)
    ferry = shelf.texts.pop("ferry")
    resynced(store, shelf, embedder)
    shelf.texts["ferry"] = ferry
    report = resynced(store, shelf, embedder)
    assert (report.new, report.embedded) == (1, 0)  # its vectors are kept as long as it can be brought back


def test_equal_passages_are_embedded_once(store, embedder):
    shelf = Shelf(one="The very same words.", other="The very same words.")
    shelf.titles = {"one": "Same", "other": "Same"}
    shelf.dates = {"one": date(2024, 1, 1), "other": date(2024, 1, 2)}
    assert sync(store, [shelf], embedder).embedded == 1
    assert len(live(store)) == 2


def test_a_source_that_fails_keeps_its_old_article(indexed, store, shelf, embedder):
    shelf.broken = {"ferry"}
    report = sync(store, [shelf], embedder)
    assert (report.failed, report.same) == (1, 2)
    assert "ferry" in live(store)
    shelf.broken = set()
    assert sync(store, [shelf], embedder).same == 3


def test_a_read_that_failed_is_tried_again(indexed, store, shelf, embedder):
    shelf.texts["ferry"] = "The ship leaves at dawn."
    shelf.jammed = {"ferry"}
    assert sync(store, [shelf], embedder).failed == 1
    shelf.jammed = set()
    assert sync(store, [shelf], embedder).changed == 1
    assert live(store)["ferry"] == "The ship leaves at dawn."


def test_a_failure_that_lasts_is_reported_each_time_and_published_once(indexed, store, shelf, embedder):
    shelf.broken = {"ferry"}
    shelf.texts["quay"] = "A quay was built."
    shelf.jammed = {"quay"}
    resynced(store, shelf, embedder)
    generation = indexed.overview().generation
    embedder.embedded.clear()
    report = resynced(store, shelf, embedder)
    assert report.problems == [("ferry", "ferry: damaged"), ("quay", "quay: damaged")]
    assert (report.failed, report.embedded, embedder.embedded) == (2, 0, [])
    assert indexed.overview().generation == generation


def test_a_source_that_is_no_article_any_more_is_not_found(indexed, store, shelf, embedder):
    shelf.bare = {"ferry"}
    assert resynced(store, shelf, embedder).skipped == 1
    assert "ferry" not in live(store)


def test_a_skipped_source_is_not_read_again_and_keeps_its_reason(store, shelf, embedder):
    shelf.bare = {"ferry"}
    sync(store, [shelf], embedder)
    shelf.read_sources.clear()
    assert sync(store, [shelf], embedder).problems == [("ferry", "ferry: no text in it")]
    assert shelf.read_sources == []


def test_a_skipped_source_is_read_once_by_newer_readers(store, shelf, embedder, monkeypatch):
    shelf.bare = {"ferry"}
    sync(store, [shelf], embedder)
    monkeypatch.setattr("index.sync.READERS_VERSION", "newer")
    for read in (["mole", "ferry", "crane"], []):
        shelf.read_sources.clear()
        sync(store, [shelf], embedder)
        assert sorted(shelf.read_sources) == sorted(read)


def test_an_empty_shelf_makes_an_empty_index(store, embedder):
    report = sync(store, [Shelf()], embedder)
    assert report.embedded == 0
    assert Index(store, embedder).overview().articles == 0


def test_a_lost_vector_is_computed_by_the_next_run(indexed, store, shelf, embedder):
    with writing(store) as catalog:
        catalog._db.execute("DELETE FROM vectors WHERE key = (SELECT min(key) FROM vectors)")
    assert not check(store).sound
    assert sync(store, [shelf], embedder).embedded == 1
    assert check(store).sound


@pytest.mark.parametrize("vector", ["x'00'", "x''", "substr(vector, 1, 252)", "'four'"])
def test_a_vector_of_another_length_is_computed_by_the_next_run(indexed, store, shelf, embedder, monkeypatch, vector):
    monkeypatch.setattr("index.segments.MAX_SEGMENTS", 1)
    with writing(store) as catalog:
        catalog._db.execute(f"UPDATE vectors SET vector = {vector} WHERE key = (SELECT min(key) FROM vectors)")
    shelf.texts["quay"] = "A quay was built."
    assert sync(store, [shelf], embedder).embedded == 2
    assert check(store).faults == ()
    assert sync(store, [shelf], embedder).embedded == 0


def test_a_model_with_longer_vectors_replaces_every_vector(indexed, store, shelf):
    longer = WordEmbedder("longer")
    longer.dimension = 96
    assert sync(store, [shelf], longer).embedded == 3
    assert found(Index(store, longer), "When does the ferry sail?")[0][0] == "ferry"
    assert check(store).faults == ()


def test_progress_names_the_steps_in_their_order(store, shelf, embedder):
    steps = []
    sync(store, [shelf], embedder, lambda step, done, total: steps.append(step))
    assert list(dict.fromkeys(steps)) == ["scanning", "reading", "splitting", "embedding", "building"]


# The plan is pure -----------------------------------------------------------------------------------------------------


def known(digest="d", state="indexed", recipe="r", readers=READERS_VERSION):
    return Known(digest, state, "why" if state != "indexed" else "", readers, recipe if state == "indexed" else None)


def test_a_plan_compares_digests():
    seen = [Sighting("new", "1"), Sighting("same", "d"), Sighting("edited", "2"), Sighting("was skipped", "d")]
    before = {"same": known(), "edited": known(), "lost": known(), "was skipped": known(state="skipped")}
    found = plan(seen, before, lambda source: True, READERS_VERSION)
    assert [s.source for s in found.new] == ["new"]
    assert [s.source for s in found.changed] == ["edited"]
    assert found.same == ("same",)
    assert found.gone == ("lost",)
    assert [(o.source, o.reason) for o in found.unread] == [("was skipped", "why")]


def merged(*sizes):
    """The sizes of those of segments of these sizes that are merged."""
    rows = [SegmentRow(n, f"s{n}", size, size, {}) for n, size in enumerate(sizes)]
    return [row.live for row in segments_to_merge(rows)]


def test_only_what_would_have_been_seen_can_be_gone():
    before = {"a/1": known(), "b/1": known()}
    assert plan([], before, lambda source: source.startswith("a/"), READERS_VERSION).gone == ("a/1",)


def test_newer_readers_read_everything_again():
    found = plan([Sighting("a", "d")], {"a": known(readers="0")}, lambda source: True, READERS_VERSION)
    assert [s.source for s in found.changed] == ["a"]


def test_the_smallest_segments_are_merged_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr("index.segments.MAX_SEGMENTS", 2)
    assert merged(9, 1, 5) == [1, 5]
    assert merged(9, 1) == []


@pytest.mark.parametrize(
    ("sizes", "those"),
    [
        ((8, 8), [8, 8]),
        ((8, 8, 8, 8), [8] * 4),
        ((8, 4, 3), []),
        ((8, 4, 4), [4, 4, 8]),
        ((20, 4, 4), [4, 4]),
        ((8,), []),
    ],
)
def test_segments_that_are_no_larger_than_the_smaller_ones_together_are_merged(sizes, those):
    assert merged(*sizes) == those


def test_each_passage_is_merged_a_few_times_however_many_runs_add_to_the_index():
    sizes, moved = [], 0
    for _ in range(1_000):
        sizes.append(1)
        if those := merged(*sizes):
            moved += sum(those)
            for size in those:
                sizes.remove(size)
            sizes.append(sum(those))
        assert len(sizes) <= MAX_SEGMENTS
    assert moved <= 1_000 * 20


def test_a_segment_with_many_dead_passages_is_built_anew():
    assert [r.number for r in segments_to_merge([SegmentRow(1, "a", 8, 6, {}), SegmentRow(2, "b", 8, 5, {})])] == [2]


# Segments -------------------------------------------------------------------------------------------------------------


def test_merging_keeps_the_answers(store, embedder, monkeypatch):
    monkeypatch.setattr("index.segments.MAX_SEGMENTS", 2)
    shelf = Shelf()
    index = Index(store, embedder)
    for source, text in MANY.items():
        shelf.texts[source] = text
        sync(store, [shelf], embedder)
        assert len(segments(store)) <= 2
        assert [found(index, t)[0][0] for t in shelf.texts.values()] == list(shelf.texts)
    assert len(embedder.embedded) == len(MANY)


def test_directories_nobody_uses_are_removed(indexed, store, shelf, embedder):
    (store / SEGMENTS / "segment-left-behind").mkdir()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (store / COPIES / f"open-{ended.pid}-x").mkdir(parents=True)
    (store / COPIES / f"open-{os.getpid()}-x").mkdir()
    sync(store, [shelf], embedder)
    assert [d.name for d in (store / SEGMENTS).iterdir()] == [row.name for row in segments(store)]
    assert f"open-{ended.pid}-x" not in os.listdir(store / COPIES)
    assert f"open-{os.getpid()}-x" in os.listdir(store / COPIES)


def test_the_number_of_a_passage_is_never_given_to_another(store, embedder):
    shelf = Shelf(**MANY)
    sync(store, [shelf], embedder)
    del shelf.texts["s5"]
    sync(store, [shelf], embedder)
    shelf.texts["new"] = "Something else entirely."
    sync(store, [shelf], embedder)
    assert "new" not in found(Index(store, embedder), MANY["s5"])[0]
    assert check(store).sound


def test_vectors_are_forgotten_when_nothing_can_bring_their_passages_back(indexed, store, shelf, embedder):
    for source in ("ferry", "mole"):
        del shelf.texts[source]
        resynced(store, shelf, embedder)
    with contextlib.closing(Catalog(store)) as catalog:
        assert catalog._db.execute("SELECT count(*) FROM vectors").fetchone() == (2,)


# Stopped anywhere -----------------------------------------------------------------------------------------------------

STEPS = [
    *(("index.catalog.Catalog." + name) for name in ("discard_staged", "stage", "store_vectors", "publish")),
    *(("index.catalog.Catalog." + name) for name in ("replace_segments", "tidy")),
    # In the middle of a transaction.
    *(("index.catalog.Catalog." + name) for name in ("_index_text", "_add_segment", "_raise_generation")),
    *("index.vectors._write", "index.vectors._probe", "index.sync.merge_if_there"),
]
CHANGED = {
    "s0": None,
    "s1": "An edited thing. It is heavier.",
    "s3": "Some other thing. It is light.",
    "new": "A new one.",
}


class Crash(BaseException):
    """The process ends here, as far as the index can tell."""


def crash_after(monkeypatch, n):
    """Lets `n` steps happen and then ends the run. The list that is returned names the steps that were taken."""
    taken = []

    def counted(name, step):
        def run(*args):
            if len(taken) == n:
                raise Crash
            taken.append(name)
            return step(*args)

        return run

    for name in STEPS:
        module, _, attribute = name.rpartition(".")
        owner = Catalog if module.endswith(".Catalog") else sys.modules[module]
        monkeypatch.setattr(name, counted(attribute, getattr(owner, attribute)))
    return taken


def edited(shelf):
    for source, text in CHANGED.items():
        if text is None:
            del shelf.texts[source]
        else:
            shelf.texts[source] = text
    return shelf


@pytest.fixture
def small_rounds(monkeypatch):
    """Two articles to a round and one vector to a batch, so that a run has many steps."""
    monkeypatch.setattr("index.sync.ROUND_CHARACTERS", 60)
    monkeypatch.setattr("index.sync.EMBED_BATCH", 1)
    monkeypatch.setattr("index.segments.MAX_SEGMENTS", 1)


@pytest.mark.usefixtures("small_rounds")
def test_a_run_that_stops_after_any_step_shows_no_half_and_is_made_good_by_the_next(tmp_path, embedder):
    sync(tmp_path / "clean", [edited(Shelf(**MANY))], embedder)
    clean = picture(tmp_path / "clean", embedder)
    sync(tmp_path / "old", [Shelf(**MANY)], embedder)
    for n in range(100):
        store = shutil.copytree(tmp_path / "old", tmp_path / f"after {n}")
        reader = Index(store, embedder)
        assert found(reader, MANY["s5"])[0][0] == "s5"
        shelf = edited(Shelf(**MANY))
        with pytest.MonkeyPatch.context() as patch:
            taken = crash_after(patch, n)
            try:
                resynced(store, shelf, embedder)
                break
            except Crash:
                pass
        for index in (reader, Index(store, embedder)):
            assert found(index, MANY["s5"])[0][0] == "s5"
        assert all(text in (MANY.get(source), CHANGED.get(source)) for source, text in live(store).items())
        assert check(store).sound
        resynced(store, shelf, embedder)
        assert picture(store, embedder) == clean
    assert n > 15
    assert {name.rpartition(".")[2] for name in STEPS} == set(taken)


@pytest.mark.usefixtures("small_rounds")
def test_a_run_that_goes_on_embeds_only_what_the_first_had_not(store, embedder, monkeypatch):
    taken = crash_after(monkeypatch, 10)
    with pytest.raises(Crash):
        sync(store, [Shelf(**MANY)], embedder)
    kept = taken.count("store_vectors")
    assert kept > 0
    monkeypatch.undo()
    assert sync(store, [Shelf(**MANY)], embedder).embedded == len(MANY) - kept


KILLED = """
import os, signal, sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from conftest import Shelf, WordEmbedder
import {module}
from index.sync import sync

def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)

{module}.{name} = killed
sync(Path({store!r}), [Shelf(**{texts!r})], WordEmbedder(), remove_many=True)
"""


@pytest.mark.parametrize(
    ("module", "name"),
    [("conftest", "WordEmbedder.embed"), ("index.vectors", "_sync_to_disk"), ("index.sync", "merge_if_there")],
)
def test_a_killed_process_leaves_the_old_or_the_new(indexed, store, shelf, embedder, module, name):
    old = dict(shelf.texts)
    shelf.texts = {"ferry": "The ship leaves at dawn.", "mole": old["mole"], "quay": "A quay was built."}
    code = KILLED.format(
        tests=str(Path(__file__).parent), module=module, name=name, store=str(store), texts=shelf.texts
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    assert live(store) in (old, shelf.texts)
    assert check(store).sound
    resynced(store, shelf, embedder)
    assert live(store) == shelf.texts
    assert found(indexed, "The ship leaves at dawn.")[0][0] == "ferry"
    assert len(os.listdir(store / SEGMENTS)) == len(segments(store))


# Others at the same time ----------------------------------------------------------------------------------------------


def test_a_second_writer_is_told_who_is_writing(store, shelf, embedder):
    with writing(store), pytest.raises(FootnoteError) as caught:
        sync(store, [shelf], embedder)
    assert str(caught.value) == f"Another process (process {os.getpid()}) is writing to the index in {store}"
    assert sync(store, [shelf], embedder).new == 3


def test_a_lock_that_cannot_be_had_is_one_sentence(indexed, store, shelf, embedder):
    (store / "LOCK").unlink()
    (store / "LOCK").mkdir()
    with pytest.raises(FootnoteError, match=r"cannot be used \(.*LOCK"):
        sync(store, [shelf], embedder)


def test_an_open_index_sees_what_another_process_publishes(indexed, store, shelf):
    assert found(indexed, "quay")[0][0] == "crane"
    texts = shelf.texts | {"crane": "Nothing of note.", "dock": "A dock and a quay."}
    code = KILLED.replace("{module}.{name} = killed", "").format(
        tests=str(Path(__file__).parent), module="index.sync", name="", store=str(store), texts=texts
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert found(indexed, "quay")[0][0] == "dock"
    assert found(indexed, "quay")[1] == ["dock"]


def test_a_view_keeps_its_generation_while_another_is_published(indexed, store, shelf, embedder):
    with indexed.view() as view:
        before = view.overview()
        shelf.texts = {"other": "Something else entirely."}
        resynced(store, shelf, embedder)
        hits = view.hits(view.dense(embedder.embed_question("The ferry sails at noon."), 1), {})
        assert (view.overview(), hits[0].article.source) == (before, "ferry")
    assert indexed.overview().articles == 1


# Models and versions --------------------------------------------------------------------------------------------------


def test_an_index_of_another_model_is_not_asked(indexed, store):
    with pytest.raises(FootnoteError, match="made by the model words, and the settings name other"):
        found(Index(store, WordEmbedder("other")), "ferry")


def test_another_model_replaces_every_vector_at_once(indexed, store, shelf):
    other = WordEmbedder("other")
    answers = []
    report = sync(store, [shelf], other, lambda *_: answers.append(found(indexed, "When does the ferry sail?")[0][0]))
    assert (report.same, report.embedded) == (3, 3)
    assert set(answers) == {"ferry"}
    assert found(Index(store, other), "When does the ferry sail?")[0][0] == "ferry"
    catalog = Catalog(store)
    assert catalog.stale(recipe(other)) == []
    catalog.close()


@pytest.mark.usefixtures("small_rounds")
def test_another_model_is_published_in_one_round(store, embedder, monkeypatch):
    sync(store, [Shelf(**MANY)], embedder)
    shelf = Shelf(**MANY | {"s1": "An edited thing."})
    taken = crash_after(monkeypatch, 99)
    sync(store, [shelf], WordEmbedder("other"))
    assert taken.count("publish") == 1


def test_the_old_model_answers_until_the_new_one_is_published(indexed, store, shelf, monkeypatch):
    taken = crash_after(monkeypatch, 5)
    with pytest.raises(Crash):
        sync(store, [shelf], WordEmbedder("other"))
    assert "stage" in taken
    assert found(indexed, "When does the ferry sail?")[0][0] == "ferry"


def test_a_source_that_fails_under_a_new_model_keeps_its_article(indexed, store, shelf):
    shelf.broken = {"ferry"}
    sync(store, [shelf], WordEmbedder("other"))
    assert sorted(live(store)) == ["crane", "ferry", "mole"]
    assert check(store).sound


def test_a_source_that_cannot_be_looked_at_under_a_new_model_is_embedded_from_what_is_stored(indexed, store, shelf):
    shelf.shut = {"ferry"}
    other = WordEmbedder("other")
    report = sync(store, [shelf], other)
    assert (report.failed, report.embedded) == (1, 3)
    assert check(store).sound
    assert found(Index(store, other), "When does the ferry sail?")[0][0] == "ferry"


def test_a_catalog_of_a_newer_version_is_refused(indexed, store, shelf, embedder):
    catalog = Catalog(store)
    catalog._db.execute("PRAGMA user_version = 99")
    catalog.close()
    with pytest.raises(FootnoteError, match="made by a newer Footnote \\(its schema is 99, this one knows "):
        sync(store, [shelf], embedder)


# Paths ----------------------------------------------------------------------------------------------------------------


def test_a_named_folder_is_followed_from_then_on(store, embedder, tmp_path):
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "a.md").write_text("# A\n\nThe first article.")
    assert sync_paths(store, [folder], embedder).new == 1
    (folder / "b.md").write_text("# B\n\nThe second article.")
    assert sync_followed(store, embedder).new == 1


def test_a_named_path_is_synced_alone(store, embedder, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.md").write_text(f"# A\n\nThe article of folder {name}.")
    sync_paths(store, [tmp_path / "one"], embedder)
    (tmp_path / "one" / "a.md").unlink()
    report = sync_paths(store, [tmp_path / "two"], embedder)
    assert (report.new, report.gone) == (1, 0)
    assert len(live(store)) == 2


def test_a_path_that_does_not_exist_makes_no_store_and_is_not_followed(store, embedder, tmp_path):
    with pytest.raises(UsageError, match="nowhere does not exist"):
        sync_paths(store, [tmp_path / "nowhere"], embedder)
    assert not store.exists()


class NoModel(WordEmbedder):
    def embed(self, texts):
        raise FootnoteError("The embedding model is not on this machine")


def test_a_path_is_followed_once_something_of_it_is_published(store, embedder, tmp_path):
    (tmp_path / "a.md").write_text("# A\n\nThe first article.")
    with pytest.raises(FootnoteError, match="not on this machine"):
        sync_paths(store, [tmp_path / "a.md"], NoModel())
    with pytest.raises(UsageError, match="follows nothing yet"):
        sync_followed(store, embedder)
    sync_paths(store, [tmp_path / "a.md"], embedder)
    assert sync_followed(store, embedder).same == 1


def test_a_folder_of_what_is_already_indexed_is_followed_too(store, embedder, tmp_path):
    (tmp_path / "a.md").write_text("# A\n\nThe first article.")
    sync_paths(store, [tmp_path / "a.md"], embedder)
    assert sync_paths(store, [tmp_path], embedder).same == 1
    (tmp_path / "b.md").write_text("# B\n\nThe second article.")
    assert sync_followed(store, embedder).new == 1


def test_a_path_is_followed_under_the_lock_of_its_run(store, embedder, tmp_path, monkeypatch):
    taken = []
    monkeypatch.setattr("index.sync.writing", lambda place, *rest: taken.append(place) or writing(place, *rest))
    (tmp_path / "a.md").write_text("# A\n\nThe first article.")
    sync_paths(store, [tmp_path / "a.md"], embedder)
    assert taken == [store]


def test_nothing_followed_is_a_sentence_and_makes_no_store(store, embedder):
    with pytest.raises(UsageError, match="follows nothing yet"):
        sync_followed(store, embedder)
    assert not store.exists()


def test_a_followed_folder_that_is_gone_is_named_and_nothing_is_lost(store, embedder, tmp_path):
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "a.md").write_text("# A\n\nThe first article.")
    sync_paths(store, [folder], embedder)
    folder.rename(tmp_path / "elsewhere")
    (reason,) = [reason for source, reason in sync_followed(store, embedder).problems if source == str(folder)]
    assert reason.startswith("no longer there; put it back")
    assert list(live(store)) == [str(folder / "a.md")]


def test_removing_leaves_the_files_and_says_what_would_bring_them_back(store, embedder, tmp_path):
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text(f"# {name}\n\nThe article {name}.")
    sync_paths(store, [tmp_path / "a.md", tmp_path], embedder)
    removed = remove(store, [tmp_path / "a.md"])
    assert removed.sources == (str(tmp_path / "a.md"),)
    assert removed.unfollowed == (str(tmp_path / "a.md"),)
    assert removed.returning == (str(tmp_path),)
    assert (tmp_path / "a.md").exists()
    assert list(live(store)) == [str(tmp_path / "b.md")]


def test_removing_what_is_not_there_removes_nothing():
    with pytest.raises(UsageError, match="/elsewhere is not in the index"):
        removal([Path("/articles"), Path("/elsewhere")], {"/articles/a.md": known()}, [Followed("/articles")])


def test_a_folder_whose_name_begins_like_another_is_not_removed_with_it():
    sources = {"/articles/a.md": known(), "/articles-2/b.md": known()}
    assert removal([Path("/articles")], sources, []).sources == ("/articles/a.md",)


class Stopped(BaseException):
    """The run is ended from outside, as by Ctrl-C."""


def stopped_after_the_first_vectors(store, paths, embedder):
    def progress(stage, done, total):
        if stage == "building":
            raise Stopped

    with pytest.raises(Stopped):
        sync_paths(store, paths, embedder, progress)


def test_a_first_run_that_was_stopped_is_gone_on_with_and_embeds_nothing_again(store, tmp_path, embedder):
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "mole.md").write_text("The mole fell into the harbour in a storm.", encoding="utf-8")
    stopped_after_the_first_vectors(store, [folder], embedder)
    embedder.embedded.clear()
    report = sync_followed(store, embedder)
    assert (report.new, report.embedded, embedder.embedded) == (1, 0, [])
    index = Index(store, embedder)
    assert (index.followed(), index.beginning()) == ([str(folder)], [])


def test_what_is_followed_becomes_so_with_the_publication(store, tmp_path, embedder, monkeypatch):
    (tmp_path / "mole.md").write_text("The mole fell into the harbour in a storm.", encoding="utf-8")

    def stop(catalog):
        raise Stopped

    with monkeypatch.context() as patched:
        patched.setattr(Catalog, "_raise_generation", stop)
        with pytest.raises(Stopped):
            sync_paths(store, [tmp_path / "mole.md"], embedder)
    assert Index(store, embedder).followed() == []


def test_a_second_run_takes_the_precision_of_the_first(indexed, store, shelf):
    again = WordEmbedder()
    sync(store, [shelf], again)
    assert again.settled == "float32"


# What is taken away -----------------------------------------------------------------------------------------------


def test_more_than_a_fifth_of_a_place_is_held_back_and_the_rest_goes_on(indexed, store, shelf, embedder):
    del shelf.texts["crane"]
    shelf.texts |= {"ferry": "The ship leaves at dawn.", "dock": "A dock was built."}
    report = sync(store, [shelf], embedder)
    assert (report.new, report.changed, report.gone, report.held) == (1, 1, 0, ["crane"])
    assert sorted(live(store)) == ["crane", "dock", "ferry", "mole"]
    assert resynced(store, shelf, embedder).gone == 1
    assert sorted(live(store)) == ["dock", "ferry", "mole"]


def test_a_fifth_of_a_place_is_taken_away_unasked(store, embedder):
    shelf = Shelf(**{f"s{n}": f"Subject{n} is a thing." for n in range(5)})
    sync(store, [shelf], embedder)
    del shelf.texts["s3"]
    report = sync(store, [shelf], embedder)
    assert (report.gone, report.held) == (1, [])


def test_an_emptied_place_is_held_back_though_it_is_a_small_part_of_all(store, embedder):
    class Part(Shelf):
        def covers(self, source):
            return source.startswith("part")

    class Rest(Shelf):
        def covers(self, source):
            return source.startswith("rest")

    rest, part = Rest(**{f"rest{n}": f"Subject{n} is a thing." for n in range(20)}), Part(part="A part of it.")
    sync(store, [rest, part], embedder)
    part.texts.clear()
    assert sync(store, [rest, part], embedder).held == ["part"]


def test_an_article_that_has_none_any_more_is_held_back_like_one_that_is_gone(indexed, store, shelf, embedder):
    shelf.bare = {"ferry"}
    report = sync(store, [shelf], embedder)
    assert (report.failed, report.held) == (1, ["ferry"])
    assert report.problems == [("ferry", "ferry: no text in it; its old text is kept")]
    assert "ferry" in live(store)


def test_a_source_that_was_renamed_is_not_taken_away(indexed, store, shelf, embedder):
    shelf.texts["ship"] = shelf.texts.pop("ferry")
    shelf.titles = {"ship": "ferry"}
    report = sync(store, [shelf], embedder)
    assert (report.new, report.gone, report.held, report.embedded) == (1, 1, [], 0)
    assert sorted(live(store)) == ["crane", "mole", "ship"]


def test_what_is_held_back_comes_with_another_model(indexed, store, shelf):
    del shelf.texts["crane"]
    other = WordEmbedder("other")
    assert sync(store, [shelf], other).held == ["crane"]
    assert check(store).faults == ()
    assert "crane" in found(Index(store, other), "crane barge")[1]


# One article under two names --------------------------------------------------------------------------------------

LONG = " ".join(f"Sentence {n} of the report says that the mole was rebuilt with stone." for n in range(6))


def twins(store):
    with contextlib.closing(Catalog(store)) as catalog:
        return {source: known.twin for source, known in catalog.known().items() if known.twin}


def test_the_same_text_under_two_names_is_one_article_and_both_are_named(store, embedder):
    report = sync(store, [Shelf(a=LONG, b=LONG)], embedder)
    assert (report.new, list(live(store)), twins(store)) == (2, ["a"], {"b": "a"})
    index = Index(store, embedder)
    with index.view() as view:
        (hit, *_) = view.hits(view.lexical("mole", 1), {})
    assert hit.sources == ("a", "b")


def test_the_other_name_stands_when_the_first_goes(store, embedder):
    shelf = Shelf(a=LONG, b=LONG)
    sync(store, [shelf], embedder)
    del shelf.texts["a"]
    embedder.embedded.clear()
    report = sync(store, [shelf], embedder)
    assert (report.gone, report.held, list(live(store)), twins(store)) == (1, [], ["b"], {})
    assert check(store).sound


def test_the_other_name_stands_when_the_first_is_edited(store, embedder):
    shelf = Shelf(a=LONG, b=LONG)
    sync(store, [shelf], embedder)
    shelf.texts["a"] = "Something else entirely."
    sync(store, [shelf], embedder)
    assert live(store) == shelf.texts
    assert twins(store) == {}


def test_an_article_that_comes_to_say_what_another_says_becomes_its_other_name(store, embedder):
    shelf = Shelf(a=LONG, b="Something else entirely.")
    sync(store, [shelf], embedder)
    shelf.texts["b"] = LONG
    sync(store, [shelf], embedder)
    assert (list(live(store)), twins(store)) == (["a"], {"b": "a"})
    assert check(store).sound


def test_short_texts_of_other_days_are_two_articles(store, embedder):
    shelf = Shelf(a="No sailings today.", b="No sailings today.")
    shelf.titles = {"a": "Sailings", "b": "Sailings"}
    shelf.dates = {"a": date(2024, 1, 1), "b": date(2024, 1, 2)}
    sync(store, [shelf], embedder)
    assert sorted(live(store)) == ["a", "b"]


# Files of several articles ----------------------------------------------------------------------------------------


def records(path, **texts):
    path.write_text("".join(f'{{"id": "{key}", "text": "{text}"}}\n' for key, text in texts.items()))
    os.utime(path, (1_700_000_000 + len(texts), 1_700_000_000))
    return path


def names(store):
    return sorted(source.rpartition("#")[2] for source in live(store))


def test_each_record_of_a_file_is_an_article_and_only_the_changed_are_embedded(store, embedder, tmp_path):
    file = records(tmp_path / "a.jsonl", one="The mole fell.", two="The ferry sails.", three="A crane struck.")
    assert sync_paths(store, [file], embedder).new == 3
    records(file, one="The mole fell.", two="The ferry is late today.", three="A crane struck.", four="A dock.")
    report = sync_followed(store, embedder)
    assert (report.new, report.changed, report.same, report.embedded) == (1, 1, 2, 2)
    assert names(store) == ["four", "one", "three", "two"]
    assert sync_followed(store, embedder).same == 4
    assert check(store).sound


def test_a_record_that_is_no_longer_in_its_file_is_gone(store, embedder, tmp_path):
    file = records(tmp_path / "a.jsonl", **{f"r{n}": f"Subject{n} is a thing." for n in range(6)})
    sync_paths(store, [file], embedder)
    records(file, **{f"r{n}": f"Subject{n} is a thing." for n in range(5)})
    report = sync_followed(store, embedder)
    assert (report.gone, report.same, len(live(store))) == (1, 5, 5)


@pytest.mark.parametrize("now", ["[]", '{"text": "One, and no list."}', '[{"id": "s", "text": "Another record."}]'])
def test_the_records_of_a_file_that_is_no_list_of_them_any_more_are_gone(store, embedder, tmp_path, now):
    (tmp_path / "a.json").write_text(json.dumps([{"id": f"r{n}", "text": f"Subject{n} is a thing."} for n in range(3)]))
    rest = records(tmp_path / "b.jsonl", **{f"s{n}": f"Subject{n} is another." for n in range(20)})
    sync_paths(store, [tmp_path / "a.json", rest], embedder)
    (tmp_path / "a.json").write_text(now)
    report = sync_followed(store, embedder)
    assert len(report.held) == 3  # of the three of their place
    assert "a.json#r0" in "".join(live(store))
    sync_followed(store, embedder, remove_many=True)
    assert "a.json#r" not in "".join(live(store))
    assert found(Index(store, embedder), "Subject1")[1][0].endswith("#s1")
    assert sync_followed(store, embedder).gone == 0


def test_a_file_that_is_called_what_a_part_of_another_is_stops_no_run(store, embedder, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with zipfile.ZipFile(folder / "x.zip", "w") as packed:
        packed.writestr("b.txt", "The mole fell in August.")
        packed.writestr("c.txt", "The ferry sails at noon.")
    (folder / "x.zip#b.txt").write_text("A crane struck the quay.")
    report = sync_paths(store, [folder], embedder)
    assert (report.new, report.problems) == (2, [(str(folder / "x.zip#b.txt"), "its name is that of another source")])
    assert sorted(live(store).values()) == ["A crane struck the quay.", "The ferry sails at noon."]
    assert sync_followed(store, embedder).same == 2
    (folder / "x.zip#b.txt").write_text("A crane struck the ship.")
    assert sync_followed(store, embedder).changed == 1
    assert sorted(live(store).values()) == ["A crane struck the ship.", "The ferry sails at noon."]
    assert check(store).sound


def test_near_copies_have_one_voice_for_as_long_as_they_stand(store, embedder):
    report = " ".join(f"The harbour office said on day {n} that {n * 7} stones had come by sea." for n in range(30))
    shelf = Shelf(a=report, b=f"An introduction of our own. {report}", c="Something else entirely. " * 60)
    sync(store, [shelf], embedder)
    ids = {name: article_id(name) for name in "abc"}
    with contextlib.closing(Catalog(store)) as catalog:
        voices = catalog.voices(list(ids.values()))
    assert voices[ids["a"]] == voices[ids["b"]]
    assert ids["c"] not in voices
    del shelf.texts["a"]
    resynced(store, shelf, embedder)
    with contextlib.closing(Catalog(store)) as catalog:
        assert catalog.voices(list(ids.values())) == {}


def test_another_size_of_passages_splits_again_and_embeds_only_what_is_new(store, embedder):
    shelf = Shelf(mole="The mole fell in August. It was rebuilt by May.", ferry="The ferry sails.")
    sync(store, [shelf], embedder)
    embedder.embedded.clear()
    embedder.passage_tokens = embedder.max_tokens = 16
    sync(store, [shelf], embedder)
    assert sorted(embedder.embedded) == ["mole\nIt was rebuilt by May.", "mole\nThe mole fell in August."]
    assert Index(store, embedder).overview().passages == 3
