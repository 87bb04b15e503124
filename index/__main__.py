"""The command line of the index: `python -m index sync | add | watch | status | check | remove | rollback | ...`.

Results go to stdout, as text or with --json as JSON, everything else to stderr. Exit code 0: done; 1: something was
not, and the output says what; 2: the request cannot be meant. The heavy imports stand in the commands that need them.
"""

from __future__ import annotations

import signal

# So that Ctrl-C leaves no trace before `finish` can answer it with a sentence. Where it is ignored, it stays so.
if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.printable import escaped, place, visible
from index.terminal import asked, finish, progress_bar

if TYPE_CHECKING:
    from index.catalog import Catalog
    from index.check import CheckReport
    from index.embedder import Embedder
    from index.ledger import Entry
    from index.settings import IndexSettings
    from index.sync import Report

# Sources that a summary names with their reasons before it says how many more there are.
SHOWN = 20
COUNTS = ("new", "changed", "gone", "same", "skipped", "failed")
STATES = ("indexed", "skipped", "failed")
_LABELS = {"same": "unchanged"}
# What erases the answers that rest on an article: they are kept with its text.
_FORGET = "`python -m rag conversations forget PATH|URL`"

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

    sync = add("sync", _sync, "index what is new, changed or gone; what is named is followed from now on")
    places: dict[str, Any] = {"metavar": "PATH|URL", "help": "file, folder, page, feed or sitemap"}
    sync.add_argument("locations", nargs="*", **places)
    sync.add_argument("--yes", action="store_true", help="also take away more than a fifth of what a place had")
    follow = add("add", _add, "follow a file, folder, page, feed or sitemap; the next sync indexes it")
    follow.add_argument("locations", nargs="+", **places)
    follow.add_argument("--kind", choices=("page", "feed", "sitemap"), help="what the address is, without asking it")
    follow.add_argument("--limit", type=int, metavar="N", help="articles that one sync asks a feed or sitemap for")
    follow.add_argument("--field", action="append", default=[], metavar="text=NAME", help="the field of a record that"
                        " holds its text, title, author, published, url or id; may be repeated")  # fmt: skip
    watch = add("watch", _watch, "keep the index up to date until it is stopped")
    watch.add_argument("--with-parent", action="store_true", help=argparse.SUPPRESS)
    watch.add_argument("--every", type=float, default=30, metavar="MIN", help="minutes between looks at the web (30)")
    status = add("status", _status, "say what is indexed and what is not")
    status.add_argument("--state", choices=STATES, help="list the sources that ended like this")
    status.add_argument(
        "--find", default="", metavar="TEXT", help="list the sources with this in name, title or reason"
    )
    add("rollback", _rollback, "return to what was searched before the last run; again to come back")
    add("purge", _purge, "erase the text that is no longer searched")
    check = add("check", _check, "compare the index with what it was made from")
    check.add_argument("--repair", action="store_true", help="make again what is damaged, without embedding")
    remove = add(
        "remove", _remove, "take files, folders, pages or feeds out of the index; they themselves are not touched"
    )
    remove.add_argument("locations", nargs="+", **places)
    share = add("share", _share, "share the index with other machines, through the database that is set")
    one = share.add_mutually_exclusive_group()
    one.add_argument("--end", action="store_true", help="let this copy be an index of its own")
    one.add_argument("--replace", action="store_true", help="put this index in the place of the one that is shared")
    return parser


def _sync(options: argparse.Namespace) -> Result:
    from index.embedder import Embedder

    settings = _settings(options)
    embedder = Embedder(settings.model, settings.precision, settings.passage_tokens)
    start = time.monotonic()
    report = _synced(settings, options.locations, embedder, options.yes)
    if report.held and _agrees(f"Take {len(report.held):,} articles out of the index that are no longer there?"):
        report = _synced(settings, options.locations, embedder, yes=True)
    seconds = round(time.monotonic() - start, 2)
    unread = [(o.source, o.state, o.reason) for o in report.unread]
    result = {name: getattr(report, name) for name in COUNTS}
    result |= {"embedded": report.embedded, "left": report.left, "held": report.held, "seconds": seconds}
    lines = [f"{counts(report)}; passages embedded: {report.embedded:,}; {seconds:.1f} s", *_later(report)]
    return (
        not (report.failed or report.held),
        result | {"problems": _problems(unread)},
        "\n".join([*lines, *_problem_lines(unread)]),
    )


