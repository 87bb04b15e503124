from collections import Counter
from dataclasses import replace

from test_training_nulls import ASKED, FAR, HERE, NEXT, SOURCE

from training.examples import Asked, Passage, QuestionFolder, split
from training.mix import Mix, Proportions, held_out, sources

NOTHING = Asked("n", "Who sank the lighthouse?", HERE)


def test_a_chunk_can_be_made_without_those_before():
    first, second = (Mix([SOURCE] * 5, [NOTHING], Proportions(), seed=1) for _ in range(2))
    first.chunk(0)
    assert first.chunk(1) == second.chunk(1)
    assert second.chunk(1) != second.chunk(0)


def test_a_pass_shows_each_question_as_often_as_the_proportions_say():
    proportions = Proportions(nulls=0.0, titled=2, adversarial=3)
    shown = Counter(e.origin for e in Mix([SOURCE], [NOTHING], proportions, seed=1).chunk(0))
    assert shown == {"q": 2, "n": 3}


def test_kinds_can_be_left_out_to_see_what_they_are_worth():
    kept = Proportions().without(["mined", "adversarial"])
    assert kept.kinds.keys() == Proportions().kinds.keys() - {"mined"}
    shown = Mix([SOURCE] * 100, [NOTHING], kept, seed=1).chunk(0)
    assert {e.origin for e in shown} == {"q"}
    assert "mined" not in {e.kind for e in shown}


def test_with_a_null_for_each_answer_half_of_what_is_shown_has_none():
    shown = Mix([SOURCE] * 100, [], Proportions(nulls=1.0, titled=1), seed=1).chunk(0)
    assert sum(e.answer is None for e in shown) == 100
    assert len(shown) == 200


class Wider:
    """Knows one synonym of one word of the question."""

    def of(self, word):
        return ["initiated"] if word == ASKED.text.split()[1] else []


def test_where_there_are_synonyms_a_share_is_asked_in_other_words():
    proportions = Proportions(nulls=0.0, twins=0.0, titled=1, adversarial=1, reworded=0.5)
    shown = Mix([SOURCE] * 100, [], proportions, seed=1, synonyms=Wider()).chunk(0)
    other = [e for e in shown if "initiated" in e.question]
    assert 20 <= len(other) <= 60
    assert {(e.origin, e.text[slice(*e.answer)]) for e in shown} == {(ASKED.id, ASKED.answers[0])}
    assert all(e.question in {ASKED.text, other[0].question} for e in shown)


def test_near_passages_are_others_of_the_article_and_others_by_words():
    folder = QuestionFolder("s", (HERE, NEXT, FAR), (ASKED, NOTHING), {"Ada": (HERE, NEXT), "Oak": (FAR,)})
    made = sources(folder, folder.asked)
    assert [s.asked.id for s in made] == ["q"]
    assert made[0].beside == (NEXT,)
    assert HERE not in made[0].mined


def test_what_is_held_out_has_nulls_and_is_not_trained_on():
    passages = [Passage(f"p{n}", "", "", HERE.text) for n in range(40)]
    folder = QuestionFolder("s", tuple(passages), tuple(replace(ASKED, id=p.id, passage=p) for p in passages), {})
    shown = held_out([folder], 20, seed=1)
    assert {e.answer is None for e in shown} == {True, False}
    assert not {e.origin for e in shown} & {one.id for one in split(folder)[0]}
