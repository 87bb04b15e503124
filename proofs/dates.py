"""T4: dates are true. Pages whose tags, feed, address, byline and file name contradict each other.

Each page is made around a day of publication that is known. One place tells it; the places that are believed before
that one tell nothing, or what cannot be, and those after it tell other days. The page is then read as any other is.
"""

from __future__ import annotations

import html
import json
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

from index.sources.reading import read
from index.sources.sightings import Job
from proofs.articles import sentence
from proofs.outcome import Outcome, Tally

PAGES, SMOKE_PAGES = 2_000, 80
SITE = "https://packet.example"
# The places that tell a day, in the order in which they are to be believed.
PLACES = ("JSON-LD", "meta tag", "feed", "URL", "byline", "file name")
FIRST, LAST = date(1995, 1, 1), date(2026, 10, 31)

# How a day is written for machines; in the zone of the site, whatever day it was elsewhere.
_MACHINE = (
    "{:%Y-%m-%d}", "{:%Y-%m-%d}T23:30:00-08:00", "{:%Y-%m-%d}T00:10:00+09:00", "{:%Y-%m-%d}T12:00:00Z", "{:%Y%m%d}",
)  # fmt: skip
_READER = ("{0:%B} {0.day}, {0:%Y}", "{0.day} {0:%B} {0:%Y}", "{0:%Y-%m-%d}")
# What stands where no day is known: clocks at nought, days to come, two days, no days.
_NONE = (
    "1970-01-01T00:00:00Z", "1969-12-31T19:00:00-05:00", "0001-01-01T00:00:00", "2999-12-31", "03/04/2024", "2024-08",
    "soon", "",
)  # fmt: skip
_META = ("article:published_time", "datePublished", "DC.date.issued", "parsely-pub-date", "pubdate", "date")
_MODIFIED = ("article:modified_time", "og:updated_time")


@dataclass(slots=True)
class _Page:
    """A page under way, and what is known of it: the days of publication and of the last change, and who told."""

    published: date | None
    evidence: str | None
    modified: date | None
    head: list[str] = field(default_factory=list)
    top: list[str] = field(default_factory=list)
    json: dict[str, str] = field(default_factory=dict)
    feed: str = ""
    path: str = "/news/mole"
    name: str = "mole.html"


def prove(smoke: bool, seed: int) -> Outcome:
    """Reads the pages and compares the days and the evidence with what is known."""
    tally = Tally("dates", seed)
    told: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="footnote-proof-") as directory:
        for number in range(SMOKE_PAGES if smoke else PAGES):
            rng = Random(f"dates {seed} {number}")
            page = _page(rng, number)
            tally.case(f"page {number}", *_wrong(page, rng, Path(directory) / "page"))
            told[page.evidence or "nothing"] += 1
    return tally.outcome(", ".join(f"{told[place]} by {place}" for place in (*PLACES, "nothing")))


def _page(rng: Random, number: int) -> _Page:
    """Each place in turn is the one that tells; in one of seven pages none does."""
    winner = number % (len(PLACES) + 1)
    day = _day(rng)
    known = winner < len(PLACES)
    modified = day + timedelta(days=rng.randint(0, 400)) if rng.random() < 0.6 else None
    modified = modified if modified and modified <= LAST else None
    page = _Page(day if known else None, PLACES[winner] if known else None, modified)
    for place, name in enumerate(PLACES):
        tell = _TELLERS[name]
        if place == winner:
            tell(page, rng, day)
        elif place < winner:
            tell(page, rng, None)
        elif rng.random() < 0.7:
            tell(page, rng, _day(rng))
    _tell_modified(page, rng)
    _distract(page, rng)
    return page


def _wrong(page: _Page, rng: Random, path: Path) -> list[str]:
    """What the article that is read of the page says, where it is not what is known."""
    path.write_text(_drawn(page, rng), encoding="utf-8")
    fetched = datetime(2026, 11, 1, rng.randint(0, 23), tzinfo=UTC)
    job = Job(SITE + page.path, path, page.name, SITE + page.path, fetched, published=page.feed)
    (reading,) = read(job)
    if reading.article is None:
        return [f"{reading.state}: {reading.reason}"]
    found = reading.article
    pairs = (
        ("published", found.published, page.published),
        ("evidence", found.published_from, page.evidence),
        ("modified", found.modified, page.modified),
        ("fetched", found.fetched, fetched),
    )
    return [f"{what} is {seen}, not {known}" for what, seen, known in pairs if seen != known]


def _day(rng: Random) -> date:
    return FIRST + timedelta(days=rng.randrange((LAST - FIRST).days))


def _written(rng: Random, day: date | None, forms: tuple[str, ...] = _MACHINE) -> str:
    return rng.choice(forms).format(day) if day else rng.choice(_NONE)


def _tell_json(page: _Page, rng: Random, day: date | None) -> None:
    if day or rng.random() < 0.7:
        page.json[rng.choice(("datePublished", "dateCreated"))] = _written(rng, day)


