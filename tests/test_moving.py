"""What is in the files of a store is brought into a database, whole or not at all, and not twice."""

import threading

import pytest
from test_conversations import answer, refused, said
from test_kept import TRAM, about, files_of

from index.errors import FootnoteError
from rag import moving
from rag.conversations import FORM, Conversations
from rag.evals.marks import Marks
from rag.keeping import Keeping
from rag.kept import Checked, check, forget
from rag.moving import Moved, move
from rag.users import Users

CHEAP = {"n": 16, "r": 1, "p": 1}
PASSWORD = "correct horse"


@pytest.fixture
def there(store, database):
    return Keeping(store, database)


@pytest.fixture
def full(store):
    """Two owners' conversations in files, one with an erased answer, and marks and users."""
    for owner in ("", "ada"):
        kept = Conversations(store, owner)
        conversation = said(kept, "One?", "Zero \0 byte?")
        kept.keep(conversation, about(TRAM, "Xyzzyplugh?"))
        kept.keep(kept.begin(), refused())
        marks = Marks(store, owner)
        marks.judge(marks.keep(answer("Marked?")).id, "unanswerable")
    kept.keep(conversation, about(TRAM))
    forget(store, "tram.txt")
    for name in ("ada", "grace"):
        Users(store, CHEAP).add(name, PASSWORD)


def everything(place):
    """All that can be seen of a place: lists, turns and marks of each owner, and users."""
    seen = []
    for owner in ("", "ada"):
        kept = Conversations(place, owner)
        seen += [(c, kept.turns(c.id)) for c in kept.listing()]
        seen.append(Marks(place, owner).listing())
    users = Users(place, CHEAP)
    return seen, [(name, users.proof(name)) for name in users.names()]


def test_everything_is_there_as_it_was_and_no_more_here(store, there, full):
    before, sound = everything(store), check(store)
    assert move(there) == Moved(4, 9, 2, 2)
    assert everything(there) == before
    assert check(there) == sound
    assert everything(store) == ([(), ()], [])
    assert check(store) == Checked(0, 0, 0, ())
    assert b"xyzzyplugh" not in files_of(store).lower()
    assert Users(there, CHEAP).check("ada", PASSWORD)


def test_a_move_of_nothing_makes_no_file(store, there):
    assert move(there) == Moved(0, 0, 0, 0)
    assert not store.exists()


def test_a_store_without_marks_or_users_is_moved(store, there):
    said(Conversations(store), "One?")
    assert move(there) == Moved(1, 1, 0, 0)
    assert [file.name for file in store.iterdir()] == [FORM.name]


def test_a_conversation_that_another_owner_has_there_is_told_and_nothing_is_moved(store, there):
    conversation = said(Conversations(store), "One?")
    said(Conversations(there, "ada"), "Two?", conversation=conversation)
    with pytest.raises(FootnoteError, match=f"has a conversation {conversation} of somebody else"):
        move(there)
    assert [c.title for c in Conversations(store).listing()] == ["One?"]


def test_moved_again_it_is_not_doubled_and_what_came_later_is_added(store, there, full, monkeypatch):
    (conversation,) = [c.id for c in Conversations(store).listing() if c.title == "One?"]
    before = everything(store)
    with monkeypatch.context() as patch:  # so that it stays in the files, as after a crash between the two
        patch.setattr(moving, "drop_texts", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            move(there)
    assert everything(store) == everything(there) == before
    said(Conversations(store), "Later here?", conversation=conversation)
    said(Conversations(there), "Later there?", conversation=conversation)
    Users(store, CHEAP).change("grace", "battery staple")
    assert move(there) == Moved(0, 1, 0, 0, ("grace",))
    turns = Conversations(there).turns(conversation)
    assert [turn.number for turn in turns] == list(range(1, len(turns) + 1))
    assert [turn.question for turn in turns][-2:] == ["Later there?", "Later here?"]
    assert Users(there, CHEAP).check("grace", PASSWORD)
    assert move(there) == Moved(0, 0, 0, 0)
    assert check(there).faults == ()


@pytest.mark.parametrize("step", ["_bring_turns", "_bring_texts", "_bring_marks", "_bring_users"])
def test_what_fails_on_the_way_leaves_everything_where_it_was(store, there, full, monkeypatch, step):
    before = everything(store)
    monkeypatch.setattr(moving, step, lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        move(there)
    monkeypatch.undo()
    assert everything(store) == before
    assert everything(there) == ([(), ()], [])
    assert move(there) == Moved(4, 9, 2, 2)


def test_while_the_database_is_away_nothing_is_moved(postgres, store, there, full):
    before = everything(store)
    with postgres.stopped(), pytest.raises(FootnoteError, match="cannot be reached"):
        move(there)
    assert everything(store) == before


def test_what_is_kept_while_it_is_moved_is_not_lost(store, there, monkeypatch):
    kept = Conversations(store)
    conversation = said(kept, "One?")
    writer = threading.Thread(target=said, args=(kept, "Meanwhile?"), kwargs={"conversation": conversation})
    bring = moving._bring_marks

    def bring_while_another_writes(*given):
        writer.start()
        return bring(*given)

    monkeypatch.setattr(moving, "_bring_marks", bring_while_another_writes)
    move(there)
    writer.join(60)
    assert [turn.question for turn in kept.turns(conversation)] == ["Meanwhile?"]
    monkeypatch.undo()
    assert move(there) == Moved(0, 1, 0, 0)
    assert [turn.question for turn in Conversations(there).turns(conversation)] == ["One?", "Meanwhile?"]
