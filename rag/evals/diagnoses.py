"""What would make a measurement say something else than it seems to: in a question set, an index, or between runs."""

from __future__ import annotations

import contextlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.catalog import Catalog
from index.database import FILE_NAME
from index.embedder import Embedder
from index.plan import plan
from index.sync import recipe
from rag.evals.comparisons import POWER
from rag.evals.measures import mean
from rag.evals.runs import DIGESTS, Run
from rag.evals.scores import squeeze
from rag.evals.sets import EvalQuestion, QuestionSet

# How many questions or sources are named.
NAMED = 5
# Shorter questions stand in an article by chance, and shorter answers in a question.
MIN_WORDS, MIN_ANSWER = 5, 4
# Shares of questions that change between two systems, for which the smallest detectable difference is told.
CHANGED = (0.05, 0.1, 0.2)
# With fewer, a difference of 15 points is hardly found.
FEW = 50

# Gives the text of a document of the set as it is indexed, None where it is not.
TextOf = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was found: `about` the set, the index or the runs; `serious` when results cannot be trusted."""

    about: str
    serious: bool
    text: str


def of_set(question_set: QuestionSet, text_of: TextOf) -> Iterator[Finding]:
    """Size and power, questions that stand there twice, and those that give themselves away."""
    questions = question_set.questions
    kinds = ", ".join(f"{n} {kind}" for kind, n in Counter(question.kind for question in questions).items())
    yield Finding("set", False, f"{question_set.name} {question_set.digest}: {len(questions)} questions ({kinds})")
    for side, n in Counter("answerable" if q.answerable else "unanswerable" for q in questions).items():
        found = ", ".join(f"{100 * detected(n, share):.1f}" for share in CHANGED)
        shares = ", ".join(f"{100 * share:g}" for share in CHANGED)
        few = f"; with fewer than {FEW} hardly anything is" if n < FEW else ""
        text = f"{n} {side}: a difference of {found} points is found in 80 of 100 cases where {shares} % of them change"
        yield Finding("set", False, text + few)
    yield from _listed("set", True, "questions stand there more than once", duplicates(questions))
    yield from _listed("set", False, "questions hold one of their answers", map(_id, filter(holds_answer, questions)))
    verbatim = [q.id for q in questions if any(stands_in(q, text_of(name)) for name in _gold(q))]
    yield from _listed("set", False, "questions stand word for word in an article that answers them", verbatim)


def of_index(store: Path, embedder: Embedder, question_set: QuestionSet) -> Iterator[Finding]:
    """What the index was made of and with, and whether that is what is there now. Nothing is changed."""
    if not (store / FILE_NAME).exists():
        yield Finding("index", False, f"{store} is not made yet; `eval run` or `index sync` does it")
        return
    with contextlib.closing(Catalog(store)) as catalog, catalog.snapshot():
        overview, made_by = catalog.overview(), catalog.note("fingerprint")
        text = f"{overview.articles} articles, {overview.passages} passages, generation {overview.generation}"
        yield Finding("index", False, f"{text}; model {catalog.note('model')} {catalog.note('precision')} {made_by}")
        if made_by and made_by != embedder.fingerprint:
            yield Finding("index", True, f"the settings name another model: {embedder.name} {embedder.fingerprint}")
            return
        yield from _listed("index", True, "articles were split or embedded by an older version of Footnote: sync",
                           catalog.stale(recipe(embedder)))  # fmt: skip
        gold = sorted({question_set.source(name) for question in question_set.questions for name in _gold(question)})
        absent = [source for source in gold if catalog.article(source) is None]
        yield from _listed("index", True, "articles that answer a question are not indexed", absent)
        if question_set.corpus is None:
            yield from _listed("index", True, "files are not as they were indexed: sync", _changed(catalog, gold))


def _changed(catalog: Catalog, sources: Sequence[str]) -> list[str]:
    from index.sources.files import Files
    from index.sources.reading import READERS_VERSION

    known = catalog.known()
    files = [Files(Path(source)) for source in sources if Path(source).is_file()]
    mine = {source: known[source] for source in sources if source in known}
    found = plan((s for file in files for s in file.scan(mine)), mine, lambda source: False, READERS_VERSION)
    return [sighting.source for sighting in found.changed]


def of_runs(runs: Mapping[str, Run], question_set: QuestionSet | None = None) -> Iterator[Finding]:
    """Failed questions, what nobody judged, and what makes the runs differ from the first of them."""
    for name, run in runs.items():
        yield Finding("runs", False, f"{name}: {len(run.rows)} questions of {run.set_name} {run.set_digest}")
        if not run.rows:
            yield Finding("runs", True, f"{name} has no questions")
        if run.errors:
            yield Finding("runs", True, f"{name}: {len(run.errors)} questions failed, so it is compared with nothing")
        if question_set and run.set_digest != question_set.digest:
            yield Finding("runs", True, f"{name} was made on another version of the set, not {question_set.digest}")
        if run.known:
            text = f"{name}: the times of {run.known} questions lack their embedding, which an earlier run made"
            yield Finding("runs", False, text)
        yield from _unjudged(name, run)
    (first, a), *others = runs.items()
    for name, b in others:
        yield from _differences(f"{first} and {name}", a, b)


def _unjudged(name: str, run: Run) -> Iterator[Finding]:
    for measure in dict.fromkeys(m for row in run.rows for m in row.values if m.startswith("judged@")):
        share = mean([row.values[measure] for row in run.rows if measure in row.values])
        text = f"{name}: of the first {measure.removeprefix('judged@')} documents, {100 * (1 - share.value):.1f} % "
        yield Finding("runs", False, text + "were judged by nobody and count as not relevant")


def _differences(names: str, a: Run, b: Run) -> Iterator[Finding]:
    if a.set_digest != b.set_digest:
        yield Finding("runs", True, f"{names} cannot be compared: they are on different questions")
    elif [row.id for row in a.rows] != [row.id for row in b.rows]:
        yield Finding("runs", True, f"{names} cannot be compared: not the same questions of the set were asked")
    one, other = ({m for row in run.rows for m in row.values} for run in (a, b))
    if one ^ other:
        yield Finding("runs", False, f"{names}: only one of them has {', '.join(sorted(one ^ other))}")
    about = [key for key in dict.fromkeys([*a.about, *b.about]) if a.about.get(key) != b.about.get(key)]
    about += [key for key in dict.fromkeys([*a.packages, *b.packages]) if a.packages.get(key) != b.packages.get(key)]
    differs = [key if key in DIGESTS else f"{key} ({_value(a, key)} and {_value(b, key)})" for key in about]
    yield Finding("runs", False, f"{names} differ in {', '.join(differs)}" if differs else f"{names} were made alike")


def _value(run: Run, key: str) -> str:
    return run.about.get(key) or run.packages.get(key) or "nothing"


def detected(n: int, changed: float) -> float:
    """The smallest difference of a hit-like measure that n questions show in 80 of 100 cases.

    `changed` is the share of them that are hit by one system alone: their differences have a variance of about that.
    """
    return POWER * math.sqrt(changed / n)


def duplicates(questions: Sequence[EvalQuestion]) -> list[str]:
    """The ids of questions that are asked in the same words after the same questions, but for the first of each."""
    seen = defaultdict(list)
    for question in questions:
        seen[tuple(map(_words, (*question.earlier, question.text)))].append(question.id)
    return [name for names in seen.values() for name in names[1:]]


def holds_answer(question: EvalQuestion) -> bool:
    """Whether one of the answers stands in the question."""
    asked = f" {_words(question.text)} "
    return any(len(answer) >= MIN_ANSWER and f" {_words(answer)} " in asked for answer in question.answers)


def stands_in(question: EvalQuestion, text: str | None) -> bool:
    """Whether a question of some words stands in the text as it is, whatever its case and marks."""
    words = _words(question.text)
    return text is not None and words.count(" ") + 1 >= MIN_WORDS and f" {words} " in f" {_words(text)} "


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", squeeze(text)))


def _gold(question: EvalQuestion) -> list[str]:
    return [name for name, grade in question.relevance.items() if grade > 0]


def _id(question: EvalQuestion) -> str:
    return question.id


def _listed(about: str, serious: bool, text: str, names: Iterator[str] | Sequence[str]) -> Iterator[Finding]:
    """One finding for all the names, if there are any."""
    found = list(names)
    if found:
        rest = f" and {len(found) - NAMED:,} more" if len(found) > NAMED else ""
        yield Finding(about, serious, f"{len(found):,} {text}: {', '.join(found[:NAMED])}{rest}")
