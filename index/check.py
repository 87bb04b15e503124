"""Is the index sound? The catalog, its articles, the full text, the vectors and the segments, in that order.

Full text and segments are derived from the catalog, so they are made again without embedding. A check that only looks
takes no lock and makes nothing; a repair is a writer like any other, and readers go on meanwhile.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from index import vectors
from index.catalog import FILE_NAME, Catalog, SegmentRow, existing, unusable
from index.records import Overview
from index.search import SEGMENTS
from index.sync import build_segment, merge_segments, writing

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


def check(store: Path, repair: bool = False) -> CheckReport:
    """Compares everything in the store with what it was made from, and mends what can be made again.

    Reads every byte once, about a second for 100 MB of articles. Raises FootnoteError when there is no index, when its
    catalog cannot be opened, or, with `repair`, when another process is writing.
    """
    with writing(existing(store)) if repair else _reading(existing(store)) as catalog:
        damage = catalog.integrity_problems()
        if damage:
            lost = unusable(catalog.path, sqlite3.DatabaseError(damage[0]))
            return CheckReport(None, (Fault(str(lost), lost.hint),))
        faults = (
            *_articles(catalog, repair),
            *_full_text(catalog, repair),
            *_vectors(catalog),
            *_segments(store, catalog, repair),
        )
        return CheckReport(catalog.overview(), faults)


@contextlib.contextmanager
def _reading(store: Path) -> Iterator[Catalog]:
    catalog = Catalog(store)
    try:
        yield catalog
    except sqlite3.Error as error:
        raise unusable(store / FILE_NAME, error) from error
    finally:
        catalog.close()


def _articles(catalog: Catalog, repair: bool) -> Iterator[Fault]:
    """An article that was altered in the catalog can only be read again, which a repair leaves to the next run."""
    altered = catalog.altered()
    if altered:
        if repair:
            catalog.distrust(altered)
        yield Fault(
            f"{_count(len(altered), 'article')} not as stored, the first is {altered[0]}",
            "Run `python -m index sync` to read them again." if repair else f"{_REPAIR[:-1]}, then sync.",
        )


def _full_text(catalog: Catalog, repair: bool) -> Iterator[Fault]:
    wrong, agrees = catalog.full_text_differences(), catalog.full_text_agrees()
    if wrong or not agrees:
        if repair:
            catalog.rebuild_full_text()
        problem = f"The full text differs from {_count(wrong, 'passage')}" if wrong else "The full text is damaged"
        yield Fault(problem, "" if repair else _REPAIR)


def _vectors(catalog: Catalog) -> Iterator[Fault]:
    missing = catalog.missing_vectors()
    if missing:
        yield Fault(f"{_count(missing, 'passage')} without a vector", "Run `python -m index sync` to compute them.")


def _segments(store: Path, catalog: Catalog, repair: bool) -> Iterator[Fault]:
    """Faults of the segments. A repair puts one new segment in the place of all damaged ones."""
    damaged = _damaged(store, catalog)
    unsearched = catalog.unsearched()
    if repair and (damaged or unsearched):
        members = [n for number in (None, *(row.number for row, _ in damaged)) for n in catalog.members(number)]
        new = build_segment(store, catalog, sorted(members))
        catalog.replace_segments([row.number for row, _ in damaged], new)
        merge_segments(store, catalog)
    for row, difference in damaged:
        yield Fault(f"The vector index {row.name} is damaged ({difference})", "" if repair else _REPAIR)
    if unsearched:
        yield Fault(f"{_count(unsearched, 'passage')} in no vector index", "" if repair else _REPAIR)


def _damaged(store: Path, catalog: Catalog) -> list[tuple[SegmentRow, str]]:
    """Each published segment that is not as published, with the first difference."""
    compared = [(row, vectors.differences(store / SEGMENTS / row.name, row.checksums)) for row in catalog.segments()]
    # A writer may have replaced a segment while its files were read; what is not published any more is not damaged.
    published = {row.name for row in catalog.segments()}
    return [(row, wrong[0]) for row, wrong in compared if wrong and row.name in published]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
