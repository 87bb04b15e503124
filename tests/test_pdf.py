import io
import time
from datetime import date

import pytest
from pypdf import PdfWriter
from pypdf.errors import DependencyError
from pypdf.generic import DictionaryObject, NameObject, StreamObject

from index.errors import NotAnArticle, UnreadableSource
from index.sources.pdf import _flowing, _Line, read_pdf

FONT = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
# As wide as a full line, so that no line below is taken for a heading or for the end of a paragraph.
LINE = "The barge broke from its moorings in a strong wind on Monday and struck"
PROSE = [f"{LINE} wall {letter}" for letter in "abcdefgh"] + ["and came to rest there."]


def named(**entries):
    return DictionaryObject({NameObject(f"/{name}"): value for name, value in entries.items()})


def pdf(*pages, password=None, algorithm="RC4-128", **about):
    """A PDF that shows the lines of each page; a password of "" forbids nothing but is there."""
    writer = PdfWriter()
    font = DictionaryObject({NameObject(key): NameObject(value) for key, value in FONT.items()})
    for lines in pages:
        page, shown = writer.add_blank_page(600, 800), StreamObject()
        shown.set_data(
            f"BT /F1 12 Tf 14 TL 50 750 Td {' '.join(f'({line}) Tj T*' for line in lines)} ET".encode("cp1252")
        )
        page[NameObject("/Contents")] = writer._add_object(shown)
        page[NameObject("/Resources")] = named(Font=named(F1=font))
    writer.add_metadata({f"/{key}": value for key, value in about.items()})
    if password is not None:
        writer.encrypt(password, "owner", algorithm=algorithm)
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def test_lines_become_paragraphs_and_broken_words_whole():
    draft = read_pdf(
        pdf([LINE + " the har-", "bour wall, which fell.", "It was rebuilt by May, " + LINE.lower()]), "x.pdf"
    )
    assert draft.text == f"{LINE} the harbour wall, which fell.\n\nIt was rebuilt by May, {LINE.lower()}"


def test_a_hyphen_that_stands_for_a_later_word_stays():
    draft = read_pdf(pdf([LINE + " lower-", "and middle-class homes."]), "x.pdf")
    assert draft.text.endswith("struck lower- and middle-class homes.")


def test_a_sentence_runs_over_the_end_of_a_page():
    draft = read_pdf(pdf(PROSE[:8], PROSE[8:]), "x.pdf")
    assert draft.text.endswith(f"{LINE} wall h and came to rest there.")
    assert draft.text[draft.pages[1] :] == "and came to rest there."


def test_each_page_begins_where_its_first_line_stands_and_an_empty_one_where_the_next_does():
    draft = read_pdf(pdf([LINE + " one."], [], [LINE + " three."], []), "x.pdf")
    assert draft.text == f"{LINE} one. {LINE} three."
    assert draft.pages == (0, len(LINE) + 6, len(LINE) + 6, len(draft.text))


def test_each_page_begins_at_its_line_where_broken_words_were_made_whole():
    draft = read_pdf(pdf([LINE + " the har-"], ["bour wall and the light-"], ["house."]), "x.pdf")
    assert draft.text == f"{LINE} the harbour wall and the lighthouse."
    assert [draft.text[at:].split()[0] for at in draft.pages] == ["The", "bour", "house."]


def test_a_paragraph_of_twice_the_lines_is_not_copied_four_times_as_much():
    lines = [_Line(LINE, 0)] * 100_000
    started = time.process_time()
    assert len(_flowing(lines)) == 100_000 * (len(LINE) + 1) - 1
    # It takes 0.1 s; when each line was joined to a copy of all before it, 30 s.
    assert time.process_time() - started < 3


def test_title_byline_and_date_are_taken_off_the_first_page():
    draft = read_pdf(
        pdf(["Crane barge strikes", "the East Mole", "By INES CALLOWAY", "27 August 2024", *PROSE]), "x.pdf"
    )
    assert (draft.title, draft.author) == ("Crane barge strikes the East Mole", "Ines Calloway")
    assert (draft.published.day, draft.published.evidence) == (date(2024, 8, 27), "byline")
    assert draft.text.startswith(LINE)


def test_the_properties_give_what_the_page_does_not():
    about = {"Title": "Crane barge strikes mole", "Author": "Ines Calloway", "CreationDate": "D:20240827054500+01'00'"}
    draft = read_pdf(pdf(PROSE, **about), "x.pdf")
    assert (draft.title, draft.author, draft.created) == (
        "Crane barge strikes mole",
        "Ines Calloway",
        date(2024, 8, 27),
    )
    assert draft.published is None


def test_properties_that_a_program_wrote_give_nothing():
    draft = read_pdf(pdf(PROSE, Title="Microsoft Word - mole.doc", Author="(anonymous)"), "x.pdf")
    assert (draft.title, draft.author) == ("", None)


