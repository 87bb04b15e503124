import hashlib
import itertools
import random
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from index.copies import (
    BANDS,
    MAX_DAYS,
    MAX_WORDS,
    MIN_WORDS,
    SAME,
    THRESHOLD,
    VALUES,
    bands,
    near,
    signature,
    similarity,
    voices,
)


def words(count, seed=0):
    """So many words, none of them twice, and none that another seed has."""
    return [f"{word}{'x' * seed}y" for word in _distinct(count)]


def _distinct(count):
    letters = "abcdefghijkl"
    return ["".join(word) for word in itertools.islice(itertools.product(letters, repeat=4), count)]


def text(count, seed=0):
    return " ".join(words(count, seed))


def compared(one, other):
    return similarity(signature(one), signature(other))


# Signatures -----------------------------------------------------------------------------------------------------------


def test_a_signature_has_one_length_whatever_the_text():
    assert {len(signature(text(count))) for count in (MIN_WORDS, 500, 5_000)} == {4 * VALUES}


def test_a_text_that_is_too_short_to_tell_has_no_signature_and_no_bands_and_is_like_nothing():
    assert signature(text(MIN_WORDS - 1)) == signature("") == b""
    assert bands(b"") == []
    assert similarity(b"", b"") == similarity(b"", signature(text(100))) == similarity(signature(text(100)), b"") == 0


def test_case_punctuation_apostrophes_and_white_space_do_not_count():
    plain = "The mayor’s ferry sails at noon, and it won't wait. " * 10
    other = "THE MAYOR'S FERRY\n\n sails — at noon and it won’t wait! " * 10
    assert signature(plain) == signature(other) != b""


def test_a_signature_is_the_same_on_every_machine_and_in_every_run():
    # When this fails without a change of ours, datasketch has changed: raise VERSION.
    said = hashlib.sha256(signature("The ferry sails at noon on 3 May. " * 10)).hexdigest()
    assert said[:16] == "72c59e359ba5b114"


def test_another_process_gives_the_same_bands():
    program = "from index.copies import bands, signature; print(bands(signature('The ferry sails at noon. ' * 20)))"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == str(bands(signature("The ferry sails at noon. " * 20)))


