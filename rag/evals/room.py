"""The evals of a store for a front: sets to run, runs that were kept, what they say, and answers marked as wrong.

A run asks the assistant that is served. It is kept as `eval run --out` keeps one, under the store, in a folder where
`python -m index purge` takes it away, because it holds words of articles. A set is made as `eval make` makes one.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import re
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from index.candidates import Only
from index.database import existing
from index.errors import FootnoteError, UsageError
from index.records import digest
from index.replica import EVALS
from index.settings import IndexSettings
from rag.answers import Answer
from rag.evals import shown
from rag.evals.evaluate import evaluate, parts_for
from rag.evals.explanations import explain
from rag.evals.given import place_set, stem_of
from rag.evals.making.writing import Wanted, make_in
from rag.evals.marks import ANSWERABLE, UNANSWERABLE, Marks, name_of
from rag.evals.pools import Candidate, pool
from rag.evals.report.findings import findings
from rag.evals.runs import Run, load, save
from rag.evals.scores import stands_in
from rag.evals.sets import QUERIES, QUESTIONS, EvalQuestion, QuestionSet
from rag.evals.sets import load as load_set
from rag.marked import MARKED, RUNS, SETS
from rag.measured import MOST_MADE, Drawing, Going, Line, Mark, Offered, Place, Sheet, Traced, Versus
from rag.settings import SEEDS, Parts
from rag.stored import Named, named_by

# Runs that are listed, the newest; and passages that are shown to whoever judges a question.
LISTED, POOLED = 50, 8
# Among how many first what answers a question counts as found, as `eval explain` has it.
K = 10

Progress = Callable[[str, int, int], None]

log = logging.getLogger(__name__)


class Room:
    """The evals of one store. Safe to share between threads; one run goes on at a time.

    Marked answers are those of an owner, as conversations are, and so are the runs of them; all else is everyone's.
    All methods raise FootnoteError for what the user can mend, and UsageError for what is not there.
    """

    def __init__(
        self,
        parts: Parts,
        settings: IndexSettings,
        owner: str | Callable[[], str] = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._parts = parts
        self._settings = settings
        self._marks = Marks(parts.keeping, owner, clock)
        self._lines: dict[tuple[str, int], Line] = {}
        self._one = threading.Lock()
        self._going: Going | None = None
        self._stopping = threading.Event()

    # Sets and runs --------------------------------------------------------------------------------------------------

    def sets(self) -> tuple[Offered, ...]:
        """The sets that lie with the articles that are followed, and those under `questions` in the store."""
        return tuple(_offered(path, self._parts.store) for path in self._places())

    def lines(self) -> tuple[Line, ...]:
        """The runs that are kept, the newest first, at most LISTED of them."""
        files = sorted(self._runs.glob("*.json"), key=lambda file: (file.stat().st_mtime_ns, file.name), reverse=True)
        found = (line for line in map(self._line, files) if self._may_see(line.name))
        return tuple(sorted(itertools.islice(found, LISTED), key=lambda line: line.created, reverse=True))

    @property
    def going(self) -> Going | None:
        """The run that is going on."""
        return self._going

    def run(self, name: str, progress: Progress = lambda *_: None) -> str:
        """Asks and measures every question of the set with this id, and gives the id of the run, which is kept.

        One that was cancelled, or whose server ended, goes on where it was when the same is asked again.
        """
        path = next((path for path in self._places() if _name(path) == name), None)
        if path is None:
            raise _no_set()
        with self._alone(path.name):
            return self._ran(path, progress)

    def make(self, questions: int, articles: int, only: Only, progress: Progress = lambda *_: None) -> str:
        """Makes a set of the articles that are kept to, as `eval make` does, and gives its id.

        One that was cancelled leaves nothing.
        """
        for number, what in ((questions, "questions"), (articles, "articles")):
            if not 1 <= number <= MOST_MADE:
                raise UsageError(
                    f"A set of {number:,} {what} cannot be made", f"Give a number from 1 to {MOST_MADE:,}."
                )
        folder = self._free(f"made-{number}" for number in itertools.count(1))
        with self._alone(folder.name):
            cancelled = FootnoteError("The making was cancelled", "Nothing of it is kept.")
            told = self._told(folder.name, progress, cancelled)
            make_in(folder, self._parts.index, Wanted(questions, articles, only=only), told)
            return _name(folder)

    def add(self, name: str, data: bytes) -> Offered:
        """Keeps a questions.jsonl that somebody sends under this name; one that could not be asked is refused.

        Its articles are those of the index, or named by their path in a folder that is followed.
        """
        existing(self._parts.store)
        stem = stem_of(name)
        folder = self._free(itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2))))
        place_set(data, self._parts.index.followed(), folder)
        return _offered(folder, self._parts.store)

    def remove(self, name: str) -> None:
        """Removes a set that was made or added here. Its runs stay."""
        found = next((path for path in self._own() if _name(path) == name and not path.name.startswith(MARKED)), None)
        if found is None:
            raise _no_set()
        with self._alone(found.name):
            if found.is_symlink():
                found.unlink()
            else:
                shutil.rmtree(found)

    def cancel(self) -> None:
        """Ends the run that is going on, before its next question. What it has found is not asked again."""
        self._stopping.set()
        if going := self._going:
            self._going = Going(going.name, going.step, going.done, going.total, cancelled=True)

    def sheet(self, name: str) -> Sheet:
        """The run with this id in full."""
        file, run = self._loaded(name)
        return shown.sheet(self._line(file), run)

    def drawings(self) -> tuple[Drawing, ...]:
        """Quality against latency, risk-coverage and the history of the set that was run last; none before a run."""
        runs = [self._loaded(line.id)[1] for line in self._latest()]
        return shown.drawings(runs)

    def compare(self, a: str, b: str) -> Versus:
        """Run B against run A."""
        (file_a, run_a), (file_b, run_b) = self._loaded(a), self._loaded(b)
        found = findings([("A", run_a), ("B", run_b)])
        return shown.versus(self._line(file_a), self._line(file_b), found)

    def trace(self, name: str, number: int) -> Traced:
        """The question of a run, asked again, with where what answers it was lost."""
        file, run = self._loaded(name)
        asked = shown.asked(run)
        if not 0 <= number < len(asked):
            raise UsageError("The run has no such question", "Look at the list again.")
        question_set = self._set_of(run)
        parts = parts_for(self._settings, question_set, served=self._parts) if question_set else self._parts
        question = EvalQuestion("", asked[number].text, "question", answerable=True)
        if question_set:
            question_set = question_set.asked_on(parts.index.overview().last)
            question = next((q for q in question_set.questions if q.id == asked[number].id), question)
            question_set = question_set if question.id else None
        found = explain(parts, question, question_set, K, answers=True)
        note = "" if question_set and question_set.digest == run.set_digest else CHANGED if question_set else GONE
        return shown.traced(self._line(file), asked[number], found, note)

    @contextlib.contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """While it goes on, nothing else is run, made or removed."""
        if not self._one.acquire(blocking=False):
            raise FootnoteError("A run is going on already", "Wait for its end, or cancel it.")
        try:
            self._stopping.clear()
            self._going = Going(name, "beginning", 0, 0)
            yield
        finally:
            self._going = None
            self._one.release()

    def _told(self, name: str, progress: Progress, cancelled: FootnoteError) -> Progress:
        """What is told of each step: it ends what was cancelled, and what was begun by who is not there any more."""

        def told(step: str, done: int, total: int) -> None:
            if self._stopping.is_set():
                raise cancelled
            self._marks.require_owner()
            self._going = Going(name, step, done, total)
            progress(step, done, total)

        return told

    def _ran(self, path: Path, progress: Progress) -> str:
        cancelled = FootnoteError("The run was cancelled", "Run the set again to go on where it was.")
        told = self._told(path.name, progress, cancelled)
        run = evaluate(self._settings, path, answers=True, progress=told, served=self._parts)
        self._marks.require_owner()
        stem = "-".join(re.findall(r"\w+", run.set_name.lower()))[:40]
        file = self._runs / f"{run.created:%Y%m%d-%H%M%S-%f}-{stem}.json"
        save(run, file)
        return _name(file)

    @property
    def _runs(self) -> Path:
        return self._parts.store / EVALS / RUNS

    def _places(self) -> list[Path]:
        """The folders of the sets, each once."""
        with contextlib.suppress(FootnoteError):  # the list of the marks says it
            self._marks.follow()
        followed = [Path(place) for place in self._parts.index.followed()] if self._parts.index.exists() else []
        found = [path for path in followed if _holds(path, QUESTIONS)]
        found += [path for path in self._own() if _holds(path, QUESTIONS) or _holds(path, QUERIES)]
        return list(dict.fromkeys(path.resolve() for path in found if self._may_see(path.name)))

    def _own(self) -> list[Path]:
        """The folders under `questions` in the store."""
        return sorted((self._parts.store / SETS).glob("*/"))

    def _free(self, names: Iterable[str]) -> Path:
        """A folder there that does not exist, by the first of these names that is free."""
        return next(path for name in names if not (path := self._parts.store / SETS / name).exists())

    def _may_see(self, name: str) -> bool:
        """Whether a set of this name is not that of another's marks."""
        return not name.startswith(MARKED) or name == self._marks.folder.name

    def _line(self, file: Path) -> Line:
        """The line of a run file, which is read when it is new or has changed."""
        key = (file.name, file.stat().st_mtime_ns)
        if key not in self._lines:
            created = datetime.fromtimestamp(file.stat().st_mtime, UTC)
            try:
                self._lines[key] = shown.line(_name(file), load(file))
            except FootnoteError as error:
                self._lines[key] = Line(_name(file), file.name, created, trouble=str(error))
        return self._lines[key]

    def _loaded(self, name: str) -> tuple[Path, Run]:
        file = next((file for file in self._runs.glob("*.json") if _name(file) == name), None)
        if file is None:
            raise UsageError("There is no such run", "It may have been taken away; look at the list again.")
        run = load(file)
        if not self._may_see(run.set_name):
            raise UsageError("There is no such run", "It may have been taken away; look at the list again.")
        return file, run

    def _latest(self) -> list[Line]:
        """The runs that asked what the newest asked, oldest first."""
        lines = [line for line in self.lines() if not line.trouble]
        same = [line for line in lines if line.set_digest == lines[0].set_digest]
        return same[: shown.DRAWN][::-1]

    def _set_of(self, run: Run) -> QuestionSet | None:
        """The set that the run asked, or one of its name as it is now; None when there is none."""
        found = []
        for path in self._places():
            with contextlib.suppress(FootnoteError):
                found.append(load_set(path))
        same = [one for one in found if one.digest == run.set_digest]
        return next(iter([*same, *(one for one in found if one.name == run.set_name)]), None)

    # Answers that were marked as wrong ------------------------------------------------------------------------------

    def mark(self, answer: Answer, note: str = "") -> Mark:
        """Keeps the answer as one to be judged; the same answer once."""
        return self._marks.keep(answer, note)

    def are_marked(self, answers: Sequence[Answer]) -> tuple[bool, ...]:
        """Of each answer, whether it was marked, and not taken out since."""
        names = self._marks.names()
        return tuple(name_of(answer) in names for answer in answers)

    def unmark(self, answer: Answer) -> None:
        """Takes the mark of this answer back; it may have been taken out already."""
        with contextlib.suppress(UsageError):
            self._marks.remove(name_of(answer))

    def marks(self) -> tuple[Mark, ...]:
        """What was marked, the newest first."""
        return self._marks.listing()

    def marked(self, name: str) -> tuple[Mark, tuple[Place, ...]]:
        """A mark, and the passages that are found for its question now, best first."""
        mark = self._marks.find(name)
        found = self._pooled(mark)
        places = [
            Place(number, one.title, article.published if article else None, _sentences(one))
            for number, one in enumerate(found)
            for article in [self._parts.index.article(_article(one))]
        ]
        return mark, tuple(places)

    def judge_unanswerable(self, name: str) -> Mark:
        """The articles do not say: the question is to be refused."""
        return self._marks.judge(name, UNANSWERABLE)

    def judge_place(self, name: str, number: int, sentence: int) -> Mark:
        """That sentence of that passage, both counted from 0, answers the question."""
        found = self._pooled(self._marks.find(name))
        if not (0 <= number < len(found) and 0 <= sentence < len(found[number].sentences)):
            raise UsageError("There is no such sentence any more", "The articles have changed; look again.")
        return self._marks.judge(
            name, ANSWERABLE, gold=[_gold(found[number], sentence)], rests_on=self._named([found[number]])
        )

    def judge_answer(self, name: str, text: str) -> Mark:
        """The answer is this text; it must stand in one of the passages that are found, which then are the gold."""
        text = " ".join(text.split())
        if not text:
            raise UsageError("There is no answer to look for", "Write it as your articles say it.")
        found = self._pooled(self._marks.find(name))
        saying = [
            (one, number)
            for one in found
            for number, sentence in enumerate(_sentences(one))
            if stands_in(text, sentence)
        ]
        spots = [_gold(one, number) for one, number in saying]
        if not spots:
            raise UsageError(
                "None of the passages that were found says that",
                "Choose the sentence that answers, or say that your articles do not.",
            )
        return self._marks.judge(name, ANSWERABLE, text, spots[:1], spots[1:], self._named([one for one, _ in saying]))

    def judge_again(self, name: str) -> Mark:
        """Takes back what was judged of a mark."""
        return self._marks.judge(name, "")

    def annotate(self, name: str, note: str) -> Mark:
        """Writes another note to a mark."""
        return self._marks.annotate(name, note)

    def drop(self, name: str) -> None:
        """Takes a mark out again."""
        self._marks.remove(name)

    def _named(self, places: Sequence[Candidate]) -> list[Named]:
        """The articles that the places stand in."""
        found = (self._parts.index.article(name) for name in {_article(one): None for one in places})
        return named_by(article for article in found if article)

    def _pooled(self, mark: Mark) -> list[Candidate]:
        """What is found for a marked question, as `eval label` shows it, but for places of no article that is kept."""
        moment = datetime.combine(mark.asked, datetime.min.time(), UTC)
        question = EvalQuestion(
            mark.id, mark.question, "", answerable=True, earlier=mark.earlier, asked_at=moment, only=mark.only
        )
        nowhere = QuestionSet(MARKED, self._marks.folder, "", (question,))
        return list(pool(self._parts, question, nowhere, [], POOLED, whole=False))


