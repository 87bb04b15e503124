"""How bytes become text, and which characters never enter an article: the only import of charset_normalizer."""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import TYPE_CHECKING

from index.errors import NotAnArticle

if TYPE_CHECKING:
    from charset_normalizer import CharsetMatch

# UTF-32 before UTF-16, whose little-endian mark is how the one of UTF-32 begins.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BINARY = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"PK\x03\x04", b"\x7fELF", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"MZ\x90")
_DECLARED = re.compile(rb"""<(?:meta|\?xml)[^<>]{0,200}?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.I)
_SAMPLE = 4096
_STRETCH = 1 << 20
# What is guessed among: what Windows and mail write. With the code pages of DOS and old Macs beside them, 6 of 60 news
# articles in cp1252 were read as one of those, their quotation marks as letters (25 November 2026).
_GUESSED = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "koi8_r",
    "cp932", "euc_jp", "big5", "gb18030", "cp949",
]  # fmt: skip
MAX_CONTROLS = 0.1

_LINE_BREAKS = re.compile("\r\n|[\r\f\v\x85\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Characters that no reader sees: they split words for search, reverse what is shown, or carry hidden text (the tags of
# U+E0000). The joiners U+200C and U+200D stay, because Persian, Hindi and emoji are written with them.
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")


def text_of(data: bytes, markup: bool = False) -> str:
    """The text that the bytes encode, cleaned; `markup` heeds the character set that a web page declares.

    Raises NotAnArticle when they encode none.
    """
    text = None if data.startswith(_BINARY) else _decoded(data, markup)
    if text is None or len(_CONTROLS.findall(text.replace("\r", ""))) > MAX_CONTROLS * len(text):
        raise NotAnArticle("not text")
    return cleaned(text)


def encoding_of(data: bytes) -> str:
    """The name of the encoding of a text that may be too long to be decoded at once. UTF-8 with a few faults stays it.

    Raises NotAnArticle for bytes that begin as no text.
    """
    encoding = _encoding(data)
    sample = data[:_SAMPLE].decode(encoding, "replace")
    if data.startswith(_BINARY) or len(_CONTROLS.findall(sample.replace("\r", ""))) > MAX_CONTROLS * len(sample):
        raise NotAnArticle("not text")
    return encoding


def _encoding(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            # Under these names the mark is left out.
            return "utf-8-sig" if encoding == "utf-8" else encoding[:6]
    at = None if (wide := _wide(data)) else _fault(data)
    if wide or at is None:
        return wide or "utf-8"
    sample = data[max(0, at - _SAMPLE) : at + 25 * _SAMPLE]
    shown = sample.decode("utf-8", "replace")
    if 10 * shown.count("\ufffd") < sum(character > "\x7f" for character in shown):
        return "utf-8"
    guessed = _likeliest(sample)
    return guessed.encoding if guessed else "utf-8"


def _fault(data: bytes) -> int | None:
    """Where the bytes stop to be UTF-8, within a stretch; None when they never do."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(data), _STRETCH):
        stretch = data[start : start + _STRETCH]
        try:
            decoder.decode(stretch, start + _STRETCH >= len(data))
        except UnicodeDecodeError as error:
            return start + error.start
    return None


def cleaned(text: str) -> str:
    """The text in NFC with plain line breaks, without control, bidi and zero-width characters."""
    text = _LINE_BREAKS.sub("\n", text)
    text = _SURROGATES.sub("\ufffd", _CONTROLS.sub("", text))
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", text))


def _decoded(data: bytes, markup: bool) -> str | None:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    wide = _wide(data)
    if wide:
        return data.decode(wide, "replace")
    for encoding in ("utf-8", *(_declared(data) if markup else ())):
        try:
            return data.decode(encoding)
        except (UnicodeError, LookupError):
            continue
    return _detected(data)


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of mostly Latin text is NUL, which is valid UTF-8 too."""
    sample = data[:_SAMPLE]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) < 0.4 * len(sample) / 2 or min(even, odd) > 0.1 * max(even, odd):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _declared(data: bytes) -> tuple[str, ...]:
    found = _DECLARED.search(data[:_SAMPLE])
    name = found[1].decode("ascii", "ignore").lower() if found else ""
    # As browsers do: pages that declare Latin-1 are written in its Windows superset.
    return ("cp1252" if name in {"iso-8859-1", "latin1", "latin-1", "us-ascii", "ascii"} else name,) if name else ()


def _detected(data: bytes) -> str | None:
    found = _likeliest(data)
    return str(found) if found else None


def _likeliest(data: bytes) -> CharsetMatch | None:
    """The likeliest reading of bytes that say nothing of their encoding; Western European wins a tie."""
    from charset_normalizer import from_bytes

    found = from_bytes(data, cp_isolation=_GUESSED)
    best = found.best()
    for match in found:
        if best and match.chaos <= best.chaos and "cp1252" in match.could_be_from_charset:
            return match
    return best