def test_a_title_in_the_properties_may_end_a_line_with_a_full_stop():
    draft = read_pdf(
        pdf(["Law signed by Gov.", "Ada Quill", "By Ines Calloway", *PROSE], Title="Law signed by Gov. Ada Quill"), "x"
    )
    assert (draft.title, draft.author) == ("Law signed by Gov. Ada Quill", "Ines Calloway")
    assert draft.text.startswith(LINE)


@pytest.mark.parametrize("pages", [2, 3, 5])
def test_running_heads_and_counting_footers_are_no_text(pages):
    shown = [["The Packet, 27 August 2024", PROSE[n], f"Seen on 28 August - {n + 1} - of 9"] for n in range(pages)]
    text = read_pdf(pdf(*shown), "x.pdf").text
    assert "Packet" not in text
    assert "Seen" not in text
    assert text.count(LINE) == pages


def test_pages_that_all_say_the_same_are_text():
    assert read_pdf(pdf([LINE], [LINE]), "x.pdf").text == f"{LINE} {LINE}"


def test_page_numbers_alone_are_no_text():
    text = read_pdf(pdf([*PROSE, "1 of 2"], [*PROSE, "Page 2"]), "x.pdf").text
    assert "1 of 2" not in text
    assert "Page" not in text


def test_a_title_that_later_pages_repeat_over_their_text_is_still_the_title():
    first, second = ["Crane strikes mole", "By Ines Calloway", *PROSE], ["Crane strikes mole", *PROSE]
    draft = read_pdf(pdf(first, second), "x.pdf")
    assert (draft.title, draft.author) == ("Crane strikes mole", "Ines Calloway")
    assert "Crane" not in draft.text


def test_rows_that_differ_in_their_numbers_alone_are_no_running_heads():
    rows = [f"{1900 + n} {n * 37 % 100} {n * 53 % 91}" for n in range(60)]
    text = read_pdf(pdf(rows[:20], rows[20:40], rows[40:]), "x.pdf").text
    assert all(row in text for row in rows)


def test_a_short_line_over_a_paragraph_is_a_heading():
    draft = read_pdf(pdf([*PROSE, "The wind", *PROSE]), "x.pdf")
    (section,) = draft.sections
    assert section.heading == "The wind"
    assert draft.text[section.body :].startswith(LINE)


def test_pages_that_would_expand_to_too_much_are_refused_before_they_are_read():
    writer, drawn = PdfWriter(), StreamObject()
    drawn.set_data(b"BT ET " * 1_000_000)
    drawn = writer._add_object(drawn.flate_encode())
    for _ in range(9):
        writer.add_blank_page(600, 800)[NameObject("/Contents")] = drawn
    written = io.BytesIO()
    writer.write(written)
    assert len(written.getvalue()) < 20_000
    with pytest.raises(UnreadableSource, match="refused, because its pages would expand to over 50 MB"):
        read_pdf(written.getvalue(), "x.pdf")


def test_a_locked_file_says_so():
    with pytest.raises(UnreadableSource, match="password-protected"):
        read_pdf(pdf(PROSE, password="secret"), "x.pdf")


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_a_file_that_only_forbids_printing_is_read(algorithm):
    assert read_pdf(pdf(PROSE, password="", algorithm=algorithm), "x.pdf").text.startswith(LINE)


def test_an_encryption_that_cannot_be_read_is_not_called_damage(monkeypatch):
    def missed(page):
        raise DependencyError("cryptography>=3.1 is required for AES algorithm")  # as pypdf says it on the first page

    monkeypatch.setattr("pypdf.PageObject.extract_text", missed)
    with pytest.raises(UnreadableSource, match="encrypted in a way that cannot be read here"):
        read_pdf(pdf(PROSE, password=""), "x.pdf")


@pytest.mark.parametrize("pages", [[[]], [[" "], []]], ids=["no words", "spaces"])
def test_a_scan_says_that_it_has_no_text(pages):
    with pytest.raises(NotAnArticle, match="no text layer"):
        read_pdf(pdf(*pages), "x.pdf")


def test_a_file_without_pages_is_damaged():
    with pytest.raises(UnreadableSource, match="damaged PDF"):
        read_pdf(pdf(), "x.pdf")


def test_ligatures_are_letters():
    shown = pdf([LINE]).replace(b"/BaseFont /Helvetica", b"/BaseFont /Helvetica /Encoding << /Differences [97 /fi] >>")
    assert "fi" in read_pdf(shown, "x.pdf").text


def test_the_day_of_the_last_change_is_read():
    dated = read_pdf(pdf(PROSE, CreationDate="D:20240505090000Z", ModDate="D:20240607090000Z"), "x.pdf")
    assert (dated.created, dated.modified) == (date(2024, 5, 5), date(2024, 6, 7))
