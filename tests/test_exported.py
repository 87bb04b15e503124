"""The HTML file of a conversation: it says what was shown, and text of others does nothing in it."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from test_conversations import MOLE, answer, hit, refused
from test_exports import MARKUP, SHA, line, of, turn

from page.exported import exported_html
from rag.answers import DraftSentence, Quote
from rag.conversations import Turn
from rag.wording import SAYINGS

OWN_TAGS = {
    "a", "b", "blockquote", "body", "code", "h1", "h2", "head", "html", "li", "mark", "meta", "ol", "p", "section",
    "small", "span", "style", "title", "ul",
}  # fmt: skip
OWN_ATTRIBUTES = {"charset", "class", "content", "href", "http-equiv", "id", "lang", "name", "rel"}
# They have no end.
VOID = {"meta"}


class Page(HTMLParser):
    """What a browser makes of the file: tags with their attributes, and the text outside the style."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.open, self.style = [], "", [], ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            self.style += data
        else:
            self.text += data

    def handle_comment(self, data):
        raise AssertionError(data)

    def attributes(self, name):
        return [attributes[name] for _, attributes in self.tags if name in attributes]


def test_a_footnote_carries_all_that_is_needed_to_check_it():
    page = Page(exported_html("About the mole", [turn(answer(differing=False, heading=""))]))
    for part in (
        "About the mole", "When did it fall?", "It fell in August, and was whole by May.", "“fell in August”",
        "The mole, Ines Calloway, 27 Aug 2024, Repairs, page 2, also in post.html", "mole.pdf, characters 9–23",
        f"SHA-256 of the article’s text: {SHA}", "(the quote may not say this)", "(no source)",
        "The language model was slow.", "Asked on 1 Sep 2024; searched 2 articles",
    ):  # fmt: skip
        assert part in page.text


def test_each_number_leads_to_its_footnote():
    page = Page(exported_html("T", [turn(answer("One?"), 1), turn(answer("Two?"), 2)]))
    assert page.attributes("id") == [f"note-{turn}-{n}" for turn in (1, 2) for n in (1, 2, 3)]
    assert [link for link in page.attributes("href") if link.startswith("#")] == [
        f"#{id_}" for id_ in page.attributes("id")
    ]


def test_the_short_answer_is_marked():
    assert "<mark>August</mark>" in exported_html("T", [turn(answer())])


def test_what_does_not_agree_stands_below_one_another_with_its_days():
    page = Page(exported_html("T", [turn(answer())]))
    assert "Your articles do not agree:27 Aug 2024: It fell in" in page.text
    assert "undated: The ferry sails at noon." in page.text
    page = Page(exported_html("T", [turn(answer(differing=False, heading="<b>New</b>:"))]))
    assert "<b>New</b>:27 Aug 2024: It fell in" in page.text


def test_a_refusal_shows_what_it_showed():
    given = refused()
    page = Page(exported_html("T", [turn(given)]))
    assert SAYINGS[given.refusal] in page.text
    assert "A ticket costs two crowns.Ferry, undatedferry.txt, characters 25–51" in page.text
    assert page.text.count("characters") == 3


def test_a_damaged_turn_says_so_and_the_others_are_there():
    page = Page(exported_html("T", [Turn(1, "Why?", None, "It was damaged."), turn(answer("And?"), 2)]))
    assert "Why?It was damaged." in page.text
    assert "“fell in August”" in page.text


def test_a_conversation_without_title_or_turns_is_a_page():
    assert Page(exported_html("", [])).text.split() == ["Untitled", "Untitled"]


@pytest.mark.parametrize("text", MARKUP, ids=range(len(MARKUP)))
def test_text_of_others_is_text(text):
    html = exported_html(text, [turn(of(text)), turn(refused(text, hits=of(text).hits), 2), Turn(3, text, None, text)])
    page = Page(html)
    assert {tag for tag, _ in page.tags} <= OWN_TAGS
    assert {name for _, attributes in page.tags for name in attributes} <= OWN_ATTRIBUTES
    assert " ".join(page.text.split()).count(line(text)) >= 10
    assert not set(html) & set("\x00\x1b\u202e\u200b\u2066\ud800")
    assert all(link.startswith("#note-") for link in page.attributes("href"))
    assert html.encode()


@pytest.mark.parametrize(
    ("source", "links"),
    [
        ("https://example.org/?a=1&b='\"><script>", ["https://example.org/?a=1&b='\"><script>"]),
        ("http://example.org/x", ["http://example.org/x"]),
        ("javascript:alert(1)//https://example.org", []),
        ("JavaScript:alert(1)", []),
        (" https://example.org", []),
        ("data:text/html,<script>alert(1)</script>", []),
        ("file:///etc/passwd", []),
        ("//example.org/x", []),
    ],
)
def test_an_address_of_the_web_can_be_followed_and_no_other(source, links):
    found = hit(replace(MOLE, source=source), 0, 24)
    claim = DraftSentence("It fell.", (Quote(found.passage.id, "fell"),))
    page = Page(exported_html("T", [turn(answer(claims=(claim,), hits=(found,)))]))
    assert [link for link in page.attributes("href") if not link.startswith("#")] == links
    assert source.strip() in page.text


def test_the_file_runs_nothing_and_asks_for_nothing():
    page = Page(exported_html("T", [turn(answer())]))
    (policy,) = [a["content"] for tag, a in page.tags if tag == "meta" and "http-equiv" in a]
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"url\(|@import|expression", page.style)


def test_the_file_is_made_for_light_and_dark():
    page = Page(exported_html("T", []))
    assert {"name": "color-scheme", "content": "light dark"} in [attributes for _, attributes in page.tags]
    light, dark = re.findall(r":root \{(.+?)\}", page.style, re.DOTALL)
    colours = [set(re.findall(r"(--\w+): (#\w{6})", scheme)) for scheme in (light, dark)]
    assert (
        {name for name, _ in colours[0]}
        == {name for name, _ in colours[1]}
        == set(re.findall(r"var\((--\w+)\)", page.style))
    )
    for scheme in map(dict, colours):
        for ink in ("--ink", "--quiet", "--accent"):
            assert contrast(scheme[ink], scheme["--paper"]) >= 4.5
        assert contrast(scheme["--ink"], scheme["--lit"]) >= 4.5


def contrast(one, other):
    """The contrast of two colours as WCAG 2 has it, from 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_a_quote_over_several_lines_stays_one_quote():
    found = hit(MOLE, 0, 55)
    claim = DraftSentence("All.", (Quote(found.passage.id, MOLE.text),))
    page = Page(exported_html("T", [turn(answer(claims=(claim,), hits=(found,)))]))
    assert f"“{MOLE.text}”" in page.text
