"""What is done to an index besides bringing it up to date: removing, rolling back, purging, copying."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from index import replica
from index.catalog import Catalog, Publication
from index.database import CONVERSATIONS, FILE_NAME, MARKS, existing, unusable
from index.errors import UsageError
from index.following import place_of
from index.ledger import Followed
from index.replica import EVALS
from index.segments import SEGMENTS, build_anyway, merge_if_there, replace
from index.server import Server
from index.sources.files import is_address, lies_in
from index.sources.reading import READERS_VERSION
from index.sources.sightings import Known
from index.twins import heirs
from index.writer import writing

# Where, in a store, evals keep what they need not do again. It holds text of articles, as copies and as answers.


@dataclass(frozen=True, slots=True)
class Removal:
    """What was taken out of the index: sources, and what is followed no longer.

    `returning` are the followed folders around them, and the feeds that list them, from which the next `sync` will
    index them again.
    """

    sources: tuple[str, ...]
    unfollowed: tuple[str, ...]
    returning: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rollback:
    """How many articles came back as they were, how many were taken away, and the generation that this makes."""

    back: int
    away: int
    generation: int


@dataclass(frozen=True, slots=True)
class Purge:
    """How many articles were erased that could have been brought back.

    `whole` is False when a reader held the log of the file open, so that old pages may still be in it. `quoted` says
    that answers are kept in the store, in conversations or marked as wrong, which may quote what was erased; they are
    out of reach from here.
    """

    erased: int
    whole: bool
    quoted: bool


def remove(store: Path, locations: Sequence[str | Path], server: Server | None = None) -> Removal:
    """Takes files, folders, pages, feeds and sitemaps out of the index; they themselves need not exist any more.

    Raises UsageError, and removes nothing, when one of them is not in the index.
    """
    with writing(existing(store), server) as catalog:
        found = removal(locations, catalog.known(), catalog.following())
        for location in found.unfollowed:
            catalog.unfollow(location)
        if found.sources:
            run, left = catalog.last_run() + 1, heirs(catalog, (), found.sources)
            for source, article in left.articles:
                catalog.stage_again(source, article)
            segment = build_anyway(store, catalog, catalog.members(None), server)
            catalog.publish(Publication(segment, left.outcomes, found.sources, READERS_VERSION, {}, run=run))
            if any(is_address(source) for source in found.sources):
                catalog.ask_anew()  # for another feed may list what went with one
            merge_if_there(store, catalog, server)
            catalog.tidy()
        return found


def removal(locations: Sequence[str | Path], known: Mapping[str, Known], following: Sequence[Followed]) -> Removal:
    """What `remove` would do. Raises UsageError for a location in which nothing is indexed or followed."""
    roots = [place_of(location) for location in locations]
    followed = [f.location for f in following]
    places = {source: (source, before.part_of) for source, before in known.items()}
    for location, root in zip(locations, roots, strict=True):
        if not any(lies_in(place, root) for place in (*followed, *(p for pair in places.values() for p in pair))):
            raise UsageError(f"{location} is not in the index", "`python -m index status` says what is followed.")
    out = [place for place in followed if any(lies_in(place, root) for root in roots)]
    return Removal(
        tuple(source for source, pair in places.items() if any(lies_in(p, root) for p in pair for root in roots)),
        tuple(out),
        tuple(place for place in followed if place not in out and any(_lists(place, root, known) for root in roots)),
    )


def _lists(place: str, root: str, known: Mapping[str, Known]) -> bool:
    """Whether a sync of the followed place may come across what was removed."""
    listed = root in known and known[root].part_of == place
    return listed or (lies_in(root, place) and Path(root).exists())


def roll_back(store: Path, server: Server | None = None) -> Rollback:
    """Returns to what was searched before the last run that changed something; twice returns to now.

    Nothing is embedded. Raises FootnoteError when there is nothing to return to.
    """
    with writing(existing(store), server) as catalog:
        back, away = catalog.retired()
        catalog.roll_back(build_anyway(store, catalog, catalog.retired_members(), server))
        merge_if_there(store, catalog, server)
        return Rollback(back, away, catalog.generation())


def purge(store: Path, server: Server | None = None) -> Purge:
    """Erases the text that is no longer searched, as far as that can be done from here.

    What can be brought back is deleted, the file is written anew, and so are the segments that hold vectors of deleted
    passages. What evals keep goes too; they make it again. Copies made by a file system, a backup or the drive itself
    are out of reach, and so are the files of a Chroma server. While that is away it keeps the vectors themselves, until
    the next sync.
    """
    with writing(existing(store), server) as catalog:
        erased = catalog.erase_retired()
        shutil.rmtree(store / EVALS, ignore_errors=True)
        try:
            rows = [row for row in catalog.segments() if row.live < row.passages]
            replace(store, catalog, rows, server, build_anyway)
        finally:
            whole = catalog.compact()  # whatever comes of the segments: the text has been deleted
    whole = replica.erase(store) and whole
    return Purge(erased, whole, any((store / name).exists() for name in (CONVERSATIONS, MARKS)))


def copy(store: Path, target: Path) -> None:
    """Makes `target`, a new folder, a store that finds what `store` finds now; nothing is embedded.

    A segment that a writer replaces meanwhile is missing from the copy, which answers from its vectors instead.
    """
    target.mkdir(parents=True)
    try:
        with contextlib.closing(Catalog(existing(store))) as catalog, contextlib.closing(Catalog(target)) as new:
            new.overwrite(catalog)
            names = [row.name for row in new.segments()]
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                shutil.copytree(store / SEGMENTS / name, target / SEGMENTS / name)
    except OSError as error:
        raise unusable(target / FILE_NAME, error) from error
