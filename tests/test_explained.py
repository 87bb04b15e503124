from dataclasses import replace

from rag.evals.explained import explanation_text, summary_text
from rag.evals.explanations import Explanation, Gold, Seen, Summary
from rag.evals.losses import Lost, Ranks

STEPS = {"dense": 3, "lexical": None, "fused": 12}
GOLD = Gold("ferry.md", "A ticket costs two crowns.", Ranks(STEPS, 12), (0, 65), 5, lost=Lost.FUSION)
SEEN = Seen(1, "The mole", "/articles/mole.md", 0, 24, "The mole fell\x1b[31m in August.", {"dense": 1, "fused": 1})
FARE = Explanation("fare", "What is the fare?", "single", True, "What is the fare?", (GOLD,), (SEEN,), Lost.FUSION, "")


def test_an_explanation_says_where_each_place_stood_and_where_it_was_lost():
    text = explanation_text(FARE, 10)
    for line in [
        "fare  What is the fare?",
        "gold 1: ferry.md, “A ticket costs two crowns.”",
        "    dense 3 · lexical – · fused 12 · found 12",
        "    its passage goes from 0 to 65; the nearest border is 5 characters away",
        "    LOST: lost in fusion: a finder had it among the first 10, and the fused list has not",
        "answered: no: the articles do not say",
        "  1  The mole  (dense 1 · fused 1)",
    ]:
        assert line in text.splitlines()


def test_nothing_in_an_article_commands_the_terminal():
    assert "\x1b" not in explanation_text(FARE, 10)


def test_a_place_that_was_not_read_is_told():
    gold = replace(GOLD, ranks=Ranks({"fused": 8}, 8), lost=Lost.READER)
    text = explanation_text(replace(FARE, golds=(gold,), lost=Lost.READER, read=6), 10)
    assert "    it was not read: an answer rests on the first 6 passages" in text.splitlines()
    assert "was not read" not in explanation_text(replace(FARE, golds=(gold,), lost=Lost.READER, read=8), 10)


def test_what_was_searched_for_is_shown_where_it_is_another_text():
    assert "searched for" not in explanation_text(FARE, 10)
    later = Explanation("", "And then?", "single", True, "What is the fare? And then?", (), (), None)
    assert "searched for: What is the fare? And then?" in explanation_text(later, 10)
    assert "Nothing was found." in explanation_text(later, 10)


def test_a_summary_counts_the_questions_lost_at_each_step_and_names_some():
    lost = tuple(Explanation(f"q{n}", f"Why {n}?", "single", True, "", (), (), Lost.CUT) for n in range(12))
    text = summary_text(Summary("quay", 10, 40, (*lost, FARE)))
    assert text.startswith("quay: 40 answerable questions, 27 with all gold among the first 10\n")
    assert "   12  cut by k: it was found, and never among the first k" in text
    assert "         q9  Why 9?" in text
    assert "q10" not in text
    assert "and 2 more; --json has all" in text
    assert text.index("lost in fusion") < text.index("cut by k")
