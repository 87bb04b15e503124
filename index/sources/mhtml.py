"""Web pages saved in one file (.mhtml, .mht), as Chrome, Edge and Internet Explorer do: a mail around a page."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage, MIMEPart

from index.errors import UnreadableSource
from index.sources.draft import Draft
from index.sources.mail import header_of, message_of, text_in
from index.sources.webpage import read_webpage

# What tells a saved page from a mail.
SAVED = b"\nSnapshot-Content-Location:"
MAX_URL = 2_000
_PAGES = {"text/html", "application/xhtml+xml"}


def read_mhtml(data: bytes, name: str) -> Draft:
    """The article of the page, with the address it was saved from. The day in the header is that of the saving."""
    message = message_of(data)
    page = _page(message)
    draft = read_webpage(text_in(page))
    links = (header_of(message, "snapshot-content-location"), header_of(page, "content-location"))
    url = next((link for link in links if link.startswith(("http://", "https://")) and len(link) < MAX_URL), "")
    return replace(draft, title=draft.title or header_of(message, "subject"), url=draft.url or url)


def _page(message: EmailMessage) -> MIMEPart:
    """The page itself, of all the pages in its frames: the part that the header names, or else the first."""
    pages = [part for part in message.walk() if part.get_content_type() in _PAGES]
    start = message.get_param("start")
    named = (page for page in pages if start and header_of(page, "content-id") == start)
    page = next(named, pages[0] if pages else None)
    if page is None:
        raise UnreadableSource("damaged saved page: there is no page in it")
    return page
