"""The one place where parts are chosen and wired: settings in, an Assistant and its index out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from index.embedder import Embedder
from index.following import Outside
from index.search import Index
from index.settings import IndexSettings, load_settings
from rag.chain import Assistant
from rag.reader import SentenceReader
from rag.retrieve import HybridRetriever

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
class Parts:
    """Everything a front needs, already wired: the index, the assistant over it, and how it is brought up to date."""

    index: Index
    assistant: Assistant
    outside: Outside = field(default_factory=Outside)

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
    settings = (settings or load_settings()).at(store)
    index = Index(settings.store, Embedder(settings.model, settings.precision, settings.passage_tokens))
    return Parts(index, Assistant(HybridRetriever(index=index), SentenceReader(index)), settings.outside)
