import pytest

from rag.evals.judging import Judgement, Session, judge, read, shown
from rag.evals.pools import Candidate
from rag.evals.sets import EvalQuestion

TEXT = "The ferry sails at noon. A ticket costs two crowns."  # characters 0-24 and 25-51
FARE = EvalQuestion("fare", "What is the fare?", "single", answerable=True, earlier=("When does it sail?",))
FELL = EvalQuestion("fell", "What fell?", "single", answerable=True)


def place(question, document="ferry.md", start=100):
    ranges = ((start, start + 24), (start + 25, start + 51))
    return Candidate(question, document, "The ferry", start, start + len(TEXT), TEXT, ranges)


class Kept:
    """Keeps judgements in a list."""

    def __init__(self, known=()):
        self.known = set(known)
        self.kept = []
        self.finished = []

    def knows(self, candidate):
        return candidate.document in self.known

    def keep(self, judgement):
        self.kept.append((judgement.question, judgement.document, judgement.relevant))

    def finish(self, question):
        self.finished.append(question)


def judged(lines, labels, *pools):
    """A session of a person who types these lines."""
    typed, prompts = iter(lines), []

    def ask(prompt):
        prompts.append(prompt)
        return next(typed, None)

    return judge([(name, iter(places)) for name, places in pools], labels, ask), prompts


@pytest.mark.parametrize(
    ("word", "judgement"),
    [
        ("y", Judgement("fare", "ferry.md", 100, 151, TEXT, True)),
        ("n", Judgement("fare", "ferry.md", 100, 151, TEXT, False)),
        ("2", Judgement("fare", "ferry.md", 125, 151, "A ticket costs two crowns.", True)),
        ("1-2", Judgement("fare", "ferry.md", 100, 151, TEXT, True)),
        ("3", None),
        ("0", None),
        ("2-1", None),
        ("perhaps", None),
    ],
)
def test_an_answer_is_of_the_whole_place_or_of_its_sentences(word, judgement):
    assert read(word, place(FARE)) == judgement


def test_each_place_is_shown_with_its_question_and_its_sentences_numbered():
    text = shown(place(FARE), "1 of 2")
    assert text.splitlines()[1:] == [
        "[1 of 2] What is the fare?",
        "    after: When does it sail?",
        "",
        "  The ferry",
        "    1  The ferry sails at noon.",
        "    2  A ticket costs two crowns.",
        "",
        "Does it answer the question? y yes · n no · a number: that sentence answers · s skip · q quit: ",
    ]


def test_every_place_is_kept_before_the_next_is_shown():
    labels = Kept()
    session, prompts = judged(["n", "Y"], labels, ("fare", [place(FARE), place(FARE, "fares.md")]))
    assert labels.kept == [("fare", "ferry.md", False), ("fare", "fares.md", True)]
    assert (session, len(prompts), labels.finished) == (Session(2, 1, 0, 0), 2, ["fare"])


def test_what_was_judged_before_is_not_asked_again():
    labels = Kept(known=["ferry.md"])
    session, prompts = judged(["y"], labels, ("fare", [place(FARE), place(FARE, "fares.md")]))
    assert (session.judged, len(prompts)) == (1, 1)
    assert labels.finished == ["fare"]


def test_a_person_who_quits_leaves_the_rest():
    labels = Kept()
    session, _ = judged(["y", "q"], labels, ("fare", [place(FARE)]), ("fell", [place(FELL), place(FELL, "mole.md")]))
    assert session == Session(1, 1, 0, 1)
    assert labels.finished == ["fare"]


def test_the_end_of_what_is_typed_is_as_good_as_quitting():
    session, _ = judged([], Kept(), ("fare", [place(FARE)]))
    assert session == Session(0, 0, 0, 1)


def test_a_question_with_a_skipped_place_is_not_finished():
    labels = Kept()
    session, _ = judged(["s", "n"], labels, ("fare", [place(FARE), place(FARE, "fares.md")]))
    assert (session, labels.finished) == (Session(1, 0, 1, 0), [])


def test_what_cannot_be_meant_is_asked_again():
    session, prompts = judged(["maybe", "9", "y"], Kept(), ("fare", [place(FARE)]))
    assert (session.judged, len(prompts)) == (1, 3)
    assert prompts[1] == prompts[2] == "y yes · n no · a number: that sentence answers · s skip · q quit: "
