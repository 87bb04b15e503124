"""What can be found: dense and lexical search over what is live, of one generation at a time."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

from index import candidates, lexical, served, vectors
from index.candidates import About, Among, Names, Only, rarest
from index.catalog import Catalog, SegmentRow
from index.database import FILE_NAME, existing
from index.embedder import Embedder, Vectors
from index.errors import DamagedIndex, FootnoteError, ServerAway
from index.ledger import Followed, Listing, Place, Timeline
from index.lending import Lending
from index.records import Article, Copy, Hit, Overview
from index.segments import COPIES, SEGMENTS
from index.server import Server

log = logging.getLogger(__name__)

Scored = list[tuple[int, float]]
Segment = vectors.Segment | vectors.ExactSegment | served.ServedSegment
Known = TypeVar("Known")

# Up to so many passages that a question is kept to are compared one by one: 20,000 vectors are read in 0.1 s.
COMPARED = 20_000

EVERYTHING = Only()
_EMPTY = Overview(articles=0, passages=0, first=None, last=None, undated=0, generation=0)


@dataclass(slots=True)
class Counted:
    """What questions need to know of one generation as a whole, each counted when it is first asked for.

    `meanwhile` has the vectors of segments whose server is away.
    """

    edition: tuple[int | str, ...]
    overview: Overview | None = None
    names: Names | None = None
    timeline: Timeline | None = None
    segments: Mapping[str, Segment] | None = None
    frequencies: dict[str, int] = field(default_factory=dict)
    meanwhile: dict[str, Segment] = field(default_factory=dict)


@dataclass(slots=True)
class _Ahead:
    """What the segments said of a vector before they were asked."""

    vector: Vectors
    limit: int
    found: dict[str, Scored]


class Index:
    """A store opened for questions. Safe to share between threads; it sees what another process publishes.

    Segments that are on a server are asked at `server`.
    """

    def __init__(self, store: Path, embedder: Embedder, server: Server | None = None) -> None:
        self.store = store
        self.embedder = embedder
        self._catalogs = Lending(store)
        self._open: dict[str, Segment] = {}
        self._counted = Counted(())
        self._lock = threading.Lock()
        self._link = served.Link(server) if server else None

    @contextlib.contextmanager
    def view(self, only: Only = EVERYTHING) -> Iterator[View]:
        """The index as it is now, or the articles of it that are wanted; all that a view gives is of one generation."""
        with self._catalogs.one_state() as catalog:
            self._require_same_model(catalog)
            yield View(self, catalog, only)

    def exists(self) -> bool:
        """Whether the store holds a catalog; a question never makes one."""
        if (self.store / FILE_NAME).exists():
            return True
        self._catalogs.let_go()  # what was deleted is not to stay on the disk
        return False

    def overview(self) -> Overview:
        """Counts and dates of what is searched. A store that does not exist yet counts nothing."""
        if not self.exists():
            return _EMPTY
        with self.view() as view:
            return view.overview()

    def followed(self) -> list[str]:
        """The locations that `sync` follows; the store must exist."""
        return self._looked_up(Catalog.followed)

    def beginning(self) -> list[Followed]:
        """What a first run that was stopped had begun to index; the store must exist."""
        return self._looked_up(Catalog.beginning)

    def holds(self, source: str) -> bool:
        """Whether there is a live article of that source."""
        return self.exists() and self._looked_up(lambda catalog: catalog.article(source)) is not None

    def listing(self, state: str = "", like: str = "", limit: int = -1, offset: int = 0, period: str = "") -> Listing:
        """A piece of the ledger; of a store that does not exist yet, an empty one. See index.ledger.Ledger.entries."""
        if not self.exists():
            return Listing()
        return self._looked_up(lambda catalog: catalog.listing(state, like, limit, offset, period))

    def places(self) -> list[Place]:
        """What is followed, with what is known of each; nothing of a store that does not exist yet."""
        return self._looked_up(Catalog.places) if self.exists() else []

    def timeline(self) -> Timeline:
        """When the live articles appeared, counted once for each generation; of no store, an empty one."""

        def counted(catalog: Catalog) -> Timeline:
            known = self.known(catalog)
            known.timeline = known.timeline or catalog.timeline()
            return known.timeline

        return self._looked_up(counted) if self.exists() else Timeline()

    def names(self) -> Names:
        """The papers and bylines that the live articles have."""
        if not self.exists():
            return Names()
        with self.view() as view:
            return view.names()

    def article(self, article: str) -> Article | None:
        """The live article with this id, or None."""
        return self._looked_up(lambda catalog: catalog.live_article(article)) if self.exists() else None

    def made_by(self) -> dict[str, str]:
        """The "model" and "precision" that the vectors were made with; "none" before there are any."""
        names = ("model", "precision")
        return self._looked_up(lambda catalog: {name: catalog.note(name) or "none" for name in names})

    def _looked_up(self, look: Callable[[Catalog], Known]) -> Known:
        existing(self.store)
        with self._catalogs.one_state() as catalog:
            return look(catalog)

    def counted(self, catalog: Catalog) -> Overview:
        """Counts and dates of the catalog's generation, counted once: 17,500 articles take 25 ms."""
        known = self.known(catalog)
        if known.overview is None:
            known.overview = catalog.overview()
        return known.overview

    def known(self, catalog: Catalog) -> Counted:
        """What was counted of the catalog's generation so far. Threads may count the same; they count alike."""
        edition = catalog.edition()
        known = self._counted
        if known.edition != edition:
            known = self._counted = Counted(edition)
        return known

    def segments(self, catalog: Catalog) -> Mapping[str, Segment]:
        """The open segments of the catalog's generation by their names; the others are let go.

        A view that a writer has just overtaken lets go of newer ones too, and the next question opens them again. To
        tell older from newer by the generation would fail for a store that was made anew.
        """
        known = self.known(catalog)
        if known.meanwhile and not (self._link and self._link.away):
            known.meanwhile.clear()
        if known.segments is None:
            rows = catalog.segments()  # counts what is live in each, which takes 10 ms for 28,000 passages
            with self._lock:
                self._open = {row.name: self._open.get(row.name) or self._opened(catalog, row) for row in rows}
                known.segments = dict(self._open)
        return known.segments

    def instead_of(self, name: str, catalog: Catalog, why: DamagedIndex) -> Segment:
        """The vectors of the catalog, for a segment of this generation that cannot be searched, which is let go."""
        found = self._exact(catalog, next(row for row in catalog.segments() if row.name == name), why)
        known = self.known(catalog)
        with self._lock:
            self._open[name] = found
            known.segments = {**(known.segments or {}), name: found}
        return found

    def meanwhile(self, name: str, catalog: Catalog) -> Segment:
        """The vectors of the catalog, for a segment whose server is away, until it answers again."""
        known = self.known(catalog)
        found = known.meanwhile.get(name)
        if found is None:
            row = next(row for row in catalog.segments() if row.name == name)
            found = known.meanwhile[name] = vectors.ExactSegment(catalog.members(row.number), catalog.vectors)
        return found

    def _opened(self, catalog: Catalog, row: SegmentRow) -> Segment:
        try:
            if served.on_server(row.checksums):
                return served.opened(self._link, row.name, row.checksums, row.passages)
            return vectors.open_copy(self.store / SEGMENTS / row.name, row.checksums, self.store / COPIES)
        except (DamagedIndex, OSError) as error:
            # Damaged, replaced by a writer since this view began, or no room for the copy; the catalog has its vectors.
            return self._exact(catalog, row, error)

    def _exact(self, catalog: Catalog, row: SegmentRow, why: Exception) -> Segment:
        log.warning("%s; answering from the catalog's vectors", str(why))
        return vectors.ExactSegment(catalog.members(row.number), catalog.vectors)

    def _require_same_model(self, catalog: Catalog) -> None:
        made_by = catalog.note("fingerprint")
        if made_by and made_by != self.embedder.fingerprint:
            raise FootnoteError(
                f"The index was made by the model {catalog.note('model')}, and the settings name {self.embedder.name}",
                "Run `python -m index sync` to embed the articles with this model, or put the old setting back.",
            )
        self.embedder.settle(catalog.note("precision"))


