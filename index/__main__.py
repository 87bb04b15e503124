"""The command line of the index: `python -m index sync | status | check | remove`.

Results go to stdout, as text or with --json as JSON, everything else to stderr. Exit code 0: done; 1: something was
not, and the output says what; 2: the request cannot be meant. The heavy imports stand in the commands that need them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.printable import escaped, place, visible
from index.terminal import guarded, progress_bar

if TYPE_CHECKING:
    from index.catalog import Catalog
    from index.check import CheckReport
    from index.embedder import Embedder
    from index.settings import IndexSettings
    from index.sync import Report

# Sources that a summary names with their reasons before it says how many more there are.
SHOWN = 20
COUNTS = ("new", "changed", "gone", "same", "skipped", "failed")
_LABELS = {"same": "unchanged"}

# Whether everything asked was done, the result as JSON, and as text.
Result = tuple[bool, dict[str, Any], str]
Command = Callable[[argparse.Namespace], Result]
Unread = tuple[str, str, str]  # source, state, reason


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code."""
    # Before any model library is imported: nothing here ever asks a model hub.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    options = _parser().parse_args(arguments)
    done, result, text = options.command(options)
    print(escaped(json.dumps(result, ensure_ascii=False, indent=2)) if options.json else visible(text))
    return 0 if done else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m index", description="Keeps the index of your articles.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, command: Command, about: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
        sub.add_argument("--store", type=Path, metavar="DIR", help="folder of the index (default: .footnote)")
        sub.add_argument("--json", action="store_true", help="the result as JSON")
        sub.set_defaults(command=command)
        return sub

    sync = add("sync", _sync, "index what is new, changed or gone")
    sync.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="file or folder, followed from now on")
    add("status", _status, "say what is indexed and what is not")
    check = add("check", _check, "compare the index with what it was made from")
    check.add_argument("--repair", action="store_true", help="make again what is damaged, without embedding")
    remove = add("remove", _remove, "take files or folders out of the index; they themselves are not touched")
    remove.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="file or folder")
    return parser


def _sync(options: argparse.Namespace) -> Result:
    from index.embedder import Embedder

    settings = _settings(options)
    start = time.monotonic()
    report = _synced(settings.store, options.paths, Embedder(settings.model, settings.precision))
    seconds = round(time.monotonic() - start, 2)
    counts = {name: getattr(report, name) for name in COUNTS}
    unread = [(o.source, o.state, o.reason) for o in report.unread]
    text = (
        f"{', '.join(f'{n:,} {_LABELS.get(name, name)}' for name, n in counts.items())}; "
        f"passages embedded: {report.embedded:,}; {seconds:.1f} s"
    )
    result = counts | {"embedded": report.embedded, "seconds": seconds, "problems": _problems(unread)}
    return not report.failed, result, "\n".join([text, *_problem_lines(unread)])


def _synced(store: Path, paths: Sequence[Path], embedder: Embedder) -> Report:
    from index.sync import sync_followed, sync_paths

    with progress_bar() as progress:
        if paths:
            return sync_paths(store, paths, embedder, progress)
        return sync_followed(store, embedder, progress)


def _status(options: argparse.Namespace) -> Result:
    from index.catalog import Catalog
    from index.database import existing

    with contextlib.closing(Catalog(existing(_settings(options).store))) as catalog, catalog.snapshot():
        return True, *_described(catalog)


def _described(catalog: Catalog) -> tuple[dict[str, Any], str]:
    """The status of an index, as JSON and as text."""
    overview, known, followed = catalog.overview(), catalog.known(), catalog.followed()
    unread = [(source, k.state, k.reason) for source, k in known.items() if k.state != "indexed"]
    states = Counter(k.state for k in known.values())
    counts = {state: states[state] for state in ("indexed", "skipped", "failed")}
    model, precision = catalog.note("model"), catalog.note("precision")
    result = {
        "store": str(catalog.path.parent),
        **asdict(overview),
        "first": overview.first and overview.first.isoformat(),
        "last": overview.last and overview.last.isoformat(),
        "model": model,
        "precision": precision,
        "followed": followed,
        "sources": counts,
        "problems": _problems(unread),
    }
    dates = f"{overview.first} to {overview.last}" if overview.first else "none"
    lines = [
        f"store       {catalog.path.parent}, generation {overview.generation}",
        f"articles    {overview.articles:,} in {overview.passages:,} passages",
        f"dates       {dates}; articles without one: {overview.undated:,}",
        f"model       {f'{model}, {precision}' if model else 'none yet'}",
        *[f"follows     {place(folder)}" for folder in followed or ["nothing yet"]],
        f"sources     {', '.join(f'{n:,} {state}' for state, n in counts.items())}",
    ]
    return result, "\n".join([*lines, *_problem_lines(unread)])


def _check(options: argparse.Namespace) -> Result:
    from index.check import check

    report = check(_settings(options).store, options.repair)
    faults = [{"problem": f.problem, "step": f.step, "repaired": f.repaired} for f in report.faults]
    lines = [f"{f.problem}. {f.step or 'Repaired.'}" for f in report.faults]
    return report.sound, {"sound": report.sound, "faults": faults}, "\n".join([*lines, *_verdict(report)])


def _verdict(report: CheckReport) -> list[str]:
    found = report.searched
    if not report.sound or found is None:
        return []
    return [f"The index is sound: {found.articles:,} articles, {found.passages:,} passages."]


def _remove(options: argparse.Namespace) -> Result:
    from index.upkeep import remove

    removal = remove(_settings(options).store, options.paths)
    lines = [
        f"Taken out of the index: {len(removal.sources):,}",
        *[f"No longer followed: {place(folder)}" for folder in removal.unfollowed],
        *[f"Still followed, so the next sync brings it back: {place(folder)}" for folder in removal.returning],
    ]
    return True, asdict(removal), "\n".join(lines)


def _settings(options: argparse.Namespace) -> IndexSettings:
    from index.settings import load_settings

    return load_settings().at(options.store)


def _problems(unread: Sequence[Unread]) -> list[dict[str, str]]:
    return [{"source": source, "state": state, "reason": reason} for source, state, reason in _worst_first(unread)]


def _problem_lines(unread: Sequence[Unread]) -> list[str]:
    lines = [f"{state:<11} {place(source)}: {reason}" for source, state, reason in _worst_first(unread)]
    rest = [f"and {len(lines) - SHOWN:,} more, see --json"] if len(lines) > SHOWN else []
    return lines[:SHOWN] + rest


def _worst_first(unread: Sequence[Unread]) -> list[Unread]:
    return sorted(unread, key=lambda problem: problem[1] != "failed")


if __name__ == "__main__":
    sys.exit(guarded(main))
