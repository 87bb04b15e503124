"""A database of PostgreSQL: what is no address of one, what is made in it, and what is said while it is away."""

import logging
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import quote

import pytest
from postgres import PASSWORD
from scripted_page import Scripted
from test_conversations import answer, said

from index.database import Form
from index.errors import FootnoteError, UsageError
from index.postgres import Shared, checked_address, host_of, shared
from page.rooms.ask import conversing
from rag import marked
from rag.conversations import FORM, Conversations
from rag.keeping import Keeping

ROOT = Path(__file__).parent.parent
NOTES = Form("notes", 1, lambda _: ["CREATE TABLE notes (number INTEGER PRIMARY KEY, text TEXT NOT NULL)"], "")
LATER = Form("notes", 2, lambda version: ["ALTER TABLE notes ADD COLUMN moment TEXT"] if version else [], "")
SECRETS = (PASSWORD, quote(PASSWORD, safe=""), "sesame")


def told(error):
    """What anybody may see of an error, also in a log with all that led to it."""
    chain = []
    while error:
        chain += [str(error), getattr(error, "hint", ""), repr(error)]
        error = error.__cause__
    return " ".join(chain)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("postgresql://db.example.org/notes", "db.example.org"),
        ("postgresql://ada:sesame@db.example.org:6432/notes?sslmode=require", "db.example.org:6432"),
        ("postgres://ada@[::1]/notes", "::1"),
        ("postgresql:///notes", "this machine"),
        ("postgresql://ada:sesame@/notes?host=/run/postgresql", "this machine"),
        ("postgresql://ada:sesame@/notes?host=db.example.org", "db.example.org"),
        ("postgresql://ada:%2F%40%23sesame@h/notes", "h"),
        ("postgresql://ada@db/notes?hostaddr=192.0.2.7", "192.0.2.7"),
        ("postgresql:///notes?service=team", "the service team"),
    ],
)
def test_where_a_database_is_can_be_shown(address, host):
    assert checked_address(address) == address
    assert host_of(address) == host


@pytest.mark.parametrize(
    ("name", "value", "host"),
    [
        ("PGHOST", "db", "db"),
        ("PGHOSTADDR", "192.0.2.7", "192.0.2.7"),
        ("PGHOST", "/run", "this machine"),
        ("PGSERVICE", "team", "the service team"),
    ],
)
def test_where_a_database_is_may_be_said_by_the_environment(monkeypatch, name, value, host):
    monkeypatch.setenv(name, value)
    assert host_of("postgresql:///notes") == host
    assert host_of("postgresql://db.example.org/notes") == "db.example.org"


@pytest.mark.parametrize(
    "address",
    [
        "sesame", "sqlite:///sesame.db", "postgresql://ada:sesame@h", "postgresql://ada:sesame@h:port/notes",
        "postgresql://ada:ses/ame@h/notes", "postgresql://ada:ses#ame@h/notes", "postgresql://ada:ses?ame@h/notes",
        "postgresql://ada:ses@ame@h/notes",
        "postgresql:/sesame", "postgres:sesame", "postgresql://ada:sesame@[h/notes", "postgresql+psycopg2://h/sesame",
    ],
)  # fmt: skip
def test_what_is_no_address_is_not_repeated(address):
    with pytest.raises(UsageError, match="no address of PostgreSQL") as raised:
        checked_address(address)
    assert "ses" not in told(raised.value).replace("address", "")


def test_without_the_libraries_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(FootnoteError, match="what speaks to it is not installed") as raised:
        Shared("postgresql://h/notes")
    assert raised.value.hint == "pip install -r requirements-postgres.txt"


def test_nothing_of_it_is_imported_where_there_is_no_database(store):
    script = (
        "import sys; from pathlib import Path;"
        "from rag.conversations import Conversations; from rag.users import Users;"
        "Conversations(Path(sys.argv[1])).listing(); Users(Path(sys.argv[1])).names();"
        "assert not {'sqlalchemy', 'psycopg'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", script, str(store)], cwd=ROOT, check=True)


# Tables --------------------------------------------------------------------------------------------------------------