CHANGED = "The set has changed since this run; the question is traced as it stands there now."
GONE = "The question is in no set any more, so what answers it is not known. This is what is found for it now."


def _name(path: Path) -> str:
    """The id of a set or a run, as it stands in links."""
    return digest(str(path.resolve()))[:12]


def _holds(folder: Path, name: str) -> bool:
    """Whether the file is there, as far as one may look."""
    try:
        return (folder / name).is_file()
    except OSError:
        return False


def _no_set() -> UsageError:
    return UsageError("There is no such question set", "It may have been moved; look at the list again.")


def _offered(path: Path, store: Path) -> Offered:
    here = path.resolve().parent == (store / SETS).resolve()
    about = "your articles" if here else f"the articles in {path.name}"
    if path == SEEDS:
        about = "the articles that Footnote comes with"
    if path.name.startswith(MARKED):
        about = "answers that were marked as wrong"
    own = here and not path.name.startswith(MARKED)
    try:
        found = load_set(path)
    except FootnoteError as error:
        return Offered(_name(path), path.name, about, trouble=str(error), own=own)
    no = sum(not question.answerable for question in found.questions)
    return Offered(_name(path), found.name, about, len(found.questions), no, own=own)


def _article(candidate: Candidate) -> str:
    from index.records import article_id

    return article_id(candidate.document)


def _sentences(candidate: Candidate) -> tuple[str, ...]:
    base = candidate.start
    return tuple(candidate.text[start - base : end - base] for start, end in candidate.sentences)


def _gold(candidate: Candidate, number: int) -> dict[str, str | int]:
    """The sentence as a line of a written set has a place."""
    start, end = candidate.sentences[number]
    text = _sentences(candidate)[number]
    return {"source": candidate.document, "title": candidate.title, "start": start, "end": end, "text": text}
