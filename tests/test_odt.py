import io
import zipfile
from datetime import date

import pytest

from index.errors import NotAnArticle, UnreadableSource
from index.sources.odt import read_odt

PROSE = "A crane barge broke from its moorings in a strong wind on Monday."
MORE = "Two workers were taken to hospital."
_NAMES = ["text", "table", "office", "draw:drawing", "style", "svg:svg-compatible", "meta", "manifest"]
SPACES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long or short}:1.0"'
    for short, _, long in (name.partition(":") for name in _NAMES)
)
SPACES += ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
MANIFEST = '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'


def odt(body, about="", styles="", manifest=MANIFEST, kind="text"):
    """A document as LibreOffice packs it."""
    written = io.BytesIO()
    start = '<?xml version="1.0" encoding="UTF-8"?>'
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.text", zipfile.ZIP_STORED)
        file.writestr(
            "content.xml",
            f'{start}<office:document-content {SPACES} office:version="1.3"><office:automatic-styles>{styles}'
            f"</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}></office:body>"
            "</office:document-content>",
        )
        file.writestr(
            "meta.xml",
            f"{start}<office:document-meta {SPACES}><office:meta>{about}</office:meta></office:document-meta>",
        )
        file.writestr("META-INF/manifest.xml", f"{start}<manifest:manifest {SPACES}>{manifest}</manifest:manifest>")
    return written.getvalue()


def p(text, style="Text_20_body"):
    return f'<text:p text:style-name="{style}">{text}</text:p>'


def text(body):
    return read_odt(odt(body), "x.odt").text


def test_paragraphs_are_the_text():
    assert text(
        p("It<text:s/><text:span>f</text:span>ell.") + p("") + p("And<text:line-break/>sank<text:tab/>so.")
    ) == ("It fell.\n\nAnd\nsank so.")


def test_a_heading_opens_a_section():
    draft = read_odt(odt(p(PROSE) + '<text:h text:outline-level="1">The wind</text:h>' + p(MORE)), "x.odt")
    (section,) = draft.sections
    assert (section.heading, draft.text[section.body :]) == ("The wind", MORE)


def test_items_of_a_list_and_rows_of_a_table_are_lines_of_one_block():
    items = "".join(f"<text:list-item>{p(item)}</text:list-item>" for item in ("Heron", "Tern"))
    rows = "".join(
        "<table:table-row>"
        + "".join(f"<table:table-cell>{p(cell)}</table:table-cell>" for cell in row)
        + "<table:covered-table-cell/></table:table-row>"
        for row in (("boat", "fare"), ("Heron", "£3.40"))
    )
    assert text(f"<text:list>{items}</text:list><table:table>{rows}</table:table>{p(PROSE)}") == (
        f"Heron\nTern\n\nboat | fare\nHeron | £3.40\n\n{PROSE}"
    )


def test_a_note_stands_after_its_paragraph():
    note = f"""<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation>
    <text:note-body>{p("Built in 1904.")}</text:note-body></text:note>"""
    assert text(p(f"The mole{note} fell.") + p(MORE)) == f"The mole fell.\n\nBuilt in 1904.\n\n{MORE}"


def test_the_caption_of_a_picture_stands_after_its_paragraph():
    frame = f"<draw:frame><svg:title>img_77</svg:title><draw:text-box>{p('The mole.')}</draw:text-box></draw:frame>"
    assert text(p(f"It {frame}fell.")) == "It fell.\n\nThe mole."


def test_what_was_deleted_or_remarked_is_no_text():
    gone = f"<text:tracked-changes><text:deletion>{p('It stood.')}</text:deletion></text:tracked-changes>"
    remark = f"<office:annotation>{p('Check this!')}</office:annotation>"
    assert text(gone + p(f"It {remark}fell.")) == "It fell."


@pytest.mark.parametrize("style", ["Title", "P1"])
def test_a_title_is_known_by_its_style(style):
    styles = '<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Title"/>'
    draft = read_odt(odt(p("Crane strikes mole", style) + p("By INES CALLOWAY") + p(PROSE), styles=styles), "x.odt")
    assert (draft.title, draft.author, draft.text) == ("Crane strikes mole", "Ines Calloway", PROSE)


def test_a_title_without_a_byline_stays_as_a_heading():
    draft = read_odt(odt(p("Crane strikes mole", "Title") + p(PROSE)), "x.odt")
    assert (draft.title, draft.sections[0].heading) == ("Crane strikes mole", "Crane strikes mole")


def test_the_properties_give_what_the_text_does_not():
    about = """<dc:title>Crane strikes mole</dc:title><meta:initial-creator>Ines Calloway</meta:initial-creator>
    <dc:creator>Someone else</dc:creator><meta:creation-date>2024-08-27T05:45:00.123</meta:creation-date>
    <dc:date>2024-08-30T10:00:00</dc:date><meta:generator>LibreOffice/24.2</meta:generator>"""
    draft = read_odt(odt(p(PROSE), about), "x.odt")
    assert (draft.title, draft.author) == ("Crane strikes mole", "Ines Calloway")
    assert (draft.created, draft.modified, draft.published) == (date(2024, 8, 27), date(2024, 8, 30), None)


def test_a_locked_document_says_so():
    entry = '<manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry>'
    with pytest.raises(UnreadableSource, match="password-protected"):
        read_odt(odt(p(PROSE), manifest=entry), "x.odt")


def test_a_spreadsheet_is_no_article():
    with pytest.raises(NotAnArticle, match="an OpenDocument file that is no text"):
        read_odt(odt("", kind="spreadsheet"), "x.odt")


def test_what_is_no_zip_is_damaged():
    for data in (b"", b"The mole fell.", odt(p(PROSE))[:300]):
        with pytest.raises(UnreadableSource, match=r"^damaged OpenDocument text"):
            read_odt(data, "x.odt")
