"""Who may log in: what is kept of a password, and what becomes of the file."""

import contextlib
import json
import multiprocessing
import stat
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from index.errors import FootnoteError, UsageError
from index.search import Index
from rag.keeping import Keeping
from rag.users import FILE_NAME, FRESH, GRACE, InDatabase, Users, name_of

CHEAP = {"n": 16, "r": 1, "p": 1}
PASSWORD = "correct horse"


@pytest.fixture
def users(place, monkeypatch):
    monkeypatch.setattr("rag.users.FRESH", 0.0)
    return Users(place, CHEAP)


@pytest.fixture
def in_file(store):
    return Users(store, CHEAP)


@pytest.fixture
def file(store):
    return store / FILE_NAME


def test_a_user_is_let_in_with_the_password_and_no_other(users):
    users.add("ada", PASSWORD)
    assert users.check("ada", PASSWORD)
    for wrong in ("", "correct hors", "correct horse ", "Correct horse", PASSWORD * 100):
        assert not users.check("ada", wrong)
    assert not users.check("grace", PASSWORD)
    assert not users.check("", "")


def test_two_users_with_one_password_have_nothing_in_common(users):
    users.add("ada", PASSWORD)
    users.add("grace", PASSWORD)
    ada, grace = users.proof("ada"), users.proof("grace")
    assert ada.salt != grace.salt
    assert ada.key != grace.key


def test_no_password_is_in_the_file(in_file, file):
    in_file.add("ada", PASSWORD)
    assert list(json.loads(file.read_bytes())["users"]) == ["ada"]
    assert PASSWORD not in file.read_text()


def test_no_password_is_in_the_database(users, place, request):
    users.add("ada", PASSWORD)
    if place.database:
        assert PASSWORD not in str(request.getfixturevalue("postgres").execute("SELECT * FROM users"))


def test_the_file_is_for_its_owner_alone_also_after_it_was_written_again(in_file, file):
    for name in ("ada", "grace"):
        in_file.add(name, PASSWORD)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in file.parent.iterdir()) == ["users.json", "users.lock"]


def test_a_password_that_is_typed_with_other_code_points_is_the_same(users):
    users.add("ada", "Stra\u00dfe nach K\u00f6ln")
    assert users.check("ada", "Stra\u00dfe nach Ko\u0308ln")


def test_a_changed_password_is_the_only_one(users):
    users.add("ada", PASSWORD)
    before = users.proof("ada")
    users.change("ada", "battery staple")
    assert users.check("ada", "battery staple")
    assert not users.check("ada", PASSWORD)
    assert users.proof("ada") != before


def test_who_was_removed_is_let_in_no_more(users):
    users.add("ada", PASSWORD)
    users.remove("ada")
    assert not users.check("ada", PASSWORD)
    assert users.names() == []


def test_what_another_process_changes_is_seen_at_once(users, place):
    assert users.names() == []
    Users(place, CHEAP).add("ada", PASSWORD)
    assert users.names() == ["ada"]
    Users(place, CHEAP).change("ada", "battery staple")
    assert users.check("ada", "battery staple")


def test_users_can_be_added_before_there_is_an_index(users, store):
    users.add("ada", PASSWORD)
    assert not Index(store, None).exists()


def added(place, name):
    Users(place, CHEAP).add(name, PASSWORD)


def test_none_is_lost_when_many_are_added_at_once(place):
    names = [f"user{n}" for n in range(12)]
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.starmap(added, [(place, name) for name in names])
    assert Users(place).names() == sorted(names)


def test_passwords_can_be_checked_from_many_threads(users):
    users.add("ada", PASSWORD)
    with ThreadPoolExecutor(8) as pool:
        assert (
            list(pool.map(lambda n: bool(users.check("ada", PASSWORD if n % 2 else "wrong")), range(40)))
            == [False, True] * 20
        )


@pytest.mark.parametrize("password", ["short", "x" * 9, "x" * 1001, ""])
def test_a_password_that_is_too_short_or_long_is_not_repeated(users, password):
    with pytest.raises(UsageError, match="The password has") as raised:
        users.add("ada", password)
    assert not password or password not in str(raised.value) + raised.value.hint
    assert users.names() == []


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "a/b", "<b>", "a:b", "x" * 65, "a\u202eb", "a\u200bb"])
def test_a_name_that_could_be_mistaken_is_refused(users, name):
    with pytest.raises(UsageError, match="This cannot be a user's name"):
        users.add(name, PASSWORD)


@pytest.mark.parametrize("typed", ["ada", " Ada ", "ADA", "\uff21da"])
def test_a_name_is_meant_however_it_is_typed(typed):
    assert name_of(typed) == "ada"


