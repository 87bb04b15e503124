from datetime import UTC, date, datetime

import numpy as np
import pytest
from apsw import SQLITE_OK
from conftest import WordEmbedder, article

from index.audit import Audit
from index.catalog import Catalog, NewSegment, Publication, vector_key
from index.database import FILE_NAME, Error, existing, unusable
from index.errors import DamagedIndex, FootnoteError
from index.ledger import Followed, Outcome
from index.passages import split
from index.records import Section
from index.schema import VERSION

WORDS = WordEmbedder()
FULL = {
    "title": "The mole",
    "author": "Ada Quill",
    "published": date(2024, 8, 27),
    "published_from": "byline",
    "fetched": datetime(2024, 9, 1, 10, 30, tzinfo=UTC),
    "language": "en",
    "pages": (0, 12),
    "sections": (Section(0, 0, "Then"), Section(12, 12, "Now")),
}


@pytest.fixture
def catalog(store):
    catalog = Catalog(store)
    yield catalog
    catalog.close()


def stage(catalog, found):
    passages = split(found, WORDS.count, WORDS.max_tokens)
    catalog.stage(found, passages, "recipe", WORDS.fingerprint)
    keys, texts = zip(*catalog.without_vector(), strict=True)
    catalog.store_vectors(keys, WORDS.embed(texts))
    return passages


def publish(catalog, *articles, outcomes=(), gone=()):
    """Makes the articles live in a segment of their own."""
    for found in articles:
        stage(catalog, found)
    members = catalog.members(None)
    segment = NewSegment(f"segment-{members[0]}", members, {"file": "sum"}) if members else None
    read = [Outcome(found.source, "d", "indexed") for found in articles]
    catalog.publish(
        Publication(segment, (*read, *outcomes), gone, "1", {"model": "words", "fingerprint": WORDS.fingerprint})
    )
    return members


def test_an_article_comes_back_as_it_was(catalog):
    whole = article("It fell. ... It stands.", **FULL)
    publish(catalog, whole)
    assert catalog.article("mole") == whole
    assert catalog.article("elsewhere") is None


def test_passages_come_back_with_their_article(catalog):
    whole = article("It fell. ... It stands.", **FULL)
    expected = split(whole, WORDS.count, WORDS.max_tokens)
    numbers = publish(catalog, whole)
    found = catalog.live_passages([*numbers, 99])
    assert [passage for passage, _ in found.values()] == expected
    assert list(found) == numbers
    assert len({id(owner) for _, owner in found.values()}) == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE articles SET text = replace(text, 'fell', 'felt')",
        "UPDATE articles SET title = 'Another'",
        "UPDATE articles SET source = 'quay'",
        "UPDATE passages SET start = start + 1",
        "UPDATE passages SET heading = 'Never'",
        "UPDATE passages SET id = 'x'",
        "UPDATE passages SET start = 'x'",
    ],
)
def test_what_is_not_as_it_was_stored_is_not_read(catalog, change):
    numbers = publish(catalog, article("It fell. ... It stands.", **FULL))
    catalog._db.execute(change)
    with pytest.raises(DamagedIndex, match="is damaged"):
        catalog.live_passages(numbers)


def test_a_vector_of_another_length_than_1_is_not_read(catalog):
    (number, *_) = publish(catalog, article("It fell."))
    longer = (2 * catalog.vectors([number])).astype(np.float32).tobytes()
    catalog._db.execute("UPDATE vectors SET vector = ?", (longer,))
    with pytest.raises(DamagedIndex, match="its length is not 1"):
        catalog.vectors([number])


def test_nothing_staged_is_live(catalog):
    stage(catalog, article("It fell."))
    assert catalog.overview().articles == 0
    assert catalog.article("mole") is None
    assert catalog.live_passages(catalog.members(None)) == {}
    assert catalog.lexical("fell", 9) == []
    assert (catalog.missing_vectors(), catalog.unsearched()) == (0, 0)


def test_publishing_replaces_the_old_revision(catalog):
    old = publish(catalog, article("It fell."))
    new = publish(catalog, article("It stands."))
    assert catalog.are_live([*old, *new]) == set(new)
    assert [number for number, _ in catalog.lexical("fell OR stands", 9)] == new
    assert [row.name for row in catalog.segments()] == [f"segment-{new[0]}"]


