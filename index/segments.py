"""The segments of a store: building, merging, and removing what nobody names any more."""

from __future__ import annotations

import logging
import shutil
import uuid
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path

from index import served, vectors
from index.catalog import Catalog, NewSegment, SegmentRow
from index.errors import DamagedIndex, ServerAway
from index.server import Server

log = logging.getLogger(__name__)

Build = Callable[[Path, Catalog, Sequence[int], Server | None], NewSegment | None]

SEGMENTS = "segments"
COPIES = "open"
# More segments than this are merged: eight answered in 12 ms where one took 1.7 ms.
MAX_SEGMENTS = 4
# A segment with a larger share of passages that are no longer live is built anew.
MAX_DEAD_SHARE = 0.25


def build_segment(
    store: Path, catalog: Catalog, members: Sequence[int], server: Server | None = None
) -> NewSegment | None:
    """A new segment of these passages, built and probed but not published; None for no passages.

    It is made on the server where one is named, and otherwise in the store. Raises ServerAway.
    """
    if not members:
        return None
    name = f"segment-{uuid.uuid4().hex[:12]}"
    if server:
        record = served.build(server, served.owner_of(store), name, members, catalog.vectors)
        return NewSegment(name, members, record)
    return NewSegment(name, members, vectors.build(store / SEGMENTS / name, members, catalog.vectors))


def build_anyway(store: Path, catalog: Catalog, members: Sequence[int], server: Server | None) -> NewSegment | None:
    """The same, and in the store while the server is away: the next sync moves it."""
    if members and server:
        try:
            served.require(server)  # which waits less long than building
            return build_segment(store, catalog, members, server)
        except ServerAway as away:
            log.warning("%s; the new segment is in the store until the next sync", away)
    return build_segment(store, catalog, members)


def merge_segments(store: Path, catalog: Catalog, server: Server | None = None) -> None:
    """Puts one segment in the place of the small ones, of those with many dead passages, and of the misplaced.

    Nothing is embedded. Raises ServerAway, and has done nothing then.
    """
    rows = catalog.segments()
    replace(store, catalog, segments_to_merge(rows, misplaced(rows, server)), server)


def merge_if_there(store: Path, catalog: Catalog, server: Server | None) -> None:
    """The same, and nothing while the server is away: the next sync does it."""
    try:
        merge_segments(store, catalog, server)
    except ServerAway as away:
        log.warning("%s; segments are merged by the next sync", away)


def misplaced(rows: Sequence[SegmentRow], server: Server | None) -> list[SegmentRow]:
    """The segments that are not where new ones are made: in the store or on this server. Raises ServerAway."""
    if server is None:
        return [row for row in rows if served.on_server(row.checksums)]
    return [row for row in rows if not served.holds(server, row.name, row.checksums, row.passages)]


def segments_to_merge(rows: Sequence[SegmentRow], misplaced: Sequence[SegmentRow] = ()) -> list[SegmentRow]:
    """The wasteful and misplaced, those no larger than the smaller ones together, and the smallest when too many stay.

    So each segment left is larger than all smaller ones together. Every question asks them all, and a passage is put
    into another segment about as many times as the index doubles.
    """
    wasteful = [row for row in rows if row in misplaced or row.live < row.passages * (1 - MAX_DEAD_SHARE)]
    others = sorted((row for row in rows if row not in wasteful), key=lambda row: row.live)
    smaller = accumulate((row.live for row in others), initial=sum(row.live for row in wasteful))
    pairs = zip(others, smaller, strict=False)  # the last sum is that of all
    alike = max((n for n, (row, below) in enumerate(pairs, 1) if row.live <= below), default=0)
    surplus = len(others) + bool(wasteful) - MAX_SEGMENTS
    return wasteful + others[: max(alike, surplus + 1 if surplus > 0 else 0)]


def replace(
    store: Path, catalog: Catalog, old: Sequence[SegmentRow], server: Server | None, build: Build = build_segment
) -> None:
    """Puts one segment of what is live in the place of several."""
    if old:
        members = sorted(n for row in old for n in catalog.members(row.number))
        catalog.replace_segments([row.number for row in old], build(store, catalog, members, server))


def remove_unused(store: Path, catalog: Catalog, server: Server | None = None) -> None:
    """Removes the segments that no generation names any more, and the copies of processes that have ended.

    What is on a server stays there while that is away.
    """
    vectors.sweep_copies(store / COPIES)
    used = {row.name for row in catalog.segments()}
    for directory in (store / SEGMENTS).glob("*"):
        if directory.name not in used:
            shutil.rmtree(directory, ignore_errors=True)
    if server:
        try:
            served.sweep(server, served.owner_of(store), used)
        except (ServerAway, DamagedIndex) as error:
            log.info("%s; what is not used any more is removed another time", error)
