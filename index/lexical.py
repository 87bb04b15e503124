"""Text and questions as the full-text index sees them.

SQLite's tokenizer takes a run of Chinese, Japanese, Korean or Thai for one word. So the characters of scripts that are
written without spaces are indexed one by one, and a question is asked in pairs of neighbours, each pair as a phrase.
"""

from __future__ import annotations

import re
import threading
from functools import lru_cache
from typing import Any

# Thai, Lao, Myanmar, Khmer; kana, Han with its extensions; Hangul.
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_CHARACTER = re.compile(f"([{_UNSPACED}])")
_TERM = re.compile(f"[{_UNSPACED}]+|[^\\W_{_UNSPACED}]+")

# Words that say how a question is asked, not what about. Without them the question "what did the mayor say" matches
# each passage that quotes anybody. English, as the packaged model is; rare words decide in other languages.
_STOP_WORDS = (
    "a about an and any are as at be been by can could did do does for from had has have how i in into is it its many "
    "me much my of on or our please s should so t tell than that the their them there these they this those to us was "
    "we were what when where which who whom whose why will with would you your"
)
STOP_WORDS = frozenset(_STOP_WORDS.split())


def fold(text: str) -> str:
    """The text with a space around each character of the scripts that are written without spaces."""
    return _CHARACTER.sub(r" \1 ", text)


def terms(question: str) -> list[str]:
    """The question's words as FTS5 phrases, in order, each once, stop words left out.

    A question of stop words alone keeps them all. White space and punctuation alone give an empty list.
    """
    words = [word.lower() for word in _TERM.findall(question)]
    content = [word for word in words if word not in STOP_WORDS] or words
    return list(dict.fromkeys(phrase for word in content for phrase in _phrases(word)))


def match_any(phrases: list[str]) -> str:
    """The FTS5 expression for passages with any of the phrases; better ones are ranked first by BM25."""
    return " OR ".join(phrases)


def match_all(phrases: list[str]) -> str:
    """The FTS5 expression for passages with all of the phrases."""
    return " AND ".join(phrases)


_one_at_a_time = threading.Lock()


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The word without its English ending, so that "offered" meets "offers". The only import of snowballstemmer.

    It hands the work to PyStemmer, which is seventeen times as fast, and not for two threads at once.
    """
    with _one_at_a_time:
        return str(_stemmer().stemWord(word))


@lru_cache(maxsize=1)
def _stemmer() -> Any:  # noqa: ANN401 - the library gives no types
    import snowballstemmer

    return snowballstemmer.stemmer("english")


def _phrases(word: str) -> list[str]:
    if not _CHARACTER.match(word):
        return [f'"{word}"']
    pairs = [word[i : i + 2] for i in range(len(word) - 1)] or [word]
    return ['"' + " ".join(pair) + '"' for pair in pairs]
