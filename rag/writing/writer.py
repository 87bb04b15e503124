"""A language model writes the answer; the law is that of every answer: what it claims to quote is looked for.

It sees the passages under keys that are made for one question, between lines that nothing in them can know. What it
writes becomes sentences with quotes out of the passages, or without; whatever goes wrong, the answer is the one that
was read, with a note.
"""

from __future__ import annotations

import random
import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from index.embedder import Embedder
from index.records import Hit
from rag import prompts
from rag.answers import Draft, DraftSentence, Refusal
from rag.chain import Walk, ranked
from rag.wording import clipped, readable
from rag.writing import canaries
from rag.writing.language import in_another
from rag.writing.models import ChatModel, Told, WriterFailed
from rag.writing.parsing import Written, parsed
from rag.writing.quoting import quote_for
from rag.writing.support import Ground, Similarity, doubt, names_in

# What it writes when the passages do not answer.
NOTHING = "NOT IN THE PASSAGES"
# A draft is made after so many seconds, not for each word.
EVERY = 0.04
# How many passages it is given at most, the best first.
PASSAGES = 10
# Tokens are not counted, since each model has its own: one has at least this many characters in the scripts that need
# the most of them, and passages that were cut for it are no loss.
CHARACTERS = 3
FEWEST_TOKENS = 100
# Of a conversation it is told the last questions.
EARLIER = 6
# A question that was rewritten is at most so long, and no shorter than this.
LONGEST_QUESTION = 600
_LETTERS = "bcdfghjkmnpqrstvwxz"


@dataclass(frozen=True, slots=True)
class Request:
    """What a model is asked for one question: the messages, the hits by their keys, and what may not come back."""

    messages: tuple[tuple[str, str], ...]
    hits: Mapping[str, Hit]
    canary: str


class LanguageWriter:
    """Writes answers with a chat model. Safe to share between threads."""

    def __init__(self, model: ChatModel, embedder: Embedder) -> None:
        self._model = model
        self._embedder = embedder
        self._answer, self._question = prompts.load("answer"), prompts.load("question")
        self._rewrite = prompts.load("rewrite")
        self._digest = prompts.digest(self._answer, self._question)

    def write(self, walk: Walk) -> Iterator[tuple[Draft, bool]]:
        """Growing drafts, and which is the last; where the model fails, that is what was read, with a note."""
        assert walk.draft is not None
        try:
            request = self._request(walk)
            checking = _Checking(walk, request, self._similarity)
            told, looked = Told(""), 0.0
            for told in self._model.tell(request.messages):
                if time.monotonic() - looked < EVERY and told.text:
                    continue
                _withhold(told.text, request)
                if not NOTHING.startswith(told.text.strip()[: len(NOTHING)]):
                    looked = time.monotonic()
                    yield self._drafted(walk.draft, checking, told), False
            _withhold(told.text, request)
            yield self._last(walk, checking, told), True
        except WriterFailed as error:
            yield replace(walk.draft, note=_note(f"{self._model.name} did not answer ({error})")), True

    def rewrite(self, text: str, earlier: Sequence[str]) -> str | None:
        """The question as one that stands alone; None where the model fails or gives something else."""
        fence = secrets.token_hex(6)
        asked = "\n".join(f"- {clipped(one, LONGEST_QUESTION)}" for one in [*earlier[-EARLIER:], text])
        try:
            *_, told = self._model.tell([("human", self._rewrite.filled(fence=fence, questions=asked))])
        except WriterFailed:
            return None
        said = told.text.strip().strip("\"“”'*- ")
        if not told.whole or not re.search(r"\w", said) or "\n" in said or len(said) > LONGEST_QUESTION:
            return None
        return said

    def _request(self, walk: Walk) -> Request:
        fence, canary = secrets.token_hex(6), canaries.made()
        example = _key(set())
        system = self._answer.filled(fence=fence, canary=canary, nothing=NOTHING, example=example)
        earlier = _earlier([readable(text) for text in walk.question.earlier])
        asked = walk.question.asked_at.date()

        def human(passages: str) -> str:
            return self._question.filled(
                fence=fence,
                passages=passages,
                earlier=earlier,
                day=_written(asked),
                question=readable(walk.question.text),
            )

        writing = self._model.writing
        room = CHARACTERS * (writing.window - writing.longest) - len(system) - len(human(""))
        hits, shown = _shown(ranked(walk.hits, walk.draft.spots if walk.draft else ())[0], room, {example})
        return Request((("system", system), ("human", human(shown))), hits, canary)

    def _drafted(self, read: Draft, checking: _Checking, told: Told) -> Draft:
        sentences, pending = checking.sentences(told)
        return replace(
            read, sentences=sentences, produced_by=self._model.name, pending=pending, prompt=self._digest,
            differing=False, heading="",
        )  # fmt: skip

    def _last(self, walk: Walk, checking: _Checking, told: Told) -> Draft:
        read = walk.draft
        assert read is not None
        if told.text.strip(' .*"\n').upper().startswith(NOTHING):
            note = f"{self._model.name} finds no answer in the passages."
            return Draft(
                (), self._model.name, Refusal.UNCLEAR, read.confidence, read.spots, prompt=self._digest, note=note
            )
        draft = replace(self._drafted(read, checking, told), pending="")
        if not any(sentence.quotes for sentence in draft.sentences):
            raise WriterFailed("nothing that it wrote stands in the passages")
        notes = [f"{self._model.name} was cut off: its answer became too long."] if told.cut else []
        if in_another(readable(walk.question.text), draft.sentences):
            notes.append(f"{self._model.name} seems to have answered in another language than that of the question.")
        return replace(draft, note=" ".join(notes))

    def _similarity(self, text: str, others: Sequence[str]) -> Sequence[float]:
        vectors = self._embedder.embed_sentences([text, *others])
        return [float(x) for x in vectors[1:] @ vectors[0]]