def test_each_publication_raises_the_generation_by_one(catalog):
    assert catalog.generation() == 0
    publish(catalog, article("It fell."))
    publish(catalog, gone=["mole"])
    assert catalog.generation() == 2
    assert catalog.note("model") == "words"


def test_what_is_gone_leaves_nothing_behind(catalog):
    publish(catalog, article("It fell."))
    publish(catalog, gone=["mole"])
    assert catalog.known() == {}
    assert catalog.segments() == []
    catalog.tidy()
    for table in ("articles", "passages", "passages_text", "vectors", "sources"):
        assert catalog._db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_a_skipped_source_loses_its_article_and_a_failed_one_keeps_it(catalog):
    publish(catalog, article("It fell."), article("It sails.", source="ferry"))
    publish(catalog, outcomes=[Outcome("mole", "2", "failed", "damaged"), Outcome("ferry", "2", "skipped", "empty")])
    known = catalog.known()
    assert (known["mole"].state, known["mole"].reason, known["mole"].recipe) == ("failed", "damaged", "recipe")
    assert (known["ferry"].state, known["ferry"].reason, known["ferry"].recipe) == ("skipped", "empty", None)


def test_counts_and_dates_are_of_what_is_live(catalog):
    publish(catalog, article("A.", published=date(2024, 1, 2)), article("B.", source="b"))
    publish(catalog, article("C.", source="c", published=date(2023, 5, 6)))
    stage(catalog, article("D.", source="d", published=date(2020, 1, 1)))
    found = catalog.overview()
    assert (found.articles, found.passages, found.undated, found.generation) == (3, 3, 1, 2)
    assert (found.first, found.last) == (date(2023, 5, 6), date(2024, 1, 2))


def test_vectors_come_back_in_the_order_asked(catalog):
    numbers = publish(catalog, article("It fell."), article("It sails.", source="ferry"))
    expected = WORDS.embed(["mole\nIt fell.", "ferry\nIt sails."])
    assert np.array_equal(catalog.vectors(numbers), expected)
    assert np.array_equal(catalog.vectors(numbers[::-1]), expected[::-1])


def test_a_missing_vector_is_an_error_with_a_next_step_and_leaves_the_others_in_place(catalog):
    first, second = publish(catalog, article("It fell."), article("It sails.", source="ferry"))
    key = vector_key("mole\nIt fell.", WORDS.fingerprint)
    catalog._db.execute("DELETE FROM vectors WHERE key = ?", (key,))
    with pytest.raises(FootnoteError, match="A vector is missing") as caught:
        catalog.vectors([first, second])
    assert "python -m index sync" in caught.value.hint
    assert catalog.members(catalog.segments()[0].number) == [second]
    assert list(catalog.without_vector()) == [(key, "mole\nIt fell.")]


@pytest.mark.parametrize("vector", [b"\0", b"\0" * 252, "words"])
def test_a_damaged_vector_is_lost_and_an_error_with_a_next_step(catalog, vector):
    first, second = publish(catalog, article("It fell."), article("It sails.", source="ferry"))
    catalog.remember("dimension", "64")
    key = vector_key("mole\nIt fell.", WORDS.fingerprint)
    catalog._db.execute("UPDATE vectors SET vector = ? WHERE key = ?", (vector, key))
    with pytest.raises(DamagedIndex, match="A vector in the catalog is damaged") as caught:
        catalog.vectors([first, second])
    assert "check --repair" in caught.value.hint
    known, vectors = catalog.stored_vectors([first, second])
    assert (known, vectors.tolist()) == ([second], catalog.vectors([second]).tolist())
    assert catalog.stored_vectors([first])[0] == []
    assert catalog.missing_vectors() == 1
    assert list(catalog.without_vector()) == [(key, "mole\nIt fell.")]


def test_what_was_staged_can_be_discarded_and_its_vectors_stay(catalog):
    stage(catalog, article("It fell."))
    catalog.discard_staged()
    assert catalog.members(None) == []
    assert Audit(catalog).full_text_differences() == 0
    passages = split(article("It fell."), WORDS.count, WORDS.max_tokens)
    catalog.stage(article("It fell."), passages, "recipe", WORDS.fingerprint)
    assert list(catalog.without_vector()) == []