@pytest.mark.parametrize(
    ("typed", "name"), [("Zoë", "zoë"), ("ZOE\u0308", "zoë"), ("ada@example.org", "ada@example.org")]
)
def test_a_name_may_have_the_letters_of_any_language(users, typed, name):
    users.add(name_of(typed), PASSWORD)
    assert users.names() == [name]


def test_a_name_is_given_once(users):
    users.add("ada", PASSWORD)
    with pytest.raises(UsageError, match="There is a user ada already"):
        users.add("ada", "another password")
    assert users.check("ada", PASSWORD)


@pytest.mark.parametrize("change", [lambda users: users.change("ada", PASSWORD), lambda users: users.remove("ada")])
def test_who_is_not_there_cannot_be_changed(users, change):
    with pytest.raises(UsageError, match="There is no user 'ada'"):
        change(users)


DAMAGED = [b"", b"{}", b"[]", b"null", b'{"form": 2, "users": {}}', b'{"form": 1, "users": {"ada": {"salt": "x"}}}',
           b'{"form": 1, "users": {"ada": "x"}}', b'{"form": 1, "users": ["ada"]}', b"\xff",
           b'{"form": 1, "users": {"ada": {"salt": "!", "key": "", "n": 2, "r": 1, "p": 1}}}']  # fmt: skip


@pytest.mark.parametrize("data", DAMAGED)
def test_a_damaged_file_lets_nobody_in_and_is_never_taken_for_none(in_file, file, data):
    in_file.add("ada", PASSWORD)
    file.write_bytes(data)
    for use in (in_file.names, lambda: in_file.check("ada", PASSWORD), lambda: in_file.add("grace", PASSWORD)):
        with pytest.raises(FootnoteError, match=FILE_NAME):
            use()
    assert file.read_bytes() == data


def test_a_write_that_fails_leaves_the_file_as_it_was(in_file, file, monkeypatch):
    in_file.add("ada", PASSWORD)
    before = file.read_bytes()

    def fails(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fails)
    with pytest.raises(FootnoteError, match="No space left on device"):
        in_file.add("grace", PASSWORD)
    monkeypatch.undo()
    assert file.read_bytes() == before
    in_file.add("grace", PASSWORD)
    assert in_file.names() == ["ada", "grace"]


def test_looking_for_a_name_that_is_not_there_costs_as_much(users, monkeypatch):
    users.add("ada", PASSWORD)
    spent = []
    monkeypatch.setattr("rag.users._scrypt", lambda *given: spent.append(given[2:]) or b"")
    for name in ("ada", "nobody"):
        users.check(name, "wrong")
    assert spent == [(16, 1, 1)] * 2


# In a database --------------------------------------------------------------------------------------------------------


def test_what_another_machine_changes_is_asked_for_once_in_a_while(database, store, clock):
    kept = Keeping(store, database)
    seen = InDatabase(kept, clock)
    assert seen.proofs() == {}
    Users(kept, CHEAP).add("ada", PASSWORD)
    clock.now += FRESH / 2
    assert list(seen.proofs()) == []
    clock.now += FRESH
    assert list(seen.proofs()) == ["ada"]


def test_while_the_database_is_away_users_are_those_who_were_last_but_not_for_ever(postgres, database, store, clock):
    kept = Keeping(store, database)
    Users(kept, CHEAP).add("ada", PASSWORD)
    seen = InDatabase(kept, clock)
    assert list(seen.proofs()) == ["ada"]
    with postgres.stopped():
        clock.now += GRACE / 2
        assert list(seen.proofs()) == ["ada"]
        clock.now += GRACE
        with pytest.raises(FootnoteError, match="cannot be reached"):
            seen.proofs()
        with pytest.raises(FootnoteError, match="cannot be reached"):
            Users(kept, CHEAP).names()
    clock.now += FRESH
    assert list(seen.proofs()) == ["ada"]


def test_a_database_that_does_not_answer_holds_the_page_up_for_a_moment_alone(store, clock, monkeypatch):
    answers = threading.Event()

    @contextlib.contextmanager
    def reading(*_):
        answers.wait(60)
        yield None

    monkeypatch.setattr("rag.users.HOLD", 0.01)
    seen = InDatabase(Keeping(store, "postgresql://127.0.0.1/none"), clock)
    monkeypatch.setattr(Keeping, "reading", reading)
    answers.set()
    assert seen.proofs() == {}
    answers.clear()
    clock.now += FRESH
    assert [seen.proofs() for _ in range(3)] == [{}] * 3
    assert sum(thread.name == "users" for thread in threading.enumerate()) == 1
    answers.set()