def _tell_meta(page: _Page, rng: Random, day: date | None) -> None:
    if day or rng.random() < 0.7:
        key = rng.choice(("property", "name", "itemprop"))
        page.head.append(f'<meta {key}="{rng.choice(_META)}" content="{_written(rng, day)}">')


def _tell_feed(page: _Page, rng: Random, day: date | None) -> None:
    page.feed = (
        f"{day}T{rng.randint(0, 23):02}:00:00" if day else rng.choice(("", "1970-01-01T00:00:00+00:00", "2999-01-01"))
    )


def _tell_address(page: _Page, rng: Random, day: date | None) -> None:
    forms = ("/{:%Y/%m/%d}/mole", "/news/{:%Y-%m-%d}-mole", "/{:%Y/%m/%d}/")
    none = ("/news/mole", "/1970/01/01/mole", "/2024/13/45/mole", "/2024/08/mole", "/item/20240827", "/2999/12/31/mole")
    page.path = rng.choice(forms).format(day) if day else rng.choice(none)


def _tell_byline(page: _Page, rng: Random, day: date | None) -> None:
    none = ("", "<time>last Tuesday</time>", '<time datetime="1970-01-01">today</time>', "<p>By Ines Calloway</p>")
    if day is None:
        said = rng.choice(none)
    elif rng.random() < 0.5:
        said = f'<p>By Ines Calloway <time datetime="{_written(rng, day)}">on that day</time></p>'
    else:
        said = f"<p>By Ines Calloway, {_written(rng, day, _READER)}</p>"
    page.top.append(said)


def _tell_name(page: _Page, rng: Random, day: date | None) -> None:
    page.name = f"{day}-mole.html" if day else rng.choice(("mole.html", "1970-01-01-mole.html", "2024-13-45-mole.html"))


_TELLERS: dict[str, Callable[[_Page, Random, date | None], None]] = {
    "JSON-LD": _tell_json,
    "meta tag": _tell_meta,
    "feed": _tell_feed,
    "URL": _tell_address,
    "byline": _tell_byline,
    "file name": _tell_name,
}


def _tell_modified(page: _Page, rng: Random) -> None:
    """The last change, told in one place, with nonsense in another; where there is none, nonsense or a day before."""
    day = page.modified
    if day is None and page.published and rng.random() < 0.5:
        day = page.published - timedelta(days=rng.randint(2, 4_000))
    places = ["json", *_MODIFIED]
    for place in places[: places.index(rng.choice(places)) + 1 if day else 0]:
        _put_modified(page, place, "1970-01-01T00:00:00Z")
    if day:
        told = [place for place in places if _has_modified(page, place)][-1]
        _put_modified(page, told, _written(rng, day))


def _has_modified(page: _Page, place: str) -> bool:
    return "dateModified" in page.json if place == "json" else any(place in tag for tag in page.head)


def _put_modified(page: _Page, place: str, written: str) -> None:
    if place == "json":
        page.json["dateModified"] = written
    else:
        page.head = [tag for tag in page.head if place not in tag]
        page.head.append(f'<meta property="{place}" content="{written}">')


def _distract(page: _Page, rng: Random) -> None:
    """Days that are not the article's: of another article, of the site, of the template."""
    other = {"@type": "NewsArticle", "headline": "Inn to close", "datePublished": str(_day(rng))}
    firm = {"@type": "Organization", "foundingDate": "1887-05-01", "datePublished": str(_day(rng))}
    choices = [
        _script([{"@type": "NewsArticle", "headline": "Mole struck"}, other]),
        _script(firm),
        f"<!-- built {_day(rng)} -->",
        f'<meta name="revised" content="{_day(rng)}">',
        f'<meta property="event:start_time" content="{_day(rng)}">',
    ]
    page.head += rng.sample(choices, rng.randint(0, len(choices)))
    rng.shuffle(page.head)


def _script(said: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(said)}</script>'


def _drawn(page: _Page, rng: Random) -> str:
    own = {"@type": rng.choice(("NewsArticle", "BlogPosting", "Report")), "headline": "Mole struck", **page.json}
    wrapped: object = {"@graph": [{"@type": "WebSite"}, own]} if rng.random() < 0.5 else own
    head = "".join(["<title>Mole struck</title>", *page.head, *([_script(wrapped)] if page.json else [])])
    text = [" ".join(sentence(rng) for _ in range(rng.randint(2, 5))) for _ in range(rng.randint(2, 4))]
    text[-1] += f" It was built on {_written(rng, _day(rng), _READER)} and opened by the mayor of the town."
    body = "".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in text)
    foot = f"<footer>Copyright {_day(rng):%Y}, last updated {_day(rng)}</footer>"
    top = "".join(page.top)
    return (
        f"<!doctype html><html><head>{head}</head><body><main><article><h1>Mole struck</h1>{top}{body}</article></main>"
        f"{foot}</body></html>"
    )
