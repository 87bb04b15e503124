import random
from dataclasses import replace
from datetime import date

import pytest
from conftest import article

from index.records import Hit, Passage, passage_id
from rag.answers import Draft, DraftSentence, Quote
from rag.citations import verify

MOLE = article(
    "The mole fell in August. It was rebuilt by May. The mole fell in August.",
    source="mole.md",
    title="The mole",
    author="Ines Calloway",
    published=date(2024, 8, 27),
)
FERRY = article("The ferry sails at seven. <b>It costs two pounds.</b>", source="ferry.md")


def hit(of, start, end):
    key = passage_id(of.revision, start, end)
    return Hit(Passage(key, of.id, of.revision, start, end, of.text[start:end], "Repairs", 2), of, 1.0, "dense")


FALL, MAY, SAILS = hit(MOLE, 0, 24), hit(MOLE, 25, 47), hit(FERRY, 0, 53)
HITS = (FALL, MAY, SAILS)


def cited(text, of=FALL, hits=HITS):
    """The citations of one sentence that claims one quote."""
    return verify(draft(DraftSentence("Said.", (Quote(of.passage.id, text),))), hits)[1]


def draft(*sentences):
    return Draft(sentences, "test")


def test_a_quote_that_says_where_it_stands_is_cited_there_and_nowhere_else():
    twice = hit(article("It fell. It rose. It fell."), 0, 26)
    (found,) = verify(draft(DraftSentence("It fell.", (Quote(twice.passage.id, "It fell.", 18),))), [twice])[1]
    assert (found.start, found.end) == (18, 26)
    assert verify(draft(DraftSentence("It fell.", (Quote(twice.passage.id, "It fell.", 9),))), [twice])[1] == ()


def test_a_quote_that_stands_in_its_passage_is_cited_with_all_that_is_known():
    (found,) = cited("It was rebuilt by May.", MAY)
    assert (found.number, found.passage_id, found.article_id) == (1, MAY.passage.id, MOLE.id)
    assert (found.revision, found.source, found.title) == (MOLE.revision, "mole.md", "The mole")
    assert (found.author, found.published, found.heading, found.page) == (MOLE.author, MOLE.published, "Repairs", 2)
    assert MOLE.text[found.start : found.end] == found.quote == "It was rebuilt by May."


def test_offsets_count_in_the_article_and_not_in_the_passage():
    (found,) = cited("rebuilt", MAY)
    assert (found.start, found.end) == (32, 39)


def test_words_that_stand_twice_are_cited_where_the_passage_stands():
    (found,) = cited("The mole fell in August.", hit(MOLE, 48, 72), (hit(MOLE, 48, 72),))
    assert found.start == 48


@pytest.mark.parametrize(
    "quote",
    [
        "The mole fell in September.",
        "the mole fell in August.",
        "The mole  fell in August.",
        "The mole fell in August. It was rebuilt by May.",
        "The mole fеll in August.",  # a Cyrillic e
        "The mole\u200b fell in August.",
        "<b>The mole fell in August.</b>",
        "The mole fell in August.[1]",
    ],
)
def test_an_altered_quote_is_not_cited(quote):
    assert cited(quote) == ()


@pytest.mark.parametrize("quote", ["", " ", "\n\t"])
def test_an_empty_quote_is_not_cited(quote):
    assert cited(quote) == ()


@pytest.mark.parametrize("name", ["", "1", "0" * 32, f"{FALL.passage.id} ", FALL.passage.id[:8]])
def test_a_passage_that_was_not_found_is_not_cited(name):
    claim = DraftSentence("Said.", (Quote(name, "The mole fell in August."),))
    assert verify(draft(claim), HITS)[1] == ()


def test_a_quote_from_another_passage_is_not_cited():
    assert cited("It was rebuilt by May.", FALL) == ()
    assert cited("The ferry sails at seven.", FALL) == ()


def test_nothing_is_cited_without_hits():
    assert cited("The mole fell in August.", FALL, ()) == ()


def test_html_that_stands_in_the_article_is_quoted_as_it_stands():
    (found,) = cited("<b>It costs two pounds.</b>", SAILS)
    assert FERRY.text[found.start : found.end] == found.quote == "<b>It costs two pounds.</b>"


