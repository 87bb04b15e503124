"""The walk of an article: plan (pure), then stage, embed, build, publish, forget.

Stop it anywhere: readers see the old article or the new one, never half of either, and the next run goes on where this
one stopped, because vectors are kept and everything else is cheap to do again.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import shutil
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from index import vectors
from index.catalog import FILE_NAME, Catalog, Known, NewSegment, Outcome, Publication, SegmentRow, existing, unusable
from index.embedder import Embedder
from index.errors import FootnoteError, NotAnArticle, UnreadableSource, UsageError
from index.passages import SPLITTER_VERSION, split
from index.records import Article, digest
from index.search import COPIES, SEGMENTS
from index.sources.files import READERS_VERSION, Files, Sighting

# Articles are published in rounds of about this much text (some 1,300 news articles): few enough for memory, enough for
# a segment worth having.
ROUND_CHARACTERS = 8_000_000
# Passages whose vectors are computed and kept together; an interrupted run loses at most these.
EMBED_BATCH = 256
# More segments than this are merged: eight answered in 12 ms where one took 1.7 ms.
MAX_SEGMENTS = 4
# A segment with a larger share of passages that are no longer live is built anew.
MAX_DEAD_SHARE = 0.25

HOLDER = "writer"

Progress = Callable[[str, int, int], None]


class Source(Protocol):
    """Where articles come from: a folder of files, or the documents of a question set."""

    def scan(self) -> Iterator[Sighting]:
        """What is there now."""

    def read(self, source: str) -> Article:
        """The article at `source`. Raises NotAnArticle or UnreadableSource."""

    def covers(self, source: str) -> bool:
        """Whether `source` would be seen here if it still existed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run has to do. `unread` are the sources that hold no article, with the reason."""

    new: tuple[Sighting, ...]
    changed: tuple[Sighting, ...]
    same: tuple[str, ...]
    gone: tuple[str, ...]
    unread: tuple[Outcome, ...]


@dataclass(slots=True)
class Report:
    """What a run did. Each source that was seen counts once: new, changed, same, skipped or failed.

    `unread` are the skipped and failed ones; `embedded` counts the vectors computed.
    """

    new: int = 0
    changed: int = 0
    same: int = 0
    gone: int = 0
    skipped: int = 0
    failed: int = 0
    embedded: int = 0
    unread: list[Outcome] = field(default_factory=list)

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
    follow: Sequence[str] = (),
) -> Report:
    """Brings the index up to date with the sources; the locations in `follow` are followed once it is published.

    Raises FootnoteError when another process is already at it.
    """
    with writing(store) as catalog:
        run = _Run(store, catalog, embedder, progress)
        run.follow = [location for location in follow if location not in catalog.followed()]
        seen_in: dict[str, Source] = {}
        seen = _scan(sources, seen_in, progress)
        found = plan(seen, run.known, lambda s: any(source.covers(s) for source in sources))
        for articles in run.rounds(found, seen_in):
            run.stage(articles)
            run.embed()
            run.publish(run.build())
        run.forget()
        return run.report


def sync_paths(store: Path, paths: Sequence[Path], embedder: Embedder, progress: Progress = lambda *_: None) -> Report:
    """The same for files and folders, which are followed from now on. Raises UsageError when one does not exist."""
    sources = [Files(path) for path in paths]
    return sync(store, sources, embedder, progress, follow=[str(source.root) for source in sources])


def sync_followed(store: Path, embedder: Embedder, progress: Progress = lambda *_: None) -> Report:
    """The same for everything that is followed. Raises FootnoteError, and changes nothing, when some of it is gone."""
    followed, beginning = _followed(store)
    locations = followed or beginning
    if not locations:
        raise UsageError(f"The index in {store} follows nothing yet", "Name it: `python -m index sync PATH`.")
    missing = [location for location in locations if not Path(location).exists()]
    if missing:
        raise FootnoteError(
            f"No longer there: {', '.join(missing)}; nothing was changed",
            "Put it back, or take its articles out of the index with `python -m index remove PATH`.",
        )
    return sync(store, [Files(Path(location)) for location in locations], embedder, progress, follow=locations)


def _followed(store: Path) -> tuple[list[str], list[str]]:
    """What is followed, and what a first run that was stopped had begun."""
    if not (store / FILE_NAME).exists():
        return [], []
    with contextlib.closing(Catalog(store)) as catalog:
        return catalog.followed(), catalog.beginning()


def plan(seen: Iterable[Sighting], known: Mapping[str, Known], covered: Callable[[str], bool]) -> Plan:
    """Compares what is there with what is known. Only a source that `covered` says would have been seen can be gone."""
    new: list[Sighting] = []
    changed: list[Sighting] = []
    same: list[str] = []
    unread: list[Outcome] = []
    met: set[str] = set()
    for sighting in seen:
        before = known.get(sighting.source)
        met.add(sighting.source)
        if sighting.state != "seen":
            unread.append(Outcome(sighting.source, sighting.digest, sighting.state, sighting.problem))
        elif before is None or (before.digest, before.readers) != (sighting.digest, READERS_VERSION):
            (changed if before and before.recipe else new).append(sighting)
        elif before.state == "indexed":
            same.append(sighting.source)
        else:
            unread.append(Outcome(sighting.source, before.digest, before.state, before.reason))
    gone = tuple(source for source in known if source not in met and covered(source))
    return Plan(tuple(new), tuple(changed), tuple(same), gone, tuple(unread))


class _Run:
    """One run over the sources: the steps in the order they are taken, and the report they fill."""

    def __init__(self, store: Path, catalog: Catalog, embedder: Embedder, progress: Progress) -> None:
        self.report = Report()
        self.known = catalog.known()
        self.follow: Sequence[str] = ()
        self._store = store
        self._catalog = catalog
        self._embedder = embedder
        self._progress = progress
        self._recipe = recipe(embedder)
        if catalog.note("fingerprint") == embedder.fingerprint:
            embedder.settle(catalog.note("precision"))
        self._outcomes: list[Outcome] = []
        self._gone: Sequence[str] = ()

    def rounds(self, found: Plan, seen_in: Mapping[str, Source]) -> Iterator[Sequence[Article]]:
        """The articles to index, a round at a time; an empty one when there is only something to forget, note or mend.

        Another model or splitter makes it one round of everything: the old vectors serve until that is published, and
        never stand beside the new ones.
        """
        self._open_report(found)
        stale = self._catalog.stale(self._recipe)
        ended = {*found.gone, *(o.source for o in self._outcomes if o.state == "skipped")}
        renewed = ended | {s.source for s in found.changed}
        stored = (self._stored(source) for source in stale if source not in renewed)
        articles = itertools.chain(stored, self._read(found, seen_in, keep_stale=bool(stale)))
        yield from _portions(articles, math.inf if stale else ROUND_CHARACTERS)
        due = self._outcomes or self._gone or self.follow
        if due or self._catalog.missing_vectors() or self._catalog.unsearched():
            yield []

    def stage(self, articles: Sequence[Article]) -> None:
        """Writes articles and passages to the catalog. Nothing of it is live yet."""
        for done, article in enumerate(articles):
            self._progress("splitting", done, len(articles))
            passages = split(article, self._embedder.count, self._embedder.max_tokens)
            self._catalog.stage(article, passages, self._recipe, self._embedder.fingerprint)

    def embed(self) -> None:
        """Computes the vectors that are not stored yet, the longest texts first."""
        todo = sorted(self._catalog.without_vector(), key=lambda item: -len(item[1]))
        for start in range(0, len(todo), EMBED_BATCH):
            self._progress("embedding", start, len(todo))
            keys, texts = zip(*todo[start : start + EMBED_BATCH], strict=True)
            self._catalog.store_vectors(keys, self._embedder.embed(texts))
            if self.follow:
                # From here on there is something to lose: whoever comes next goes on with it.
                self._catalog.begin(self.follow)
        self.report.embedded += len(todo)

    def build(self) -> NewSegment | None:
        """A segment of the passages that are in none yet, built and probed."""
        members = self._catalog.members(None)
        self._progress("building", 0, 1)
        return build_segment(self._store, self._catalog, members)

    def publish(self, segment: NewSegment | None) -> None:
        """Makes the round live, in one transaction. What it came from is followed only now that it can be indexed."""
        model = {"model": self._embedder.name, "fingerprint": self._embedder.fingerprint}
        if segment:
            model |= {"precision": self._embedder.precision, "dimension": str(self._embedder.dimension)}
        done = Publication(segment, tuple(self._outcomes), tuple(self._gone), READERS_VERSION, model, self.follow)
        self._catalog.publish(done)
        self._outcomes, self._gone, self.follow = [], (), ()

    def forget(self) -> None:
        """Merges segments and removes vectors nobody uses."""
        merge_segments(self._store, self._catalog)
        self._catalog.forget_vectors()

    def _open_report(self, found: Plan) -> None:
        self._gone = found.gone
        self.report.gone = len(found.gone)
        self.report.same = len(found.same)
        for outcome in found.unread:
            self.report.note(outcome)
            self._note(outcome)

    def _read(self, found: Plan, seen_in: Mapping[str, Source], keep_stale: bool) -> Iterator[Article]:
        todo = [*(("new", s) for s in found.new), *(("changed", s) for s in found.changed)]
        for done, (kind, sighting) in enumerate(todo):
            self._progress("reading", done, len(todo))
            article, outcome = _read(sighting, seen_in[sighting.source])
            self.report.note(outcome, kind)
            self._note(outcome)
            if article:
                yield article
            elif keep_stale and kind == "changed" and outcome.state == "failed":
                yield self._stored(sighting.source)

    def _note(self, outcome: Outcome) -> None:
        """Has the outcome published with the round, unless a source is without an article just as it was before."""
        before = self.known.get(outcome.source)
        what = (*outcome.without_source, READERS_VERSION)
        as_before = before and (before.digest, before.state, before.reason, before.readers) == what
        if outcome.state == "indexed" or not as_before:
            self._outcomes.append(outcome)

    def _stored(self, source: str) -> Article:
        article = self._catalog.article(source)
        assert article is not None, source
        return article


def _scan(sources: Sequence[Source], seen_in: dict[str, Source], progress: Progress) -> Iterator[Sighting]:
    """What all sources see, each once however many folders it lies in; `seen_in` is told where that was."""
    for source in sources:
        for sighting in source.scan():
            if sighting.source not in seen_in:
                seen_in[sighting.source] = source
                progress("scanning", len(seen_in), 0)
                yield sighting


def _read(sighting: Sighting, source: Source) -> tuple[Article | None, Outcome]:
    """What the source says now. A failure is no news of the bytes: remembered without a digest, it is tried again."""
    try:
        return source.read(sighting.source), Outcome(sighting.source, sighting.digest, "indexed")
    except NotAnArticle as error:
        return None, Outcome(sighting.source, sighting.digest, "skipped", str(error))
    except UnreadableSource as error:
        return None, Outcome(sighting.source, "", "failed", str(error))


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


@dataclass(frozen=True, slots=True)
class Removal:
    """What was taken out of the index: sources, and what is followed no longer.

    `returning` are the followed folders around them, from which the next `sync` will index them again.
    """

    sources: tuple[str, ...]
    unfollowed: tuple[str, ...]
    returning: tuple[str, ...]


def remove(store: Path, paths: Sequence[Path]) -> Removal:
    """Takes files and folders out of the index; they themselves are not touched, and need not exist any more.

    Raises UsageError, and removes nothing, when one of them is not in the index.
    """
    with writing(existing(store)) as catalog:
        found = removal(paths, list(catalog.known()), catalog.followed())
        for location in found.unfollowed:
            catalog.unfollow(location)
        if found.sources:
            catalog.publish(Publication(None, (), found.sources, READERS_VERSION, {}))
            merge_segments(store, catalog)
            catalog.forget_vectors()
        return found


def removal(paths: Sequence[Path], sources: Sequence[str], followed: Sequence[str]) -> Removal:
    """What `remove` would do. Raises UsageError for a path in which nothing is indexed or followed."""
    roots = [path.expanduser().resolve() for path in paths]
    for path, root in zip(paths, roots, strict=True):
        if not any(Path(place).is_relative_to(root) for place in (*sources, *followed)):
            raise UsageError(f"{path} is not in the index", "`python -m index status` says what is followed.")
    out = [place for place in followed if any(Path(place).is_relative_to(root) for root in roots)]
    kept = [place for place in followed if place not in out]
    return Removal(
        tuple(source for source in sources if any(Path(source).is_relative_to(root) for root in roots)),
        tuple(out),
        tuple(place for place in kept if any(root.is_relative_to(place) and root.exists() for root in roots)),
    )


def recipe(embedder: Embedder) -> str:
    """Changes when the same article would give other passages or other vectors."""
    return digest("recipe", embedder.fingerprint, SPLITTER_VERSION)


def merge_segments(store: Path, catalog: Catalog) -> None:
    """Puts one segment in the place of the small ones and of those with many dead passages; nothing is embedded."""
    old = segments_to_merge(catalog.segments())
    if old:
        members = sorted(n for row in old for n in catalog.members(row.number))
        catalog.replace_segments([row.number for row in old], build_segment(store, catalog, members))


def segments_to_merge(rows: Sequence[SegmentRow]) -> list[SegmentRow]:
    """The wasteful ones and, when too many are left, the smallest of the others with them."""
    wasteful = [row for row in rows if row.live < row.passages * (1 - MAX_DEAD_SHARE)]
    others = sorted((row for row in rows if row not in wasteful), key=lambda row: row.live)
    surplus = len(others) + bool(wasteful) - MAX_SEGMENTS
    return wasteful + (others[: surplus + 1] if surplus > 0 else [])


def build_segment(store: Path, catalog: Catalog, members: Sequence[int]) -> NewSegment | None:
    """A new segment of these passages, built and probed but not published; None for no passages."""
    if not members:
        return None
    name = f"segment-{uuid.uuid4().hex[:12]}"
    return NewSegment(name, members, vectors.build(store / SEGMENTS / name, members, catalog.vectors))


@contextlib.contextmanager
def writing(store: Path) -> Iterator[Catalog]:
    """The catalog, for the one writer, with what an interrupted run left behind cleared away.

    Raises FootnoteError at once when another process is writing. The lock is the operating system's and ends with the
    process; the process number beside it only serves the message.
    """
    from filelock import FileLock, Timeout

    catalog = Catalog(store)
    lock = FileLock(store / "LOCK", timeout=0)
    try:
        lock.acquire()
        (store / HOLDER).write_text(str(os.getpid()))
        catalog.discard_staged()
        _remove_unused(store, catalog)
        yield catalog
        _remove_unused(store, catalog)
    except Timeout as error:
        raise FootnoteError(
            f"Another process ({_holder(store)}) is writing to the index in {store}",
            "Wait until it is done; questions can be asked meanwhile.",
        ) from error
    except (sqlite3.Error, OSError) as error:
        raise unusable(catalog.path, error) from error
    finally:
        catalog.close()
        lock.release()


def _holder(store: Path) -> str:
    try:
        return f"process {int((store / HOLDER).read_text())}"
    except (OSError, ValueError):
        return "its number is not known"


def _remove_unused(store: Path, catalog: Catalog) -> None:
    """Removes the segments that no generation names any more, and the copies of processes that have ended."""
    vectors.sweep_copies(store / COPIES)
    used = {row.name for row in catalog.segments()}
    for directory in (store / SEGMENTS).glob("*"):
        if directory.name not in used:
            shutil.rmtree(directory, ignore_errors=True)
