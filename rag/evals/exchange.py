"""Question sets come in from other formats and go out to them; what is written is complete, or not there.

What comes in is loaded once as `eval run` will load it, so that a set that could not be asked is refused now.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from index.errors import UsageError
from index.printable import visible
from rag.evals.collection import Collection, judged, write_judged
from rag.evals.formats import Format, Read
from rag.evals.sets import QUERIES, QUESTIONS, QuestionSet, load
from rag.evals.written import write_written, written

# The formats by the name they have on the command line, and their modules.
FORMATS = {
    "beir": "beir",
    "trec": "trec",
    "squad": "squad",
    "squad1": "squad1",
    "mtrag": "mtrag",
    "csv": "spreadsheet",
}


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What was written, and a sentence for each thing that could not be held."""

    path: Path
    questions: int
    unanswerable: int
    notes: tuple[str, ...]


def bring_in(format_name: str, path: Path, out: Path) -> Exchanged:
    """The set at `path` as a question set in the folder `out`.

    Raises UsageError when there is nothing to read or `out` is taken, and FootnoteError, naming file and line, for what
    cannot be meant.
    """
    found = module(format_name).read(path)
    if found.collection.articles and out.resolve() == found.collection.articles.resolve():
        _check_free(out / QUESTIONS)
        return _beside_its_articles(found, out)
    _check_free(out)
    with _whole(out) as folder:
        write = write_written if found.collection.articles else write_judged
        write(found.collection, folder)
        made = load(folder)
    return _exchanged(out, made, found.notes)


def send_out(set_path: Path, format_name: str, out: Path, store: Path) -> Exchanged:
    """The question set at `set_path` in another format at `out`. Raises UsageError when `out` is taken.

    The articles of a set that asks about some elsewhere are those of the index in `store`.
    """
    made = load(set_path)
    collection = collection_of(set_path.resolve(), store)
    _check_free(out)
    with _whole(out) as place:
        place.rmdir()
        notes = module(format_name).write(collection, place)
    return _exchanged(out, made, tuple(notes))


def send_run(run_path: Path, out: Path) -> Exchanged:
    """The run file at `run_path` as a run of TREC. Raises UsageError when `out` is taken."""
    from rag.evals.runs import load as load_run
    from rag.evals.trec_runs import write_run

    found = load_run(run_path)
    _check_free(out)
    notes = write_run(found, out)
    return Exchanged(out, len(found.rows), sum(not row.answerable for row in found.rows), tuple(notes))


def as_json(made: Exchanged) -> dict[str, Any]:
    """What was written as plain JSON values."""
    return {**asdict(made), "path": str(made.path), "notes": list(made.notes)}


def shown(made: Exchanged, following: str) -> str:
    """What a terminal shows: what was written, what could not be held, and what may come next."""
    counts = f"{made.questions:,} questions, {made.unanswerable:,} of them unanswerable, are in {made.path}."
    return visible("\n".join([counts, *made.notes, *([following] if following else [])]))


def module(format_name: str) -> Format:
    """The module of a format. Raises UsageError for a name that is none."""
    if format_name not in FORMATS:
        raise UsageError(f"There is no format {format_name!r}", f"Known are: {', '.join(FORMATS)}.")
    found: Format = import_module(f"rag.evals.formats.{FORMATS[format_name]}")
    return found


def collection_of(path: Path, store: Path) -> Collection:
    """The set at `path`, written or judged, as rag.evals.sets.load finds it."""
    if path.is_dir() and (path / QUERIES).is_file():
        return judged(path)
    return written(path if path.is_file() else path / QUESTIONS, store)


def _beside_its_articles(found: Read, folder: Path) -> Exchanged:
    try:
        with tempfile.TemporaryDirectory(prefix=f".{QUESTIONS}.", dir=folder) as part:
            write_written(replace(found.collection, articles=Path(part)), Path(part))  # no article is copied
            (Path(part) / QUESTIONS).replace(folder / QUESTIONS)
        return _exchanged(folder, load(folder), found.notes)
    except BaseException as error:
        (folder / QUESTIONS).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _not_written(folder, error) from error
        raise


def _exchanged(path: Path, made: QuestionSet, notes: tuple[str, ...]) -> Exchanged:
    unanswerable = sum(not question.answerable for question in made.questions)
    return Exchanged(path, len(made.questions), unanswerable, notes)


def _not_written(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path} cannot be written: {error.strerror}", "Give another path.")


def _check_free(path: Path) -> None:
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise UsageError(f"{path} is there already", "Give another path, or take it away.")


@contextlib.contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A folder beside `path`, which takes its place when all went well; otherwise nothing is left.

    Raises UsageError when there is no room for it.
    """
    path = path.resolve()  # a link is followed, not replaced
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise _not_written(path, error) from error
    part = folder / "part"
    part.mkdir()
    try:
        yield part
        if path.exists():
            path.rmdir()
        part.rename(path)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
