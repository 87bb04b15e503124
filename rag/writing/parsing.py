"""What a language model writes, as it comes: sentences, the keys and quotes behind each, and what is not finished yet.

Whatever looks like a key and was not given out for this question is taken away, and so are footnotes that the model
made up itself: only what is verified gets a number.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from index.sentences import sentences

# A passage's key: four characters, the first a letter and one of them a digit, so that neither a number nor a word is
# one.
KEY = r"(?=[a-z0-9]{1,3}\d)[a-z][a-z0-9]{3}\b"
_OPEN, _CLOSE = "[\"“„«'‘]", "[\"”“»'’]"
# A key with its quote, up to the end of its brackets or the next key in them.
_CLAIM = rf"\s*(?P<key>{KEY})(?:\s*[:,]?\s*{_OPEN}(?P<quote>.{{0,2000}}?){_CLOSE})?\s*(?:\]|(?P<more>[,;])\s*(?={KEY}))"
_MARKER = re.compile(rf"\[{_CLAIM}", re.DOTALL)
_MORE = re.compile(_CLAIM, re.DOTALL)
_BEGUN = re.compile(rf"\[\s*(?:[a-z0-9]{{0,4}}|{KEY}.*)$", re.DOTALL)
# A bracket that is open for longer is none of ours.
LONGEST = 2_100
_MADE_UP = re.compile(r"\s*\[\s*\^?\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*\s*\](?:\([^)\s]*\))?")
# How a model marks up what should be plain.
_MARKUP = re.compile(r"^[ \t]*(?:#{1,6}|[-*•]|\d{1,2}[.)])[ \t]+|\*\*|__|`", re.MULTILINE)
_BLANKS = re.compile(r"[ \t]{2,}")
_ENDS = re.compile(r"[.!?…。！？][\"”»’')]*\s*$")
_END = re.compile(r"\s*[.!?…。！？]+[\"”»’')]*")


@dataclass(frozen=True, slots=True)
class Claim:
    """A passage that a sentence is said to rest on, by its key, and the words of it; "" where none were given."""

    key: str
    quote: str


@dataclass(frozen=True, slots=True)
class Written:
    """One sentence that was written, and what it is said to rest on."""

    text: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class _Marker:
    start: int
    end: int
    claims: tuple[Claim, ...]


def parsed(text: str, keys: Collection[str], *, whole: bool, language: str | None = None) -> tuple[list[Written], str]:
    """The sentences that are finished, and the beginning of the next one, which is empty when the text is `whole`.

    Claims with other keys than `keys` are left out.
    """
    unfinished = "" if whole else _unfinished(text)
    text = text.removesuffix(unfinished)
    written: list[Written] = []
    said, claims, at = "", [], 0
    for marker in _markers(text):
        said += text[at : marker.start]
        at = marker.end
        given = [claim for claim in marker.claims if claim.key in keys]
        if written and not said.strip():
            written[-1] = replace(written[-1], claims=(*written[-1].claims, *given))
            continue
        claims += given
        behind = _END.match(text, at)
        if behind and not _ENDS.search(said):
            said, at = said.rstrip() + behind[0].strip(), behind.end()
        unknown = not whole and not text[at:].strip() and not _ENDS.search(said)
        if unknown or _goes_on(said, text[at:]):
            continue
        written += _split(said, claims, language)
        said, claims = "", []
    rest = said + text[at:]
    if whole:
        return written + list(_split(rest, claims, language)), ""
    if claims:  # behind the end of a sentence that another marker may still follow
        return written, _plain(rest)
    finished, pending = _but_the_last(rest, language)
    return written + finished, pending


def _markers(text: str) -> Iterator[_Marker]:
    """The places where keys stand, each with all that stands in its brackets."""
    at = 0
    while start := _MARKER.search(text, at):
        marker = _marker(text, start.start())
        if marker:
            yield marker
        at = marker.end if marker else start.end()


def _marker(text: str, at: int) -> _Marker | None:
    """What begins at a bracket, where it is closed."""
    match = _MARKER.match(text, at)
    claims = []
    while match:
        claims.append(_claim(match))
        if not match["more"]:
            return _Marker(at, match.end(), tuple(claims))
        match = _MORE.match(text, match.end())
    return None


def _claim(match: re.Match[str]) -> Claim:
    return Claim(match["key"], " ".join((match["quote"] or "").split()))


def _unfinished(text: str) -> str:
    """What stands behind a bracket that is still open and may become a key."""
    start = text.rfind("[")
    while start >= 0:
        rest = text[start:]
        if _marker(text, start):
            return ""
        if len(rest) < LONGEST and _BEGUN.match(rest):
            return rest
        start = text.rfind("[", 0, start) if len(rest) < LONGEST else -1
    return ""


def _goes_on(said: str, rest: str) -> bool:
    """Whether the sentence goes on behind a key: "The ferry [k1b2] came back in May"."""
    return not _ENDS.search(said) and bool(re.match(r"[ \t]*[,;:–—-]?[ \t]*[a-zà-ÿ(]", rest))


def _split(text: str, claims: list[Claim], language: str | None) -> Iterator[Written]:
    """The sentences of a piece of text; what is claimed behind it is of the last."""
    plain = _plain(text)
    ranges = sentences(plain, language)
    for n, (start, end) in enumerate(ranges):
        if re.search(r"\w", plain[start:end]):
            yield Written(plain[start:end], tuple(claims) if n == len(ranges) - 1 else ())


def _but_the_last(text: str, language: str | None) -> tuple[list[Written], str]:
    """The sentences but the last, whose keys may be still to come, and the last as plain text."""
    plain = _plain(text)
    ranges = sentences(plain, language)
    finished = [Written(plain[a:b], ()) for a, b in ranges[:-1] if re.search(r"\w", plain[a:b])]
    return finished, plain[ranges[-1][0] :] if ranges else ""


def _plain(text: str) -> str:
    return _BLANKS.sub(" ", _MARKUP.sub("", _MADE_UP.sub("", text))).strip()
