"""The one place where parts are chosen and wired: settings in, an Assistant and its index out."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.embedder import Embedder
from index.errors import FootnoteError, UsageError
from index.following import Outside
from index.replica import database_set, edition_of
from index.search import Index
from index.settings import IndexSettings, index_values
from index.settings_file import SETTINGS_FILE, section
from rag import reader as sentences
from rag.chain import Assistant, Writer
from rag.conversations import Conversations
from rag.keeping import Keeping, database
from rag.reader import PASSAGES, Reader, SentenceReader
from rag.reading.others import CrossEncoderRanker, ForeignModel
from rag.reading.packed import PackedModel
from rag.reading.span_reader import THRESHOLD, SpanReader
from rag.retrieve import DEPTH, HybridRetriever
from rag.suggestions import to_begin_with
from rag.writing.models import ChatModel, Writing
from rag.writing.writer import LanguageWriter

if TYPE_CHECKING:
    from index.sync import Report
    from index.upkeep import Removal

log = logging.getLogger(__name__)

SEEDS = Path(__file__).resolve().parent.parent / "seeds"
# What the seeds can be asked; one of each kind, the last one they do not answer.
EXAMPLES = (
    "Who offered to host Zelenskyy for peace talks?",
    "What did the inquiry find about the crane barge?",
    "When did the ferry come back into service?",
    "How much will the repair of the East Mole cost?",
    "Has the European Union said anything about the talks?",
)

# The names of the readers that come with Footnote.
SHIPPED_READER, SENTENCES = "footnote", "sentences"
OWN_THRESHOLD = -1.0
# Titles that are looked at for questions to begin with.
TITLES = 2_000

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Settings(IndexSettings):
    """All settings: those of the index, those of [ask], how a question is answered, and of [write], who writes it.

    `depth` is how many passages each finder gives, and `read` how many of the best are read for the answer, each from
    1. What is less likely than `threshold`, from 0 to 1, to answer a question does not answer it; the higher, the more
    is refused, and -1 is what the reader comes with. `reader` is "footnote" for the model that is shipped, "sentences"
    for the reader that needs none, or an extractive question-answering model: a folder, or a name in the local model
    cache. `ranker` is a cross-encoder that orders the passages that are read, likewise; without one the reader does.
    `database` is the address of the one that keeps conversations, marks and users, "" for files of the store; it may
    hold a password, so it is not shown.
    """

    depth: int = DEPTH
    read: int = PASSAGES
    threshold: float = OWN_THRESHOLD
    reader: str = SHIPPED_READER
    ranker: str = ""
    writing: Writing = field(default_factory=Writing)
    database: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        for name, value in (("depth", self.depth), ("read", self.read)):
            if value < 1:
                raise UsageError(f"The setting {name} is {value}", "It must be 1 or more.")
        if self.ranker and self.reader == SENTENCES:
            raise UsageError(f"The ranker {self.ranker!r} orders nothing for this reader", "Leave out `reader`.")
        if not 0 <= self.threshold <= 1 and self.threshold != OWN_THRESHOLD:
            raise UsageError(f"threshold is {self.threshold}", "It goes from 0 to 1; -1 is the reader's own.")

    def with_changes(self, changes: Iterable[str]) -> Settings:
        """The same settings with others of some, each written NAME=VALUE. Raises UsageError for what cannot be set."""
        given = dict(change.partition("=")[::2] for change in changes)
        return replace(self, **{name: _parsed(name, text) for name, text in given.items()})

    def changed(self) -> dict[str, str]:
        """The settings that are not as they come, but for those that say where things are."""
        kinds = {name: getattr(self, name) for name in CHANGEABLE}
        written = {"writer": self.writing.model} if self.writing.model else {}
        return {name: str(value) for name, value in kinds.items() if value != CHANGEABLE[name]} | written


# What a run may be made with instead, and how it comes.
CHANGEABLE: Mapping[str, Any] = {
    f.name: f.default
    for f in fields(Settings)
    if f.name not in ("store", "networks", "chroma", "ray", "writing", "database")
}


def load_settings(environ: Mapping[str, str] | None = None, file: Path = Path(SETTINGS_FILE)) -> Settings:
    """The settings of footnote.toml and the environment. Raises UsageError for one that does not exist."""
    others = ("writing", "database")
    own = {f.name: f.default for f in fields(Settings)[len(fields(IndexSettings)) :] if f.name not in others}
    writing = Writing(**section(file, "write", {f.name: f.default for f in fields(Writing)}))
    return Settings(
        **index_values(environ, file), **section(file, "ask", own), writing=writing, database=database(environ, file)
    )


def _parsed(name: str, text: str) -> Any:  # noqa: ANN401 - of the kind that the setting has
    if name not in CHANGEABLE:
        raise UsageError(f"There is no setting {name!r} to change", f"Known are: {', '.join(CHANGEABLE)}.")
    kind = type(CHANGEABLE[name])
    try:
        return kind(text)
    except ValueError as error:
        raise UsageError(
            f"{name} is {text!r}, not a number", f"Write {name}={CHANGEABLE[name]} or the like."
        ) from error


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a front needs, already wired: the index, the assistant over it, and how it is brought up to date."""

    index: Index
    assistant: Assistant
    outside: Outside = field(default_factory=Outside)
    settings: Settings = field(default_factory=Settings)

    @property
    def changes(self) -> Mapping[str, str]:
        """The settings that are not as they come, for the record of a run."""
        return self.settings.changed()

    @property
    def store(self) -> Path:
        """The folder that holds everything Footnote keeps."""
        return self.index.store

    @property
    def keeping(self) -> Keeping:
        """Where what people write is kept."""
        return Keeping(self.store, self.settings.database)

    @property
    def conversations(self) -> Conversations:
        """Those of the only user, which keep the settings that their answers were made with."""
        return self.conversations_of("")

    def conversations_of(self, owner: str | Callable[[], str]) -> Conversations:
        """Those of a user, or of whoever `owner` names when something is asked for."""
        return Conversations(self.keeping, owner, settings=self.changes)

    def warm(self) -> None:
        """Loads what the first question would wait for; what goes wrong it will say itself, to whoever asks it."""
        try:
            self.assistant.warm()
        except Exception as error:
            log.warning("What answers questions could not be loaded: %s", error)

    def sync(self, progress: Progress = lambda *_: None) -> Report:
        """Brings the index up to date with what it follows, added files among it. Raises FootnoteError."""
        from index.intake import sync_all

        return sync_all(self.store, self.index.embedder, progress, self.outside, self.settings.server)

    def sync_added(self, progress: Progress = lambda *_: None) -> Report:
        """Indexes the files that were added by hand. Raises FootnoteError when that cannot be done."""
        from index.intake import sync_added

        return sync_added(self.store, self.index.embedder, progress, self.outside, self.settings.server)

    def follow(self, location: str, progress: Progress = lambda *_: None) -> Report:
        """Follows a file, a folder or an address and indexes it. Raises FootnoteError when that cannot be done."""
        from index.intake import follow

        return follow(self.store, location, self.index.embedder, progress, self.outside, self.settings.server)

    def take_out(self, key: str) -> Removal:
        """Deletes the added file, or follows no longer what is followed, with that id. Raises FootnoteError."""
        from index.intake import take_out

        return take_out(self.store, key, self.outside, self.settings.server)

    def begin(self, progress: Progress = lambda *_: None) -> Report | None:
        """Indexes the seeds into a store that does not exist yet, also when that was stopped; None for any other."""
        from index.sync import sync_paths

        if self._begun() or self._shared_by_others():
            return None
        return sync_paths(self.store, [SEEDS], self.index.embedder, progress, server=self.settings.server)

    def examples(self) -> tuple[str, ...]:
        """Questions to begin with: EXAMPLES while the seeds are among the articles, otherwise made of titles."""
        if not self.index.exists():
            return ()
        if str(SEEDS) in self.index.followed():
            return EXAMPLES
        entries = self.index.listing("indexed", "", TITLES, 0).entries
        return tuple(to_begin_with((one.title for one in entries), dated=any(one.published for one in entries)))

    def _shared_by_others(self) -> bool:
        """Whether the database that is set has an index, which this store is to be made a copy of."""
        with contextlib.suppress(FootnoteError):  # then nothing can be fetched either
            there = database_set()
            if there and edition_of(there):
                log.warning("%s has an index; `python -m index share` makes %s a copy of it", there.name, self.store)
                return True
        return False

    def _begun(self) -> bool:
        """Whether anything was published in the store, or anything but the seeds was to be."""
        if not self.index.exists():
            return False
        meant = {*self.index.followed(), *(begun.location for begun in self.index.beginning())}
        return self.index.made_by()["model"] != "none" or not {str(SEEDS)}.issuperset(meant)


