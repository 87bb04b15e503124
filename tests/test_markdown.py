from datetime import date

import pytest

from index.sources.markdown import read_markdown


def front(*lines):
    return read_markdown("\n".join(["---", *lines, "---", "", "The mole fell in August."]))


def test_front_matter_gives_title_author_and_date_and_is_not_text():
    draft = front("title: The mole", "author: Ada Quill", "date: 2024-08-27", "publisher: The Packet")
    assert (draft.title, draft.author, draft.text) == ("The mole", "Ada Quill", "The mole fell in August.")
    assert (draft.published.day, draft.published.evidence) == (date(2024, 8, 27), "front matter")
    assert draft.publisher == "The Packet"


@pytest.mark.parametrize(
    "line",
    [
        "date: 27 August 2024",
        'date: "2024-08-27"',
        "date: 2024-08-27T23:10:00-05:00",
        "pubDate: 2024-08-27",
        "published_at: 2024-08-27",
    ],
)
def test_a_date_is_read_in_the_forms_that_site_builders_write(line):
    assert front("title: x", line).published.day == date(2024, 8, 27)


@pytest.mark.parametrize(
    ("line", "author"),
    [
        ("authors: [Ada Quill, Tom Aldritch]", "Ada Quill, Tom Aldritch"),
        ("author: {name: Ada Quill, email: ada@packet.example}", "Ada Quill"),
        ("author: [{name: Ada Quill}]", "Ada Quill"),
        ("byline: By ADA QUILL", "Ada Quill"),
        ("author: 7", None),
    ],
)
def test_authors_are_read_as_a_name_a_list_or_a_record(line, author):
    assert front("title: x", line).author == author


def test_a_title_with_a_colon_breaks_the_yaml_but_not_the_reading():
    draft = front("title: Mole: the end", "date: 2024-08-27")
    assert (draft.title, draft.published.day) == ("Mole: the end", date(2024, 8, 27))


def test_front_matter_makes_no_objects():
    draft = front("title: !!python/object/apply:os.getcwd []", "author: Ada Quill")
    assert draft.author == "Ada Quill"
    assert draft.text == "The mole fell in August."


def test_aliases_that_grow_without_end_are_not_written_out():
    doubling = [
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    assert front("a: &a [x]", *doubling, "title: The mole").title == "The mole"


def test_a_rule_at_the_top_is_no_front_matter():
    assert read_markdown("---\n\nThe mole fell.\n\n---\n\nIt was rebuilt.").text == "The mole fell.\n\nIt was rebuilt."


def test_an_opening_fence_that_is_never_closed_is_a_rule():
    assert "title: x" in read_markdown("---\ntitle: x\n\nThe mole fell.").text


def test_marks_are_not_text_and_words_are():
    text = 'The **East** *Mole* [fell](https://packet.example "Why") `in` ~~July~~ August ![crane](a.png)&amp; sank\\*.'
    assert read_markdown(text).text == "The East Mole fell in July August & sank*."


def test_a_soft_break_is_a_space_and_a_hard_break_is_a_line():
    assert read_markdown("The mole\nfell.  \nIt sank.").text == "The mole fell.\nIt sank."


def test_items_and_rows_are_lines_of_one_block():
    text = "Boats:\n\n- Heron\n- Tern\n  - Little\n\n| boat | fare |\n|---|---|\n| Heron | £3.40 |\n\nEnd."
    assert read_markdown(text).text == "Boats:\n\nHeron\nTern\nLittle\n\nboat | fare\nHeron | £3.40\n\nEnd."


def test_two_lists_with_a_paragraph_between_them_are_two_blocks():
    assert read_markdown("- a\n- b\n\nThen.\n\n1. c\n2. d").text == "a\nb\n\nThen.\n\nc\nd"


def test_code_is_kept_line_by_line():
    assert read_markdown("See:\n\n```sh\nmake  app\n# test\n```\n").text == "See:\n\nmake  app\n# test"


def test_raw_html_gives_its_words_and_scripts_give_none():
    text = "<div>The <b>mole</b> &amp; pier</div>\n\n<script>alert(1)</script>\n\n<!-- hidden -->\n\nIt <i>fell</i>."
    assert read_markdown(text).text == "The mole & pier\n\nIt fell."


def test_the_first_heading_of_the_first_level_is_the_title():
    draft = read_markdown("# The mole\n\nIt fell.\n\n## Why\n\nWind.\n\n# Later\n\nIt rose.")
    assert draft.title == "The mole"
    assert [section.heading for section in draft.sections] == ["The mole", "Why", "Later"]
    assert [draft.text[section.body :].split("\n")[0] for section in draft.sections] == [
        "It fell.",
        "Wind.",
        "It rose.",
    ]


def test_a_byline_under_the_title_is_taken_off_with_it():
    draft = read_markdown("# The mole\n\n*By ADA QUILL, 27 August 2024*\n\nIt fell.")
    assert (draft.title, draft.author, draft.text) == ("The mole", "Ada Quill", "It fell.")
    assert draft.published.evidence == "byline"


def test_an_only_paragraph_that_begins_with_a_date_is_text():
    draft = read_markdown("---\ntitle: The mole\n---\n2024-05-03 The storm hit the mole at noon.")
    assert draft.text == "2024-05-03 The storm hit the mole at noon."


def test_front_matter_goes_before_the_byline():
    draft = read_markdown(
        "---\nauthor: Tom Aldritch\ndate: 2024-08-28\n---\n# The mole\n\nBy Ada Quill, 27 August 2024\n\nIt fell."
    )
    assert (draft.author, draft.published.day, draft.text) == ("Tom Aldritch", date(2024, 8, 28), "It fell.")


def test_an_underlined_heading_is_a_heading():
    assert read_markdown("The mole\n========\n\nIt fell.").title == "The mole"


@pytest.mark.parametrize("text", ["[" * 50_000, ">" * 50_000, "**a" * 20_000, "- " * 20_000], ids=["[", ">", "**", "-"])
def test_marks_without_end_come_to_an_end(text):
    read_markdown(text)


def test_nothing_gives_nothing():
    assert read_markdown("").text == ""