def test_a_book_is_compared_by_how_it_begins():
    book = text(MAX_WORDS // 10) + " again and on"
    whole = " ".join([book] * 11)
    assert len(whole.split()) > MAX_WORDS
    assert signature(whole) == signature(whole + " " + text(3_000, seed=1)) != b""


def test_scripts_without_spaces_are_compared_by_their_characters():
    characters = [chr(0x4E00 + n) for n in range(400)]
    report = "".join(characters[:200])
    assert compared(report, report + "".join(characters[200:220])) > 0.8
    assert compared(report, "".join(characters[200:])) < 0.1


# Similarity -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shared", [0, 100, 250, 400])
def test_similarity_estimates_the_share_of_the_runs_of_words(shared):
    # Of 500 words each, `shared` are the same: about shared / (1000 - shared) of all runs.
    one, other = text(500), " ".join(words(500)[:shared] + words(500 - shared, seed=1))
    assert compared(one, other) == pytest.approx(shared / (1_000 - shared), abs=0.1)


def test_similarity_is_the_same_from_both_sides():
    one, other = text(300), " ".join(words(300)[:200] + words(100, seed=1))
    assert compared(one, other) == compared(other, one)


REPORT = (
    "The harbour board voted on Tuesday to rebuild the old mole that fell in the storm of August. Work begins in "
    "March and is to end before the summer, the harbour master told a meeting in the town hall. The ferry company had "
    "threatened to leave, because its boats could not land for 41 days. Fishermen asked who would pay for their lost "
    "catch. The board will borrow 6.4 million crowns and raise the landing fee by a tenth. Two of the nine members "
    "voted against it. One of them, who keeps a shop at the quay, said that the town had been promised a bridge. "
    "Engineers found in October that the stones had been laid on sand, not on rock, when the mole was built in 1911. "
)


def test_a_report_that_another_paper_prints_with_its_own_notes_is_a_copy():
    printed = (
        "PORT TOWN (Agency) - "
        + REPORT.replace("harbour", "harbor").replace(" Two of the nine members voted against it.", "")
        + "Sign up for our newsletter."
    )
    assert compared(REPORT, printed) >= THRESHOLD


def test_a_report_that_only_quotes_a_part_of_another_is_not():
    other = "The ferry company said on Friday that it stays. " + text(120) + REPORT[:200]
    assert compared(REPORT, other) < THRESHOLD


def drawing(rng):
    numbers = [rng.randint(1, 69) for _ in range(10)]
    return (
        "The winning numbers are {}, {}, {}, {} and {}, and the extra numbers are {} and {}. The jackpot was {} "
        "million, or {} million in cash. To play, choose numbers on a slip or let the machine choose them for you. "
        "Tickets are sold in shops, at petrol stations and at some airports until an hour before the draw, which is "
        "shown live. The next jackpot is {} million. Gambling can be addictive. Ask for help in good time."
    ).format(*numbers)


def test_editions_that_differ_in_their_numbers_alone_are_not_copies():
    rng = random.Random(0)
    editions = [drawing(rng) for _ in range(10)]
    assert max(compared(*pair) for pair in itertools.combinations(editions, 2)) < THRESHOLD


# Bands ----------------------------------------------------------------------------------------------------------------


def test_bands_are_keys_that_sqlite_can_hold():
    keys = bands(signature(text(200)))
    assert len(set(keys)) == BANDS
    assert all(-(2**63) <= key < 2**63 for key in keys)
    assert min(keys) < 0 < max(keys)


def test_near_copies_meet_in_a_band_and_strangers_do_not():
    one = set(bands(signature(text(500))))
    assert one & set(bands(signature(text(450))))
    assert not one & set(bands(signature(text(500, seed=1))))


def test_the_same_values_in_another_place_are_another_band():
    assert len(set(bands(b"\0" * 4 * VALUES))) == BANDS


# Days -----------------------------------------------------------------------------------------------------------------

MAY = date(2026, 5, 1)


@pytest.mark.parametrize(
    ("alike", "one", "other", "copies"),
    [
        (THRESHOLD, MAY, MAY, True),
        (THRESHOLD - 0.01, MAY, MAY, False),
        (THRESHOLD, MAY, date(2026, 5, 1 + MAX_DAYS), True),
        (THRESHOLD, date(2026, 5, 2 + MAX_DAYS - 1), MAY, True),
        (SAME - 0.01, MAY, date(2026, 6, 1), False),
        (SAME - 0.01, date(2027, 5, 1), MAY, False),
        (SAME, MAY, date(2027, 5, 1), True),
        (THRESHOLD, None, MAY, True),
        (THRESHOLD, MAY, None, True),
        (THRESHOLD, None, None, True),
    ],
)
def test_a_page_that_comes_again_next_year_is_a_copy_only_when_it_is_the_same(alike, one, other, copies):
    assert near(alike, one, other) is copies


# Voices ---------------------------------------------------------------------------------------------------------------


def test_a_voice_is_all_that_is_linked_in_any_number_of_steps_named_by_its_smallest_id():
    pairs = [("d", "c"), ("b", "c"), ("x", "y"), ("a", "d")]
    assert voices(pairs) == {"a": "a", "b": "a", "c": "a", "d": "a", "x": "x", "y": "x"}


def test_voices_are_the_same_whatever_the_order():
    rng = random.Random(0)
    pairs = [(str(rng.randrange(60)), str(rng.randrange(60))) for _ in range(50)]
    first = voices(pairs)
    for _ in range(20):
        rng.shuffle(pairs)
        assert voices([rng.choice([(a, b), (b, a)]) for a, b in pairs]) == first


def test_without_pairs_there_are_no_voices():
    assert voices([]) == {}


def test_a_long_chain_is_one_voice():
    assert set(voices((f"{n:06}", f"{n + 1:06}") for n in range(50_000)).values()) == {"000000"}
