"""When the articles appeared: bars that lead to the list of a period, and the same numbers as text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from index.ledger import UNDATED, Timeline
from page.language import dated, figures, say, several
from page.words import plain, tell, together

# More bars than this are too thin to be told apart, and so are no bars but numbers.
MOST_BARS = 60
# Years that are drawn month by month.
FEW_YEARS = 2
HEIGHT, STEP = 40, 10


@dataclass(frozen=True, slots=True)
class Bar:
    """A period, such as "201", "2014" or "2014-03", and how many articles appeared in it."""

    period: str
    number: int


def named(period: str) -> str:
    """'the 2010s', '2014', 'Mar 2014', or 'no date'."""
    if period == UNDATED:
        return say("no date")
    if len(period) == 3:
        return say("the {decade}s", decade=f"{period}0")
    year, _, month = period.partition("-")
    return f"{dated(date(2000, int(month), 1), 'LLL')} {year}" if month else year


def bars(timeline: Timeline, period: str = "") -> list[Bar]:
    """The bars to draw: the months of a year, the years of a decade, or all there is in what gives at most MOST_BARS.

    What lies between the first and the last is there too, with none.
    """
    numbers = dict(timeline.months)
    if len(period) == 3:
        return _years(numbers, int(period) * 10, int(period) * 10 + 9)
    if period and period != UNDATED:
        return _months(numbers, int(period[:4]), int(period[:4]))
    if not numbers:
        return []
    first, last = int(min(numbers)[:4]), int(max(numbers)[:4])
    if last - first < FEW_YEARS:
        return _months(numbers, first, last)
    if last - first < MOST_BARS:
        return _years(numbers, first, last)
    by_decade = Counter[str]()
    for month, number in numbers.items():
        by_decade[month[:3]] += number
    decades = range(first // 10, last // 10 + 1)
    return [Bar(f"{n:03}", by_decade[f"{n:03}"]) for n in decades if len(decades) <= MOST_BARS or by_decade[f"{n:03}"]]


def _years(numbers: dict[str, int], first: int, last: int) -> list[Bar]:
    by_year = Counter[str]()
    for month, number in numbers.items():
        by_year[month[:4]] += number
    return [Bar(f"{year:04}", by_year[f"{year:04}"]) for year in range(first, last + 1)]


def _months(numbers: dict[str, int], first: int, last: int) -> list[Bar]:
    months = [f"{year:04}-{month:02}" for year in range(first, last + 1) for month in range(1, 13)]
    return [Bar(month, numbers.get(month, 0)) for month in months]


def timeline_html(timeline: Timeline, state: str, period: str) -> str:
    """The bars with their links, and the numbers; nothing where all articles appeared in one month, or tell no day."""
    if len(timeline.months) < 2 and not period:
        return ""
    drawn = bars(timeline, period)
    return (
        f'<section class="timeline" aria-label="{tell("When the articles appeared")}">{period_html(state, period)}'
        f"{bars_html(drawn, state, period)}{numbers_html(drawn, 0 if period else timeline.undated, state)}</section>"
    )


def period_html(state: str, period: str) -> str:
    """What the list is narrowed to, and the way back."""
    if not period:
        return ""
    wider = "" if period == UNDATED or "-" not in period else period[:4]
    back = f'<a href="{href(state, wider)}">{tell("All of {period}", period=wider)}</a>' if wider else ""
    return f'<p class="period"><b>{plain(named(period))}</b> {back} <a href="{href(state)}">{tell("All dates")}</a></p>'


def bars_html(drawn: list[Bar], state: str, period: str) -> str:
    """An SVG that fills its width. For the eye and the pointer alone: the numbers say the same to everyone."""
    highest = max((bar.number for bar in drawn), default=0)
    if not highest or len(drawn) > MOST_BARS:
        return ""
    columns = "".join(_column(n, bar, highest, state, bar.period == period) for n, bar in enumerate(drawn))
    return (
        f'<svg viewBox="0 0 {len(drawn) * STEP} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true" '
        f'focusable="false">{columns}</svg><p class="axis" aria-hidden="true">'
        f"<span>{plain(named(drawn[0].period))}</span><span>{plain(named(drawn[-1].period))}</span></p>"
    )


def _column(place: int, bar: Bar, highest: int, state: str, chosen: bool) -> str:
    """A bar, on a column that can be pointed at from top to bottom; one that is not empty can be seen."""
    if not bar.number:
        return ""
    x, height = place * STEP, max(1.5, HEIGHT * bar.number / highest)
    shape = f'<rect class="bar" x="{x + 1}" y="{HEIGHT - height:g}" width="{STEP - 2}" height="{height:g}"/>'
    return (
        f'<a href="{href(state, bar.period)}" tabindex="-1"{" class=chosen" if chosen else ""}>'
        f"<title>{plain(named(bar.period))}: {plain(several(bar.number, '{n} article', '{n} articles'))}</title>"
        f'<rect class="column" x="{x}" y="0" width="{STEP}" height="{HEIGHT}"/>{shape}</a>'
    )


def numbers_html(drawn: list[Bar], undated: int, state: str) -> str:
    """The numbers behind the bars, each a link, and how many articles tell no day."""
    with_date = several(sum(bar.number for bar in drawn), "{n} article with a date", "{n} articles with a date")
    lines = "".join(
        f'<li><a href="{href(state, bar.period)}">{plain(together(named(bar.period)))} '
        f"<b>{figures(f'{bar.number:,}')}</b></a></li>"
        for bar in drawn
        if bar.number
    )
    without = tell("{n} without a date", n=figures(f"{undated:,}"))
    link = f'<a href="{href(state, UNDATED)}">{without}</a>' if undated else ""
    return f'<details class="numbers"><summary>{plain(with_date)}</summary><ol>{lines}</ol></details>{link}'


def href(state: str, period: str = "", page: int = 0) -> str:
    """The link to a piece of the list."""
    return f"#list-{state or 'all'}-{page}{'-' if period else ''}{period}"