def test_tables_are_made_at_the_first_writing_and_never_by_looking(database, postgres):
    with shared(database).reading(NOTES) as db:
        assert db is None
    with shared(database).writing(NOTES, make=False) as db:
        assert db is None
    assert postgres.execute("SELECT to_regnamespace('footnote')") == [(None,)]
    with shared(database).writing(NOTES) as db:
        db.execute("INSERT INTO notes (text) VALUES (:text)", {"text": "é"})
    assert postgres.execute("SELECT number, text FROM notes") == [(1, "é")]
    assert postgres.execute("SELECT name, version FROM forms") == [("notes", 1)]


@pytest.mark.parametrize("does", ["reading", "writing"])
def test_tables_of_an_earlier_version_are_brought_up(database, does):
    with shared(database).writing(NOTES) as db:
        db.execute("INSERT INTO notes (text) VALUES ('one')")
    with getattr(shared(database), does)(LATER) as db:
        assert [tuple(row) for row in db.execute("SELECT text, moment FROM notes").fetchall()] == [("one", None)]
    newer = r"newer Footnote \(its schema is 2, this one knows 1\)"
    with pytest.raises(FootnoteError, match=newer), shared(database).reading(NOTES):
        pass


def test_what_fails_while_tables_are_brought_up_leaves_them_as_they_were(database):
    with shared(database).writing(NOTES):
        pass
    broken = Form("notes", 2, lambda _: ["ALTER TABLE notes ADD COLUMN moment TEXT", "ALTER TABLE none ADD x"], "")
    with pytest.raises(FootnoteError, match="did not do what it was told"), shared(database).writing(broken):
        pass
    with shared(database).reading(NOTES) as db:
        assert db.execute("SELECT * FROM notes").keys() == ["number", "text"]


def test_two_that_make_the_tables_at_once_make_them_once(database):
    troubles, together = [], threading.Barrier(4)

    def make():
        own = Shared(database)
        together.wait(20)
        try:
            with own.writing(FORM, marked.FORM):
                pass
        except Exception as error:
            troubles.append(error)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []


