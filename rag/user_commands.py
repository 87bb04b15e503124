"""`python -m rag users`: who may log in to the page.

A password is typed without being shown, or piped in as one line. It is never an argument: those can be read by every
user of a machine, and stay in the history of the shell.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from rag.commands import DONE, FAILED, Result, kept_in, not_whole, store_command

if TYPE_CHECKING:
    from rag.keeping import Keeping
    from rag.users import Users


def add(commands: Any) -> None:  # noqa: ANN401 - argparse does not name it
    """Gives the command line its `users`."""
    about = "add, list or remove who may log in to the page, or change a password"
    ours = commands.add_parser("users", help=about, description=f"{about[0].upper()}{about[1:]}.")
    kinds = ours.add_subparsers(metavar="COMMAND", required=True)
    _of_one(store_command(kinds, "add", "let somebody in; from the first on, everybody has to log in", _add))
    store_command(kinds, "list", "the names", _list)
    _of_one(store_command(kinds, "password", "give somebody another password, which logs them out", _password))
    remove = _of_one(
        store_command(kinds, "remove", "let somebody in no more, and erase their conversations and marks", _remove)
    )
    remove.add_argument("--keep-conversations", action="store_true", help="for whoever has this name next")


def _of_one(parser: ArgumentParser) -> ArgumentParser:
    parser.add_argument("name", metavar="NAME", help="as it is typed to log in; capitals make no difference")
    return parser


def _add(given: Namespace) -> Result:
    from rag.users import checked_name, name_of, unknown

    users, name = _users(given), checked_name(name_of(given.name))
    unknown(name, users.names())
    users.add(name, _typed())
    alone = "" if len(users.names()) > 1 else " From now on the page asks everybody to log in."
    return Result(DONE, {"added": name}, f"{name} may log in.{alone}")


def _list(given: Namespace) -> Result:
    names = _users(given).names()
    nobody = "There are no users: the page asks nobody to log in, and only this machine can reach it."
    return Result(DONE, names, "\n".join(names) or nobody)


def _password(given: Namespace) -> Result:
    from rag.users import known, name_of

    users, name = _users(given), name_of(given.name)
    known(name, users.names())
    users.change(name, _typed())
    return Result(DONE, {"changed": name}, f"{name} has another password, and is logged out everywhere.")


def _remove(given: Namespace) -> Result:
    from rag.conversations import FORM as CONVERSATIONS
    from rag.marked import FORM as MARKS
    from rag.marked import erase
    from rag.users import TABLE, name_of
    from rag.wording import counted

    users, name = _users(given), name_of(given.name)
    users.remove(name)
    erased, marks, kept = 0, 0, kept_in(given)
    if not given.keep_conversations:
        erased, marks = _erased(kept, name), erase(kept, name)
    whole, why = kept.rewritten(CONVERSATIONS, MARKS, TABLE)
    parts = [counted(erased, "conversation")] * bool(erased) + [counted(marks, "marked answer")] * bool(marks)
    told = f", with {' and '.join(parts)}" if parts else ""
    alone = "" if users.names() else " Nobody has to log in any more."
    left = "" if whole else f"\n{not_whole(kept, why)}"
    values = {"removed": name, "conversations": erased, "marked": marks, "whole": whole}
    return Result(DONE if whole else FAILED, values, f"Removed: {name}{told}.{alone}{left}")


def _erased(place: Keeping, owner: str) -> int:
    """How many conversations of this owner there were; there are none any more."""
    from rag.conversations import Conversations

    kept, erased = Conversations(place, owner), 0
    while found := kept.listing():
        for conversation in found:
            kept.remove(conversation.id)
        erased += len(found)
    return erased


def _users(given: Namespace) -> Users:
    from rag.moving import nothing_left
    from rag.users import Users

    return Users(nothing_left(kept_in(given)))


def _typed() -> str:
    """A new password, which is asked for again where it was typed. Raises UsageError for one that cannot be meant."""
    import sys

    from index.errors import UsageError
    from index.terminal import secret
    from rag.users import checked_password

    password = checked_password(secret("Password: ") or "")
    if sys.stdin.isatty() and secret("Once more: ") != password:
        raise UsageError("The two passwords are not the same", "Run the command again.")
    return password
