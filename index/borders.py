"""Where the passages of an article begin and end, and what each passage stands in: for saying why one was not found."""

from __future__ import annotations

import json
from collections.abc import Sequence

from index.catalog import Catalog

Range = tuple[int, int]


def standing(catalog: Catalog, source: str) -> str:
    """The source whose article is searched for this one: itself, or the one that says the same and stands for it."""
    row = catalog.connection.execute("SELECT twin FROM sources WHERE source = ?", (source,)).fetchone()
    return row[0] if row and row[0] else source


def passages_of(catalog: Catalog, source: str) -> dict[int, Range]:
    """Start and end of each live passage of a source, by its number, in the order of the text; empty without any."""
    rows = catalog.connection.execute(
        'SELECT p.number, p.start, p."end" FROM passages p JOIN articles a ON a.number = p.article '
        "WHERE a.source = ? AND a.live ORDER BY p.start, p.number",
        (source,),
    )
    return {number: (start, end) for number, start, end in rows}


def sources_of(catalog: Catalog, numbers: Sequence[int]) -> dict[int, str]:
    """The source that each of these live passages stands in."""
    rows = catalog.connection.execute(
        "SELECT p.number, a.source FROM passages p JOIN articles a ON a.number = p.article "
        "WHERE a.live AND p.number IN (SELECT value FROM json_each(?))",
        (json.dumps(list(numbers)),),
    )
    return dict(rows.fetchall())
