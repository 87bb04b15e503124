"""An answer as one text: each range that is said to rest on a quote is the sentence, and nothing in it is markup."""

import re
from dataclasses import replace
from datetime import date

import pytest
from doors import FERRY, NOON, over
from markdown_it import MarkdownIt
from test_exports import line

from index.records import article_id
from rag.answers import Doubt, Question, Refusal, Sentence
from rag.doors.told import begun, told, url
from rag.wording import DIFFERING, DOUBTS, SAYINGS


@pytest.fixture
def answer(indexed):
    """One sentence, with one citation."""
    answer = over(indexed).ask(Question(FERRY))
    return replace(answer, sentences=answer.sentences[:1], citations=answer.citations[:1])


def test_an_answer_has_numbers_and_its_sources_at_the_end(answer):
    assert told(answer).text == f"{NOON} [1]\n\nSources:\n[1] ferry · undated: “{NOON}” (`ferry`)"


def test_what_rests_on_a_quote_is_the_sentence(answer):
    two = replace(answer, sentences=(*answer.sentences, Sentence("It [ferry](x) sails.", (1,))))
    said = told(two)
    assert [said.text[r.start : r.end] for r in said.rests] == [NOON, "It \\[ferry\\](x) sails."]
    assert [after.start - r.start for after, r in zip(said.after("Well: ").rests, said.rests, strict=True)] == [6, 6]


def test_what_is_not_borne_out_says_so(answer):
    bare = replace(answer, sentences=(Sentence("It may.", ()), Sentence("At 5.", (1,), doubt=Doubt.NUMBER)))
    assert told(bare).text.startswith(f"It may. (no source)\nAt 5. [1] ({DOUBTS[Doubt.NUMBER]})\n")


def test_a_note_stands_before_the_sources(answer):
    assert (
        "[1]\n\nThe model did not answer.\n\nSources:" in told(replace(answer, note="The model did not answer.")).text
    )


def test_sentences_that_differ_have_their_days(answer):
    dated = replace(answer.citations[0], published=date(2024, 1, 3))
    differing = replace(answer, differing=True, citations=(dated,))
    assert told(differing).text.startswith(f"{DIFFERING}\n3 Jan 2024: {NOON} [1]")
    (rest,) = told(differing).rests
    assert told(differing).text[rest.start : rest.end] == NOON


def test_a_heading_stands_first(answer):
    assert told(replace(answer, heading="In order:")).text.startswith(f"In order:\nundated: {NOON} [1]\n")


def test_a_refusal_shows_the_nearest_passages(answer):
    refused = replace(answer, sentences=(), citations=(), refusal=Refusal.UNCLEAR)
    assert told(refused).text.startswith(
        f"{SAYINGS[Refusal.UNCLEAR]}\n\nNearest passages:\n- ferry (undated): {NOON[:5]}"
    )
    assert told(refused).rests == ()


def test_what_has_begun_ends_before_a_sentence_without_a_quote(answer):
    first = answer.sentences[0]
    assert begun(replace(answer, sentences=(first, Sentence("It may.", ()), first), done=False)) == f"{NOON} [1]"


@pytest.mark.parametrize(
    "text",
    [
        "![x](https://evil.test/?q=1)", "[x](https://evil.test)", "![x][y]", "<img src=x>", "</p><!-- -->",
        "\\<img src=https://evil.test/x.png>", "![x\\](https://evil.test)", "[1]: https://evil.test\nThe ferry.",
        "See https://evil.test and www.evil.test.", "<https://evil.test>", "Ask a@evil.test.", "# Big", "- item",
        "`code`", "A\n\n    block", "so\u202e 3 < 4 [sic] (I say)!",
    ],
)  # fmt: skip
def test_an_article_cannot_draw_anything(answer, text):
    cited = replace(answer.citations[0], title=text, source=f"/x/{text}")
    said = told(replace(answer, sentences=(Sentence(text, (1,)),), citations=(cited,))).text
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(said)
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"] * 2
    children = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in children} <= {"text", "text_special", "softbreak", "code_inline"}
    assert line(text) in "".join(child.content for child in children if child.type != "code_inline")
    # GitHub makes links of these as they stand.
    assert not re.search(r"\w://|www\.", re.sub(r"`+.*?`+(?=\))", "", said))


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("/articles/a b.md", "file:///articles/a%20b.md"),
        ("https://a.test/x", "https://a.test/x"),
        ("ferry", f"urn:footnote:{article_id('ferry')}"),
        ("javascript:alert(1)", f"urn:footnote:{article_id('ferry')}"),
    ],
)
def test_a_file_has_a_file_address(answer, source, address):
    assert url(replace(answer.citations[0], source=source)) == address
