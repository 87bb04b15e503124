"""What a run has to do: what is there compared with what is known. Nothing here touches a disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from index.ledger import Outcome
from index.sources.sightings import Known, Memo, Sighting

# A run that would take away a larger share of what it looks at holds that back: a disk that is not there, a site that
# answers with empty pages, and a folder that was emptied by mistake all look alike.
MAX_REMOVED = 0.2


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run has to do.

    `new` and `changed` are to be read; `same` are the articles that need not be. `gone` are no more. `unread` are the
    sources that hold no article, and `opened` those that hold several, as the scan found them. What sources remember
    for themselves is in `memos`, where nothing else about them has changed. `renew` are those whose bytes are as they
    were and whose article is yet to be made: the one that stood for it goes.
    """

    new: tuple[Sighting, ...]
    changed: tuple[Sighting, ...]
    same: tuple[str, ...]
    gone: tuple[str, ...]
    unread: tuple[Outcome, ...]
    opened: tuple[Outcome, ...] = ()
    memos: Mapping[str, Memo] = field(default_factory=dict)
    renew: frozenset[str] = frozenset()


def plan(seen: Iterable[Sighting], known: Mapping[str, Known], covered: Callable[[str], bool], readers: str) -> Plan:
    """Compares what is there with what is known, which the readers of version `readers` are to read.

    Only a source that `covered` says would have been seen can be gone.
    """
    met = {sighting.source: sighting for sighting in seen}
    parts = parts_of(known)
    fresh = {s.source for s in met.values() if s.state == "seen" and not _as_before(s, known, readers)}
    gone = tuple(source for source in known if source not in met and _gone(source, known, met, covered))
    leaving = fresh.union(gone)
    # What stands for others goes, or has gone: they are read again, with what they are part of.
    renew = frozenset(
        source
        for source, before in known.items()
        if before.twin and source not in leaving and (before.twin in leaving or not _has_article(before.twin, known))
    )
    again = {source if source in met else known[source].part_of for source in renew} & met.keys()
    due = fresh | again
    todo = [s for s in met.values() if s.state == "seen" and s.source in due]
    rest = [s for s in met.values() if s.state == "seen" and s.source not in due]
    unchanged = [source for s in rest for source in (parts.get(s.source, ()) if _opened(s, known) else (s.source,))]
    return Plan(
        new=tuple(s for s in todo if not _had_article(s.source, known)),
        changed=tuple(s for s in todo if _had_article(s.source, known)),
        same=tuple(source for source in unchanged if known[source].state == "indexed"),
        gone=gone,
        unread=(
            *(
                Outcome(s.source, s.digest, s.state, s.problem, s.part_of, memo=s.memo)
                for s in met.values()
                if s.problem
            ),
            *(_still(source, known[source]) for source in unchanged if known[source].state != "indexed"),
        ),
        opened=tuple(
            Outcome(s.source, s.digest, "opened", part_of=s.part_of, memo=s.memo)
            for s in met.values()
            if s.state == "opened"
        ),
        memos={s.source: s.memo for s in rest if s.memo != known[s.source].memo},
        renew=renew,
    )


def held_back(removed: Mapping[int, int], known: Mapping[int, int]) -> set[int]:
    """The places that would lose more than MAX_REMOVED of their articles; both count articles by place."""
    return {place for place, number in removed.items() if number > MAX_REMOVED * known.get(place, 0)}


def parts_of(known: Mapping[str, Known]) -> dict[str, list[str]]:
    """What was found in each opened source."""
    parts: dict[str, list[str]] = {}
    for source, before in known.items():
        if before.part_of:
            parts.setdefault(before.part_of, []).append(source)
    return parts


def _as_before(sighting: Sighting, known: Mapping[str, Known], readers: str) -> bool:
    before = known.get(sighting.source)
    return before is not None and (before.digest, before.readers) == (sighting.digest, readers)


def _opened(sighting: Sighting, known: Mapping[str, Known]) -> bool:
    return known[sighting.source].state == "opened"


def _had_article(source: str, known: Mapping[str, Known]) -> bool:
    before = known.get(source)
    return before is not None and bool(before.recipe or before.twin or before.state == "opened")


def _has_article(source: str, known: Mapping[str, Known]) -> bool:
    return source in known and bool(known[source].recipe)


def _gone(source: str, known: Mapping[str, Known], met: Mapping[str, Sighting], covered: Callable[[str], bool]) -> bool:
    """Whether a source that was not met is no more.

    What is part of a file that was met is known when that is read; of one that cannot be read now, nothing is known.
    A file that was found to hold nothing has no parts, though an earlier version kept them.
    """
    whole = known[source].part_of
    if whole in met:
        empty = source.startswith(f"{whole}#") and known.get(whole, known[source]).state == "skipped"
        same = empty and met[whole].digest == known[whole].digest
        return {"opened": covered(source), "skipped": True, "seen": same}.get(met[whole].state, False)
    return covered(whole or source)


def _still(source: str, before: Known) -> Outcome:
    return Outcome(source, before.digest, before.state, before.reason, before.part_of, before.twin, before.memo)
