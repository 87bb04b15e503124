"""Where what people write is kept is what is set, and what is set is never shown."""

import pytest
from test_conversations import said

from index.errors import FootnoteError, UsageError
from rag.conversations import FORM, Conversations
from rag.keeping import Keeping, database, keeping
from rag.running import running
from rag.settings import Settings, build, load_settings

ADDRESS = "postgresql://ada:open%20sesame@db.example.org:6432/notes"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "footnote.toml"


def test_a_store_alone_is_files_in_it(store):
    assert keeping(store) == Keeping(store) == keeping(Keeping(store))
    assert database({}, store / "none.toml") == ""


def test_a_database_is_set_in_the_file_and_the_environment_goes_before_it(file):
    file.write_text(f'[conversations]\ndatabase = "{ADDRESS}"\n')
    assert database({}, file) == load_settings({}, file).database == ADDRESS
    other = "postgres:///others"
    assert database({"FOOTNOTE_DATABASE": other}, file) == load_settings({"FOOTNOTE_DATABASE": other}, file).database
    assert database({"FOOTNOTE_DATABASE": other}, file) == other
    assert database({"FOOTNOTE_DATABASE": ""}, file) == ADDRESS


@pytest.mark.parametrize(
    "text",
    [
        '[conversations]\ndatabase = ["postgresql://ada:sesame@h/db"]',
        '[conversations]\ndatabase = "mysql://ada:sesame@h/db"',
        '[conversations]\ndatabse = "postgresql://ada:sesame@h/db"',
    ],
)
def test_a_mistake_is_told_without_what_was_written(file, text):
    file.write_text(text)
    with pytest.raises(UsageError) as raised:
        database({}, file)
    assert "sesame" not in f"{raised.value} {raised.value.hint}"


def test_the_address_is_in_nothing_that_is_shown_or_kept(store, monkeypatch, embedder):
    monkeypatch.setattr("rag.settings.Embedder", lambda *_: embedder)
    parts = build(Settings(store, database=ADDRESS))
    told = running(parts, {})
    assert dict(told[0].facts)["Conversations"] == (
        "What is asked and answered is kept in a database at db.example.org:6432."
    )
    for shown in (told, parts, parts.settings, parts.keeping, parts.changes):
        assert "sesame" not in repr(shown)
    with pytest.raises(UsageError, match="There is no setting 'database' to change"):
        parts.settings.with_changes([f"database={ADDRESS}"])


def test_what_was_in_a_transaction_that_failed_never_was(place):
    kept = Conversations(place)
    conversation = said(kept, "One?")
    with pytest.raises(FootnoteError), place.writing(FORM) as db:
        db.execute("UPDATE conversations SET title = 'Two?'") and db.execute("UPDATE none SET title = ''")
    assert [c.title for c in kept.listing()] == ["One?"]
    assert [turn.number for turn in kept.turns(conversation)] == [1]


def test_one_state_is_read_whatever_is_written_meanwhile(place):
    conversation = said(Conversations(place), "One?")
    count = "SELECT count(*) FROM turns"
    with place.reading(FORM) as db:
        assert db.execute(count).fetchone()[0] == 1
        said(Conversations(place), "Two?", conversation=conversation)
        assert db.execute(count).fetchone()[0] == 1
    with place.reading(FORM) as db:
        assert db.execute(count).fetchone()[0] == 2


def test_nothing_is_rewritten_where_nothing_is(place):
    assert place.rewrite(FORM)
    assert not place.store.exists()


def test_several_machines_serve_one_conversation(database, tmp_path):
    here, there = (Conversations(Keeping(tmp_path / name, database), "ada") for name in ("here", "there"))
    conversation = said(here, "One?")
    assert [c.id for c in there.listing("one")] == [conversation]
    said(there, "Two?", conversation=conversation)
    assert here.turns(conversation) == there.turns(conversation)
    assert [turn.question for turn in here.turns(conversation)] == ["One?", "Two?"]
    there.rename(conversation, "Both")
    assert here.find(conversation[:6]).title == "Both"
    here.remove(conversation)
    assert there.listing() == []
    assert not list(tmp_path.iterdir())
