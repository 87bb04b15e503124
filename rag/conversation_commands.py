"""`python -m rag conversations`: what was asked, listed, shown, exported, renamed, removed, asked again or checked.

These are the conversations of the only user, those on the page among them. `check`, `forget` and `move` look at those
of all who keep some in this store, or in the database that is set.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.commands import DONE, FAILED, Result, kept_in, not_whole, store_command

if TYPE_CHECKING:
    from rag.answers import Answer
    from rag.conversations import Conversation, Conversations, Turn
    from rag.kept import Fault

# The lines in which a terminal shows an answer.
Draw = Callable[["Answer"], Iterator[str]]

# Characters of an id that are shown: of a million conversations, two begin alike in one of nine cases.
SHOWN_ID = 10
FORMATS = ("markdown", "bibtex")


def add(commands: Any, draw: Draw) -> None:  # noqa: ANN401 - argparse does not name it
    """Gives the command line its `conversations`, which shows answers as `draw` does."""
    about = "list, show, rename, remove, export, replay, check or move what was asked, or forget an article"
    ours = commands.add_parser("conversations", help=about, description=f"{about[0].upper()}{about[1:]}.")
    kinds = ours.add_subparsers(metavar="COMMAND", required=True)
    listing = store_command(kinds, "list", "the conversations, the newest first", _list)
    listing.add_argument("--find", metavar="TEXT", default="", help="words of a title, a question or an answer")
    listing.add_argument("--limit", metavar="N", type=int, default=20, help="how many at most (default: 20)")
    _of_one(store_command(kinds, "show", "the questions and answers of one", lambda given: _show(given, draw)))
    rename = _of_one(store_command(kinds, "rename", "give one another title", _rename))
    rename.add_argument("title", metavar="TITLE")
    remove = store_command(kinds, "remove", "erase conversations, with the text they alone rest on", _remove)
    remove.add_argument("conversations", metavar="ID", nargs="+", help="the id, or as much of it as is needed")
    export = _of_one(
        store_command(kinds, "export", "write one as Markdown with footnotes, or what it cites as BibTeX", _export)
    )
    export.add_argument("--format", choices=FORMATS, default=FORMATS[0], help="(default: markdown)")
    export.add_argument(
        "--out", type=Path, metavar="FILE", help="where it goes; nothing may lie there (default: stdout)"
    )
    replay = _of_one(store_command(kinds, "replay", "ask again, and say what is different now", _replay))
    replay.add_argument("--turn", type=int, metavar="N", help="only the question with this number")
    store_command(kinds, "check", "compare what is kept with what was written; nothing is changed", _check)
    forget = store_command(
        kinds, "forget", "erase the answers that rest on an article, also marked ones, with its text", _forget
    )
    forget.add_argument("article", metavar="PATH|URL|ID", help="the article's place or id, or a folder of them")
    forget.add_argument("--yes", action="store_true", help="erase them; without it they are counted")
    store_command(
        kinds, "move", "bring them from this store into the database that is set, with marks and users", _move
    )


def _of_one(parser: ArgumentParser) -> ArgumentParser:
    parser.add_argument("conversation", metavar="ID", help="the id, or as much of it as is needed")
    return parser


def _list(given: Namespace) -> Result:
    from index.errors import UsageError

    if given.limit < 1:
        raise UsageError(f"--limit is {given.limit}", "It must be 1 or more.")
    found = _kept(given).listing(given.find, given.limit)
    none = "No conversation has all of these words." if given.find.strip() else "There are no conversations yet."
    return Result(DONE, [_as_json(c) for c in found], "\n".join(map(_entry, found)) or none)


def _entry(conversation: Conversation) -> str:
    from index.printable import visible
    from rag.wording import counted, short

    day, questions = short(conversation.changed.astimezone().date()), counted(conversation.turns, "question")
    return f"{conversation.id[:SHOWN_ID]}  {day:>11}  {questions:>12}  {visible(conversation.title)}"


def _show(given: Namespace, draw: Draw) -> Result:
    from index.printable import visible

    conversation, turns = _chosen(given)
    lines = [visible(conversation.title)]
    for turn in turns:
        lines += ["", visible(f"{turn.number}. {turn.question}"), ""]
        lines += draw(turn.answer) if turn.answer else [visible(turn.trouble)]
    code = FAILED if any(turn.trouble and not turn.erased for turn in turns) else DONE
    return Result(code, _as_json(conversation) | {"turns": [_turn_as_json(t) for t in turns]}, "\n".join(lines))


def _rename(given: Namespace) -> Result:
    from index.printable import visible

    kept = _kept(given)
    found = kept.find(given.conversation)
    kept.rename(found.id, given.title)
    now = kept.find(found.id)
    return Result(DONE, _as_json(now), visible(f"It is called “{now.title}” now."))


def _remove(given: Namespace) -> Result:
    from rag.wording import counted

    kept = _kept(given)
    found = list(dict.fromkeys(kept.find(name).id for name in given.conversations))
    for conversation in found:
        kept.remove(conversation)
    return Result(DONE, {"removed": found}, f"Removed: {counted(len(found), 'conversation')}.")


def _export(given: Namespace) -> Result:
    from rag.exports import bibtex, markdown

    conversation, turns = _chosen(given)
    text = markdown(conversation.title, turns) if given.format == "markdown" else bibtex(turns)
    values = {"id": conversation.id, "format": given.format, "path": given.out and str(given.out)}
    if given.out is None:
        return Result(DONE, values | {"text": text}, text.rstrip("\n"))
    _write(given.out, text)
    return Result(DONE, values, f"The conversation is in {given.out}.")


def _write(path: Path, text: str) -> None:
    from index.errors import UsageError

    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{path} is there already", "Give another path for the export.") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", "Give another path for the export.") from error


def _replay(given: Namespace) -> Result:
    from index.errors import UsageError
    from index.printable import visible
    from rag.answers import as_json
    from rag.replay import replay
    from rag.settings import build, load_settings

    _, turns = _chosen(given)
    chosen = [turn for turn in turns if given.turn in (None, turn.number)]
    if not chosen:
        raise UsageError(f"There is no question {given.turn} in it", f"It has {len(turns)}, numbered from 1.")
    assistant = build(load_settings().at(given.store)).assistant
    values, lines = [], []
    for turn in chosen:
        made = None if turn.erased else replay(turn, assistant)
        differences = made.differences if made else (turn.trouble,)
        told = differences or ("The answer is the same.",)
        lines += [visible(f"{turn.number}. {turn.question}"), *(f"   {visible(said)}" for said in told)]
        answer = as_json(made.answer) if made else None
        values.append({"turn": turn.number, "differences": list(differences), "answer": answer})
    return Result(DONE, values, "\n".join(lines))


def _check(given: Namespace) -> Result:
    from rag.kept import check
    from rag.moving import nothing_left
    from rag.wording import counted

    done = check(nothing_left(kept_in(given)))
    lines = [f"{_where(fault)}{fault.what}" for fault in done.faults]
    if not done.faults:
        much = [
            counted(done.answers, "answer"),
            counted(done.conversations, "conversation"),
            counted(done.texts, "text"),
        ]
        lines.append(f"What is kept is as it was written: {', '.join(much)}.")
    values = asdict(done) | {"sound": not done.faults}
    return Result(FAILED if done.faults else DONE, values, "\n".join(lines))


def _where(fault: Fault) -> str:
    return f"{fault.conversation[:SHOWN_ID]}, question {fault.number}: " if fault.number else ""


def _forget(given: Namespace) -> Result:
    from rag.kept import forget, resting
    from rag.moving import nothing_left
    from rag.wording import counted

    kept = nothing_left(kept_in(given))
    done = (forget if given.yes else resting)(kept, given.article)
    answers = f"{counted(done.answers, 'answer')} of {counted(done.conversations, 'conversation')}"
    lines = []
    if not done.answers:
        lines.append("No answer that is kept rests on it.")
    elif given.yes:
        lines.append(
            f"Erased: {answers}. Their questions stay; `python -m rag conversations remove ID` erases these too."
        )
    else:
        lines += [
            f"Kept answers that rest on it: {answers}.",
            "To erase them: the same with --yes. Their questions stay.",
        ]
    if done.marks:
        marks = counted(done.marks, "answer")
        erasing = f"Erased of what was marked as wrong: {marks}, with question and note."
        lines.append(
            erasing if given.yes else f"Marked as wrong, and resting on it: {marks}; --yes erases these whole."
        )
    if done.beside:
        beside = f"Beside other answers, as also found: a passage of it in {counted(done.beside, 'answer')}"
        lines.append(f"{beside}, taken out there." if given.yes else f"{beside}; --yes takes it out there.")
    if done.unread:
        unread = f"Too damaged to tell what they rest on: {counted(done.unread, 'answer')}"
        lines.append(f"{unread}; `python -m rag conversations check` names them.")
    if done.untold:
        untold = f"Marked as wrong without a word of what they rest on: {counted(done.untold, 'answer')}"
        lines.append(f"{untold}; look at them in the evals on the page, and take out what has to go.")
    if not done.whole:
        lines.append(not_whole(kept, done.why))
    if given.yes:
        lines.append("Backups, snapshots of the file system and the blocks of a drive are out of reach.")
    found = done.answers or done.marks or done.beside
    left = done.unread or done.untold or not done.whole or (found and not given.yes)
    return Result(FAILED if left else DONE, asdict(done) | {"erased": given.yes}, "\n".join(lines))


def _move(given: Namespace) -> Result:
    from index.errors import UsageError
    from index.postgres import shared
    from rag.moving import move
    from rag.wording import counted

    kept = kept_in(given)
    if not kept.database:
        hint = "Set FOOTNOTE_DATABASE, or `database` below [conversations] in footnote.toml, to postgresql://user@host/name"
        raise UsageError("There is no database to move to", hint)
    moved = move(kept)
    name = shared(kept.database).name
    much = [
        counted(moved.conversations, "conversation"),
        counted(moved.answers, "answer"),
        counted(moved.marks, "marked answer"),
        counted(moved.users, "user"),
    ]
    lines = [f"Moved: {', '.join(much)}. {name} has them now, and the store has not."]
    if moved.known:
        lines.append(f"There already, with another password, which stays: {', '.join(moved.known)}.")
    if not moved.whole:
        lines.append("Somebody is reading a file, so old pages may be left in it: close the app, and do this again.")
    return Result(DONE if moved.whole else FAILED, asdict(moved), "\n".join(lines))


def _kept(given: Namespace) -> Conversations:
    from rag.conversations import Conversations

    return Conversations(kept_in(given))


def _chosen(given: Namespace) -> tuple[Conversation, list[Turn]]:
    kept = _kept(given)
    conversation = kept.find(given.conversation)
    return conversation, kept.turns(conversation.id)


def _as_json(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "title": conversation.title,
        "begun": conversation.begun.isoformat(),
        "changed": conversation.changed.isoformat(),
        "questions": conversation.turns,
    }


def _turn_as_json(turn: Turn) -> dict[str, Any]:
    from rag.answers import as_json

    return {
        "number": turn.number,
        "question": turn.question,
        "kept": turn.kept.isoformat() if turn.kept else None,
        "settings": dict(turn.settings),
        "passages": list(turn.passages),
        "trouble": turn.trouble,
        "erased": turn.erased,
        "answer": as_json(turn.answer) if turn.answer else None,
    }
