import pytest

from rag.evals.making.verbs import PARTICIPLES, PAST, PAST_OF_PARTICIPLE, TAKES, TO_DO


@pytest.mark.parametrize(
    ("past", "base"),
    [("suspended", "suspend"), ("closed", "close"), ("carried", "carry"), ("banned", "ban"), ("fell", "fall")],
)
def test_a_past_form_is_known_with_its_base(past, base):
    assert PAST[past] == base


def test_a_participle_is_known_with_its_past():
    assert (PAST_OF_PARTICIPLE["written"], PAST_OF_PARTICIPLE["signed"]) == ("wrote", "signed")
    assert "been" in PARTICIPLES


def test_what_can_be_asked_of_a_verb_is_of_a_verb_that_is_known():
    assert set(PAST.values()) >= TAKES | TO_DO
