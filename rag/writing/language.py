"""Whether a language model answered in the language of the question, told from its own words alone.

Its quotes are in the language of the articles, and stay so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.answers import DraftSentence

_QUOTED = re.compile('["“”„«»][^"“”„«»]*["“”„«»]')


def in_another(question: str, sentences: Sequence[DraftSentence]) -> bool:
    """Whether what is written is surely in another language than the question; False where that cannot be told."""
    from index.sources.reading import languages_differ

    try:
        return languages_differ(question, " ".join(own_words(sentences)))
    except OSError:  # the model of languages is unpacked on the disk; an answer is not lost for that
        return False


def own_words(sentences: Sequence[DraftSentence]) -> Iterator[str]:
    """Each sentence without what stands in quotation marks in it; none that is itself in what is quoted under it."""
    for sentence in sentences:
        own = _QUOTED.sub(" ", sentence.text)
        said = _bare(own)
        if not any(said in _bare(quote.text) for quote in sentence.quotes):
            yield own


def _bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
