import pytest

from rag.evals.losses import SAYINGS, Lost, Ranks, earliest, lost


def ranks(dense, lexical, fused, final, **later):
    return Ranks({"dense": dense, "lexical": lexical, "fused": fused, **later}, final)


@pytest.mark.parametrize(
    ("found", "step"),
    [
        (ranks(1, 1, 1, 1), None),
        (ranks(40, None, 12, 10), None),
        (ranks(None, None, None, None), Lost.NO_CANDIDATE),
        (ranks(3, None, 14, 14), Lost.FUSION),
        (ranks(None, 10, None, None), Lost.FUSION),
        (ranks(3, 2, 9, 11), Lost.RANKING),
        (ranks(3, 2, 9, None), Lost.RANKING),
        (ranks(30, 20, 14, 9, rerank=25), None),
        (ranks(30, 20, 14, 25, rerank=25), Lost.CUT),
        (ranks(30, 20, 4, 25, rerank=25), Lost.RANKING),
        (ranks(11, 12, 13, 13), Lost.CUT),
        (ranks(80, None, 70, None), Lost.CUT),
    ],
)
def test_a_place_is_lost_at_the_step_where_it_falls_out_of_the_first_k(found, step):
    assert lost(found, 10) is step


def test_a_finder_is_what_comes_before_the_fused_list():
    found = Ranks({"dense": 1, "lexical": 2, "lexical among named": None, "fused": 4, "rerank": 5})
    assert list(found.finders) == ["dense", "lexical", "lexical among named"]
    assert list(found.ranked) == ["fused", "rerank"]


def test_of_several_losses_the_first_step_counts():
    assert earliest([Lost.CUT, None, Lost.SPLIT]) is Lost.SPLIT
    assert earliest([None, None]) is None


def test_each_loss_has_a_saying():
    assert set(SAYINGS) == set(Lost)
