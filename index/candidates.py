"""What is known of passages before any of them is read: their words, and where and when their articles appeared."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from index.catalog import Catalog
from index.database import as_written, folded
from index.records import Overview

# Finding by words takes as long as there are passages that hold one of them. A word that stands in every twentieth
# passage is no reason to look at one that holds no rarer word: of 28,345 news passages, 1,100 instead of 20,000 are
# looked at, and on news (324 questions), SQuAD (1,327) and MultiHop-RAG (429) nothing was found less well; swept from
# .05 to all, 2026-11-28.
COMMON = 0.05
# Below this many passages the time does not matter.
FEW = 1_000
# No more passages than this are weighed for their words where it can be avoided: 10,000 take about 6 ms.
MOST = 10_000
# A word that stands in more passages than this is not counted any further: of 223,000 of 966,000 passages all are
# counted in 8 ms, and 50,000 in 2; 2026-11-30.
COUNTED = 50_000
# To read which passages some articles have, up to LISTED, and to look each match up among them, takes as long for one
# match as for about READ of the passages. Of 966,000, to list 79,000 for 30,000 matches took as long as to look these
# up one by one, and 23,500 for 40,800 a quarter of that; 2026-11-30.
READ, LISTED = 2, 50_000
# What stands between a paper and its section, in feeds: "BBC News - Arts".
SECTIONS = (" - ", " – ", " — ", " | ", " : ", ": ")
_PASSAGES = "SELECT p.number FROM articles a JOIN passages p ON p.article = a.number"
# The words of a name.
_NAMES = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class About:
    """A candidate: where and when its article appeared, the first passage of the article, and its words.

    `words` are title, heading and text as the full-text index has them.
    """

    lead: int
    publisher: str | None
    author: str | None
    published: date | None
    words: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Names:
    """The papers and bylines that the live articles have, each once, sorted."""

    publishers: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Among:
    """Articles that appeared in one of these papers, or on a day of one of these spans, both ends included."""

    publishers: tuple[str, ...] = ()
    days: tuple[tuple[date, date], ...] = ()


@dataclass(frozen=True, slots=True)
class Only:
    """What a question is kept to: articles that meet each part that is given, and no others.

    `source` is a piece of the paper's name, or of a path or address where the article lies; in quotation marks, as in
    '"TIME"', it is the paper itself with its sections. The byline has all words of `author`. Neither case nor the way
    that accents are written matters. `first` and `last` are days, both included; an article without a date has none.
    """

    source: str = ""
    author: str = ""
    first: date | None = None
    last: date | None = None

    def __bool__(self) -> bool:
        return bool(self.source or self.author or self.first or self.last)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Passages of some articles, as a condition on the full text: listed, or to be looked up for each match."""

    condition: str
    values: tuple[str, ...]
    listed: bool


def rarest(frequencies: Mapping[str, int], passages: int) -> list[str]:
    """The terms that stand in at most one of twenty passages taken together, rarest first, and the two rarest always.

    The others stand in at most MOST, however many passages there are. `frequencies` says in how many of the passages
    each term stands; one that stands in none finds nothing.
    """
    room = max(FEW, min(COMMON * passages, MOST))
    kept: list[str] = []
    for term, count in sorted(frequencies.items(), key=lambda item: item[1]):
        room -= count
        if count and (room >= 0 or len(kept) < 2):
            kept.append(term)
    return kept


