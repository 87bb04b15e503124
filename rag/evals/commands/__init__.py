"""What every eval command is: a module with ABOUT, `arguments` and `run`. rag/__main__.py gives each its subcommand.

A command parses nothing and prints nothing. It imports what it needs inside its functions, because the help of the
command line imports every one of them.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Protocol

from rag.commands import DONE, FAILED, Progress, Result, only_arguments, only_of, store_argument

if TYPE_CHECKING:
    from rag.settings import Settings

__all__ = [
    "DONE", "FAILED", "Command", "Progress", "Result", "changes_argument", "only_arguments", "only_of", "settings",
    "store_argument",
]  # fmt: skip


class Command(Protocol):
    """A module of this folder."""

    ABOUT: str
    """What it does, in lower case and without a full stop: a line of the help."""

    def arguments(self, parser: ArgumentParser) -> None:
        """Says what the command is given; --json is there already."""

    def run(self, options: Namespace, progress: Progress) -> Result:
        """Does it. Raises FootnoteError or UsageError for what the user can mend."""


def changes_argument(parser: ArgumentParser) -> None:
    """Settings to try, for a command that asks questions."""
    parser.add_argument(
        "--with", dest="changes", action="append", default=[], metavar="NAME=VALUE",
        help="another value of a setting, for this run alone: read=4",
    )  # fmt: skip


def settings(options: Namespace) -> Settings:
    """The settings of footnote.toml and the environment, with the --store and the changes that were given."""
    from rag.settings import load_settings

    return load_settings().at(options.store).with_changes(getattr(options, "changes", []))
