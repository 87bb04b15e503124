import pytest

from rag.reading.wanted import Wanted, of_kind, wanted

SPANS = (
    "Who resigned?", "When did the mole fall?", "Where is the ferry?", "What is the fare?", "Which company built it?",
    "How many were hurt?", "How old is the mole?", "How much did it cost?", "Whose barge was it?", "The ferry",
    "War in Sudan: who leads the army?", "Wer ist zurückgetreten?", "Wann fiel die Mole?", "Was kostet die Fähre?",
    "Was sagte der Bürgermeister?", "Wie viele wurden verletzt?", "Wie lang ist die Mole?", "Wie heißt der Hafen?", "",
)  # fmt: skip
DECISIONS = (
    "Is the mole open?", "Was the mole rebuilt?", "Did the ferry sail?", "Didn't it sail?", "Isn’t it open?",
    "Has anyone been hurt?", "Can I take a bicycle?", "Can't it sail?", "Won't it sail?", "Will it be rebuilt?",
    "Should it be rebuilt?", "Are there any ferries?", "Ist die Mole offen?", "Hat jemand angerufen?",
    "War die Fähre pünktlich?", "Gibt es eine Fähre?", "Wurde die Mole gebaut?", "Kann sie fahren?",
)  # fmt: skip
SEVERALS = (
    "Why did the mole fall?", "How did it fall?", "How is it rebuilt?", "What happened in the harbour?",
    "What were the causes?", "What reasons did he give?", "Which countries took part?", "List the ferries.",
    "Summarise the inquiry", "Tell me about the mole", "Explain the strike", "What do I know about moles?",
    "What does the mayor think of the plan?", "Warum fiel die Mole?", "Wie fiel die Mole?", "Was ist passiert?",
)  # fmt: skip
KINDS = [
    *((question, Wanted.SPAN) for question in SPANS),
    *((question, Wanted.DECISION) for question in DECISIONS),
    *((question, Wanted.SEVERAL) for question in SEVERALS),
]


@pytest.mark.parametrize(("question", "kind"), KINDS)
def test_the_beginning_of_a_question_says_what_it_wants(question, kind):
    assert wanted(question) is kind


@pytest.mark.parametrize(
    "opening",
    [
        "And {}", "But {}", "So, {}", "Hi, {}", "Okay, and {}", "According to the mayor, {}", "In May 2025, {}",
        "After the storm, {}", "Und {}", "  {}",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("question", "kind"),
    [("who resigned?", Wanted.SPAN), ("did it sail?", Wanted.DECISION), ("why did it fall?", Wanted.SEVERAL)],
)
def test_what_stands_before_a_question_changes_nothing(opening, question, kind):
    assert wanted(opening.format(question)) is kind


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Can you tell me who resigned?", Wanted.SPAN),
        ("Tell me when it sails", Wanted.SPAN),
        ("Do you know where it is?", Wanted.SPAN),
        ("Can you tell me if it sails?", Wanted.DECISION),
        ("Do you know whether it sails?", Wanted.DECISION),
        ("Could you please tell me why it fell?", Wanted.SEVERAL),
        ("Can you tell me about the mole?", Wanted.SEVERAL),
        ("Can you explain the strike?", Wanted.SEVERAL),
        ("I’d like to know how it fell", Wanted.SEVERAL),
    ],
)
def test_a_polite_question_wants_what_the_plain_one_does(question, kind):
    assert wanted(question) is kind


def test_a_condition_is_no_decision():
    assert wanted("If the mole falls, who pays?") is Wanted.SPAN


def test_words_that_only_begin_like_an_opening_are_none():
    assert wanted("Sowhy did it fall?") is wanted("Butwill it sail?") is Wanted.SPAN


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("May 2025 floods: how many died?", Wanted.SPAN),
        ("May's inflation figure?", Wanted.SPAN),
        ("War veterans: where do they live?", Wanted.SPAN),
        ("Can you find out who resigned?", Wanted.SPAN),
        ("Could you say when it sails?", Wanted.SPAN),
        ("Does the article say who resigned?", Wanted.SPAN),
        ("Was the mole built in 1934 or 1936?", Wanted.SPAN),
        ("Was will der Bürgermeister?", Wanted.SPAN),
        ("How strong was the storm?", Wanted.SPAN),
        ("Name the mayor", Wanted.SPAN),
        ("Tell me the fare", Wanted.SPAN),
        ("Which town was flooded?", Wanted.SPAN),
        ("Which bus goes there?", Wanted.SPAN),
        ("May I take a dog?", Wanted.DECISION),
        ("Is it true or not?", Wanted.DECISION),
        ("Which towns were flooded?", Wanted.SEVERAL),
        ("Who were the victims?", Wanted.SEVERAL),
        ("What was the cause of the fire?", Wanted.SEVERAL),
        ("For what reason did it fall?", Wanted.SEVERAL),
        ("What's happening in Kyiv?", Wanted.SEVERAL),
        ('"Why did it fall?"', Wanted.SEVERAL),
        ("- why did it fall", Wanted.SEVERAL),
    ],
)
def test_the_rest_of_a_question_is_read_too(question, kind):
    assert wanted(question) is kind


@pytest.mark.parametrize(
    ("question", "short", "fits"),
    [
        ("Where is it?", "Paris", 1), ("Who spoke?", "Zelenskyy", 1), ("Who spoke?", "the mayor", 0),
        ("How many came?", "twenty", 1), ("How long is it?", "thirty metres", 1), ("How many came?", "nobody", 0),
        ("When was it?", "1450", 1), ("When was it?", "on Monday", 1), ("When was it?", "in a storm", 0),
        ("What broke?", "a gauge", 0.5),
        ("How old is she?", "17", 1), ("How old is she?", "17 years", 1), ("How old is she?", "17 metres", 0),
        ("How fast is it?", "12 knots", 1), ("How fast is it?", "120 km/h", 1), ("How fast?", "34 crossings", 0.5),
        ("How tall is it?", "six feet", 1), ("How tall is it?", "six years", 0), ("How deep is it?", "12-metre", 1),
        ("How long did it take?", "two hours", 1), ("How long is it?", "12 metres", 1), ("How long?", "57 laps", 0.5),
        ("How hot is it?", "25°C", 1), ("How hot is it?", "5,500 kelvin", 1), ("How hot is it?", "three hours", 0),
        ("How fast do prices rise?", "3.2 per cent", 1), ("How far did shares fall?", "$1.07", 1),
        ("How far is it?", "12 nautical miles", 0.5), ("How long is it?", "20 mins", 1), ("How old?", "nobody", 0),
    ],
)  # fmt: skip
def test_a_short_answer_is_of_the_kind_that_is_asked_for_or_not(question, short, fits):
    assert of_kind(question, short) == fits


def test_a_long_question_is_read_at_once():
    assert wanted("and " * 20_000 + "why?") is Wanted.SEVERAL
