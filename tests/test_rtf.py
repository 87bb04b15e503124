import time
from contextlib import suppress
from datetime import date

import pytest

from index.errors import UnreadableSource
from index.sources.rtf import MAX_RTF, read_rtf

PROSE = "A crane barge broke from its moorings in a strong wind on Monday."
MORE = "Two workers were taken to hospital."
FONTS = r"{\fonttbl{\f0\froman\fcharset0 Times New Roman;}{\f1\fswiss\fcharset204 Arial Cyr;}}"
STYLES = (
    r"{\stylesheet{\ql\f0\fs22 \snext0 Normal;}{\s1\ql\outlinelevel0\b\fs32 \sbasedon0 \snext0 \sqformat heading 1;}"
    r"{\s15\qc\fs56 \sbasedon0 \snext0 Title;}{\*\cs10 \additive Default Paragraph Font;}}"
)


def rtf(body, info="", page="1252"):
    """A document as Word writes it."""
    text = rf"{{\rtf1\ansi\ansicpg{page}\uc1\deff0{FONTS}{{\colortbl;\red0\green0\blue0;}}{STYLES}"
    return f"{text}{{\\info{info}}}\\widowctrl\n{body}}}".encode("latin-1")


def p(text, style=r"\ql"):
    return rf"\pard\plain {style}\f0\fs22 {{\rtlch\fcs1 \af0 \ltrch\fcs0 {text}}}\par" + "\n"


def read(body, **more):
    return read_rtf(rtf(body, **more), "x.rtf")


def test_paragraphs_are_the_text():
    assert read(p("It {\\b f}ell.") + p("") + p("And\\line sank\\tab so.")).text == "It fell.\n\nAnd\nsank so."


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (r"caf\'e9 \'93no\'94", "café “no”"),
        (r"caf\u233\'e9 \u8220\'93no\u8221?", "café “no”"),
        (r"{\uc2\u8220\'81\'67no}", "“no"),
        (r"{\f1 \'cc\'ee\'eb}", "Мол"),
        (r"\u-10179?\u-8704? sank", "😀 sank"),
        ("café", "café"),
        (r"\ldblquote no\rdblquote\emdash\~yes \{x\} a\\cell b", r"“no”— yes {x} a\cell b"),
    ],
)
def test_letters_are_read_however_they_are_written(written, said):
    assert read(p(written)).text == said


def test_a_code_page_that_does_not_exist_is_left_out():
    assert read(p(r"caf\'e9"), page="0").text == "café"


@pytest.mark.parametrize("style", [r"\s1\ql\outlinelevel0", r"\s1", r"\outlinelevel2"])
def test_a_heading_opens_a_section(style):
    draft = read(p(PROSE) + p("The wind", style) + p(MORE))
    (section,) = draft.sections
    assert (section.heading, draft.text[section.body :]) == ("The wind", MORE)


def test_a_title_is_known_by_its_style():
    draft = read(p("Crane strikes mole", r"\s15\qc") + p("By INES CALLOWAY") + p("27 August 2024") + p(PROSE))
    assert (draft.title, draft.author, draft.text) == ("Crane strikes mole", "Ines Calloway", PROSE)
    assert (draft.published.day, draft.published.evidence) == (date(2024, 8, 27), "byline")


def item(text, mark="listtext"):
    return rf"{{\{mark}\pard\plain\f0 \'b7\tab}}" + p(text, r"\ls1\fi-360")


def test_the_items_of_a_list_are_lines_of_one_block():
    assert (
        read(p(PROSE) + item("Heron") + item("Tern", "*\\pntext") + p(MORE)).text == f"{PROSE}\n\nHeron\nTern\n\n{MORE}"
    )


def row(*cells, start=r"\trowd\cellx100\cellx200"):
    return start + "".join(rf"\pard\intbl {cell}\cell " for cell in cells) + r"\pard\intbl " + start + r"\row" + "\n"


@pytest.mark.parametrize("start", [r"\trowd\cellx100\cellx200", ""])
def test_the_rows_of_a_table_are_lines_of_one_block(start):
    table = row("boat", "fare", start=start) + row("Heron", r"\'a33.40", start=start)
    assert read(p(PROSE) + table + p(MORE)).text == f"{PROSE}\n\nboat | fare\nHeron | £3.40\n\n{MORE}"


def test_the_paragraphs_of_a_cell_stay_in_their_row():
    assert read(row(r"Heron\par fast", "Tern")).text == "Heron fast | Tern"


