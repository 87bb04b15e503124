import io
import zipfile
from datetime import UTC, date, datetime

import docx
import pytest

from index.errors import UnreadableSource
from index.sources.word import read_word

PROSE = "A crane barge broke from its moorings in a strong wind on Monday."


def word(*paragraphs, **about):
    """A document of paragraphs, each a text or (style, text)."""
    document = docx.Document()
    for paragraph in paragraphs:
        style, text = paragraph if isinstance(paragraph, tuple) else ("Normal", paragraph)
        document.add_paragraph(text, style)
    for name, value in about.items():
        setattr(document.core_properties, name, value)
    return saved(document)


def saved(document):
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def zipped(**parts):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return written.getvalue()


def with_body(xml, before=""):
    """A document whose body is the given XML."""
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    source = zipfile.ZipFile(io.BytesIO(word()))
    body = f'<?xml version="1.0"?>{before}<w:document xmlns:w="{space}"><w:body>{xml}</w:body></w:document>'
    return zipped(**{n: body if n == "word/document.xml" else source.read(n) for n in source.namelist()})


def test_paragraphs_are_the_text():
    assert read_word(word(PROSE, "", "  It fell.\u200b "), "x.docx").text == f"{PROSE}\n\nIt fell."


def test_title_byline_and_date_are_taken_off_the_text():
    draft = read_word(word(("Title", "Crane strikes\n mole"), "By INES CALLOWAY", "27 August 2024", PROSE), "x.docx")
    assert (draft.title, draft.author, draft.text) == ("Crane strikes mole", "Ines Calloway", PROSE)
    assert (draft.published.day, draft.published.evidence) == (date(2024, 8, 27), "byline")


def test_a_title_over_a_byline_is_one_whatever_its_style():
    draft = read_word(word("Crane strikes mole", "By Ines Calloway", PROSE), "x.docx")
    assert (draft.title, draft.author, draft.text) == ("Crane strikes mole", "Ines Calloway", PROSE)


def test_a_heading_opens_a_section():
    draft = read_word(word(PROSE, ("Heading 1", "The wind"), "It blew."), "x.docx")
    (section,) = draft.sections
    assert section.heading == "The wind"
    assert draft.text[section.body :] == "It blew."


def test_items_of_a_list_and_rows_of_a_table_are_lines_of_one_block():
    document = docx.Document()
    for item in ("Heron", "Tern"):
        document.add_paragraph(item, "List Bullet")
    table = document.add_table(2, 2)
    for row, texts in zip(table.rows, (("boat", "fare"), ("Heron", "£3.40")), strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    document.add_paragraph(PROSE)
    assert read_word(saved(document), "x.docx").text == f"Heron\nTern\n\nboat | fare\nHeron | £3.40\n\n{PROSE}"


def test_a_merged_cell_is_read_once():
    document = docx.Document()
    table = document.add_table(1, 3)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "both"
    table.cell(0, 2).text = "alone"
    assert read_word(saved(document), "x.docx").text == "both | alone"


def test_the_properties_give_what_the_text_does_not():
    created = datetime(2024, 8, 27, 5, 45, tzinfo=UTC)
    draft = read_word(word(PROSE, title="Crane strikes mole", author="Ines Calloway", created=created), "x.docx")
    assert (draft.title, draft.author, draft.created) == ("Crane strikes mole", "Ines Calloway", date(2024, 8, 27))
    assert draft.published is None


def test_properties_that_the_template_wrote_give_nothing():
    draft = read_word(word(PROSE), "x.docx")
    assert (draft.title, draft.author, draft.created) == ("", None, None)


def test_a_bomb_is_refused_by_what_its_directory_says():
    with pytest.raises(UnreadableSource, match=r"refused, because it would expand to 210 MB \(limit 200\)"):
        read_word(zipped(**{"word/document.xml": bytes(210_000_000)}), "x.docx")


def test_a_zip_of_many_files_is_refused():
    with pytest.raises(UnreadableSource, match=r"refused, because it holds 5,001 files \(limit 5,000\)"):
        read_word(zipped(**{str(n): b"" for n in range(5001)}), "x.docx")


@pytest.mark.parametrize("path", ["../evil", "word/../../evil", "word\\..\\..\\evil"])
def test_a_path_that_leaves_the_document_is_refused(path):
    with pytest.raises(UnreadableSource, match="refused, because it holds a path that leaves the document"):
        read_word(zipped(**{path: b""}), "x.docx")


def test_what_is_no_zip_is_damaged():
    for data in (b"", b"The mole fell.", word(PROSE)[:5000]):
        with pytest.raises(UnreadableSource, match="damaged Word document"):
            read_word(data, "x.docx")


def test_a_locked_or_old_document_says_so():
    with pytest.raises(UnreadableSource, match="password-protected, or an old Word document"):
        read_word(b"\xd0\xcf\x11\xe0" + bytes(600), "x.docx")


def test_entities_that_name_a_file_bring_nothing_in(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    entity = f'<!DOCTYPE x [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    assert "hunter2" not in read_word(with_body("<w:p><w:r><w:t>It fell. &x;</w:t></w:r></w:p>", entity), "x.docx").text


def test_entities_that_grow_without_end_are_refused_by_the_parser():
    entities = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True))
    bomb = with_body("<w:p><w:r><w:t>&j;</w:t></w:r></w:p>", f'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">{entities}]>')
    with pytest.raises(Exception, match="entity amplification"):
        read_word(bomb, "x.docx")


def test_the_day_of_the_last_change_is_read():
    about = {"created": datetime(2024, 5, 5, 9, 0), "modified": datetime(2024, 6, 7, 9, 0)}
    assert read_word(word(PROSE, **about), "x.docx").modified == date(2024, 6, 7)
