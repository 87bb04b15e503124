"""The command line for questions: `python -m rag ask "..."` and `python -m rag eval COMMAND`.

Results go to stdout, as text or with --json as JSON, everything else to stderr. Exit code 0: done, also when the
articles do not say; 1: something was not done; 2: the request cannot be meant; `eval gate` has more of them. Heavy
imports stand where needed.
"""

from __future__ import annotations

import signal

# So that Ctrl-C leaves no trace before `finish` can answer it with a sentence. Where it is ignored, it stays so.
if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from index.terminal import finish, progress_bar
from rag import conversation_commands, user_commands
from rag.commands import DONE, FAILED, Progress, Result, command, only_arguments, only_of, store_argument
from rag.doors import commands as doors
from rag.evals.commands import (
    Command,
    compare,
    doctor,
    explain,
    export,
    gate,
    import_,
    label,
    make,
    matrix,
    report,
    run,
    settings,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

    from rag.answers import Answer, Citation, Sentence

BOLD, PLAIN = "\033[1m", "\033[0m"

EVALS: dict[str, Command] = {
    "run": run,
    "compare": compare,
    "gate": gate,
    "matrix": matrix,
    "explain": explain,
    "make": make,
    "label": label,
    "import": import_,
    "export": export,
    "report": report,
    "doctor": doctor,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code."""
    # Before any model library is imported: nothing here ever asks a model hub.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    options = _parser().parse_args(arguments)
    if door := getattr(options, "door", None):  # it serves, and has no result
        return int(door(options))
    with progress_bar() as progress:
        result: Result = options.command(options, progress)
    if options.json:
        from index.printable import escaped

        print(escaped(json.dumps(result.values, ensure_ascii=False, indent=2)))
    else:
        _show(result.shown)
    return result.code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rag", description="Answers questions from your articles.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    ask = command(commands, "ask", "answer one question, with footnotes", _ask)
    ask.add_argument("question", help="what you want to know")
    only_arguments(ask)
    store_argument(ask)
    conversation_commands.add(commands, _answer_lines)
    user_commands.add(commands)
    doors.arguments(commands)
    evals = commands.add_parser("eval", help="measure retrieval and answers", description="Measures, offline.")
    kinds = evals.add_subparsers(metavar="COMMAND", required=True)
    for name, kind in EVALS.items():
        kind.arguments(command(kinds, name, kind.ABOUT, kind.run))
    return parser


def _ask(options: argparse.Namespace, _: Progress) -> Result:
    from rag.answers import Question, Refusal, as_json
    from rag.chain import checked
    from rag.settings import build

    question = Question(checked(options.question), only=only_of(options))
    answer = build(settings(options)).assistant.ask(question)
    code = FAILED if answer.refusal is Refusal.NO_ARTICLES else DONE
    return Result(code, as_json(answer), "\n".join(_answer_lines(answer)))


def _answer_lines(answer: Answer) -> Iterator[str]:
    """The answer or refusal, its footnotes or the nearest passages, and what was searched."""
    from index.printable import visible
    from rag.answers import Refusal
    from rag.wording import heading, looked_through, missing, refused, reserve, restriction, short

    def told(why: str) -> str:
        return f"({why})" if why else ""

    if answer.refusal:
        yield refused(answer)
        if missing(answer):
            yield missing(answer)
        if answer.refusal is Refusal.NO_ARTICLES:
            yield "`python -m index sync PATH` takes in a file or a folder."
        yield from _nearest_lines(answer)
    if answer.note:
        yield visible(answer.note)
    over = heading(answer)
    if over:
        yield over
    days = {citation.number: short(citation.published) for citation in answer.citations}
    for sentence in answer.sentences:
        numbers = " ".join(filter(None, ["".join(f"[{n}]" for n in sentence.citations), told(reserve(sentence))]))
        day = f"{days[sentence.citations[0]]}: " if over and sentence.citations else ""
        yield f"{day}{marked(sentence, _bold())} {numbers}"
    for citation in answer.citations:
        yield from _footnote_lines(citation)
    if answer.searched.articles:
        seconds = sum(answer.timings.values())
        yield ""
        within = f", {restriction(answer)}" if answer.question.only else ""
        yield f"Searched {looked_through(answer.searched)}{within}, in {seconds:.2f} s."


def _bold() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def marked(sentence: Sentence, bold: bool) -> str:
    """The text of a sentence, its short answer in bold where that is asked for, and no other control character."""
    from index.printable import visible

    if not sentence.mark or not bold:
        return visible(sentence.text)
    start, end = sentence.mark
    before, answer, after = sentence.text[:start], sentence.text[start:end], sentence.text[end:]
    return f"{visible(before)}{BOLD}{visible(answer)}{PLAIN}{visible(after)}"


def _footnote_lines(citation: Citation) -> Iterator[str]:
    from index.printable import place, visible
    from rag.wording import credit

    yield ""
    yield f"[{citation.number}] {visible(credit(citation))}"
    yield f"    “{visible(citation.quote)}”"
    yield f"    {visible(place(citation.source))}, characters {citation.start}–{citation.end}"
    for copy in citation.also:
        yield f"    also in {visible(place(copy.source))}"


def _nearest_lines(answer: Answer) -> Iterator[str]:
    from index.printable import visible
    from rag.wording import NEAREST, glimpse, short

    if answer.hits:
        yield "\nNearest passages:"
    for hit in answer.hits[:NEAREST]:
        text = "".join(glimpse(answer, hit))
        yield visible(f"  · {hit.article.title} ({short(hit.article.published)}): {text}")


def _show(shown: RenderableType) -> None:
    """Text as it is, so that it can be piped and cut anywhere; tables as wide as the terminal."""
    if isinstance(shown, str):
        print(shown)
        return
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else 120).print(shown)


if __name__ == "__main__":
    finish(main)
