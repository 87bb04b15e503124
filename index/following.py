"""What is followed: sources.toml, what was added by hand, and the source of articles that each of them is."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.catalog import Catalog
from index.database import FILE_NAME
from index.errors import FootnoteError, UsageError
from index.ledger import Followed
from index.replica import claim, elsewhere
from index.sources.files import Files, ReadAll, is_address, lies_in
from index.sources.sightings import Known, Reading, Sighting, Source
from index.sources.workers import read_all
from index.writer import SPOOL, writing

if TYPE_CHECKING:
    from index.sources.web import Tools

SOURCES_FILE = "sources.toml"
FILES = "files"
KINDS = (FILES, "page", "feed", "sitemap")


@dataclass(frozen=True, slots=True)
class Outside:
    """What a run may look at: pages on the internet, and in `networks`; `listing` is where sources.toml would be.

    `ray` is the address of the Ray cluster that reads and embeds for it, "" for none.
    """

    networks: tuple[str, ...] = ()
    listing: Path | None = None
    ray: str = ""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """What is followed and cannot be looked at now. Its articles stay: a disk may only not be mounted."""

    location: str
    problem: str

    def scan(self, known: Mapping[str, Known]) -> Iterator[Sighting]:
        """The location itself, which failed."""
        yield Sighting(self.location, "", self.problem, "failed")

    def read(self, sightings: Iterable[Sighting]) -> Iterator[Reading]:
        """Nothing."""
        return iter(())

    def covers(self, source: str) -> bool:
        """Nothing is known of what would be there."""
        return False


@dataclass(frozen=True, slots=True)
class Dropped:
    """What sources.toml no longer lists: nothing of it is there any more."""

    location: str

    def scan(self, known: Mapping[str, Known]) -> Iterator[Sighting]:
        """Nothing."""
        return iter(())

    def read(self, sightings: Iterable[Sighting]) -> Iterator[Reading]:
        """Nothing."""
        return iter(())

    def covers(self, source: str) -> bool:
        """Whether the source is it, or lies in it."""
        return lies_in(source, self.location)


@dataclass(frozen=True, slots=True)
class Without:
    """The articles in a folder, but for those in a folder in it: that of the index itself."""

    files: Files
    folder: str

    def scan(self, known: Mapping[str, Known]) -> Iterator[Sighting]:
        """What is there, but for what lies in the folder."""
        return (sighting for sighting in self.files.scan(known) if not lies_in(sighting.source, self.folder))

    def read(self, sightings: Iterable[Sighting]) -> Iterator[Reading]:
        """The articles in the files, in their order."""
        return self.files.read(sightings)

    def covers(self, source: str) -> bool:
        """Whether the source lies under the root; nothing is there of what lies in the folder."""
        return self.files.covers(source)


def followed_now(store: Path, listing: Path | None = None) -> tuple[list[Followed], list[Followed]]:
    """What is followed, or what a first run that was stopped had begun with; and what sources.toml no longer lists.

    Of a shared index it is what is followed by this machine.
    """
    following: list[Followed] = []
    if (store / FILE_NAME).exists():
        with contextlib.closing(Catalog(store)) as catalog, catalog.snapshot():
            others = elsewhere(store, catalog)
            following = [f for f in catalog.following() or catalog.beginning() if f.location not in others]
    return merged(following, listed(listing) if listing else None)


def merged(following: Sequence[Followed], lines: Sequence[Followed] | None) -> tuple[list[Followed], list[Followed]]:
    """What is followed together with the `lines` of sources.toml, and what used to be one of them and is not now.

    Without the file nothing is dropped: it may only be somewhere else.
    """
    if lines is None:
        return list(following), []
    kinds = {f.location: f.kind for f in following}
    now = {f.location: replace(f, kind=f.kind or kinds.get(f.location, "")) for f in lines}
    others = [f for f in following if not f.listed and f.location not in now]
    return [*others, *now.values()], [f for f in following if f.listed and f.location not in now]


def named(location: str | Path, **options: Any) -> Followed:  # noqa: ANN401 - what the options hold is checked below
    """A file, a folder or an address to follow. Raises UsageError for a path that does not exist, and no address."""
    place = place_of(location)
    if is_address(place):
        return Followed(place, "", options)
    if not Path(place).exists():
        raise UsageError(f"{location} does not exist", "Check the spelling.")
    return Followed(place, FILES, options)


def place_of(location: str | Path) -> str:
    """A path or an address as the index writes it. Raises UsageError for what is no http(s) address."""
    if is_address(str(location)):
        from index.sources.addresses import canonical

        return canonical(str(location))
    return str(Path(location).expanduser().resolve())


def listed(file: Path) -> list[Followed] | None:
    """What sources.toml lists; None when there is no such file. Raises UsageError for one that cannot be meant."""
    if not file.exists():
        return None
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {error}", "Mend the file, or move it away.") from error
    entries = values.pop("source", [])
    if values or not isinstance(entries, list):
        wrong = next(iter(values), "source")
        raise UsageError(f"{file}: {wrong!r} is not known", 'Write [[source]] and below it location = "...".')
    return [_entry(file, number, entry) for number, entry in enumerate(entries, 1)]


def _entry(file: Path, number: int, entry: object) -> Followed:
    """One [[source]]. A path in it is taken from the folder of the file."""
    where = f"{file}: source {number}"
    if not isinstance(entry, dict) or not isinstance(entry.get("location"), str) or not entry["location"]:
        raise UsageError(f"{where} has no location", 'Write location = "..." with a path or an address.')
    location, kind = entry["location"], entry.get("kind", "")
    options = {key: value for key, value in entry.items() if key not in ("location", "kind")}
    _check(where, kind, options)
    if is_address(location):
        return replace(named(location, **options), kind=kind, listed=True)
    return Followed(place_of(file.resolve().parent / Path(location).expanduser()), FILES, options, listed=True)


def _check(where: str, kind: object, options: Mapping[str, object]) -> None:
    if kind not in ("", *KINDS):
        raise UsageError(f"{where}: there is no kind {kind!r}", f"Known are: {', '.join(KINDS)}.")
    for key, value in options.items():
        if key == "fields":
            if not isinstance(value, dict) or not all(isinstance(name, str) for name in value.values()):
                raise UsageError(f"{where}: fields is not a mapping", 'Write fields = {text = "body", title = "name"}.')
        elif key != "limit":
            raise UsageError(f"{where}: there is no setting {key!r}", "Known are: location, kind, fields, limit.")
        elif not isinstance(value, int) or value < 1:
            raise UsageError(f"{where}: limit is {value!r}, not a whole number of 1 or more", "Write limit = 100.")


@contextlib.contextmanager
def opened(
    following: Sequence[Followed], store: Path, networks: Sequence[str] = (), read_all: ReadAll = read_all
) -> Iterator[tuple[list[Source], list[Followed]]]:
    """The sources of what is followed, and that again with the kinds that were not known yet.

    Pages are fetched from addresses on the internet, and from those in `networks`; files are read by `read_all`.
    """
    with contextlib.ExitStack() as stack:
        tools = _tools(store, networks, stack) if any(f.kind != FILES for f in following) else None
        sources, known = [], []
        for followed in _innermost_first(following):
            source, kind = _source(followed, tools, store, read_all)
            sources.append(source)
            known.append(replace(followed, kind=kind))
        yield sources, known


def _innermost_first(following: Sequence[Followed]) -> list[Followed]:
    """What is followed, a place before those that it lies in: what is said of it in particular counts for it."""
    files = [f.location for f in following if f.kind == FILES]

    def depth(followed: Followed) -> int:
        return sum(lies_in(followed.location, place) for place in files) if followed.kind == FILES else 0

    return sorted(following, key=lambda followed: -depth(followed))


def _tools(store: Path, networks: Sequence[str], stack: contextlib.ExitStack) -> Tools:
    from index.sources.fetcher import Fetcher
    from index.sources.web import Tools

    fetcher = stack.enter_context(contextlib.closing(Fetcher(networks)))
    return Tools(fetcher, store / SPOOL)


def _source(followed: Followed, tools: Tools | None, store: Path, read_all: ReadAll) -> tuple[Source, str]:
    if tools is None or followed.kind == FILES:
        path, inside = Path(followed.location), str(store.resolve())
        if path.exists():
            files = Files(path, followed.options.get("fields"), read_all)
            within = inside != followed.location and lies_in(inside, followed.location)
            return Without(files, inside) if within else files, FILES
        gone = "no longer there; put it back, or take it out with `python -m index remove`"
        return Unreachable(followed.location, gone), FILES
    from index.sources.kinds import discover
    from index.sources.listings import Feed, Sitemap
    from index.sources.web import Page

    try:
        kind = followed.kind or discover(followed.location, tools.fetcher).kind
    except FootnoteError as error:
        return Unreachable(followed.location, str(error)), ""
    limit = {"limit": followed.options["limit"]} if "limit" in followed.options else {}
    if kind == "page":
        return Page(followed.location, tools), kind
    return (Feed if kind == "feed" else Sitemap)(followed.location, tools, **limit), kind


@dataclass(frozen=True, slots=True)
class Added:
    """What is followed from now on, and the feeds that pages among it name."""

    followed: tuple[Followed, ...]
    feeds: tuple[str, ...]


def add(
    store: Path, locations: Sequence[str], kind: str, options: Mapping[str, Any], networks: Sequence[str] = ()
) -> Added:
    """Follows paths and addresses, which the next sync indexes. An address is asked what it is, unless `kind` says so.

    Raises UsageError for a path that does not exist, and FootnoteError for an address that does not answer; then none
    of them is followed.
    """
    from index.sources.kinds import discover

    _check("add", kind, options)
    wanted = [named(location, **options) for location in locations]
    followed: list[Followed] = []
    feeds: list[str] = []
    with contextlib.ExitStack() as stack:
        tools = _tools(store, networks, stack)
        for one in wanted:
            if one.kind == FILES or kind:
                followed.append(replace(one, kind=one.kind or kind))
            else:
                found = discover(one.location, tools.fetcher)
                followed.append(replace(one, location=found.url, kind=found.kind))
                feeds.extend(found.feeds)
    with writing(store) as catalog:
        claim(store, catalog, [one.location for one in followed])
        for one in followed:
            catalog.follow(one)
    return Added(tuple(followed), tuple(dict.fromkeys(feeds)))


def options_of(fields: Sequence[str], limit: int | None) -> dict[str, Any]:
    """The options that a command line gives, a field as "text=body". Raises UsageError for one without "="."""
    for field in fields:
        if "=" not in field:
            raise UsageError(f"--field {field} names no field", "Write --field text=body.")
    given = dict(field.split("=", 1) for field in fields)
    return {**({"fields": given} if given else {}), **({} if limit is None else {"limit": limit})}