def frequency(catalog: Catalog, term: str) -> int:
    """In how many live passages an FTS5 term stands: counted up to COUNTED.

    Beyond, as many as there are if it stands as often in the middle of them as in the first and the last, of which half
    as many are counted each: what is of one paper may all have come in at once.
    """
    find = "SELECT rowid FROM passages_text WHERE passages_text MATCH ? ORDER BY rowid {} LIMIT 1 OFFSET ?"
    from_first = catalog.connection.execute(find.format("ASC"), (term, COUNTED // 2)).fetchone()
    # Of most words there are fewer, and no more is looked for.
    from_last = from_first and catalog.connection.execute(find.format("DESC"), (term, COUNTED // 2)).fetchone()
    if not from_first or from_last[0] <= from_first[0]:
        counted = catalog.connection.execute("SELECT count(*) FROM passages_text WHERE passages_text MATCH ?", (term,))
        return int(counted.fetchone()[0])
    first, last = (
        catalog.connection.execute(f"SELECT {end}(rowid) FROM passages_text").fetchone()[0]  # noqa: S608
        for end in ("min", "max")
    )
    looked_at = (from_first[0] - first + 1) + (last - from_last[0] + 1)
    return int(2 * (COUNTED // 2 + 1) * (last - first + 1) / looked_at)


def about(catalog: Catalog, numbers: Sequence[int]) -> dict[int, About]:
    """What is known of those of the passages that are live."""
    rows = catalog.connection.execute(
        "SELECT p.number, p.article, t.title, t.heading, t.body FROM passages p "
        "JOIN articles a ON a.number = p.article LEFT JOIN passages_text t ON t.rowid = p.number "
        "WHERE a.live AND p.number IN (SELECT value FROM json_each(?))",
        (json.dumps(list(numbers)),),
    ).fetchall()
    articles = _articles(catalog, {article for _, article, *_ in rows})
    return {
        number: About(*articles[article], (title or "", heading or "", body or ""))
        for number, article, title, heading, body in rows
    }


def _articles(catalog: Catalog, numbers: Iterable[int]) -> dict[int, tuple[int, str | None, str | None, date | None]]:
    """First passage, paper, byline and day of each article. Read once each: a row holds the whole text before them."""
    rows = catalog.connection.execute(
        "SELECT number, (SELECT min(p.number) FROM passages p WHERE p.article = a.number), publisher, author, "
        "published FROM articles a WHERE number IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(numbers)),),
    )
    with as_written("a date"):
        return {
            number: (lead, publisher, author, date.fromisoformat(published) if published else None)
            for number, lead, publisher, author, published in rows
        }


def published(catalog: Catalog, first: date, last: date, limit: int, only: Only) -> list[int]:
    """The numbers of the passages that begin the live articles of these days, both ends included, newest first."""
    kept, values = _kept_to(only)
    rows = catalog.connection.execute(
        "SELECT (SELECT min(p.number) FROM passages p WHERE p.article = a.number) AS lead FROM articles a "  # noqa: S608
        f"WHERE {kept} AND a.published BETWEEN ? AND ? AND lead IS NOT NULL "
        "ORDER BY a.published DESC, a.number DESC LIMIT ?",
        (*values, first.isoformat(), last.isoformat(), limit),
    )
    return [number for (number,) in rows]


def overview(catalog: Catalog, only: Only) -> Overview:
    """Counts and dates of the live articles that a question is kept to."""
    kept, values = _kept_to(only)
    articles, first, last, undated, passages = catalog.connection.execute(
        "SELECT count(*), min(a.published), max(a.published), count(*) - count(a.published), "  # noqa: S608
        "coalesce(sum((SELECT count(*) FROM passages p WHERE p.article = a.number)), 0) "
        f"FROM articles a WHERE {kept}",
        values,
    ).fetchone()
    with as_written("a date"):
        earliest, latest = (date.fromisoformat(day) if day else None for day in (first, last))
    return Overview(articles, passages, earliest, latest, undated, catalog.generation())


def members(catalog: Catalog, only: Only, limit: int) -> list[int]:
    """The numbers of the passages of the live articles that a question is kept to, at most `limit` of them."""
    kept, values = _kept_to(only)
    rows = catalog.connection.execute(f"{_PASSAGES} WHERE {kept} LIMIT ?", (*values, limit))
    return [number for (number,) in rows]


def sources(catalog: Catalog, only: Only) -> set[str]:
    """The sources of the live articles that a question is kept to."""
    kept, values = _kept_to(only)
    rows = catalog.connection.execute(f"SELECT a.source FROM articles a WHERE {kept}", values)  # noqa: S608
    return {source for (source,) in rows}


def among_them(catalog: Catalog, numbers: Sequence[int], only: Only) -> set[int]:
    """Which of these passages are of live articles that a question is kept to."""
    kept, values = _kept_to(only)
    rows = catalog.connection.execute(
        "SELECT p.number FROM passages p JOIN articles a ON a.number = p.article "  # noqa: S608
        f"WHERE p.number IN (SELECT value FROM json_each(?)) AND {kept}",
        (json.dumps(list(numbers)), *values),
    )
    return {number for (number,) in rows}


def names(catalog: Catalog) -> Names:
    """The names that the live articles have."""
    found = catalog.connection.execute("SELECT DISTINCT publisher, author FROM articles WHERE live = 1").fetchall()
    publishers, authors = ({row[n] for row in found} - {None} for n in (0, 1))
    return Names(tuple(sorted(publishers)), tuple(sorted(authors)))


def wanted(catalog: Catalog, among: Among | None, only: Only, matches: int) -> Wanted:
    """What looks for the passages of some live articles among about so many matches."""
    kept, values = _kept_to(only)
    if among:
        where, more = _where(among)
        kept, values = f"{kept} AND ({where})", [*values, *more]
    most = max(MOST, min(LISTED, READ * matches))
    count, listed = catalog.connection.execute(
        f"SELECT count(*), json_group_array(number) FROM ({_PASSAGES} WHERE {kept} LIMIT ?)",  # noqa: S608
        (*values, most + 1),
    ).fetchone()
    if count <= most:
        # The plus keeps SQLite from asking the full text for each of them by itself.
        return Wanted("+rowid IN (SELECT value FROM json_each(?))", (listed,), listed=True)
    articles = f"SELECT a.number FROM articles a WHERE {kept}"  # noqa: S608 - the condition is written below
    return Wanted(
        f"(SELECT p.article FROM passages p WHERE p.number = passages_text.rowid) IN ({articles})",  # noqa: S608
        tuple(values), listed=False,
    )  # fmt: skip


def lexical(catalog: Catalog, match: str, limit: int, of: Wanted) -> list[tuple[int, float]]:
    """(passage number, BM25 score) of the wanted passages that match an FTS5 expression, best first."""
    found: list[tuple[int, float]] = catalog.connection.execute(
        "SELECT rowid, -bm25(passages_text) AS score FROM passages_text "  # noqa: S608
        f"WHERE passages_text MATCH ? AND {of.condition} ORDER BY score DESC, rowid LIMIT ?",
        (match, *of.values, limit),
    ).fetchall()
    return found


def _where(among: Among) -> tuple[str, list[str]]:
    """A condition on articles, and its values. One on papers where there are none would keep an index from use."""
    papers = ["a.publisher IN (SELECT value FROM json_each(?))"] * bool(among.publishers)
    conditions = [*papers, *["a.published BETWEEN ? AND ?"] * len(among.days)]
    days = [day.isoformat() for span in among.days for day in span]
    return " OR ".join(conditions) or "FALSE", [*[json.dumps(among.publishers)] * len(papers), *days]


def _kept_to(only: Only) -> tuple[str, list[str]]:
    """A condition on live articles, and its values."""
    conditions, values = ["a.live = 1"], []
    source = folded(only.source) or ""
    if len(source) > 2 and source[0] == source[-1] == '"':
        papers = [f"{source[1:-1]}{behind}" for behind in SECTIONS]
        starts = " OR ".join(["instr(folded(publisher), ?) = 1"] * len(papers))
        # Each name is folded once, and not for each article that has it.
        conditions.append(
            "a.publisher IN (WITH names AS MATERIALIZED (SELECT DISTINCT publisher FROM articles WHERE live = 1) "  # noqa: S608
            f"SELECT publisher FROM names WHERE folded(publisher) = ? OR {starts})"
        )
        values += [source[1:-1], *papers]
    elif source:
        # Without the first condition on the twins, their index cannot be used.
        conditions.append(
            "(instr(folded(a.publisher), ?) OR instr(folded(a.source), ?) OR EXISTS "
            "(SELECT 1 FROM sources s WHERE s.twin <> '' AND s.twin = a.source AND instr(folded(s.source), ?)))"
        )
        values += [source] * 3
    for word in _NAMES.findall(folded(only.author) or ""):
        conditions.append("instr(folded(a.author), ?)")
        values.append(word)
    for day, than in ((only.first, ">="), (only.last, "<=")):
        if day:
            conditions.append(f"a.published {than} ?")
            values.append(day.isoformat())
    return " AND ".join(conditions), values
