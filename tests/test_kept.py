"""What is kept is compared with what was written, and an article is erased from it to the last byte."""

import contextlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from test_conversations import DAMAGES, FALL, FERRY, MAY, MOLE, answer, change, hit, refused, rows, said

from index.database import Database
from index.errors import FootnoteError
from index.records import article_id
from rag.answers import DraftSentence, Quote
from rag.conversations import FORM, Conversations
from rag.keeping import Keeping
from rag.kept import Checked, Fault, Resting, check, forget, resting
from rag.stored import shown

SECRET = "xyzzyplugh is the password of the harbourmaster. It is nailed to the door of the customs house."
TRAM = replace(FERRY, text=SECRET, source="tram.txt", id=article_id("tram.txt"), title="The qwertzuiop line")
NOW = datetime(2024, 9, 3, 12, tzinfo=UTC)


def about(article, question="Two?", **fields):
    """An answer that cites the beginning of this article alone."""
    found = hit(article, 0, 20, **fields)
    claim = DraftSentence(f"Said: {article.text[:20]}", (Quote(found.passage.id, article.text[:20]),))
    return answer(question, (claim,), (found,))


@pytest.fixture
def kept(place):
    return Conversations(place)


@pytest.fixture
def three(kept):
    """Three turns, the second of which rests on an article of its own."""
    conversation = said(kept, "One?")
    kept.keep(conversation, about(TRAM))
    return said(kept, "Three?", conversation=conversation)


@pytest.fixture
def lies(request, place):
    """All bytes in which it lies: the files of the store, and those of the database."""

    def lying():
        return files_of(place.store) + (request.getfixturevalue("postgres").files() if place.database else b"")

    return lying


def everything(place):
    """The files of the store as they are, and what is in each table."""
    tables = ("conversations", "turns", "said", "texts", "rests_on")
    return files_of(place.store), [sorted(rows(place, f"SELECT * FROM {table}")) for table in tables]


def files_of(store):
    return b"".join(file.read_bytes() for file in sorted(store.rglob("*")) if file.is_file())


# Check ---------------------------------------------------------------------------------------------------------------


def test_what_is_kept_is_sound_and_a_check_changes_nothing(place, kept, three):
    kept.keep(kept.begin(), refused())
    Conversations(place, "another").keep(kept.begin(), answer())
    before = everything(place)
    assert check(place) == Checked(3, 5, 3, ())
    assert everything(place) == before


def test_looking_at_a_store_without_conversations_makes_nothing(place):
    assert check(place) == Checked(0, 0, 0, ())
    assert resting(place, "tram.txt") == forget(place, "tram.txt") == Resting(0, 0, 0)
    assert not place.store.exists()


