"""E-mails (.eml), as Outlook, Thunderbird and Gmail save them. What is attached is left out.

All text of a mail is its text: what reads web pages leaves out lists, and joins a headline and its paragraph where they
are laid out in a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import EmailMessage, MIMEPart
from email.policy import EmailPolicy
from email.utils import getaddresses, parsedate_to_datetime
from typing import cast

from index.errors import NotAnArticle, UnreadableSource
from index.sources.decoding import cleaned, text_of
from index.sources.draft import Dated, Draft, collapsed, composed
from index.sources.markup import blocks, html_tree
from index.sources.plain import read_plain
from index.sources.properties import author_given

MAX_PARTS = 5_000
# What parses a header takes 7 s for one of 100,000 characters, and four times as long for twice as many.
MAX_HEADER = 2_000
# A text part with less than this share of what the page beside it says is a hint to look at the page.
MIN_SHARE = 0.5
_LOCKED = {"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}
_HEADERS = ("from", "to", "subject", "date", "received", "message-id", "mime-version", "content-type")


class _Short(EmailPolicy):
    """Headers as they stand, each cut to MAX_HEADER characters."""

    def header_source_parse(self, sourcelines: Sequence[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(list(sourcelines))
        return name, value[:MAX_HEADER]


def read_mail(data: bytes, name: str) -> Draft:
    """The text of a mail, or that of its page where it has no other; subject, sender and day from its header."""
    message = message_of(data)
    if not any(header in message for header in _HEADERS):
        raise UnreadableSource("damaged mail: it has no header")
    draft = _body(message)
    day = _day(header_of(message, "date"))
    return replace(
        draft,
        title=draft.title or header_of(message, "subject"),
        author=draft.author or _sender(message),
        published=Dated(day, "mail header") if day else draft.published,
    )


def message_of(data: bytes) -> EmailMessage:
    """The parts of a message, as they stand in it. Raises UnreadableSource for more of them than anyone sends."""
    message = cast(EmailMessage, message_from_bytes(data, policy=_Short()))
    parts = sum(1 for _ in message.walk())
    if parts > MAX_PARTS:
        raise UnreadableSource(f"refused, because it has {parts:,} parts (limit {MAX_PARTS:,})")
    return message


def header_of(message: MIMEPart, name: str) -> str:
    """What the first header of that name says, on one line; "" without one."""
    return _decoded(_raw(message, name))


def text_in(part: MIMEPart) -> str:
    """The text of one part, in the character set that it names or else in the likeliest. Raises NotAnArticle."""
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        raise NotAnArticle("no text in it")
    charset = part.get_content_charset()
    try:
        return cleaned(data.decode(charset)) if charset else text_of(data, markup=_is_page(part))
    except (LookupError, UnicodeError):
        return text_of(data, markup=_is_page(part))


def _is_page(part: MIMEPart) -> bool:
    return part.get_content_subtype() != "plain"


def _body(message: EmailMessage) -> Draft:
    plain, page = message.get_body(("plain",)), message.get_body(("html",))
    if plain is None and page is None:
        if _LOCKED & {part.get_content_type() for part in message.walk()}:
            raise UnreadableSource("encrypted")
        raise NotAnArticle("no text in it")
    said = "" if plain is None else text_in(plain)
    if page is None:
        return read_plain(said)
    shown, sections = composed(list(blocks(html_tree(text_in(page)))))
    if said.strip() and len(said) >= MIN_SHARE * len(shown):
        return read_plain(said)
    return Draft(shown, sections)


def _raw(message: MIMEPart, name: str) -> str:
    values = (str(value) for key, value in message.raw_items() if key.lower() == name)
    return collapsed(next(values, ""))


def _decoded(text: str) -> str:
    """The words of a header, those in Base64 or in bare bytes too."""
    if not text.isascii():
        try:
            text = text_of(text.encode("utf-8", "surrogateescape"))
        except NotAnArticle:
            return ""
    with suppress(MessageError, LookupError, ValueError):
        text = str(make_header(decode_header(text)))
    return collapsed(cleaned(text))


def _sender(message: EmailMessage) -> str | None:
    """The names of those it is from; an address is none."""
    try:
        names = [_decoded(name) for name, _ in getaddresses([_raw(message, "from")])]
    except RecursionError:  # brackets in brackets
        return None
    return author_given(", ".join(name for name in names if name and "@" not in name))


def _day(said: str) -> date | None:
    """The day where it was sent."""
    try:
        return parsedate_to_datetime(said).date()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