def _withhold(text: str, request: Request) -> None:
    """Raises WriterFailed for an answer that gives the instructions away."""
    if canaries.leaks(text, request.canary):
        raise WriterFailed("it repeated its instructions")


class _Checking:
    """What one answer says, sentence by sentence; each is looked at once, when it is finished."""

    def __init__(self, walk: Walk, request: Request, similarity: Similarity) -> None:
        self._request = request
        self._question = walk.searched_for
        self._names = names_in(hit.passage.text for hit in walk.hits)
        self._similarity = similarity
        self._known: dict[Written, DraftSentence] = {}

    def sentences(self, told: Told) -> tuple[tuple[DraftSentence, ...], str]:
        """The sentences that are finished, and the beginning of the next; what was cut has no last sentence.

        Raises WriterFailed where the canary is put together by what is taken away: "4f[1]a0[1]9c" is shown as "4fa09c".
        """
        written, pending = parsed(told.text, self._request.hits, whole=told.whole)
        _withhold("".join(one.text for one in written) + pending, self._request)
        return tuple(
            self._known.get(one) or self._known.setdefault(one, self._checked(one)) for one in written
        ), pending

    def _checked(self, written: Written) -> DraftSentence:
        found = []
        for claim in written.claims:
            hit = self._request.hits[claim.key]
            if quote := quote_for(written.text, claim.quote, hit):
                found.append((quote, hit))
        quotes, hits = tuple(dict.fromkeys(q for q, _ in found)), tuple(hit for _, hit in found)
        ground = Ground(tuple(q.text for q in quotes), hits, self._question, self._names)
        return DraftSentence(
            written.text, quotes, doubt=doubt(written.text, ground, self._similarity) if quotes else None
        )


def _shown(hits: Sequence[Hit], room: int, taken: set[str]) -> tuple[dict[str, Hit], str]:
    """As many passages as there is room for, in characters, each under a key; one at least, of which the end may go."""
    keyed: dict[str, Hit] = {}
    shown: list[str] = []
    if room < CHARACTERS * FEWEST_TOKENS:
        raise WriterFailed("its window is too small for this question")
    for hit in hits[:PASSAGES]:
        key = _key(taken | keyed.keys())
        text = f"[{key}] {_about(hit)}\n{hit.passage.text}\n"
        if len(text) > room and keyed:
            break
        shown.append(text[:room])
        room -= len(text)
        keyed[key] = hit
    return keyed, "\n".join(shown)


def _about(hit: Hit) -> str:
    """Title, paper and day of a passage on one line."""
    day = hit.article.published
    parts = [f'"{clipped(hit.article.title, 200)}"', hit.article.publisher, _written(day) if day else "undated"]
    return ", ".join(" ".join(part.split()) for part in parts if part)


def _key(taken: set[str]) -> str:
    """A key that is not taken: a consonant, two digits and a consonant, so that it is no word."""
    choice = random.SystemRandom().choice
    while True:
        key = choice(_LETTERS) + choice("0123456789") + choice(_LETTERS) + choice("0123456789")
        if key not in taken:
            return key


def _earlier(questions: Sequence[str]) -> str:
    lines = "".join(f"- {clipped(one, 300)}\n" for one in questions[-EARLIER:])
    return f"Asked before in this conversation:\n{lines}" if lines else ""


def _written(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _note(why: str) -> str:
    return f"{why}. The sentences below are quoted from the articles instead."
