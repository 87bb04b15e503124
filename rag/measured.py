"""What was measured, as a front shows it: sets, runs, plots, comparisons, and marked questions.

Values alone. rag/evals/ makes them and page/ draws them, so that the page needs nothing of what measures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from index.candidates import Only

if TYPE_CHECKING:
    from rag.plots import Plot


# Questions of a set that is made for a front, and articles that it is made from.
MOST_MADE = 2_000


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over n questions with its 95 % interval, low to high."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds: the median, and the 95th and 99th percentiles, over n questions."""

    p50: float
    p95: float
    p99: float
    n: int


@dataclass(frozen=True, slots=True)
class Point:
    """Were all answers below this confidence refused: the share of questions still answered, and of those the wrong."""

    coverage: float
    risk: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A risk-coverage curve, from the most confident answer to the last. `area` is the mean risk over its answers.

    It ends at the answer rate: what would have been answered in the place of a refusal is not known.
    El-Yaniv & Wiener, JMLR 2010; the area: Geifman, Uziel & El-Yaniv, ICLR 2019.
    """

    points: tuple[Point, ...]
    area: float


@dataclass(frozen=True, slots=True)
class Offered:
    """A question set that can be run: `about` says what it is about, `trouble` why it cannot be asked, "" if it can.

    One that was made or added here is `own`, and can be removed.
    """

    id: str
    name: str
    about: str
    questions: int = 0
    unanswerable: int = 0
    trouble: str = ""
    own: bool = False


@dataclass(frozen=True, slots=True)
class Going:
    """The run that is going on, or the set being made: its name, the step, and how much of it is done, of 0 unknown."""

    name: str
    step: str
    done: int
    total: int
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A run in the list of runs. `made` names its settings, index and model; one that cannot be read has `trouble`."""

    id: str
    name: str
    created: datetime
    set_digest: str = ""
    questions: int = 0
    failed: int = 0
    means: Mapping[str, Mean] = field(default_factory=dict)
    time: Latency | None = None
    made: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A plot with its title, a sentence below it, and what it shows as a table."""

    title: str
    note: str
    plot: Plot
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it went, the `number`-th of its run, from 0. `fault` says what is wrong, "" for nothing.

    `said` is the answer, "" for a refusal. `rank` is that of the first relevant document, None for none of the first
    ten.
    """

    number: int
    id: str
    text: str
    kind: str
    answerable: bool
    fault: str
    value: float | None
    rank: int | None
    said: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One run in full. `worst` are the questions that went wrong or have less than all of `lead`, the worst first."""

    line: Line
    summary: str
    lead: str
    kinds: Mapping[str, Mapping[str, Mean]]
    times: Mapping[str, Latency]
    drawings: tuple[Drawing, ...]
    worst: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure of two runs: `delta` is B - A, paired; `p` is corrected; `wins` are the questions better in B."""

    measure: str
    a: Mean
    b: Mean
    delta: Mean
    p: float
    wins: int
    ties: int
    losses: int
    verdict: str


@dataclass(frozen=True, slots=True)
class Turned:
    """A question whose value changed from run A to run B, the `number`-th of both."""

    number: int
    text: str
    kind: str
    a: float
    b: float


@dataclass(frozen=True, slots=True)
class Versus:
    """Run B against run A; `incomparable` says why they cannot be compared, "" when they can."""

    a: Line
    b: Line
    summary: str
    differences: tuple[Difference, ...] = ()
    by: str = ""
    lost: tuple[Turned, ...] = ()
    won: tuple[Turned, ...] = ()
    incomparable: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A place that answers a question, its rank at each step, and where it was lost, "" when it was not.

    `text` is "" for a whole document. `why` says what being lost there means.
    """

    document: str
    text: str
    ranks: Mapping[str, int | None]
    final: int | None
    lost: str
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that was found, its rank, and its rank at each step; `article` is the id of its article."""

    rank: int
    title: str
    article: str
    text: str
    ranks: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Traced:
    """A question of a run, asked again: what became of what answers it. `said` is the answer of now, "" for a refusal.

    `note` says what is to be known of how it was traced, such as that the set has changed since.
    """

    line: Line
    asked: Asked
    searched_for: str
    wanted: tuple[Wanted, ...]
    found: tuple[Found, ...]
    said: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """An answer that somebody marked as wrong, and what was judged of its question since.

    `said` is the answer, "" for a refusal, and `cited` what it rested on, as title and quote. `only` are the articles
    that it was kept to. `verdict` is "" while it is to be judged, then "answerable" or "unanswerable"; `answer` and
    `places` say what answers it. `note` was typed.
    """

    id: str
    question: str
    earlier: tuple[str, ...]
    searched_for: str
    asked: date
    said: str
    cited: tuple[tuple[str, str], ...]
    marked: datetime
    note: str = ""
    verdict: str = ""
    answer: str = ""
    places: tuple[tuple[str, str], ...] = ()
    only: Only = field(default_factory=Only)


@dataclass(frozen=True, slots=True)
class Place:
    """A passage that may answer a marked question, the `number`-th, from 0, as its sentences."""

    number: int
    title: str
    published: date | None
    sentences: tuple[str, ...]
