import io
import zipfile
from datetime import date

import pytest

from index.errors import NotAnArticle, UnreadableSource
from index.sources.epub import read_epub

PROSE = "A crane barge broke from its moorings in a strong wind on Monday."
MORE = "Two workers were taken to hospital."
CONTAINER = """<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="OEBPS/content.opf"/></rootfiles></container>"""
NCX = """<?xml version="1.0"?><ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1"><navMap>
<navPoint id="n1" playOrder="1"><navLabel><text>The wind</text></navLabel><content src="Text/1.xhtml#top"/></navPoint>
</navMap></ncx>"""
NAV = """<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body>
<nav epub:type="toc"><ol><li><a href="Text/1.xhtml">The wind</a></li></ol></nav></body></html>"""


def epub(*chapters, version=3, about="", entries="", **more):
    """A book of these chapters, each the body of a page, with the table of contents of its version."""
    names = [f"Text/{number}.xhtml" for number in range(1, len(chapters) + 1)]
    items = "".join(f'<item id="c{n}" href="{n}" media-type="application/xhtml+xml"/>' for n in names)
    refs = "".join(f'<itemref idref="c{n}"/>' for n in names)
    toc = (
        '<item id="toc" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        if version == 3
        else '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
    )
    package = f"""<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="{version}.0">
    <metadata xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf">{about}</metadata>
    <manifest>{items}{toc}</manifest><spine toc="ncx">{refs}<itemref idref="toc"/></spine>{entries}</package>"""
    files = {"META-INF/container.xml": CONTAINER, "OEBPS/content.opf": package}
    files |= {"OEBPS/nav.xhtml": NAV} if version == 3 else {"OEBPS/toc.ncx": NCX}
    files |= {f"OEBPS/{name}": page(chapter) for name, chapter in zip(names, chapters, strict=True)}
    return zipped(files | more)


def page(body):
    return f"""<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"
    xmlns:epub="http://www.idpf.org/2007/ops"><head><title>c01</title></head><body>{body}</body></html>"""


def zipped(files):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        for name, data in files.items():
            file.writestr(name, data)
    return written.getvalue()


def read(*chapters, **about):
    return read_epub(epub(*chapters, **about), "x.epub")


def test_every_paragraph_of_every_chapter_is_the_text_in_the_order_of_the_spine():
    draft = read(f"<p>{PROSE}</p><p>“No.”</p><p>*</p>", f"<div>{MORE}</div><ul><li>Heron</li><li>Tern</li></ul>")
    assert draft.text == f"{PROSE}\n\n“No.”\n\n*\n\n{MORE}\n\nHeron\nTern"


def test_headings_open_sections():
    draft = read(f"<h1>One</h1><p>{PROSE}</p>", f"<section><h2>Two</h2><p>{MORE}</p></section>")
    assert [section.heading for section in draft.sections] == ["One", "Two"]
    assert draft.text[draft.sections[1].body :] == MORE


@pytest.mark.parametrize("version", [2, 3])
def test_the_line_that_the_table_of_contents_names_a_chapter_by_is_its_heading(version):
    draft = read(f'<p class="ct">THE WIND</p><p>{PROSE}</p>', f"<p>{MORE}</p>", version=version)
    assert [section.heading for section in draft.sections] == ["THE WIND"]


def test_lists_of_the_chapters_are_no_text():
    guide = '<guide><reference type="toc" title="Contents" href="Text/1.xhtml#x"/></guide>'
    assert read("<p>The wind 3</p>", f"<p>{PROSE}</p>", version=2, entries=guide).text == PROSE


def test_the_marks_of_notes_and_pages_are_no_text():
    mark = '<a epub:type="noteref" href="#n">1</a><span epub:type="pagebreak">12</span>'
    assert read(f"<p>It{mark} fell&mdash;twice.</p>").text == "It fell—twice."


def test_a_link_is_led_by_its_folder_and_its_percent_signs():
    book = epub(f"<p>{PROSE}</p>").replace(b"Text/1.xhtml", b"Te t/1.xhtml")
    files = {n: zipfile.ZipFile(io.BytesIO(book)).read(n) for n in zipfile.ZipFile(io.BytesIO(book)).namelist()}
    files["OEBPS/content.opf"] = files["OEBPS/content.opf"].replace(b"Text/1", b"../OEBPS/Te%20t/1")
    files.pop("mimetype")
    assert read_epub(zipped(files), "x.epub").text == PROSE