def test_no_turn_is_lost_where_a_server_has_transactions_see_an_earlier_state(database, postgres, store):
    conversation = Conversations.begin()
    postgres.execute("ALTER ROLE footnote SET default_transaction_isolation = 'repeatable read'")
    try:
        kept = Conversations(Keeping(store, database + "&application_name=another"))
        said(kept, "One?", conversation=conversation)
        threads = [
            threading.Thread(target=said, args=(kept, "Two?", "Three?"), kwargs={"conversation": conversation})
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        postgres.execute("ALTER ROLE footnote RESET default_transaction_isolation")
    assert [turn.number for turn in kept.turns(conversation)] == [1, 2, 3, 4, 5, 6, 7]


def test_who_waits_too_long_for_another_is_told(database, store, monkeypatch):
    monkeypatch.setattr("index.postgres.PATIENCE", 50)
    kept = Conversations(Keeping(store, database))
    said(kept, "One?")
    with shared(database).writing(FORM):
        with pytest.raises(FootnoteError, match="cannot be used now: others are writing to it"):
            said(kept, "Two?")
        assert [c.title for c in kept.listing()] == ["One?"]


def test_no_text_is_in_the_statistics_of_the_database(database, postgres, store):
    said(Conversations(Keeping(store, database)), *(f"Xyzzyplugh {n}?" for n in range(30)))
    postgres.execute("ANALYZE")
    found = postgres.execute("SELECT tablename, attname, histogram_bounds::text, most_common_vals::text FROM pg_stats "
                             "WHERE schemaname = 'footnote'")  # fmt: skip
    assert {(table, column) for table, column, *_ in found} >= {("turns", "place")}
    assert "xyzzyplugh" not in str(found).lower()


def test_a_database_whose_text_is_not_in_utf_8_is_refused_before_anything_is_made(database, postgres):
    postgres.execute("DROP DATABASE IF EXISTS latin")
    postgres.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1'")
    address = database.replace("/postgres?", "/latin?")
    with pytest.raises(FootnoteError, match="its text in LATIN1") as raised, Shared(address).writing(NOTES):
        pass
    assert raised.value.hint == "It has to be PostgreSQL 13 or newer, with a database in UTF8."
    with postgres.session("latin") as db:
        assert db.execute("SELECT to_regnamespace('footnote')").fetchone() == (None,)


def test_who_may_not_make_the_schema_is_told_what_grants_it(database, postgres):
    postgres.execute("CREATE ROLE visitor LOGIN PASSWORD 'sesame'")
    try:
        address = f"postgresql://visitor:sesame@/postgres?host={postgres.folder}"
        with pytest.raises(FootnoteError, match="does not let its user") as raised, Shared(address).writing(NOTES):
            pass
        assert "GRANT CREATE ON DATABASE" in raised.value.hint
    finally:
        postgres.execute("DROP ROLE visitor")


# Away ----------------------------------------------------------------------------------------------------------------


def asked(past, question, turns=()):
    """The turns that the page has when the answer is drawn."""
    *_, last = conversing(Scripted(), past)(question, "", list(turns))
    return last[2]


def test_an_answer_is_shown_while_the_database_is_away_and_the_next_is_kept_when_it_is_back(
    postgres, database, store, caplog
):
    past = Conversations(Keeping(store, database))
    turns = asked(past, "River, before?")
    with postgres.stopped():
        turns = asked(past, "River, meanwhile?", turns)
        assert turns[-1].answer.citations
        (logged,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
        assert logged.startswith("an answer could not be kept: The database postgres at this machine cannot be reached")
        assert not any(secret in caplog.text for secret in SECRETS)
        with pytest.raises(FootnoteError, match="cannot be reached") as raised:
            past.listing()
        assert not any(secret in told(raised.value) for secret in SECRETS)
    asked(past, "River, after?", turns)
    assert [turn.question for turn in past.turns(turns[-1].conversation)] == ["River, before?", "River, after?"]


def test_an_answer_is_shown_while_the_database_says_nothing_and_kept_when_it_does(
    postgres, database, store, caplog, monkeypatch
):
    monkeypatch.setattr("page.rooms.ask.KEEPING", 0.1)
    past = Conversations(Keeping(store, database))
    conversation = said(past, "River, before?")
    with postgres.frozen():
        turns = asked(past, "River, meanwhile?")
        assert turns[-1].answer.citations
        (logged,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
        assert logged == "an answer is shown that is not kept yet: for 0.1 seconds nothing was said of it"
    for thread in threading.enumerate():
        if thread.name == "keeping":
            thread.join(30)
    assert [turn.question for turn in past.turns(turns[-1].conversation)] == ["River, meanwhile?"]
    assert turns[-1].conversation != conversation


def test_a_server_that_goes_in_the_middle_of_a_transaction_takes_all_of_it_along(postgres, database, store):
    kept = Conversations(Keeping(store, database))
    conversation = said(kept, "One?")

    def erase():
        with shared(database).writing(FORM) as db:
            db.execute("DELETE FROM conversations")
            with postgres.stopped():
                pass
            db.execute("DELETE FROM texts")

    with pytest.raises(FootnoteError, match="cannot be reached"):
        erase()
    assert [turn.answer is not None for turn in kept.turns(conversation)] == [True]


@pytest.mark.parametrize("wrong", ["port", "host", "user", "password", "name"])
def test_what_is_wrong_with_an_address_is_told_without_its_password(postgres, wrong):
    right, at = quote(PASSWORD, safe=""), f"host={postgres.folder}"
    address = {
        "port": f"postgresql://footnote:{right}@127.0.0.1:1/postgres",
        "host": f"postgresql://footnote:{right}@/postgres?host={postgres.folder}/none",
        "user": f"postgresql://nobody:{right}@/postgres?{at}",
        "password": f"postgresql://footnote:open%20sesame@/postgres?{at}",
        "name": f"postgresql://footnote:{right}@/none?{at}",
    }[wrong]
    with pytest.raises(FootnoteError, match="cannot be reached") as raised, Shared(address).reading(FORM):
        pass
    assert not any(secret in told(raised.value) for secret in SECRETS)


def test_a_password_that_others_repeat_is_not_passed_on(postgres):
    there = Shared(postgres.address)
    error = Exception(f"no such thing: {PASSWORD}")
    assert PASSWORD not in str(there._unusable(error))


def test_an_answer_that_is_not_kept_whole_is_not_kept(database, store, monkeypatch):
    kept = Conversations(Keeping(store, database))
    conversation = said(kept, "One?")
    monkeypatch.setattr("rag.conversations.rest_on", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        kept.keep(conversation, answer("Two?"))
    monkeypatch.undo()
    assert [turn.question for turn in kept.turns(conversation)] == ["One?"]
    assert [c.title for c in kept.listing("two")] == []
