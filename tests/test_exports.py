"""An export says what was shown, can be checked without Footnote, and is no markup but its own."""

import hashlib
import re
from dataclasses import replace
from datetime import date

import pytest
from markdown_it import MarkdownIt
from test_conversations import CLAIMS, FALL, FERRY, HOSTILE, MOLE, SAILS, answer, hit, refused

from index.printable import visible
from rag.answers import Doubt, DraftSentence, Quote
from rag.conversations import Turn
from rag.exports import bibtex, markdown
from rag.stored import shown
from rag.wording import SAYINGS, clipped

SHA = hashlib.sha256(MOLE.text.encode()).hexdigest()
MARKUP = (
    *HOSTILE,
    "# heading", "1. list", "2024) list", "- item", "+ item", "* item", "> quote", "=== ", "---", ": definition",
    "    code", "`code` ``more`` `", "**bold** _em_ ~~gone~~ $x^2$ H~2~O", "[^1-1] [^1-1]: not a footnote",
    "[link](http://evil.test) [two][r] <http://evil.test> &lt;b&gt; &amp; &#60;", "trailing backslash \\",
    "a\\*b \\<b> \\&amp;",
    "![x](http://evil.test/x.png)", "<img src=x onerror=alert(1)>", "<!-- comment", "{{ template }} {% tag %}",
    "line\n\nbreaks\r\n# heading\u2028and\u2029more\x85lines", "| a | b |\n|---|---|\n| c | d |", "`", "``", "\\", "<",
)  # fmt: skip


def turn(given, number=1):
    return Turn(number, given.question.text, shown(given))


def of(text):
    """An answer in which this is the title, the author, the question, the sentence, the source and the quote."""
    article = replace(
        MOLE, text=f"{text}. The end.", title=text, author=text, publisher=text, source=f"/x/{text}", url=None
    )
    found = hit(article, 0, len(text))
    sentence = DraftSentence(f"{text} said", (Quote(found.passage.id, text),), (0, len(text)))
    return answer(text, (sentence,), (found,), searched_for=text, note=text, differing=False, heading="")


def line(text):
    return " ".join(visible(text).split())


# Markdown -------------------------------------------------------------------------------------------------------------


def test_a_footnote_carries_all_that_is_needed_to_check_it():
    said = markdown("About the mole", [turn(answer(differing=False, heading=""))])
    assert said.startswith(
        "# About the mole\n\n## When did it fall?\n\nIt fell in **August**, and was whole by May.[^1-1]"
    )
    (footnote,) = re.findall(r"^\[\^1-1\]: (.+)$", said, re.MULTILINE)
    assert footnote == (
        "“fell in August” *The mole*, Ines Calloway, 27 Aug 2024, Repairs, page 2, also in post.html. "
        f"Source: `mole.pdf`, characters 9–23. SHA-256 of the article’s text: `{SHA}`."
    )
    assert MOLE.text[9:23] == "fell in August"


def test_each_sentence_has_its_footnotes_and_what_is_not_borne_out_says_so():
    said = markdown("", [turn(answer(differing=False, heading=""))])
    paragraph = said.split("\n\n")[2]
    assert paragraph == (
        "It fell in **August**, and was whole by May.[^1-1][^1-2] (the quote may not say this) "
        "The ferry sails at noon.[^1-3] Nobody says so. (no source)"
    )
    assert re.findall(r"^\[\^(.+?)\]:", said, re.MULTILINE) == ["1-1", "1-2", "1-3"]


def test_when_and_in_what_was_searched_and_a_note_stand_under_the_answer():
    said = markdown("", [turn(answer())])
    assert "\n\nThe language model was slow.\n\n" in said
    assert (
        "\n\nAsked on 1 Sep 2024; searched 2 articles (27 Aug 2024), 4 passages, "
        "for “What is the mole? When did it fall?”; answered by test model.\n\n"
    ) in said


def test_what_does_not_agree_stands_below_one_another_with_its_days():
    said = markdown("", [turn(answer())])
    assert "Your articles do not agree:\n\n- 27 Aug 2024: It fell" in said
    assert "\n- undated: The ferry sails at noon.[^1-3]\n" in said


def test_a_list_stands_under_its_heading_with_the_days_of_its_articles():
    said = markdown("", [turn(answer(differing=False, heading="*New* this week:"))])
    assert "\\*New\\* this week:\n\n- 27 Aug 2024: It fell" in said


