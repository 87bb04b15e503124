"""The walk of an article: plan (pure), then stage, embed, build, publish, forget.

Stop it anywhere: readers see the old article or the new one, never half of either, and the next run goes on where this
one stopped, because vectors are kept and everything else is cheap to do again.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from index import served
from index.audit import Audit
from index.catalog import Catalog, NewSegment, Publication, same_text
from index.embedder import Embedder
from index.errors import UsageError
from index.following import Dropped, Outside, followed_now, named, opened
from index.ledger import Followed, Outcome
from index.machines import Machines, ThisOne, working
from index.passages import SPLITTER_VERSION, split
from index.plan import Plan, held_back, parts_of, plan
from index.records import Article, digest
from index.replica import claim, note_of
from index.segments import build_segment, merge_if_there
from index.server import Server
from index.sources.files import is_address, lies_in
from index.sources.reading import READERS_VERSION
from index.sources.sightings import Known, Memo, Reading, Sighting, Source
from index.twins import heirs
from index.writer import writing

# Articles are published in rounds of about this much text (some 1,300 news articles): few enough for memory, enough for
# a segment worth having.
ROUND_CHARACTERS = 8_000_000
# Passages whose vectors are computed and kept together; an interrupted run loses at most these, and on a cluster what
# each node has before it.
EMBED_BATCH = 256

Progress = Callable[[str, int, int], None]

NOTHING_MORE = Outside()


@dataclass(slots=True)
class Report:
    """What a run did. Each source that was seen counts once: new, changed, same, skipped or failed.

    `unread` are the skipped and failed ones; `embedded` counts the vectors computed. `held` are the sources whose
    articles would be gone, and are kept because they are too many of those of their place. `left` is how many articles
    of feeds and sitemaps wait for the next run.
    """

    new: int = 0
    changed: int = 0
    same: int = 0
    gone: int = 0
    skipped: int = 0
    failed: int = 0
    embedded: int = 0
    left: int = 0
    unread: list[Outcome] = field(default_factory=list)
    held: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[tuple[str, str]]:
        """(source, reason) of each source that is not indexed, the failed before the skipped."""
        return [(o.source, o.reason) for o in sorted(self.unread, key=lambda o: o.state != "failed")]

    def note(self, outcome: Outcome, kind: str = "same") -> None:
        """Counts one source: under `kind` when it was indexed, otherwise under its state, with its reason."""
        counter = kind if outcome.state == "indexed" else outcome.state
        setattr(self, counter, getattr(self, counter) + 1)
        if outcome.state != "indexed":
            self.unread.append(outcome)


def sync(
    store: Path,
    sources: Sequence[Source],
    embedder: Embedder,
    progress: Progress = lambda *_: None,
    follow: Sequence[Followed] = (),
    remove_many: bool = False,
    dropped: Sequence[Followed] = (),
    server: Server | None = None,
    machines: Machines | None = None,
) -> Report:
    """Brings the index up to date with the sources; what is in `follow` is followed once it is published.

    A place that would lose more than MAX_REMOVED of its articles keeps them, unless `remove_many`; one of `dropped` is
    followed no longer when it has none. Segments are made on the `server`, where one is named, and passages embedded by
    `machines`, by default by this one. Raises FootnoteError when another process is already at it, and ServerAway.
    """
    with writing(store, server) as catalog:
        already = catalog.following()
        run = _Run(store, catalog, embedder, progress, remove_many, server, machines)
        run.follow = [followed for followed in follow if followed not in already]
        run.looks_at = [followed.location for followed in follow]
        claim(store, catalog, run.looks_at)
        return _synced(run, sources, dropped, progress)


def _synced(run: _Run, sources: Sequence[Source], dropped: Sequence[Followed], progress: Progress) -> Report:
    """The walk itself."""
    seen_in: dict[str, Source] = {}
    seen = _scan(sources, run.known, seen_in, progress)
    found = plan(seen, run.known, lambda s: any(source.covers(s) for source in sources), READERS_VERSION)
    for articles in run.rounds(found, seen_in, sources):
        run.stage(articles)
        run.hand_on()
        run.embed()
        if run.ready:
            run.publish(run.build())
    run.forget(dropped)
    run.report.left = sum(getattr(source, "left", 0) for source in sources)
    return run.report


def sync_paths(
    store: Path,
    locations: Sequence[str | Path],
    embedder: Embedder,
    progress: Progress = lambda *_: None,
    remove_many: bool = False,
    outside: Outside = NOTHING_MORE,
    server: Server | None = None,
) -> Report:
    """The same for paths and addresses, followed from now on. Raises UsageError when a path does not exist."""
    stored = {followed.location: followed for followed in followed_now(store, outside.listing)[0]}
    following = [stored.get(new.location, new) for new in map(named, locations)]
    with (
        working(outside.ray, embedder) as machines,
        opened(following, store, outside.networks, machines.read_all) as (sources, follow),
    ):
        return sync(store, sources, embedder, progress, follow, remove_many, server=server, machines=machines)


def sync_followed(
    store: Path,
    embedder: Embedder,
    progress: Progress = lambda *_: None,
    remove_many: bool = False,
    outside: Outside = NOTHING_MORE,
    only: Callable[[Followed], bool] = lambda _: True,
    server: Server | None = None,
) -> Report:
    """The same for `only` what is followed. What cannot be reached fails, and keeps its articles."""
    following, dropped = followed_now(store, outside.listing)
    if not following and not dropped:
        there = "at this machine" if note_of(store) else "yet"
        raise UsageError(f"The index in {store} follows nothing {there}", "Name it: `python -m index sync PATH`.")
    due = [followed for followed in following if only(followed)]
    with (
        working(outside.ray, embedder) as machines,
        opened(due, store, outside.networks, machines.read_all) as (sources, follow),
        writing(store, server) as catalog,
    ):
        run = _Run(store, catalog, embedder, progress, remove_many, server, machines)
        already = catalog.following()
        # Until the lock was had, another process may have removed some of it.
        now = {followed.location for followed in already or catalog.beginning()}
        still = [(s, f) for s, f in zip(sources, follow, strict=True) if f.listed or f.location in now]
        run.follow = [followed for _, followed in still if followed not in already]
        run.looks_at = [followed.location for _, followed in still]
        claim(store, catalog, run.looks_at)
        looked_at = [*(source for source, _ in still), *(Dropped(followed.location) for followed in dropped)]
        return _synced(run, looked_at, dropped, progress)


class _Run:
    """One run over the sources: the steps in the order they are taken, and the report they fill."""

    def __init__(
        self,
        store: Path,
        catalog: Catalog,
        embedder: Embedder,
        progress: Progress,
        remove_many: bool,
        server: Server | None,
        machines: Machines | None,
    ) -> None:
        if server:
            served.require(server)  # and not only when everything is embedded
        self.report = Report()
        self.known = catalog.known()
        self._standing = {source for source, before in self.known.items() if before.recipe}
        self.follow: Sequence[Followed] = ()
        self.looks_at: Sequence[str] = ()
        # Whether what is staged and embedded may be published. With another model or splitter that is so only when
        # everything is: the old vectors serve until then, and never stand beside the new ones.
        self.ready = False
        self._store = store
        self._catalog = catalog
        self._embedder = embedder
        self._machines = machines or ThisOne(embedder)
        self._progress = progress
        self._remove_many = remove_many
        self._server = server
        self._recipe = recipe(embedder)
        self._number = catalog.last_run() + 1
        if catalog.note("fingerprint") == embedder.fingerprint:
            embedder.settle(catalog.note("precision"))
        self._outcomes: list[Outcome] = []  # of what was read for the round that is being filled
        self._due: list[Outcome] = []  # of the round that is published next
        self._gone: Sequence[str] = ()
        self._everywhere = bool(catalog.missing_vectors())
        self._taken = _Taken(parts_of(self.known))

    def rounds(
        self, found: Plan, seen_in: Mapping[str, Source], sources: Sequence[Source]
    ) -> Iterator[Sequence[Article]]:
        """The articles to index, a round at a time; an empty one when there is only something to forget, note or mend.

        What is taken away waits for the last round, when it is known what of it lives on under another name.
        """
        self._open_report(found)
        stale = self._catalog.stale(self._recipe)
        last: Sequence[Article] = []
        articles = itertools.chain(self._read(found, seen_in), self._left(found, seen_in, sources, stale))
        for portion in _portions(articles, ROUND_CHARACTERS):
            if last:
                self.ready = not stale
                yield last
            last = portion
            self._due.extend(self._noted())
        self._due.extend(self._noted())
        self.ready = True
        due = self._due or self._gone or self.follow or stale
        if last or due or self._everywhere or self._catalog.unsearched():
            yield last

    def stage(self, articles: Sequence[Article]) -> None:
        """Writes articles and passages to the catalog. Nothing of it is live yet."""
        if articles:
            self._embedder.prepare()
        for done, article in enumerate(articles):
            self._progress("splitting", done, len(articles))
            passages = split(article, self._embedder.count, self._embedder.max_tokens)
            self._catalog.stage(article, passages, self._recipe, self._embedder.fingerprint)

    def hand_on(self) -> None:
        """Stages what is about to be taken away, and is said by another source too, under the name of that one."""
        if self.ready:
            left = heirs(self._catalog, self._due, self._gone)
            self._due = left.among(self._due)
            self.stage([article for _, article in left.articles])

    def embed(self) -> None:
        """Computes the vectors that are not stored yet, the longest texts first."""
        todo = sorted(self._catalog.without_vector(staged=not self._everywhere), key=lambda item: -len(item[1]))
        if todo:
            self._embedder.prepare()
        batches = [todo[start : start + EMBED_BATCH] for start in range(0, len(todo), EMBED_BATCH)]
        vectors = self._machines.embed_all([[text for _, text in batch] for batch in batches])
        for number, batch in enumerate(batches):
            self._progress("embedding", number * EMBED_BATCH, len(todo))
            self._catalog.store_vectors([key for key, _ in batch], next(vectors))
            if self.follow:
                # From here on there is something to lose: whoever comes next goes on with it.
                self._catalog.begin(self.follow)
        self._everywhere = False
        self.report.embedded += len(todo)

    def build(self) -> NewSegment | None:
        """A segment of the passages that are in none yet, built and probed."""
        members = self._catalog.members(None)
        self._progress("building", 0, 1)
        return build_segment(self._store, self._catalog, members, self._server)

    def publish(self, segment: NewSegment | None) -> None:
        """Makes the round live, in one transaction. What it came from is followed only now that it can be indexed."""
        model = {"model": self._embedder.name, "fingerprint": self._embedder.fingerprint}
        if segment:
            model |= {"precision": self._embedder.precision, "dimension": str(self._embedder.dimension)}
        self._catalog.publish(
            Publication(segment, self._due, self._gone, READERS_VERSION, model, self.follow, self._number)
        )
        self._due, self._gone, self.follow = [], (), ()

    def forget(self, dropped: Sequence[Followed] = ()) -> None:
        """Keeps what sources remember for themselves, removes vectors nobody uses, and merges segments.

        What is dropped is followed no longer, unless something of it was held back. That a Chroma server is away makes
        no failure of a run that has been published.
        """
        held = [place for source in self.report.held for place in (source, self.known[source].part_of)]
        # So that they are read again, for what was held back may have leave to go then.
        self._catalog.distrust(sorted({self.known[source].part_of for source in self.report.held} - {""}))
        self._catalog.note_memos(self._taken.memos)
        if any(is_address(followed.location) for followed in dropped):
            # Another feed may list what went with it. Asked for first: the next run knows nothing of what was dropped.
            self._catalog.ask_anew()
        for followed in dropped:
            if not any(lies_in(place, followed.location) for place in held):
                self._catalog.unfollow(followed.location)
        self._catalog.note_looked(self.looks_at)
        self._catalog.tidy()
        merge_if_there(self._store, self._catalog, self._server)

    def _open_report(self, found: Plan) -> None:
        self.report.same = len(found.same)
        self._taken.memos.update(found.memos)
        self._taken.leaving.update(found.gone, found.renew, (s.source for s in found.changed))
        for outcome in found.opened:
            self._note(outcome)
        for outcome in found.unread:
            self._note_unread(outcome)

    def _read(self, found: Plan, seen_in: Mapping[str, Source]) -> Iterator[Article]:
        """What the sources say that is not indexed yet, the changed ones first: what stands for another may change."""
        places: dict[int, tuple[Source, dict[str, Sighting]]] = {}
        for sighting in (*found.changed, *found.new):
            place = seen_in[sighting.source]
            places.setdefault(id(place), (place, {}))[1][sighting.source] = sighting
        todo, done = len(found.changed) + len(found.new), 0
        for source, mine in places.values():
            for reading in source.read(mine.values()):
                self._progress("reading", done, todo)
                seen = mine.get(reading.source)
                own = seen is not None and seen.part_of == reading.part_of
                done += own
                if reading.source in self._taken.met or (reading.source in seen_in and not own):
                    # A file may be called what a part of another is; nothing of it is kept but this line.
                    reason = "its name is that of another source"
                    self.report.note(Outcome(reading.source, "", "failed", reason, reading.part_of))
                    continue
                article = self._take(reading, seen.memo if seen else {}, reading.source in found.renew)
                if article:
                    self._taken.staged.add(article.source)
                    yield article

    def _left(
        self, found: Plan, seen_in: Mapping[str, Source], sources: Sequence[Source], stale: Sequence[str]
    ) -> Iterator[Article]:
        """Settles what is taken away, and gives the stored articles that stay and need another recipe."""
        self._end(found, seen_in, sources)
        without = {outcome.source for outcome in [*self._due, *self._outcomes] if outcome.without_article}
        ending = without.union(self._gone, self._taken.staged)
        for source in stale:
            if source not in ending:
                article = self._catalog.article(source)
                assert article is not None, source
                yield article

    def _take(self, reading: Reading, memo: Memo, renew: bool) -> Article | None:
        """Notes how a source ended, and gives its article when that is to be indexed."""
        before = self.known.get(reading.source)
        self._taken.met.add(reading.source)
        outcome = Outcome(reading.source, reading.digest, reading.state, reading.reason, reading.part_of, memo=memo)
        if reading.state != "failed":  # of what failed nothing is known
            missing = self._taken.missing_parts(reading.source)
            self._taken.missing.extend(missing)
            self._taken.leaving.update(missing)
        if reading.state == "opened":
            self._note(outcome)
        elif reading.article is None:
            self._note_unread(outcome)
        elif before and not renew and reading.part_of and _as_it_was(reading, before):
            self.report.same += 1
        else:
            says = same_text(reading.article)
            twin = self._taken.says.get(says) or self._catalog.standing(says, self._taken.leaving) or ""
            self._note(replace(outcome, twin=twin))
            self._taken.says.setdefault(says, twin or reading.source)
            if not twin and self._stands(reading.article, before):
                self.report.same += 1
                return None
            self.report.note(outcome, "changed" if before and (before.recipe or before.twin) else "new")
            return None if twin else reading.article
        return None

    def _stands(self, article: Article, before: Known | None) -> bool:
        """Whether the article is live just as it was read: other bytes may say the same."""
        return before is not None and before.recipe == self._recipe and Audit(self._catalog).holds(article)

    def _note(self, outcome: Outcome) -> None:
        """Has the outcome published with the round, unless a source is without an article just as it was before."""
        before = self.known.get(outcome.source)
        if outcome.state != "indexed" and before and outcome.same_as(before, READERS_VERSION):
            if outcome.memo != before.memo:
                self._taken.memos[outcome.source] = outcome.memo
        else:
            self._outcomes.append(outcome)

    def _note_unread(self, outcome: Outcome) -> None:
        """Notes a source without an article. When it had one and has none any more, that waits for the end."""
        before = self.known.get(outcome.source)
        if outcome.state == "failed" and before:
            outcome = replace(outcome, twin=before.twin if before.twin in self._standing else "")
        if outcome.state == "skipped" and before and before.recipe:
            self._taken.dropped.append(outcome)
            return
        self.report.note(outcome)
        self._note(outcome)

    def _noted(self) -> list[Outcome]:
        noted, self._outcomes = self._outcomes, []
        return noted

    def _end(self, found: Plan, seen_in: Mapping[str, Source], sources: Sequence[Source]) -> None:
        """Settles what is taken away: too much of one place is held back, unless it lives on under another name."""
        gone = [*found.gone, *(source for source in self._taken.missing if source not in seen_in)]
        dropped = {outcome.source: outcome for outcome in self._taken.dropped}
        lost = [source for source in (*gone, *dropped) if self._is_lost(source)]
        # Where nothing is lost, nobody needs to know where everything lies.
        places = _places([*lost, *self.known] if lost else [], self.known, seen_in, sources)
        have = Counter(
            id(places[source]) for source, before in self.known.items() if before.recipe and source in places
        )
        full = held_back(Counter(id(places[source]) for source in lost), have)
        held = set() if self._remove_many else {source for source in lost if id(places[source]) in full}
        self.report.held = sorted(held)
        self._gone = [source for source in gone if source not in held]
        self.report.gone = len(self._gone)
        for source, outcome in dropped.items():
            if source in held:
                self.report.note(replace(outcome, state="failed", reason=f"{outcome.reason}; its old text is kept"))
            else:
                self.report.note(outcome)
                self._note(outcome)

    def _is_lost(self, source: str) -> bool:
        """Whether an article is no more with its source: it had one of its own that nothing else says now."""
        return bool(self.known[source].recipe) and self._taken.says.get(self._catalog.says(source), source) == source


@dataclass(slots=True)
class _Taken:
    """What a run has met so far.

    `parts` are known of opened sources, `says` has the source of each text that was read, `staged` the sources whose
    article is new, `leaving` those whose old article will not stay, `missing` what an opened source no longer holds,
    and `dropped` how those ended that have no article any more.
    """

    parts: Mapping[str, Sequence[str]]
    met: set[str] = field(default_factory=set)
    says: dict[str, str] = field(default_factory=dict)
    staged: set[str] = field(default_factory=set)
    leaving: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)
    dropped: list[Outcome] = field(default_factory=list)
    memos: dict[str, Memo] = field(default_factory=dict)

    def missing_parts(self, whole: str) -> list[str]:
        """What was read from within a source, and was not met when that was read."""
        inside = f"{whole}#"  # and not what a feed links to
        return [part for part in self.parts.get(whole, ()) if part.startswith(inside) and part not in self.met]


def recipe(embedder: Embedder) -> str:
    """Changes when the same article would give other passages or other vectors."""
    size = [str(embedder.passage_tokens)] if embedder.passage_tokens else []
    return digest("recipe", embedder.fingerprint, SPLITTER_VERSION, *size)


def _as_it_was(reading: Reading, before: Known) -> bool:
    was = (before.digest, before.readers, before.state)
    return was == (reading.digest, READERS_VERSION, "indexed")


def _scan(
    sources: Sequence[Source], known: Mapping[str, Known], seen_in: dict[str, Source], progress: Progress
) -> Iterator[Sighting]:
    """What all sources see, each once however many folders it lies in; `seen_in` is told where that was."""
    for source in sources:
        for sighting in source.scan(known):
            if sighting.source not in seen_in:
                seen_in[sighting.source] = source
                progress("scanning", len(seen_in), 0)
                yield sighting


def _places(
    sources: Iterable[str], known: Mapping[str, Known], seen_in: Mapping[str, Source], places: Sequence[Source]
) -> dict[str, Source]:
    """Where each source was seen, or would have been."""
    found = {}
    for source in sources:
        whole = known[source].part_of
        place = seen_in.get(source) or seen_in.get(whole)
        place = place or next((p for p in places if p.covers(whole or source) or p.covers(source)), None)
        if place:
            found[source] = place
    return found


def _portions(articles: Iterable[Article], characters: float) -> Iterator[list[Article]]:
    """The articles in lists of at least `characters` of text, the last one shorter."""
    portion: list[Article] = []
    size = 0
    for article in articles:
        portion.append(article)
        size += len(article.text)
        if size >= characters:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion
