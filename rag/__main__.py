"""The command line for questions: `python -m rag ask "..."` and `python -m rag eval run | compare`.

Results go to stdout, as text or with --json as JSON, everything else to stderr. Exit code 0: done, also when the
articles do not say; 1: something was not done; 2: the request cannot be meant. Heavy imports stand where needed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.terminal import guarded, progress_bar

if TYPE_CHECKING:
    from rich.console import RenderableType

    from index.settings import IndexSettings
    from rag.answers import Answer, Citation

NEAREST = 3

# Whether everything asked was done, the result as JSON, and what a terminal shows.
Result = tuple[bool, dict[str, Any], "RenderableType"]
Command = Callable[[argparse.Namespace], Result]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code."""
    # Before any model library is imported: nothing here ever asks a model hub.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    options = _parser().parse_args(arguments)
    done, result, shown = options.command(options)
    if options.json:
        from index.printable import escaped

        print(escaped(json.dumps(result, ensure_ascii=False, indent=2)))
    else:
        _show(shown)
    return 0 if done else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rag", description="Answers questions from your articles.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    ask = _command(commands, "ask", _ask, "answer one question, with footnotes")
    ask.add_argument("question", help="what you want to know")
    evals = commands.add_parser("eval", help="measure retrieval and answers", description="Measures, offline.")
    kinds = evals.add_subparsers(metavar="COMMAND", required=True)
    run = _command(kinds, "run", _eval_run, "ask every question of a set and measure what comes back")
    run.add_argument(
        "--set", type=Path, metavar="PATH", default=Path("seeds"),
        help="a questions.jsonl or its folder, asked on the current store, or a folder with corpus.jsonl, "
             "queries.jsonl and qrels.tsv, which gets a store of its own (default: seeds)",
    )  # fmt: skip
    run.add_argument("--answers", action="store_true", help="answer each question too: answer and refusal rates")
    run.add_argument("--out", type=Path, metavar="FILE", help="keep the run as a JSON file, for compare")
    compare = _command(kinds, "compare", _eval_compare, "say whether run B is better than run A, and where")
    compare.add_argument("a", type=Path, metavar="A", help="a run file")
    compare.add_argument("b", type=Path, metavar="B", help="another run file on the same questions")
    return parser


def _command(commands: Any, name: str, command: Command, about: str) -> argparse.ArgumentParser:  # noqa: ANN401
    sub: argparse.ArgumentParser = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
    sub.add_argument("--store", type=Path, metavar="DIR", help="folder of the index (default: .footnote)")
    sub.add_argument("--json", action="store_true", help="the result as JSON")
    sub.set_defaults(command=command)
    return sub


def _ask(options: argparse.Namespace) -> Result:
    from rag.answers import Question, Refusal, as_json
    from rag.chain import checked
    from rag.settings import build

    question = Question(checked(options.question))
    answer = build(_settings(options)).assistant.ask(question)
    return answer.refusal is not Refusal.NO_ARTICLES, as_json(answer), "\n".join(_answer_lines(answer))


def _answer_lines(answer: Answer) -> Iterator[str]:
    """The answer or refusal, its footnotes or the nearest passages, and what was searched."""
    from index.printable import visible
    from rag.answers import Refusal
    from rag.wording import SAYINGS, counted, extent

    if answer.refusal:
        yield SAYINGS[answer.refusal]
        if answer.refusal is Refusal.NO_ARTICLES:
            yield "`python -m index sync PATH` takes in a file or a folder."
        yield from _nearest_lines(answer)
    for sentence in answer.sentences:
        numbers = "".join(f"[{n}]" for n in sentence.citations) or "(no source)"
        yield f"{visible(sentence.text)} {numbers}"
    for citation in answer.citations:
        yield from _footnote_lines(citation)
    if answer.searched.articles:
        seconds = sum(answer.timings.values())
        yield ""
        yield f"Searched {extent(answer.searched)}, {counted(answer.searched.passages, 'passage')}, in {seconds:.2f} s."


def _footnote_lines(citation: Citation) -> Iterator[str]:
    from index.printable import place, visible
    from rag.wording import short

    page = f"p. {citation.page}" if citation.page else ""
    about = " · ".join(filter(None, [citation.title, citation.author, short(citation.published), page]))
    yield ""
    yield f"[{citation.number}] {visible(about)}"
    yield f"    “{visible(citation.quote)}”"
    yield f"    {visible(place(citation.source))}, characters {citation.start}–{citation.end}"
    for copy in citation.also:
        yield f"    also in {visible(place(copy.source))}"


def _nearest_lines(answer: Answer) -> Iterator[str]:
    from index.printable import visible
    from rag.wording import clipped, short

    if answer.hits:
        yield "\nNearest passages:"
    for hit in answer.hits[:NEAREST]:
        yield visible(f"  · {hit.article.title} ({short(hit.article.published)}): {clipped(hit.passage.text)}")


def _eval_run(options: argparse.Namespace) -> Result:
    from rag.evals.evaluate import evaluate
    from rag.evals.reports import run_report
    from rag.evals.runs import as_json, reserve, save

    if options.out:
        reserve(options.out)
    with progress_bar() as progress:
        found = evaluate(_settings(options), options.set, answers=options.answers, progress=progress)
    if options.out:
        save(found, options.out)
    return not found.errors, as_json(found), run_report(found)


def _eval_compare(options: argparse.Namespace) -> Result:
    from rag.evals.comparisons import as_json, compare
    from rag.evals.reports import comparison_report
    from rag.evals.runs import load

    comparison = compare(load(options.a), load(options.b))
    return True, as_json(comparison), comparison_report(comparison)


def _settings(options: argparse.Namespace) -> IndexSettings:
    from index.settings import load_settings

    return load_settings().at(options.store)


def _show(shown: RenderableType) -> None:
    """Text as it is, so that it can be piped and cut anywhere; tables as wide as the terminal."""
    if isinstance(shown, str):
        print(shown)
        return
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else 120).print(shown)


if __name__ == "__main__":
    sys.exit(guarded(main))