def _synced(settings: IndexSettings, locations: Sequence[str], embedder: Embedder, yes: bool) -> Report:
    from index.sync import sync_followed, sync_paths

    with progress_bar() as progress:
        if locations:
            return sync_paths(settings.store, locations, embedder, progress, yes, settings.outside, settings.server)
        return sync_followed(settings.store, embedder, progress, yes, settings.outside, server=settings.server)


def counts(report: Report) -> str:
    """'3 new, 1 changed, 0 gone, 12 unchanged, 1 skipped, 0 failed'."""
    return ", ".join(f"{getattr(report, name):,} {_LABELS.get(name, name)}" for name in COUNTS)


def _later(report: Report) -> list[str]:
    """What a run held back, and what it left for the next."""
    lines = []
    if report.held:
        many = f"{len(report.held):,} articles would be taken out, more than a fifth of what their place had"
        lines.append(f"Held back: {many}; the first is {place(report.held[0])}")
        lines.append("If they are meant to go: `python -m index sync --yes`.")
    if report.left:
        lines.append(f"Articles of feeds and sitemaps that wait for the next sync: {report.left:,}")
    return lines


def _agrees(question: str) -> bool:
    """Whether somebody at a terminal says yes; without one, nobody does."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return (asked(f"{question} [y/N] ") or "").strip().lower() in ("y", "yes")


def _add(options: argparse.Namespace) -> Result:
    from index.following import add, options_of

    settings = _settings(options)
    added = add(settings.store, options.locations, options.kind or "", options_of(options.field, options.limit),
                settings.networks)  # fmt: skip
    lines = [f"Follows the {'path' if f.kind == 'files' else f.kind} {place(f.location)}" for f in added.followed]
    feeds = [f"This page names a feed, which can be followed too: {place(feed)}" for feed in added.feeds]
    result = {"followed": [{"location": f.location, "kind": f.kind} for f in added.followed], "feeds": added.feeds}
    return True, result, "\n".join([*lines, *feeds, "`python -m index sync` indexes it."])


def _watch(options: argparse.Namespace) -> Result:
    from index.embedder import Embedder
    from index.watch import until_alone, watch

    settings, ended = _settings(options), threading.Event()
    if options.with_parent:
        until_alone(ended)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)

    def say(sentence: str) -> None:
        print(visible(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {sentence}"), flush=True)

    watch(
        settings.store,
        Embedder(settings.model, settings.precision, settings.passage_tokens),
        settings.outside,
        60 * options.every,
        say,
        ended,
        server=settings.server,
    )
    return True, {}, ""


def _rollback(options: argparse.Namespace) -> Result:
    from index.upkeep import roll_back

    settings = _settings(options)
    done = roll_back(settings.store, settings.server)
    lines = [
        f"Back to what was searched before the last run: {done.back:,} articles came back, {done.away:,} went.",
        "What changed since is indexed again by the next sync; another rollback undoes this one.",
    ]
    return True, asdict(done), "\n".join(lines)


def _purge(options: argparse.Namespace) -> Result:
    from index.replica import note_of
    from index.settings_file import database
    from index.upkeep import purge

    elsewhere = bool(database())
    settings = _settings(options)
    done = purge(settings.store, settings.server)
    done = replace(done, quoted=done.quoted or elsewhere)
    lines = [f"Erased {done.erased:,} articles that could have been brought back; what is left was written anew."]
    if not done.whole:
        who = "Somebody is reading the index" + (", here or in the database" if note_of(settings.store) else "")
        lines.append(f"{who}, so old pages may be left: close the app, and purge again.")
    if done.quoted:
        lines.append(f"Kept answers may still quote it: {_FORGET} shows how many rest on an article, and erases them.")
    if settings.server:
        lines.append("A Chroma server keeps the files of what it has removed; those vectors go with its folder alone.")
    lines.append("Backups, snapshots of the file system and the blocks of a drive are out of reach.")
    return done.whole, asdict(done), "\n".join(lines)


def _status(options: argparse.Namespace) -> Result:
    from index.catalog import Catalog
    from index.database import existing

    with contextlib.closing(Catalog(existing(_settings(options).store))) as catalog, catalog.snapshot():
        if options.state or options.find:
            return True, *_listed(catalog.entries(options.state or "", options.find))
        return True, *_described(catalog)


def _listed(entries: Sequence[Entry]) -> tuple[dict[str, Any], str]:
    """Lines of the ledger, as JSON and as text."""
    lines = [
        f"{entry.state:<9} {place(entry.source)}"
        + (f": {entry.reason}" if entry.reason else f"  {entry.title} · {entry.published or 'undated'}")
        + (f" (the same as {place(entry.twin)})" if entry.twin else "")
        for entry in entries
    ]
    return {"sources": [asdict(entry) for entry in entries]}, "\n".join(lines or ["No source is like that."])


def _described(catalog: Catalog) -> tuple[dict[str, Any], str]:
    """The status of an index, as JSON and as text."""
    from index.replica import note_of

    overview, known, followed = catalog.overview(), catalog.known(), catalog.followed()
    unread = [(source, k.state, k.reason) for source, k in known.items() if k.state in ("skipped", "failed")]
    states, twins = catalog.states(), sum(bool(k.twin) for k in known.values())
    model, precision, shared = catalog.note("model"), catalog.note("precision"), note_of(catalog.path.parent)
    result = {
        "store": str(catalog.path.parent),
        **asdict(overview),
        "first": overview.first and overview.first.isoformat(),
        "last": overview.last and overview.last.isoformat(),
        "model": model,
        "precision": precision,
        "shared": shared and shared.edition,
        "followed": followed,
        "sources": states,
        "twins": twins,
        "problems": _problems(unread),
    }
    dates = f"{overview.first} to {overview.last}" if overview.first else "none"
    lines = [
        f"store       {catalog.path.parent}, generation {overview.generation}",
        *([f"shared      edition {shared.edition:,}"] if shared else []),
        f"articles    {overview.articles:,} in {overview.passages:,} passages",
        f"dates       {dates}; articles without one: {overview.undated:,}",
        f"model       {f'{model}, {precision}' if model else 'none yet'}",
        *[f"follows     {place(folder)}" for folder in followed or ["nothing yet"]],
        f"sources     {', '.join(f'{n:,} {state}' for state, n in states.items())}"
        + (f"; {twins:,} of them say what another says" if twins else ""),
    ]
    return result, "\n".join([*lines, *_problem_lines(unread)])


def _check(options: argparse.Namespace) -> Result:
    from index.check import check

    settings = _settings(options)
    report = check(settings.store, options.repair, settings.server)
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

    settings = _settings(options)
    removal = remove(settings.store, options.locations, settings.server)
    lines = [
        f"Taken out of the index: {len(removal.sources):,}",
        *[f"No longer followed: {place(folder)}" for folder in removal.unfollowed],
        *[f"Still followed, so the next sync brings it back: {place(folder)}" for folder in removal.returning],
    ]
    return True, asdict(removal), "\n".join(lines)


def _share(options: argparse.Namespace) -> Result:
    from index import sharing

    store = _settings(options).store
    if options.end:
        sharing.end(store)
        return True, {"store": str(store)}, f"The index in {store} is one of its own now; the shared one is as it was."
    done = sharing.share(store, replacing=options.replace)
    said = f"{store} is a copy of it now" if done.fetched else "it is the shared index from now on"
    return True, {"store": str(store), **asdict(done)}, f"{done.where}: {said}, edition {done.edition:,}."


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
    finish(main)