class View:
    """One generation of an index, or some articles of it: the finders, and the passages they find."""

    def __init__(self, index: Index, catalog: Catalog, only: Only = EVERYTHING) -> None:
        self._index = index
        self._catalog = catalog
        self._only = only
        self._ahead: Future[_Ahead] | None = None

    def overview(self) -> Overview:
        """Counts and dates of what is searched."""
        return candidates.overview(self._catalog, self._only) if self._only else self.whole()

    def whole(self) -> Overview:
        """Counts and dates of this generation."""
        return self._index.counted(self._catalog)

    def sources(self) -> set[str]:
        """The sources of the articles that are searched."""
        return candidates.sources(self._catalog, self._only)

    def open(self) -> None:
        """Opens what `dense` searches, so that a writer who goes on meanwhile takes nothing away."""
        self._index.segments(self._catalog)

    def look_ahead(self, beside: Executor, vector: Callable[[], Vectors], limit: int) -> None:
        """Has `beside` ask the segments for what `dense` will want of this vector, which it may have to wait for."""
        if not self._only:
            segments = self._index.segments(self._catalog)
            self._ahead = beside.submit(lambda: _Ahead(vector(), limit, _nearest(segments, vector(), limit)))

    def dense(self, vector: Vectors, limit: int) -> Scored:
        """(passage number, cosine similarity) of the nearest live passages over all segments, best first."""
        if self._only:
            few = candidates.members(self._catalog, self._only, COMPARED + 1)
            if len(few) <= COMPARED:
                return _best(self.similarities(vector, few).items())[:limit]
        segments = self._index.segments(self._catalog)
        found = [hit for name, segment in segments.items() for hit in self._nearest(name, segment, vector, limit)]
        return _best(found)[:limit]

    def lexical(self, text: str, limit: int, among: Among | None = None) -> Scored:
        """(passage number, BM25 score) of the live passages that share words with `text`, best first.

        The scores are those of its rarest words; see index.candidates.rarest. Where these are so common that too many
        passages hold one, those that hold all of them are enough, and else those that hold the rarest, where not too
        many do. With `among`, of some articles alone.
        """
        frequencies = self.frequencies(lexical.terms(text))
        terms = rarest(frequencies, self.whole().passages)
        counts = [frequencies[term] for term in terms]
        matches = _wider(terms, counts)
        if not terms or (not among and not self._only):
            return _widening(matches, limit, self._catalog.lexical)
        wanted = candidates.wanted(self._catalog, among, self._only, sum(counts))
        # Among a few passages that are listed a rare word is seldom enough, and the score of no other is computed.
        rare = wanted.listed and counts[0] <= candidates.MOST
        return _widening(
            matches[-1:] if rare else matches,
            limit,
            lambda match, limit: candidates.lexical(self._catalog, match, limit, wanted),
        )

    def frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        """In how many live passages each FTS5 term stands, once for each generation; see index.candidates.frequency."""
        known = self._index.known(self._catalog).frequencies
        for term in terms:
            if term not in known:
                known[term] = min(candidates.frequency(self._catalog, term), self.whole().passages)
        return {term: known[term] for term in terms}

    def about(self, numbers: Sequence[int]) -> dict[int, About]:
        """The words of those of these passages that are live, and where and when their articles appeared."""
        return candidates.about(self._catalog, numbers)

    def published(self, first: date, last: date, limit: int) -> list[Hit]:
        """The passages that begin the articles of these days, both ends included, newest first; all with score 1."""
        numbers = candidates.published(self._catalog, first, last, limit, self._only)
        return self.hits([(number, 1.0) for number in numbers], dict.fromkeys(numbers, "day"))

    def names(self) -> Names:
        """The papers and bylines that the live articles have."""
        known = self._index.known(self._catalog)
        if known.names is None:
            known.names = candidates.names(self._catalog)
        return known.names

    def similarities(self, vector: Vectors, numbers: Sequence[int]) -> dict[int, float]:
        """The exact cosine similarity of each of these passages; those whose vector is lost are left out."""
        known, stored = self._catalog.stored_vectors(numbers)
        return dict(zip(known, vectors.exact(vector, stored).tolist(), strict=True)) if known else {}

    def hits(self, scored: Scored, found_by: dict[int, str]) -> list[Hit]:
        """The passages behind the numbers, in their order, each with its article and where the same text lies too."""
        found = self._catalog.live_passages(number for number, _ in scored)
        articles = {article.source: article for _, article in found.values()}
        twins = self._catalog.twins_of(articles)
        also = {
            source: tuple(Copy(twin, "") for twin in twins.get(source, ()))  # its own title and date are not known
            for source in articles
        }
        return [
            Hit(*found[n], score, found_by.get(n, ""), also=also[found[n][1].source])
            for n, score in scored
            if n in found
        ]

    def voices(self, hits: Sequence[Hit]) -> dict[str, str]:
        """The name of the group of near-copies that an article of the hits belongs to, by the article's id."""
        return self._catalog.voices(sorted({hit.article.id for hit in hits}))

    def rarity(self, term: str) -> float:
        """How much a word tells, between 0 (in every passage) and 1 (in none): 1 - log(1 + n) / log(1 + N)."""
        total = max(self.whole().passages, 1)
        return 1.0 - math.log1p(min(self.frequencies([term])[term], total)) / math.log1p(total)

    def _nearest(self, name: str, segment: Segment, vector: Vectors, limit: int) -> Scored:
        """The nearest that are live: asks for more until there are enough or the segment has no more."""
        ask = limit
        begun = self._ahead.result() if self._ahead else None
        ahead = begun.found if begun and begun.vector is vector and begun.limit == limit else {}
        while True:
            try:
                found = ahead.pop(name, None) or segment.nearest(vector, ask)
            except ServerAway:
                segment = self._index.meanwhile(name, self._catalog)
                continue
            except DamagedIndex as error:
                segment = self._index.instead_of(name, self._catalog, error)
                continue
            live = self._wanted([number for number, _ in found])
            kept = [hit for hit in found if hit[0] in live]
            if len(kept) >= limit or ask >= segment.size:
                return kept[:limit]
            ask *= 2

    def _wanted(self, numbers: Sequence[int]) -> set[int]:
        if self._only:
            return candidates.among_them(self._catalog, numbers, self._only)
        return self._catalog.are_live(numbers)


