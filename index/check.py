"""Is the index sound? The catalog, its articles, the full text, the vectors and the segments, in that order.

Full text and segments are derived from the catalog, so they are made again without embedding. A check that only looks
sees one generation. It takes SQLite's lock for the words of the full text alone, and leaves those out while somebody
writes. A repair is a writer like any other, and readers go on meanwhile.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from index import served, vectors
from index.audit import Audit
from index.catalog import Catalog, SegmentRow
from index.database import FILE_NAME, Error, Garbled, existing, unusable
from index.errors import DamagedIndex, ServerAway
from index.records import Overview
from index.rescue import Rescue
from index.segments import COPIES, SEGMENTS, build_anyway, merge_if_there
from index.server import Server
from index.sharing import restore
from index.writer import writing

_REPAIR = "Run `python -m index check --repair`; nothing has to be embedded again."


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it should be; `step` is what to do about it, "" when it has been repaired."""

    problem: str
    step: str

    @property
    def repaired(self) -> bool:
        """Whether nothing is left to do."""
        return not self.step


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was found. `searched` is None when the catalog is too damaged to count what is in it."""

    searched: Overview | None
    faults: tuple[Fault, ...]

    @property
    def sound(self) -> bool:
        """Whether all is as it should be, now."""
        return all(fault.repaired for fault in self.faults)


def check(store: Path, repair: bool = False, server: Server | None = None) -> CheckReport:
    """Compares everything in the store with what it was made from, and mends what can be made again.

    Reads every byte, and opens each segment in a copy; of one on the server, all ids and a sample of the vectors.
    Raises FootnoteError when there is no index, when its catalog cannot be opened, or, with `repair`, when another
    process is writing.
    """
    rescued = restore(existing(store)) if repair else None
    with writing(existing(store), server) if repair else _reading(existing(store)) as catalog:
        damage = Audit(catalog).integrity_problems()
        if damage:
            lost = unusable(catalog.path, Garbled(damage[0]))
            return CheckReport(None, (Fault(str(lost), lost.hint),))
        agrees = Audit(catalog).full_text_agrees(wait=repair)
        with contextlib.nullcontext() if repair else catalog.snapshot():
            faults = (
                *_rescued(rescued),
                *_articles(catalog, repair),
                *_full_text(catalog, agrees, repair),
                *_vectors(catalog, repair),
                *_segments(store, catalog, repair, server),
            )
            return CheckReport(catalog.overview(), faults)


@contextlib.contextmanager
def _reading(store: Path) -> Iterator[Catalog]:
    catalog = Catalog(store)
    try:
        yield catalog
    except (Error, OSError) as error:
        raise unusable(store / FILE_NAME, error) from error
    finally:
        catalog.close()


def _rescued(rescued: Rescue | None) -> Iterator[Fault]:
    if rescued:
        left_out = f"; {_count(rescued.unread, 'source')} to be read again" if rescued.unread else ""
        yield Fault(
            f"The catalog was damaged ({rescued.damage}){left_out}",
            "Run `python -m index sync`." if rescued.unread else "",
        )


def _articles(catalog: Catalog, repair: bool) -> Iterator[Fault]:
    """An article that was altered in the catalog can only be read again, which a repair leaves to the next run."""
    altered = Audit(catalog).altered()
    if altered:
        if repair:
            catalog.distrust(altered)
        yield Fault(
            f"{_count(len(altered), 'article')} not as stored, the first is {altered[0]}",
            "Run `python -m index sync` to read them again." if repair else f"{_REPAIR[:-1]}, then sync.",
        )
    bereft = Audit(catalog).bereft()
    if bereft:
        yield Fault(
            f"{_count(len(bereft), 'source')} whose article is not there, the first is {bereft[0]}",
            "Run `python -m index sync` to read them again.",
        )


def _full_text(catalog: Catalog, agrees: bool, repair: bool) -> Iterator[Fault]:
    wrong = Audit(catalog).full_text_differences()
    if wrong or not agrees:
        if repair:
            catalog.rebuild_full_text()
        problem = f"The full text differs from {_count(wrong, 'passage')}" if wrong else "The full text is damaged"
        yield Fault(problem, "" if repair else _REPAIR)


def _vectors(catalog: Catalog, repair: bool) -> Iterator[Fault]:
    """Vectors can only be computed again, which a repair leaves to the next run; it takes the damaged ones out."""
    missing, damaged = Audit(catalog).absent_vectors(), Audit(catalog).damaged_vectors()
    if missing:
        yield Fault(f"{_count(missing, 'passage')} without a vector", "Run `python -m index sync` to compute them.")
    if damaged:
        if repair:
            catalog.drop_vectors(damaged)
        yield Fault(
            f"{_count(len(damaged), 'vector')} damaged",
            "They were taken out; run `python -m index sync` to compute them again."
            if repair
            else "Run `python -m index check --repair` to take them out, then sync to compute them again.",
        )


def _segments(store: Path, catalog: Catalog, repair: bool, server: Server | None) -> Iterator[Fault]:
    """Faults of the segments. A repair puts one new segment in the place of all damaged ones.

    While the server is away the segments that it holds are not compared, and what is repaired is put in the store.
    """
    damaged, away = _damaged(store, catalog, server)
    unsearched = catalog.unsearched()
    if repair and (damaged or unsearched):
        members = [n for number in (None, *(row.number for row, _ in damaged)) for n in catalog.members(number)]
        new = build_anyway(store, catalog, sorted(members), server)
        catalog.replace_segments([row.number for row, _ in damaged], new)
        merge_if_there(store, catalog, server)
    for row, difference in damaged:
        yield Fault(f"The vector index {row.name} is damaged ({difference})", "" if repair else _REPAIR)
    if unsearched:
        yield Fault(f"{_count(unsearched, 'passage')} in no vector index", "" if repair else _REPAIR)
    if away:
        yield Fault(str(away), away.hint)


def _damaged(
    store: Path, catalog: Catalog, server: Server | None
) -> tuple[list[tuple[SegmentRow, str]], ServerAway | None]:
    """Each published segment that is not as published, with the first difference; and whether the server is away."""
    segment_of = catalog.segment_of()
    compared, away = [], None
    for row in catalog.segments():
        if not served.on_server(row.checksums):
            compared.append((row, _difference(store, row, segment_of)))
        elif not away:
            try:
                compared.append((row, _served_difference(catalog, row, server)))
            except ServerAway as error:
                away = error
    # A writer may have replaced a segment while its files were read; what is not published any more is not damaged.
    published = _published(store) if any(wrong for _, wrong in compared) else set()
    return [(row, wrong) for row, wrong in compared if wrong and row.name in published], away


def _difference(store: Path, row: SegmentRow, segment_of: Mapping[int, int | None]) -> str:
    """The first thing that is not as it was published; "" for none.

    Passages that are gone may still be in it, and are skipped in a search. Any other must be one of its own.
    """
    directory = store / SEGMENTS / row.name
    wrong = vectors.differences(directory, row.checksums)
    if wrong:
        return wrong[0]
    try:
        segment = vectors.open_copy(directory, row.checksums, store / COPIES)
    except (DamagedIndex, FileNotFoundError) as error:
        return str(error)
    try:
        held = segment.numbers() & segment_of.keys()
    finally:
        segment.close()
    astray = held ^ {number for number, segment in segment_of.items() if segment == row.number}
    return f"{_count(len(astray), 'passage')} too many or missing" if astray else ""


def _served_difference(catalog: Catalog, row: SegmentRow, server: Server | None) -> str:
    """The same for a segment on a server. Passages whose vector is lost are not asked for."""
    return served.difference(
        server, row.name, row.checksums, row.passages, catalog.members(row.number), catalog.vectors
    )


def _published(store: Path) -> set[str]:
    """The names of the segments as of now, whatever snapshot is being looked at."""
    catalog = Catalog(store)
    try:
        return {row.name for row in catalog.segments()}
    finally:
        catalog.close()


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
