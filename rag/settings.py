"""The one place where parts are chosen and wired: settings in, an Assistant and its index out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.embedder import Embedder
from index.errors import UsageError
from index.following import Outside
from index.search import Index
from index.settings import SETTINGS_FILE, IndexSettings, index_values, section
from rag.chain import Assistant
from rag.reader import PASSAGES, THRESHOLD, SentenceReader
from rag.retrieve import DEPTH, HybridRetriever

if TYPE_CHECKING:
    from index.sync import Report

SEEDS = Path(__file__).resolve().parent.parent / "seeds"
# What the seeds can be asked; one of each kind, the last one they do not answer.
EXAMPLES = (
    "Who offered to host Zelenskyy for peace talks?",
    "What did the inquiry find about the crane barge?",
    "When did the ferry come back into service?",
    "How much will the repair of the East Mole cost?",
    "Has the European Union said anything about the talks?",
)

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Settings(IndexSettings):
    """All settings: those of the index, and those of [ask], how a question is answered.

    `depth` is how many passages each finder gives, and `read` how many of the best are read for the answer, each from
    1. A sentence that is less close to the question than
    `threshold`, from 0 to 1, does not answer it; the higher, the more is refused.
    """

    depth: int = DEPTH
    read: int = PASSAGES
    threshold: float = THRESHOLD

    def __post_init__(self) -> None:
        for name, value in (("depth", self.depth), ("read", self.read)):
            if value < 1:
                raise UsageError(f"{name} is {value}", "It must be 1 or more.")
        if not 0 <= self.threshold <= 1:
            raise UsageError(f"threshold is {self.threshold}", "It goes from 0 to 1.")

    def with_changes(self, changes: Iterable[str]) -> Settings:
        """The same settings with others of some, each written NAME=VALUE. Raises UsageError for what cannot be set."""
        given = dict(change.partition("=")[::2] for change in changes)
        return replace(self, **{name: _parsed(name, text) for name, text in given.items()})

    def changed(self) -> dict[str, str]:
        """The settings that are not as they come, but for those that say where things are."""
        kinds = {name: getattr(self, name) for name in CHANGEABLE}
        return {name: str(value) for name, value in kinds.items() if value != CHANGEABLE[name]}


# What a run may be made with instead, and how it comes.
CHANGEABLE: Mapping[str, Any] = {f.name: f.default for f in fields(Settings) if f.name not in ("store", "networks")}


def load_settings(environ: Mapping[str, str] | None = None, file: Path = Path(SETTINGS_FILE)) -> Settings:
    """The settings of footnote.toml and the environment. Raises UsageError for one that does not exist."""
    own = {f.name: f.default for f in fields(Settings)[len(fields(IndexSettings)) :]}
    return Settings(**index_values(environ, file), **section(file, "ask", own))


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
    # The settings that are not as they come, for the record of a run.
    changes: Mapping[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Path:
        """The folder that holds everything Footnote keeps."""
        return self.index.store

    def sync(self, progress: Progress = lambda *_: None) -> Report:
        """Brings the index up to date with what it follows. Raises FootnoteError when that cannot be done."""
        from index.sync import sync_followed

        return sync_followed(self.store, self.index.embedder, progress, outside=self.outside)

    def begin(self, progress: Progress = lambda *_: None) -> Report | None:
        """Indexes the seeds into a store that does not exist yet, also when that was stopped; None for any other."""
        from index.sync import sync_paths

        return None if self._begun() else sync_paths(self.store, [SEEDS], self.index.embedder, progress)

    def examples(self) -> tuple[str, ...]:
        """Questions to begin with: EXAMPLES while the seeds are among the articles, otherwise none."""
        return EXAMPLES if self.index.exists() and str(SEEDS) in self.index.followed() else ()

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
    index = Index(chosen.store, Embedder(chosen.model, chosen.precision, chosen.passage_tokens))
    reader = SentenceReader(index, chosen.threshold, chosen.read)
    return Parts(
        index, Assistant(HybridRetriever(index=index, depth=chosen.depth), reader), chosen.outside, chosen.changed()
    )
