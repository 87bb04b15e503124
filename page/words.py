"""Other people's text on its way into the page: titles, articles, questions, answers and file names.

Each piece of it goes through `plain()` before it is put into HTML or Markdown, and it never goes near a gr.HTML
template, because Gradio runs those as JavaScript.
"""

from __future__ import annotations

from index.printable import visible

# All ASCII that could mean something to HTML, to Markdown or to a JavaScript template, and line breaks.
_ACTIVE = (*map(ord, "\t\n"), *(n for n in range(0x21, 0x7F) if not chr(n).isalnum() and chr(n) != ","))
_PLAIN: dict[int, str | None] = {n: f"&#{n};" for n in _ACTIVE}


def plain(text: str) -> str:
    """The text so that a browser shows it literally: in HTML, in an attribute, in Markdown, in gr.HTML's value."""
    return visible(text).translate(_PLAIN)


def together(text: str) -> str:
    """The text so that it is not broken over two lines."""
    return text.replace(" ", "\xa0")


def file_html(source: str) -> str:
    """The file's name, with its path on hovering."""
    return f'<span class="file" title="{plain(source)}">{plain(file_name(source))}</span>'


def file_name(source: str) -> str:
    """The last part of a path or an address."""
    return source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