@pytest.mark.parametrize("statement", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_answer_is_named_with_its_conversation(place, three, statement):
    change(place, statement)
    named, *more = check(place).faults
    assert (named.conversation, named.number) == (three, 2)
    assert named.what.startswith("The answer to this question was damaged where it is kept: ")
    assert [fault.conversation for fault in more] == [""] * len(more)


def test_the_damaged_answer_of_another_is_named(place, kept):
    conversation = said(Conversations(place, "another"), "One?")
    change(place, "UPDATE turns SET record = :zero")
    assert [(f.conversation, f.number) for f in check(place).faults] == [(conversation, 1)]


def test_a_damaged_text_is_told_of_each_answer_that_rests_on_it(place, kept, three):
    other = kept.begin()
    kept.keep(other, about(TRAM))
    change(place, "UPDATE texts SET text = :zero WHERE digest IN (SELECT text FROM rests_on WHERE turn = 2)")
    assert {(f.conversation, f.number) for f in check(place).faults} == {(three, 2), (other, 1)}


def test_a_text_that_no_answer_rests_on_is_told(place, three):
    change(place, "INSERT INTO texts VALUES ('abc', :zero)")
    assert check(place).faults == (Fault("The text of an article was damaged where it is kept."),)


def test_an_answer_that_is_in_no_conversation_is_told(place, three):
    change(place, "DELETE FROM conversations")
    assert check(place).faults == (Fault("An answer is kept that is in no conversation."),) * 3


def test_pages_that_are_not_as_they_were_written_never_pass(store):
    kept = Conversations(store)
    said(kept, *(f"{n}?" for n in range(12)))
    good = (store / FORM.name).read_bytes()
    for page in range(len(good) // 4096):
        data = bytearray(good)
        data[4096 * page + 3000] ^= 4
        (store / FORM.name).write_bytes(data)
        with contextlib.suppress(FootnoteError):
            assert check(store).faults, page


# Forget --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tram.txt", article_id("tram.txt")])
def test_of_a_forgotten_article_no_byte_is_left(place, kept, three, name, lies):
    assert b"xyzzyplugh" in lies()
    assert resting(place, name) == Resting(1, 1, 0)
    packed = rows(place, "SELECT text FROM texts WHERE digest IN (SELECT text FROM rests_on WHERE turn = 2)")[0][0]
    record = rows(place, "SELECT record FROM turns WHERE place = 2")[0][0]
    assert packed in lies()
    assert forget(place, name, NOW) == Resting(1, 1, 0)
    left = lies()
    for gone in (b"xyzzyplugh", b"qwertzuiop", b"tram", packed[:16], packed[-16:], record[:16], record[-16:]):
        assert gone not in left
    assert resting(place, name) == Resting(0, 0, 0)
    assert check(place) == Checked(1, 3, 2, ())


def test_of_an_answer_beside_which_a_forgotten_article_was_found_only_that_is_taken_away(place, kept):
    tram = hit(TRAM, 0, 20)
    conversation = said(kept, "One?")
    kept.keep(conversation, replace(about(FERRY), hits=(*about(FERRY).hits, tram, MAY)))
    (_, before) = kept.turns(conversation)
    assert [one.title for one in before.answer.nearby] == [TRAM.title, MOLE.title]
    assert resting(place, "tram.txt") == Resting(0, 0, 0, beside=1)
    assert forget(place, "tram.txt", NOW) == Resting(0, 0, 0, beside=1)
    (_, after) = kept.turns(conversation)
    assert [one.title for one in after.answer.nearby] == [MOLE.title]
    assert replace(after.answer, nearby=before.answer.nearby) == before.answer
    assert resting(place, "tram.txt") == Resting(0, 0, 0)
    assert check(place) == Checked(1, 2, 2, ())


def test_a_passage_beside_an_answer_is_known_by_the_text_of_its_article_too(place, kept):
    kept.keep(kept.begin(), about(TRAM))
    twin = replace(TRAM, source="twin.txt", id=article_id("twin.txt"))
    kept.keep(kept.begin(), replace(about(FERRY), hits=(*about(FERRY).hits, hit(twin, 0, 20))))
    assert forget(place, "tram.txt", NOW) == Resting(1, 1, 0, beside=1)
    assert resting(place, "twin.txt") == Resting(0, 0, 0)


def test_a_forgotten_answer_says_so_and_the_others_are_as_they_were(place, kept, three):
    forget(place, "tram.txt", NOW)
    one, two, last = kept.turns(three)
    assert (one.answer, last.answer) == (shown(answer("One?")), shown(answer("Three?")))
    assert (two.number, two.question, two.answer, two.erased, two.settings) == (2, "Two?", None, True, {})
    assert two.trouble == "The answer to this question was erased on 3 Sep 2024, with an article that it rested on."
    assert [c.turns for c in kept.listing("two?")] == [3]
    assert kept.listing("xyzzyplugh") == []
    assert kept.keep(three, answer("Four?")).number == 4


def test_what_was_kept_while_another_had_the_file_open_leaves_its_log_too(store):
    kept = Conversations(store)
    with contextlib.closing(Database(store, FORM)):  # so that closing does not empty the log
        conversation = said(kept, "One?")
        kept.keep(conversation, about(TRAM))
        assert (store / f"{FORM.name}-wal").stat().st_size
        assert b"xyzzyplugh" in files_of(store)
        assert forget(store, "tram.txt") == Resting(1, 1, 0)
        assert b"xyzzyplugh" not in files_of(store)


def test_while_somebody_reads_it_says_that_pages_may_be_left(place, three, lies, monkeypatch):
    monkeypatch.setattr("index.database.CLEARING", 10)
    monkeypatch.setattr("index.postgres._CLEARING", 10)
    with place.reading(FORM) as reader:
        reader.execute("SELECT count(*) FROM turns").fetchall()
        assert forget(place, "tram.txt") == Resting(1, 1, 0, whole=False)
    assert forget(place, "tram.txt") == Resting(0, 0, 0)
    assert b"xyzzyplugh" not in lies()


@pytest.fixture
def in_database(store, database):
    """A place in a database, with what rests on an article that is to be forgotten."""
    place = Keeping(store, database)
    kept = Conversations(place)
    kept.keep(kept.begin(), about(TRAM))
    return place


def test_a_transaction_in_another_database_that_keeps_bytes_there_is_told(in_database, postgres, monkeypatch):
    monkeypatch.setattr("index.postgres._CLEARING", 10)
    postgres.execute("DROP DATABASE IF EXISTS another")
    postgres.execute("CREATE DATABASE another")
    with postgres.session("another") as other:
        other.execute("CREATE TABLE anything (number INTEGER)")
        assert not forget(in_database, "tram.txt").whole
        other.rollback()
    assert forget(in_database, "tram.txt").whole
    assert b"xyzzyplugh" not in postgres.files().lower()
    postgres.execute("DROP DATABASE another")


def test_a_prepared_transaction_that_keeps_bytes_there_is_told(in_database, postgres, monkeypatch):
    monkeypatch.setattr("index.postgres._CLEARING", 10)
    with postgres.session() as other:
        other.execute("CREATE TABLE public.anything (number INTEGER)")
        other.execute("PREPARE TRANSACTION 'begun'")
    try:
        assert not forget(in_database, "tram.txt").whole
    finally:
        postgres.execute("ROLLBACK PREPARED 'begun'")
    assert forget(in_database, "tram.txt").whole
    assert b"xyzzyplugh" not in postgres.files().lower()


def test_who_may_not_write_the_tables_anew_has_erased_and_is_told_that_bytes_may_be_left(in_database, postgres):
    postgres.execute("CREATE ROLE guest LOGIN PASSWORD 'sesame'")
    postgres.execute("GRANT USAGE ON SCHEMA footnote TO guest")
    postgres.execute("GRANT ALL ON ALL TABLES IN SCHEMA footnote TO guest")
    try:
        guest = Keeping(in_database.store, f"postgresql://guest:sesame@/postgres?host={postgres.folder}")
        done = forget(guest, "tram.txt")
        assert (done.answers, done.whole) == (1, False)
        assert "does not let its user do this (must be owner of table" in done.why
        assert forget(in_database, "tram.txt").whole
        assert b"xyzzyplugh" not in postgres.files().lower()
    finally:
        postgres.execute("DROP OWNED BY guest")
        postgres.execute("DROP ROLE guest")


def test_an_article_is_forgotten_for_all_owners_and_in_every_wording_it_had(place, kept, three, lies):
    hers = Conversations(place, "her")
    hers.keep(hers.begin(), about(replace(TRAM, text=SECRET.replace("door", "roof"))))
    assert forget(place, "tram.txt") == Resting(2, 2, 0)
    assert b"xyzzyplugh" not in lies()
    assert hers.turns(hers.listing()[0].id)[0].erased


def test_a_refusal_that_shows_the_article_is_erased(place, kept, lies):
    kept.keep(kept.begin(), refused(hits=(hit(TRAM, 0, 20), MAY)))
    assert forget(place, "tram.txt") == Resting(1, 1, 0)
    assert b"xyzzyplugh" not in lies()


def test_the_same_text_under_another_name_is_erased_with_it(place, kept, three):
    kept.keep(kept.begin(), about(replace(TRAM, source="bus.txt", id=article_id("bus.txt"))))
    assert forget(place, "tram.txt") == Resting(2, 2, 0)
    assert check(place) == Checked(2, 4, 2, ())


def test_an_answer_that_names_it_as_a_copy_is_erased(place, kept, lies):
    said(kept, "One?")
    kept.keep(kept.begin(), about(TRAM))
    assert FALL.also[0].source == "post.html"
    assert forget(place, "post.html") == Resting(1, 1, 0)
    assert b"post.html" not in lies()
    assert resting(place, "tram.txt") == Resting(1, 1, 0)


def test_an_article_is_meant_by_its_address_and_all_in_a_folder_or_a_zip_by_its_path(place, kept, tmp_path):
    for name in ("old/tram.txt", "old/trams.zip#a/tram.txt"):
        kept.keep(kept.begin(), about(replace(TRAM, text=f"{name}: {SECRET}", source=str(tmp_path / name))))
    said(kept, "One?")
    assert resting(place, str(tmp_path / "ol")) == Resting(0, 0, 0)
    assert resting(place, str(tmp_path / "old" / "trams.zip")) == Resting(1, 1, 0)
    assert resting(place, str(tmp_path / "old")) == Resting(2, 2, 0)
    assert resting(place, MOLE.url) == Resting(1, 1, 0)


def test_a_damaged_answer_that_may_rest_on_it_is_counted_and_left(place, kept, three):
    change(place, "UPDATE turns SET record = :zero WHERE place = 1")
    assert resting(place, "tram.txt") == Resting(1, 1, 1)
    assert forget(place, "tram.txt") == Resting(1, 1, 1)
    assert [turn.erased for turn in kept.turns(three)] == [False, True, False]


def test_a_damaged_answer_is_erased_when_another_tells_that_it_rests_on_it(place, kept, three, lies):
    kept.keep(three, about(TRAM))
    change(place, "UPDATE turns SET record = :zero WHERE place = 2")
    assert forget(place, "tram.txt") == Resting(2, 1, 0)
    assert b"xyzzyplugh" not in lies()


def test_what_nothing_rests_on_is_no_error_and_erases_nothing(place, kept, three):
    before = kept.turns(three)
    assert forget(place, "nothing.txt") == Resting(0, 0, 0)
    assert kept.turns(three) == before