def test_footnotes_of_several_answers_have_names_of_their_own():
    said = markdown("", [turn(answer("One?"), 1), turn(answer("Two?"), 2)])
    names = re.findall(r"^\[\^(.+?)\]:", said, re.MULTILINE)
    assert names == ["1-1", "1-2", "1-3", "2-1", "2-2", "2-3"]
    assert set(re.findall(r"\[\^(.+?)\](?!:)", said)) == set(names)


def test_a_refusal_shows_what_it_showed():
    given = refused()
    said = markdown("", [turn(given)])
    assert SAYINGS[given.refusal] in said
    assert "- *Ferry* (undated): “A ticket costs two crowns.” Source: `ferry.txt`, characters 25–51." in said
    assert said.count("\n- *") == 3
    assert "[^" not in said


def test_a_damaged_turn_says_so():
    said = markdown("T", [Turn(1, "Why?", None, "It was *damaged*."), turn(answer("And?"), 2)])
    assert said.startswith("# T\n\n## Why?\n\nIt was \\*damaged\\*.\n\n## And?\n\n")


def test_a_conversation_without_title_or_turns_is_a_page():
    assert markdown("\u202e", []) == "# Untitled\n"


def blocks(text):
    """Of each block that CommonMark reads: what it is, its text, and the marks in it."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    kinds = [token.type for token in tokens if not token.type.endswith("_close") and token.type != "inline"]
    inline = [child for token in tokens for child in token.children or []]
    return kinds, inline


# What an answer of one sentence and one footnote is made of: title, question, sentence, note, searched, footnote.
OWN_BLOCKS = ["heading_open"] * 2 + ["paragraph_open"] * 4
OWN_MARKS = {"text", "text_special", "strong_open", "strong_close", "em_open", "em_close", "code_inline"}


@pytest.mark.parametrize("text", MARKUP, ids=range(len(MARKUP)))
def test_text_of_others_is_no_markup_wherever_it_stands(text):
    said = markdown(text, [turn(of(text))])
    kinds, inline = blocks(said)
    assert kinds == OWN_BLOCKS
    assert {token.type for token in inline} <= OWN_MARKS
    assert [token.type for token in inline].count("code_inline") == 2
    shown_text = "".join(token.content for token in inline)
    assert shown_text.startswith(line(text) * 2 + line(f"{text} said"))
    assert said.count("\n\n") == 5
    assert not set(said) & set("\x00\x1b\u202e\u200b\u2066\ud800")


def test_a_text_in_a_list_begins_no_other_block():
    for text in MARKUP:
        found = hit(replace(MOLE, text=f"{text}. The end.", title=text), 0, len(text))
        kinds, _ = blocks(markdown("T", [turn(refused(hits=(found,)))]))
        assert kinds.count("bullet_list_open") == kinds.count("list_item_open") == 1, text
        assert "html_block" not in kinds


def test_a_short_answer_that_markdown_cannot_have_in_bold_stays_as_it_is():
    sentence = DraftSentence("It cost (38,000) euros.", CLAIMS[0].quotes[:1], (8, 16))
    assert "\n\nIt cost (38,000) euros.[^1-1]" in markdown(
        "", [turn(answer(claims=(sentence,), differing=False, heading=""))]
    )


# BibTeX ---------------------------------------------------------------------------------------------------------------


def entries(text):
    """What a strict reader of BibTeX sees: entries in balanced braces, each a key and fields."""
    found, at = {}, 0
    while at < len(text):
        kind = re.match(r"@(\w+)\{([^\s,{}%#\\]+),\n", text[at:])
        assert kind, text[at : at + 80]
        at += kind.end()
        fields = {}
        while text[at] != "}":
            name = re.match(r"  (\w+) = ", text[at:])
            at += name.end()
            end = at
            if text[at] == "{":
                depth = 0
                while True:
                    depth += {"{": 1, "}": -1}.get(text[end], 0)
                    end += 1
                    if not depth:
                        break
            else:
                end = text.index(",", at)
            fields[name[1]] = text[at + 1 : end - 1] if text[at] == "{" else text[at:end]
            assert text[end : end + 2] == ",\n"
            at = end + 2
        assert kind[2] not in found
        found[kind[2]] = fields
        at += 2 + (text[at + 2 : at + 3] == "\n")
    return found


SET = {
    r"\textbackslash{}": "\\", r"\textbraceleft{}": "{", r"\textbraceright{}": "}", r"\textasciitilde{}": "~",
    r"\textasciicircum{}": "^", **{f"\\{c}": c for c in "$&#%_"},
}  # fmt: skip


def typeset(value):
    """What TeX shows of it; nothing but these commands is in it, and no letter that means something by itself."""
    names = "|".join(map(re.escape, SET))
    assert not re.search(r"[\\{}$&#%_~^]", re.sub(names, "", value))
    return re.sub(names, lambda found: SET[found[0]], value)


def test_an_article_is_one_entry_however_often_it_is_cited():
    said = bibtex([turn(answer("One?"), 1), turn(answer("Two?"), 2)])
    assert entries(said) == {
        f"calloway2024-{MOLE.revision[:10]}": {
            "author": "{Ines Calloway}",
            "title": "{The mole}",
            "organization": "The Packet",
            "year": "2024",
            "month": "aug",
            "day": "27",
            "url": "https://example.org/mole",
            "urldate": "2024-09-01",
            "note": f"SHA-256 of the quoted text: {SHA}",
        },
        f"ferry-{FERRY.revision[:10]}": {
            "title": "{Ferry}",
            "howpublished": "File ferry.txt",
            "note": f"SHA-256 of the quoted text: {hashlib.sha256(FERRY.text.encode()).hexdigest()}",
        },
    }


def test_a_key_is_the_same_in_every_export():
    alone = bibtex([turn(answer(claims=CLAIMS[1:], hits=(SAILS,)))])
    assert entries(alone).keys() < entries(bibtex([turn(answer())])).keys()


def test_an_article_that_was_cited_before_and_after_a_change_has_two_entries():
    edited = replace(MOLE, text=MOLE.text.replace("August", "July"))
    found = hit(edited, 0, 22)
    july = answer("Two?", (DraftSentence("July.", (Quote(found.passage.id, "July"),)),), (found,))
    mole = answer(claims=(DraftSentence("August.", (Quote(FALL.passage.id, "August"),)),))
    notes = [fields["note"][-64:] for fields in entries(bibtex([turn(mole), turn(july, 2)])).values()]
    assert notes == [SHA, hashlib.sha256(edited.text.encode()).hexdigest()]


def test_nothing_cited_is_nothing():
    assert bibtex([turn(refused()), Turn(2, "Why?", None, "Damaged.")]) == ""


def citing(article):
    """The only entry of a conversation that cites the article."""
    found = hit(article, 0, 3)
    claim = DraftSentence("The.", (Quote(found.passage.id, article.text[:3]),))
    (fields,) = entries(bibtex([turn(answer(claims=(claim,), hits=(found,)))])).values()
    return fields


def test_authors_are_single_names():
    fields = citing(replace(MOLE, author="By Ada Quill, Ines Bell and Tom Rae"))
    assert fields["author"] == "{Ada Quill} and {Ines Bell} and {Tom Rae}"


@pytest.mark.parametrize("text", MARKUP, ids=range(len(MARKUP)))
def test_text_of_others_is_no_command_of_tex(text):
    (fields,) = entries(bibtex([turn(of(text))])).values()
    name = re.split(r"[/\\]", text)[-1]
    assert typeset(fields["title"][1:-1]) == typeset(fields["organization"]) == clipped(line(text), 500)
    assert typeset(fields["howpublished"]) == f"File {clipped(line(name), 500)}"
    assert all(typeset(author[1:-1]) for author in fields["author"].split(" and "))


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://example.org/a_b?c=1&d=%20#e", "https://example.org/a_b?c=1&d=%20#e"),
        ("https://example.org/{x}\\y z\"'", "https://example.org/%7Bx%7D%5Cy%20z%22'"),
        ("https://example.org/Zürich", "https://example.org/Z%C3%BCrich"),
        ("https://example.org/\u202e\ud800", "https://example.org/%EF%BF%BD"),
    ],
)
def test_an_address_is_written_so_that_it_can_be_followed(url, written):
    assert citing(replace(MOLE, url=url))["url"] == written


def test_a_file_of_another_system_is_named_without_its_folders():
    fields = citing(replace(FERRY, source="C:\\Users\\me\\100%_ferry.txt", published=date(987, 1, 2)))
    assert (fields["howpublished"], fields["year"]) == (r"File 100\%\_ferry.txt", "0987")


def test_every_doubt_has_its_words():
    for doubt in Doubt:
        said = markdown("", [turn(answer(claims=(replace(CLAIMS[0], doubt=doubt),), differing=False, heading=""))])
        assert re.search(r"\[\^1-2\] \(.+\)\n", said), doubt