def looks(catalog, work):
    """How many steps SQLite takes for it."""
    taken = []
    catalog.connection.set_progress_handler(lambda: bool(taken.append(1)), 1)
    work()
    catalog.connection.set_progress_handler(None)
    return len(taken)


def test_what_is_staged_is_found_without_a_look_at_what_is_live(catalog):
    def steps():
        found = article("It fell.", source="new")
        catalog.stage(found, split(found, WORDS.count, WORDS.max_tokens), "recipe", WORDS.fingerprint)
        taken = looks(catalog, lambda: list(catalog.without_vector(staged=True)))
        catalog.discard_staged()
        return taken

    publish(catalog, article("It stands.", source="0"))
    few = steps()
    publish(catalog, *(article(f"It stands, {n}.", source=f"{n}") for n in range(1, 40)))
    assert steps() == few


def test_words_in_title_and_heading_are_found(catalog):
    numbers = publish(catalog, article("It fell.", title="Harbours", sections=(Section(0, 0, "Masonry"),)))
    for word in ("harbour", "masonry", "fall OR fell"):
        assert [number for number, _ in catalog.lexical(word, 9)] == numbers


def test_words_are_looked_up_in_the_full_text_alone(catalog):
    numbers = publish(catalog, article("It fell."), article("It fell apart.", source="quay"))
    publish(catalog, article("It stands.", source="quay"))
    tables = set()
    catalog.connection.authorizer = lambda action, table, *_: tables.add(table) or SQLITE_OK
    assert [number for number, _ in catalog.lexical('"fell"', 5)] == numbers[:1]
    assert tables & {"passages_text", "passages", "articles"} == {"passages_text"}


def test_a_transaction_happens_whole_or_not_at_all(catalog):
    def half():
        with catalog.transaction():
            catalog.remember("a", "1")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert catalog.note("a") is None


def test_a_snapshot_stays_in_its_generation(catalog, store):
    publish(catalog, article("It fell."))
    other = Catalog(store)
    with other.snapshot():
        publish(catalog, article("It stands."))
        assert other.article("mole").text == "It fell."
    assert other.article("mole").text == "It stands."
    other.close()


def test_what_is_followed_stands_once(catalog):
    for location in ("b", "a", "b"):
        catalog.follow(Followed(location))
    assert catalog.followed() == ["a", "b"]
    catalog.unfollow("b")
    assert catalog.followed() == ["a"]


def test_articles_of_another_recipe_are_stale(catalog):
    publish(catalog, article("It fell."))
    assert catalog.stale("recipe") == []
    assert catalog.stale("another") == ["mole"]


def test_a_store_in_a_place_that_cannot_be_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FootnoteError, match="cannot be used"):
        Catalog(tmp_path / "file" / "store")


def test_a_catalog_that_another_process_writes_to_is_one_sentence(catalog, store):
    other = Catalog(store)
    other._db.execute("PRAGMA busy_timeout = 0")
    with catalog.transaction(), pytest.raises(Error) as caught:
        other.remember("a", "1")
    other.close()
    error = unusable(other.path, caught.value)
    assert str(error) == f"{store / FILE_NAME} cannot be used now: another process is writing to it"
    assert error.hint == "Try again when it is done."


def test_what_breaks_a_rule_of_the_tables_is_not_called_damage(catalog):
    for _ in range(2):
        catalog.stage(article("The mole fell."), (), "recipe", WORDS.fingerprint)
    with pytest.raises(Error) as caught:
        catalog.publish(Publication(None, (), (), "1", {}))
    assert "damaged" not in str(unusable(catalog.path, caught.value))


def test_a_store_without_a_catalog_does_not_exist(store):
    with pytest.raises(FootnoteError, match="There is no index in"):
        existing(store)
    Catalog(store).close()
    assert existing(store) == store


def test_the_catalog_is_kept_when_the_machine_stops(catalog, store):
    assert catalog._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert catalog._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert catalog._db.execute("PRAGMA user_version").fetchone() == (VERSION,)