def test_the_metadata_say_title_and_authors():
    about = """<dc:title>The Mole</dc:title><dc:title>A story</dc:title><dc:creator id="a">Ines Calloway</dc:creator>
    <dc:creator id="b">Tom Reed</dc:creator><meta refines="#b" property="role">ill</meta>"""
    draft = read(f"<p>{PROSE}</p>", about=about)
    assert (draft.title, draft.author) == ("The Mole", "Ines Calloway")
    old = '<dc:creator opf:role="aut">A. One</dc:creator><dc:creator opf:role="aut">B. Two</dc:creator>'
    old += '<dc:creator opf:role="trl">C. Three</dc:creator>'
    assert read(f"<p>{PROSE}</p>", about=old, version=2).author == "A. One, B. Two"


@pytest.mark.parametrize(
    ("version", "about", "published", "created"),
    [
        (2, '<dc:date opf:event="publication">2024-08-27</dc:date>', date(2024, 8, 27), None),
        (2, "<dc:date>2024-08-27</dc:date>", None, date(2024, 8, 27)),
        (2, '<dc:date opf:event="creation">2024-08-27T10:00:00Z</dc:date>', None, date(2024, 8, 27)),
        (2, '<dc:date opf:event="publication">2024</dc:date>', None, None),
        (3, "<dc:date>2024-08-27T00:00:00+00:00</dc:date>", date(2024, 8, 27), None),
        (3, '<meta property="dcterms:modified">2024-08-27T10:00:00Z</meta>', None, None),
    ],
)
def test_a_date_is_that_of_publication_only_where_the_book_says_so(version, about, published, created):
    draft = read(f"<p>{PROSE}</p>", version=version, about=about)
    assert (draft.published and draft.published.day, draft.created) == (published, created)
    assert draft.published is None or draft.published.evidence == "EPUB metadata"


def test_the_last_change_is_known():
    meta = '<meta property="dcterms:modified">2024-08-27T10:00:00Z</meta>'
    assert read(f"<p>{PROSE}</p>", about=meta).modified == date(2024, 8, 27)


def encryption(algorithm, path):
    return f"""<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"
    xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData><enc:EncryptionMethod Algorithm="{algorithm}"/>
    <enc:CipherData><enc:CipherReference URI="{path}"/></enc:CipherData></enc:EncryptedData></encryption>"""


def test_a_protected_book_says_so():
    locks = encryption("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "OEBPS/Text/1.xhtml")
    with pytest.raises(UnreadableSource, match="protected by DRM"):
        read(f"<p>{PROSE}</p>", **{"META-INF/encryption.xml": locks})


@pytest.mark.parametrize(
    ("algorithm", "path"),
    [
        ("http://www.idpf.org/2008/embedding", "OEBPS/fonts/a.otf"),
        ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "OEBPS/fonts/a.otf"),
    ],
)
def test_a_protected_font_does_no_harm(algorithm, path):
    assert read(f"<p>{PROSE}</p>", **{"META-INF/encryption.xml": encryption(algorithm, path)}).text == PROSE


def test_a_book_without_end_is_no_article(monkeypatch):
    monkeypatch.setattr("index.sources.epub.MAX_CHARACTERS", len(PROSE))
    assert read(f"<p>{PROSE}</p>").text == PROSE
    with pytest.raises(NotAnArticle, match="longer than 65 characters"):
        read(f"<p>{PROSE}</p><p>{MORE}</p>")


def test_a_table_of_contents_that_cannot_be_read_does_no_harm():
    for nav in (bytes(range(256)) * 9, b"", b"<html><nav><a href='x'>"):
        assert read(f"<p>{PROSE}</p>", **{"OEBPS/nav.xhtml": nav}).text == PROSE


def test_a_book_that_lacks_a_part_is_damaged():
    for data in (b"", b"The mole fell.", epub(f"<p>{PROSE}</p>")[:300], zipped({}), epub()):
        with pytest.raises(UnreadableSource, match=r"^damaged EPUB"):
            read_epub(data, "x.epub")


def test_entities_that_name_a_file_bring_nothing_in(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    chapter = f'<!DOCTYPE html [<!ENTITY x SYSTEM "{secret.as_uri()}">]><html><body><p>It fell. &x;</p></body></html>'
    assert "hunter2" not in read(f"<p>{PROSE}</p>", **{"OEBPS/Text/1.xhtml": chapter}).text
