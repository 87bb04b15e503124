from index.records import Section
from index.sources.draft import Block, collapsed, composed, starts

BLOCKS = [Block("Mole falls", heading=True), Block("It fell."), Block("Why", heading=True), Block("Wind.\nWaves.")]


def test_blocks_stand_in_the_text_with_a_blank_line_between_them():
    text, _ = composed(BLOCKS)
    assert text == "Mole falls\n\nIt fell.\n\nWhy\n\nWind.\nWaves."


def test_each_block_begins_where_it_is_said_to():
    text, _ = composed(BLOCKS)
    assert [text[at : at + len(block.text)] for at, block in zip(starts(BLOCKS), BLOCKS, strict=True)] == [
        block.text for block in BLOCKS
    ]


def test_a_heading_opens_a_section_whose_body_is_the_next_block():
    text, sections = composed(BLOCKS)
    assert sections == (Section(0, 12, "Mole falls"), Section(22, 27, "Why"))
    assert [text[s.body :].split("\n")[0] for s in sections] == ["It fell.", "Wind."]


def test_a_heading_with_nothing_under_it_has_its_body_at_the_end():
    text, sections = composed([Block("It fell."), Block("Why", heading=True)])
    assert sections == (Section(10, 13, "Why"),)
    assert len(text) == 13


def test_no_blocks_are_no_text():
    assert composed([]) == ("", ())


def test_collapsed_text_is_on_one_line():
    assert collapsed("  The \n mole\tfell\u00a0in ") == "The mole fell in"
