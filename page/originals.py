"""The way from an article to where it came from: its address on the web, or its file on this machine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, urlsplit

from index.records import Article
from page.words import plain, tell

# What a browser shows by itself. Anything else is offered as a file to save, so that no format runs anything here.
SHOWN = {
    ".pdf": "application/pdf",
    ".html": "text/html", ".htm": "text/html",  # which may say in which character set it is
    ".md": "text/plain; charset=utf-8", ".txt": "text/plain; charset=utf-8",
}  # fmt: skip
# A saved page keeps its looks and loses all else: no script, no request, no part in this site.
SANDBOX = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'"
# A sandbox keeps a browser from showing a PDF.
READER = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
# Words at the beginning and the end of a quote by which a browser finds it.
WORDS = 6


def original_html(article: Article, quoted: str, page: int | None) -> str:
    """A link to the original at the place that is quoted; "" where it cannot be opened."""
    address = original_of(article)
    if not address:
        return ""
    place = f"#page={page}" if page else fragment(quoted)
    address = address.partition("#")[0] if place else address
    return (
        f'<p><a class="original" href="{plain(address + place)}" target="_blank" rel="noopener noreferrer">'
        f"{tell('Open the original')}</a></p>"
    )


def original_of(article: Article) -> str:
    """Where the original is opened: its own address, or the file's on this page; "" for neither."""
    if is_file(article):
        return f"/originals/{article.id}"
    return next(filter(is_web, (article.source, article.url or "")), "")


def is_web(address: str) -> bool:
    """Whether it is an address of the web that a browser can be sent to."""
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def is_file(article: Article) -> bool:
    """Whether the article is a file of its own, which is still there."""
    try:
        return "://" not in article.source and Path(article.source).is_file()
    except (OSError, ValueError):
        return False


def file_of(article: Article, followed: Iterable[str]) -> Path | None:
    """The file to be sent: one that really lies in a place that is followed, whatever links stand on the way to it.

    Whoever may write into a followed folder could otherwise have any file of this machine be read.
    """
    if not is_file(article):
        return None
    try:
        real = Path(article.source).resolve(strict=True)
        places = [Path(place).resolve() for place in followed if "://" not in place]
    except (OSError, RuntimeError):
        return None
    return real if any(real == place or place in real.parents for place in places) else None


def fragment(quoted: str) -> str:
    """'#:~:text=first%20words,last%20words': what a browser scrolls to, and marks."""
    words = quoted.split()
    if not words:
        return ""
    parts = [words] if len(words) <= 2 * WORDS else [words[:WORDS], words[-WORDS:]]
    # A dash has a meaning of its own there.
    return "#:~:text=" + ",".join(quote(" ".join(part), safe="").replace("-", "%2D") for part in parts)


def headers_of(source: str) -> dict[str, str]:
    """With which headers the file is sent: shown by the browser, or saved."""
    end = Path(source).suffix.lower()
    kind = SHOWN.get(end, "application/octet-stream")
    named = "inline" if end in SHOWN else f"attachment; filename*=UTF-8''{quote(Path(source).name, safe='')}"
    policy = READER if end == ".pdf" else SANDBOX
    return {"content-type": kind, "content-disposition": named, "content-security-policy": policy}
