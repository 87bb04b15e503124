"""What every command of `python -m rag` is given, and how it ends."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType

    from index.candidates import Only
    from rag.keeping import Keeping

DONE, FAILED = 0, 1

# The step that is under way, how much of it is done, and of how much; a total of 0 is not known.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended: its exit code, what it found as JSON values, and what a terminal shows."""

    code: int
    values: Mapping[str, Any] | Sequence[Any]
    shown: RenderableType


def command(
    commands: Any,  # noqa: ANN401 - argparse does not name what it gives
    name: str,
    about: str,
    run: Callable[[Namespace, Progress], Result],
) -> ArgumentParser:
    """A subcommand that ends with a Result, shown as JSON with --json; `about` is a line of the help."""
    sub: ArgumentParser = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
    sub.add_argument("--json", action="store_true", help="the result as JSON")
    sub.set_defaults(command=run)
    return sub


def store_command(
    commands: Any,  # noqa: ANN401 - argparse does not name what it gives
    name: str,
    about: str,
    run: Callable[[Namespace], Result],
) -> ArgumentParser:
    """The same for a command that works on a store and is done at once."""
    sub = command(commands, name, about, lambda given, _: run(given))
    store_argument(sub)
    return sub


def only_arguments(parser: ArgumentParser) -> None:
    """Which articles are meant, for a command that may be kept to some; `only_of` reads it."""
    parser.add_argument(
        "--source", default="", metavar="TEXT", help="only articles with this in their paper, path or address"
    )
    parser.add_argument("--author", default="", metavar="TEXT", help="only articles with this in their byline")
    parser.add_argument("--since", metavar="DAY", help="only articles of this day or later: 2024-08-30")
    parser.add_argument("--until", metavar="DAY", help="only articles of this day or earlier")


def only_of(options: Namespace) -> Only:
    """The articles that are meant. Raises UsageError for what is no day."""
    from rag.kept_to import kept_to

    return kept_to(options.source, options.author, options.since, options.until)


def store_argument(parser: ArgumentParser) -> None:
    """The folder of the index, for a command that opens one."""
    parser.add_argument("--store", type=Path, metavar="DIR", help="folder of the index (default: .footnote)")


def not_whole(kept: Keeping, why: str) -> str:
    """What is said after something was erased whose bytes may still be there, and why where that was a fault."""
    again = "then `python -m rag conversations forget`, with any article and --yes, takes them away."
    if why:
        return f"Its bytes may be left: {why}. Mend that; {again}"
    if kept.database:
        return (
            "Its bytes may be left: another transaction at the server is open or prepared, or a replica is behind."
            f" End that; {again}"
        )
    return "Somebody is reading the file, so old pages may be left: close the app, and do this again."


def kept_in(given: Namespace) -> Keeping:
    """Where what people write is kept, by the settings and the store that was given. Raises UsageError."""
    from index.settings import load_settings
    from rag.keeping import Keeping, database

    return Keeping(load_settings().at(given.store).store, database())
