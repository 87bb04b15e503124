import random

import pytest

from rag.writing.parsing import Claim, Written, parsed

KEYS = {"k7f2", "m3q9"}


def whole(text):
    written, pending = parsed(text, KEYS, whole=True)
    assert pending == ""
    return [(one.text, [(claim.key, claim.quote) for claim in one.claims]) for one in written]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('It came. [k7f2 "it came"]', [("It came.", [("k7f2", "it came")])]),
        ('It came [k7f2 "it came"].', [("It came.", [("k7f2", "it came")])]),
        ("It came [k7f2: “it came”]!", [("It came!", [("k7f2", "it came")])]),
        ("It came. [k7f2]", [("It came.", [("k7f2", "")])]),
        ('It came. [k7f2 "a"] [m3q9 "b"]', [("It came.", [("k7f2", "a"), ("m3q9", "b")])]),
        ('It came. [k7f2 "a"; m3q9 "b"]', [("It came.", [("k7f2", "a"), ("m3q9", "b")])]),
        ("It came. [k7f2, m3q9] It went.", [("It came.", [("k7f2", ""), ("m3q9", "")]), ("It went.", [])]),
        ('He said "no". [k7f2 "he said "no" to it"]', [('He said "no".', [("k7f2", 'he said "no" to it')])]),
        ("The ferry [k7f2] came in May [m3q9].", [("The ferry came in May.", [("k7f2", ""), ("m3q9", "")])]),
        ("One. Two. [k7f2]", [("One.", []), ("Two.", [("k7f2", "")])]),
        ("It came.\n[k7f2]\nIt went.\n[m3q9]", [("It came.", [("k7f2", "")]), ("It went.", [("m3q9", "")])]),
        # What was not given out, and what a model makes up.
        ('It sank. [z9z9 "it sank"] It rose.', [("It sank.", []), ("It rose.", [])]),
        ("It sank. [k7f2, z9z9]", [("It sank.", [("k7f2", "")])]),
        ("It sank [1], it rose [2, 3] and fell.[^4]", [("It sank, it rose and fell.", [])]),
        ("It sank. [1](https://example.org)", [("It sank.", [])]),
        ("So [sic] he [also] says [k7].", [("So [sic] he [also] says [k7].", [])]),
        # What should be plain.
        ("## Title\n- **One** thing. [k7f2]\n2. `Two`", [("Title", []), ("One thing.", [("k7f2", "")]), ("Two", [])]),
        ("", []),
        ("[k7f2]", []),
        ("...", []),
    ],
)
def test_sentences_have_what_stands_behind_them(text, found):
    assert whole(text) == found


TOLD = (
    'The ferry came back in May. [k7f2 "came back into service on 3 May"] It had been away [m3q9] for a year '
    '[m3q9, k7f2 "a year"]. Nobody knows why. [z9z9 "made up"] The end.'
)


def test_a_text_that_grows_takes_nothing_back_and_shows_no_bracket():
    last = []
    for length in range(len(TOLD) + 1):
        written, pending = parsed(TOLD[:length], KEYS, whole=False)
        assert "[" not in pending
        assert '"' not in pending
        assert [one.text for one in written[: len(last)]] == [one.text for one in last]
        assert all(set(a.claims) <= set(b.claims) for a, b in zip(last, written, strict=False))
        last = written
    assert [one.text for one in last] == [text for text, _ in whole(TOLD)][: len(last)]
    assert len(last) == 3


@pytest.mark.parametrize("seed", range(8))
def test_no_text_is_too_strange(seed):
    rng = random.Random(seed)
    pieces = [*'[]"“”,;.!?\n ', "k7f2", "m3q9", "[k7f2", "word", "[1]", "**", '[k7f2 "', '"]', "é", "渡轮。", "<b>"]
    for _ in range(300):
        text = "".join(rng.choices(pieces, k=rng.randint(0, 30)))
        for done in (True, False):
            written, _ = parsed(text, KEYS, whole=done)
            assert all(claim.key in KEYS for one in written for claim in one.claims)
            assert all(one.text.strip() for one in written)


def test_brackets_that_never_close_cost_no_more_than_their_length():
    text = '[k7f2 "' * 4_000
    written, pending = parsed(text, KEYS, whole=False)
    assert all(isinstance(one, Written) for one in written)
    assert isinstance(pending, str)


def test_a_claim_is_on_one_line():
    assert parsed('It. [k7f2 "a\n  b"]', KEYS, whole=True)[0] == [Written("It.", (Claim("k7f2", "a b"),))]
