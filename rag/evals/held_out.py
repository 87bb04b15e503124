"""A store without some of its articles, to ask questions that only they would answer.

They are taken out of a copy, so that nothing of them is left: no passage, no word in the statistics of the full text.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from index.catalog import Catalog
from index.database import existing
from index.records import digest
from index.search import Index
from index.upkeep import copy, remove

# Beside the copy's catalog: what the store was when the copy was made.
EDITION = "copied-from"


def without(index: Index, sources: Sequence[str], under: Path) -> Path:
    """A copy of the index's store without these sources, in a folder under `under`; nothing is embedded.

    The copy is kept, and made again when the store has changed. A source that the store does not hold is no matter.
    """
    place = under / f"without-{digest(*sorted(sources))[:16]}"
    edition = _edition(index.store)
    with contextlib.suppress(OSError):
        if (place / EDITION).read_text() == edition:
            return place
    shutil.rmtree(place, ignore_errors=True)
    draft = place.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    copy(index.store, draft)
    if held := [source for source in sources if index.holds(source)]:
        remove(draft, held)
    (draft / EDITION).write_text(edition)
    draft.replace(place)
    return place


def _edition(store: Path) -> str:
    with contextlib.closing(Catalog(existing(store))) as catalog, catalog.snapshot():
        return " ".join(map(str, catalog.edition()))