@pytest.mark.parametrize("note", [r"{\footnote ", r"{\*\footnote\ftnalt "])
def test_a_note_stands_after_its_paragraph(note):
    note = rf"{{\super\chftn{note}\pard\plain {{\super\chftn }}Built in 1904.}}}}"
    assert read(p(f"The mole{note} fell.") + p(MORE)).text == f"The mole fell.\n\nBuilt in 1904.\n\n{MORE}"
    assert read(rf"The mole{note} fell.").text == "The mole fell.\n\nBuilt in 1904."


def test_a_link_is_what_it_shows():
    link = r'{\field{\*\fldinst {HYPERLINK "https://packet.example/"}}{\fldrslt {\ul The Packet}}}'
    assert read(p(f"{link} said so.")).text == "The Packet said so."


@pytest.mark.parametrize(
    "hidden",
    [
        rf"{{\pict\pngblip\picw10 {'89504e47' * 100}}}",
        r"{\pict\wmetafile8\bin6 }{}a{}}",
        r"{\header\pard The Packet\par}",
        r"{\*\generator Riched20 10.0;}",
        r"{\*\annotation Check this!}",
        r"{\object\objemb{\*\objdata 0105}}",
    ],
)
def test_what_is_no_text_is_left_out(hidden):
    assert read(p(PROSE) + hidden + p(MORE)).text == f"{PROSE}\n\n{MORE}"


def test_the_information_gives_what_the_text_does_not():
    info = r"""{\title Crane strikes {\uc1\u8220\'93}mole\u8221\'94}{\author Ines Calloway}{\operator Someone else}
    {\creatim\yr2024\mo8\dy27\hr5\min45}{\revtim\yr2024\mo8\dy30}{\*\company The Packet}"""
    draft = read(p(PROSE), info=info)
    assert (draft.title, draft.author, draft.text) == ("Crane strikes “mole”", "Ines Calloway", PROSE)
    assert (draft.created, draft.modified, draft.published) == (date(2024, 8, 27), date(2024, 8, 30), None)


def test_a_day_that_is_none_is_left_out():
    assert read(p(PROSE), info=r"{\creatim\yr0\mo0\dy0}").created is None


def test_what_does_not_begin_as_one_is_damaged():
    for data in (b"", b"The mole fell.", b"PK\x03\x04"):
        with pytest.raises(UnreadableSource, match="damaged RTF document: it does not begin as one"):
            read_rtf(data, "x.rtf")


def test_a_part_without_an_end_is_damaged_and_a_text_without_one_is_read():
    assert read_rtf(rtf(p(PROSE) + p(MORE))[:-20], "x.rtf").text.startswith(PROSE)
    with pytest.raises(UnreadableSource, match="damaged RTF document: a part of it does not end"):
        read_rtf(rtf(p(PROSE), info="{{{"), "x.rtf")


def test_too_much_of_it_is_refused_but_pictures_are_not_counted():
    with pytest.raises(UnreadableSource, match="refused, because it holds more than 20 MB beside its pictures"):
        read("x" * (MAX_RTF + 1))
    assert read(p(PROSE) + r"{\pict\pngblip " + "89" * MAX_RTF + "}").text == PROSE


@pytest.mark.parametrize(
    "piece",
    [
        r"{\field{\*\fldinst{",
        "{",
        "}",
        r"{\info",
        r"{\footnote",
        r"\trowd",
        r"\cell",
        r"{\title {",
        r"\u1?",
        r"\f1",
        r"\f1\fcharset0 ",
    ],
)
def test_no_piece_that_is_repeated_takes_long(piece):
    start, many = time.perf_counter(), piece * (300_000 // len(piece))
    for data in (
        rtf(many),
        rtf(p(PROSE), info=many),
        rtf(many + "}" * len(many)),
        rf"{{\rtf1{{\fonttbl{many}}}}}".encode(),
    ):
        with suppress(UnreadableSource):
            read_rtf(data, "x.rtf")
    assert time.perf_counter() - start < 10


def test_a_backslash_that_is_shown_begins_no_command():
    said = read(p(r"The files go into C:\\bin64 and C:\\binary until noon.") + p("And so on.")).text
    assert said == "The files go into C:\\bin64 and C:\\binary until noon.\n\nAnd so on."


def test_a_picture_that_does_not_end_is_damage():
    with pytest.raises(UnreadableSource, match="ends within a picture"):
        read(p(PROSE) + r"{\pict\bin99999 xx}")