def build(settings: IndexSettings | None = None, *, store: Path | None = None) -> Parts:
    """The parts for these settings, by default those of footnote.toml and the environment; `store` goes before them.

    Nothing heavy is loaded before the first question.
    """
    given = (settings or load_settings()).at(store)
    chosen = (
        given if isinstance(given, Settings) else Settings(**{f.name: getattr(given, f.name) for f in fields(given)})
    )
    index = Index(chosen.store, Embedder(chosen.model, chosen.precision, chosen.passage_tokens), chosen.server)
    retriever = HybridRetriever(index=index, depth=chosen.depth)
    assistant = Assistant(retriever, _reader(chosen, index), _writer(chosen, index))
    # Ray ends the process that has lost its cluster, and this one answers questions: its own syncs are done here.
    return Parts(index, assistant, replace(chosen.outside, ray=""), chosen)


def _writer(chosen: Settings, index: Index) -> Writer | None:
    writing = chosen.writing.checked()
    return LanguageWriter(ChatModel(writing), index.embedder) if writing.model else None


def _reader(chosen: Settings, index: Index) -> Reader:
    if chosen.reader == SENTENCES:
        return SentenceReader(index, _own(chosen.threshold, sentences.THRESHOLD), chosen.read)
    model = PackedModel() if chosen.reader == SHIPPED_READER else ForeignModel(chosen.reader)
    ranker = CrossEncoderRanker(chosen.ranker) if chosen.ranker else None
    return SpanReader(model, index, _own(chosen.threshold, THRESHOLD), chosen.read, ranker)


def _own(threshold: float, comes_with: float) -> float:
    return comes_with if threshold == OWN_THRESHOLD else threshold
