"""Other people's text on its way into the page: titles, articles, questions, answers and file names.

Each piece of it goes through `plain()` before it is put into HTML or Markdown, and it never goes near a gr.HTML
template, because Gradio runs those as JavaScript.
"""

from __future__ import annotations

from index.printable import visible
from page.language import ENGLISH, known, language, say

# All ASCII that could mean something to HTML, to Markdown or to a JavaScript template, and line breaks.
_ACTIVE = (*map(ord, "\t\n"), *(n for n in range(0x21, 0x7F) if not chr(n).isalnum() and chr(n) != ","))
_PLAIN: dict[int, str | None] = {n: f"&#{n};" for n in _ACTIVE}


def plain(text: str) -> str:
    """The text so that a browser shows it literally: in HTML, in an attribute, in Markdown, in gr.HTML's value."""
    return visible(text).translate(_PLAIN)


def tell(text: str, /, **fields: object) -> str:
    """The text in the language of the reader, with its {fields} filled in, as HTML that shows it literally."""
    return plain(say(text, **fields))


def told_html(said: str) -> str:
    """What rag/ or index/ says, in the language of the reader where it is known in it; otherwise marked as English."""
    found = known(said)
    return f'<span lang="{ENGLISH}">{plain(said)}</span>' if found is None else plain(found)


def lang_html(of: str | None) -> str:
    """The attribute that says in which language a text is, where that is known and another than the page's."""
    return f' lang="{plain(of)}"' if of and of != language() else ""


def together(text: str) -> str:
    """The text so that it is not broken over two lines."""
    return text.replace(" ", "\xa0")


def file_html(source: str) -> str:
    """The file's name, with its path on hovering."""
    return f'<span class="file" title="{plain(source)}">{plain(file_name(source))}</span>'


def file_name(source: str) -> str:
    """The last part of a path or an address."""
    return source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