def _nearest(segments: Mapping[str, Segment], vector: Vectors, limit: int) -> dict[str, Scored]:
    """The nearest of each segment that can be asked."""
    found = {}
    for name, segment in segments.items():
        with contextlib.suppress(DamagedIndex, ServerAway):  # `dense` asks it again, and goes on without
            found[name] = segment.nearest(vector, limit)
    return found


def _wider(terms: Sequence[str], frequencies: Sequence[int]) -> list[str]:
    """FTS5 expressions for passages with these words, rarest first, each wider than the one before."""
    if len(terms) < 2 or sum(frequencies) <= candidates.MOST:
        return _any(terms)
    rare = [terms[0]] if frequencies[0] <= candidates.MOST else []
    return [lexical.match_all(list(terms)), *rare, *_any(terms)]


def _any(terms: Sequence[str]) -> list[str]:
    return [lexical.match_any(list(terms))] if terms else []


def _widening(matches: Iterable[str], limit: int, find: Callable[[str, int], Scored]) -> Scored:
    """The best of what is found, by no more of the expressions than it takes to find enough.

    By each a passage has the same score, but for the words that are not asked for.
    """
    found: dict[int, float] = {}
    for match in matches:
        found = dict(find(match, limit)) | found
        if len(found) >= limit:
            break
    return _best(found.items())[:limit]


def _best(found: Iterable[tuple[int, float]]) -> Scored:
    return sorted(found, key=lambda hit: (-hit[1], hit[0]))