def test_a_passage_of_another_revision_does_not_vouch_for_the_article():
    edited = replace(MOLE, text=f"Corrected. {MOLE.text}")
    assert cited("The mole fell in August.", FALL, (replace(FALL, article=edited),)) == ()


def test_a_quote_that_is_claimed_twice_has_one_number():
    twice = Quote(FALL.passage.id, "The mole fell in August.")
    sentences, citations = verify(draft(DraftSentence("A.", (twice, twice)), DraftSentence("B.", (twice,))), HITS)
    assert [sentence.citations for sentence in sentences] == [(1,), (1,)]
    assert len(citations) == 1


def test_the_same_place_in_two_overlapping_passages_has_one_number():
    both = hit(MOLE, 0, 47)
    quotes = tuple(Quote(found.passage.id, "It was rebuilt by May.") for found in (MAY, both))
    assert len(verify(draft(DraftSentence("A.", quotes)), (MAY, both))[1]) == 1


def test_the_same_words_at_two_places_have_two_numbers():
    again = hit(MOLE, 48, 72)
    quotes = tuple(Quote(found.passage.id, "The mole fell in August.") for found in (FALL, again))
    assert [c.start for c in verify(draft(DraftSentence("A.", quotes)), (FALL, again))[1]] == [0, 48]


def test_citations_are_numbered_from_1_in_the_order_of_the_sentences():
    claims = [
        ("Ferry.", SAILS, "The ferry sails at seven."),
        ("False.", FALL, "It sank."),
        ("Mole.", MAY, "It was rebuilt by May."),
    ]
    sentences, citations = verify(
        draft(*(DraftSentence(text, (Quote(of.passage.id, quote),)) for text, of, quote in claims)), HITS
    )
    assert [(s.text, s.citations) for s in sentences] == [("Ferry.", (1,)), ("False.", ()), ("Mole.", (2,))]
    assert [c.number for c in citations] == [1, 2]


def test_a_blank_sentence_is_left_out():
    assert verify(draft(DraftSentence(" \n", ())), HITS) == ((), ())


def test_a_thousand_hostile_drafts_give_no_false_citation():
    chance = random.Random(20241218)
    texts = {h.passage.id: h.article.text for h in HITS}
    held = 0
    for _ in range(1_000):
        sentences, citations = verify(draft(*(hostile(chance) for _ in range(chance.randint(1, 4)))), HITS)
        held += len(citations)
        assert all(texts[c.passage_id][c.start : c.end] == c.quote != "" for c in citations)
        assert all(stands_in_its_passage(c) for c in citations)
        assert [c.number for c in citations] == list(range(1, len(citations) + 1))
        assert {n for s in sentences for n in s.citations} == {c.number for c in citations}
    assert held > 100  # some of what is claimed is true, so this tells the two apart


def stands_in_its_passage(citation):
    passage = next(h.passage for h in HITS if h.passage.id == citation.passage_id)
    return passage.start <= citation.start < citation.end <= passage.end


def hostile(chance):
    """A sentence of a reader that makes up passages, alters quotes, moves them and writes footnotes of its own."""
    return DraftSentence(
        chance.choice(["True [1].", "<img src=x onerror=alert(1)>", "[^1]: http://example.org", "", "\u202etrue"]),
        tuple(Quote(_named(chance), _claimed(chance)) for _ in range(chance.randint(0, 3))),
    )


def _named(chance):
    real = chance.choice(HITS).passage.id
    return chance.choice(
        [real, real, real, real, real[::-1], real.upper(), real[:-1], "1", "", f"{chance.getrandbits(128):032x}"]
    )


def _claimed(chance):
    text = chance.choice((MOLE, FERRY)).text
    start = chance.randrange(len(text))
    quote = text[start : start + chance.randint(1, 30)]
    letter = chance.randrange(len(quote))
    return chance.choice(
        [
            quote,
            quote,
            quote[:letter] + chance.choice("xё\u200b\0<") + quote[letter + 1 :],
            quote[:letter] + quote[letter + 1 :],
            quote.swapcase(),
            f"{quote} {quote}",
            f"<b>{quote}</b>",
            " " * letter,
        ]
    )
