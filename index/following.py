"""What is followed: sources.toml, what was added by hand, and the source of articles that each of them is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from index.catalog import Catalog
from index.database import FILE_NAME
from index.ledger import Followed
from index.sources.files import Files
from index.sources.sightings import Known, Reading, Sighting, Source

SOURCES_FILE = "sources.toml"
KINDS = ("files", "page", "feed", "sitemap")
_OPTIONS = {"fields": dict, "limit": int}


class Missing:
    """A file or folder that is followed and not there. Its articles stay: the disk may only not be mounted."""

    def __init__(self, location: str) -> None:
        self.location = location

    def scan(self, known: Mapping[str, Known]) -> Iterator[Sighting]:
        """The location itself, which failed."""
        problem = "no longer there; put it back, or take it out with `python -m index remove`"
        yield Sighting(self.location, "", problem, "failed")

    def read(self, sightings: object) -> Iterator[Reading]:
        """Nothing."""
        return iter(())

    def covers(self, source: str) -> bool:
        """Nothing is known of what would be there."""
        return False


def followed_now(store: Path) -> list[Followed]:
    """What is followed, or what a first run that was stopped had begun with."""
    if not (store / FILE_NAME).exists():
        return []
    with contextlib.closing(Catalog(store)) as catalog:
        return catalog.following() or catalog.beginning()


def source_of(followed: Followed, store: Path) -> Source:
    """The source of articles that is followed."""
    path = Path(followed.location)
    if not path.exists():
        return Missing(followed.location)
    return Files(path, followed.options.get("fields"))
