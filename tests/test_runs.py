import io
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from index.errors import FootnoteError, UsageError
from index.records import Article, Hit, Overview, Passage
from rag.answers import Answer, Citation, Refusal
from rag.evals.comparisons import as_json as comparison_as_json
from rag.evals.comparisons import compare, detectable, randomization
from rag.evals.measures import measure
from rag.evals.reports import comparison_report, run_report
from rag.evals.runs import Row, Run, as_json, latencies, load, means, run, save
from rag.evals.sets import EvalQuestion, GoldSpan, QuestionSet

FOLDER = Path("/articles")
TEXTS = {
    "mole.md": "The mole fell in August. It was rebuilt by May.",
    "ferry.md": "The ferry sails at seven. It costs two pounds.",
}
FELL = EvalQuestion(
    "fell",
    "When did the mole fall?",
    "single",
    answerable=True,
    relevance={"mole.md": 1},
    spans=(GoldSpan("mole.md", "The mole fell in August.", 0),),
    answers=("AUGUST",),
)
FARE = EvalQuestion(
    "fare",
    "What is the fare?",
    "single",
    answerable=True,
    relevance={"ferry.md": 1},
    spans=(GoldSpan("ferry.md", "It costs two pounds."),),
    answers=("two  pounds",),
)
SANG = EvalQuestion("sang", "Who sang?", "unanswerable", answerable=False)
SET = QuestionSet("quay", FOLDER, "0" * 32, (FELL, FARE, SANG))
MEASURES = [measure("hit@1"), measure("MRR@10")]


def hit(document, start, end):
    article = Article(document, f"{FOLDER}/{document}", document, TEXTS[document])
    return Hit(Passage(f"{document}:{start}", article.id, "r", start, end, article.text[start:end]), article, 1.0, "")


FALL, MAY, SEVEN, POUNDS = (
    hit("mole.md", 0, 24),
    hit("mole.md", 25, 47),
    hit("ferry.md", 0, 25),
    hit("ferry.md", 26, 46),
)


def find(question):
    """Finds the ferry's other passage before the mole, for every question."""
    return (SEVEN, FALL, MAY)


def finds_first(question):
    """Finds the right passage first."""
    return (POUNDS, SEVEN) if "fare" in question.text else (FALL, MAY)


def ask(question):
    """Quotes what fell for the first question, and refuses the others."""
    hits = find(question)
    refusal = None if "fall" in question.text else Refusal.NOT_SUPPORTED
    quote = FALL.article.text[9:24]
    source = FALL.article.source
    cited = Citation(1, FALL.passage.id, "mole.md", "r", 9, 24, quote, "", source, None, None, "", None)
    overview = Overview(2, 4, None, None, 2, 1)
    return Answer(question, question.text, (), () if refusal else (cited,), hits, overview, "fake", refusal)


def values_of(found, name):
    return {row.id: row.values[name] for row in found.rows if name in row.values}


def text_of(renderable):
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(renderable)
    return console.export_text()


def a_run(*values, name="hit@1", digest="d"):
    rows = [Row(f"q{n}", f"Question {n}?", "single", True, 0.01, ("x",), {name: v}) for n, v in enumerate(values)]
    return Run("quay", digest, tuple(rows))


def test_a_document_is_ranked_by_its_best_passage():
    assert run(find, SET, MEASURES).rows[0].ranking == ("ferry.md", "mole.md")


def test_each_answerable_question_has_its_values():
    found = run(find, SET, MEASURES)
    assert values_of(found, "hit@1") == {"fell": 0, "fare": 1}
    assert values_of(found, "MRR@10") == {"fell": 1 / 2, "fare": 1}


def test_the_right_document_is_not_yet_the_right_passage():
    assert values_of(run(find, SET, MEASURES), "span-recall@10") == {"fell": 1, "fare": 0}


def test_only_the_first_ten_passages_count_for_span_recall():
    late = run(lambda question: (SEVEN,) * 10 + (FALL, POUNDS), SET, MEASURES)
    assert values_of(late, "span-recall@10") == {"fell": 0, "fare": 0}


def test_an_unanswerable_question_is_counted_and_not_scored():
    row = run(find, SET, MEASURES).rows[2]
    assert (row.answerable, row.values, row.error) == (False, {}, "")


def test_a_question_that_found_nothing_counts_zero():
    found = run(lambda question: (), SET, MEASURES)
    assert values_of(found, "MRR@10") == {"fell": 0, "fare": 0}


def test_a_question_that_fails_is_an_error_and_in_no_mean():
    def breaks(question):
        if "fare" in question.text:
            raise OSError("the disk is gone")
        return find(question)

    found = run(breaks, SET, MEASURES)
    assert [(row.id, row.error, row.values) for row in found.errors] == [("fare", "OSError: the disk is gone", {})]
    assert means(found.rows)["MRR@10"].n == 1
    assert latencies(found.rows)["retrieval"].n == 2


def test_gold_that_no_longer_stands_in_its_article_is_an_error():
    moved = replace(FELL, spans=(GoldSpan("mole.md", "The mole fell in August.", 1),))
    found = run(find, replace(SET, questions=(moved,)), MEASURES)
    assert "mole.md at 1 does not stand there" in found.errors[0].error


def test_the_chain_is_asked_with_the_earlier_questions():
    asked = []
    later = replace(FELL, earlier=("What is the mole?",))
    run(lambda question: asked.append(question.earlier) or (), replace(SET, questions=(later,)), MEASURES)
    assert asked == [("What is the mole?",)]


def test_answers_are_counted_beside_what_was_found():
    found = run(find, SET, MEASURES, ask=ask)
    assert values_of(found, "answer rate") == {"fell": 1, "fare": 0}
    assert values_of(found, "answer text found") == {"fell": 1, "fare": 0}
    assert values_of(found, "gold cited") == {"fell": 1, "fare": 0}
    assert values_of(found, "refusal rate") == {"sang": 1}
    assert [(row.answered.refused, row.answered.citations) for row in found.rows] == [(False, 1), (True, 0), (True, 0)]


def test_a_quote_from_another_part_of_the_gold_article_is_not_gold():
    elsewhere = replace(FELL, spans=(GoldSpan("mole.md", "It was rebuilt by May."),))
    assert values_of(run(find, replace(SET, questions=(elsewhere,)), ask=ask), "gold cited") == {"fell": 0}


def test_without_spans_a_citation_of_a_relevant_document_is_gold():
    judged = replace(FELL, spans=())
    assert values_of(run(find, replace(SET, questions=(judged,)), ask=ask), "gold cited") == {"fell": 1}


def test_progress_is_told_before_each_question():
    told = []
    run(find, SET, progress=lambda step, done, total: told.append((step, done, total)))
    assert told == [("asking", 0, 3), ("asking", 1, 3), ("asking", 2, 3)]


def test_a_saved_run_is_loaded_as_it_was(tmp_path):
    made = run(find, SET, MEASURES, ask=ask, about={"model": "words"})
    save(made, tmp_path / "runs" / "a.json")
    assert load(tmp_path / "runs" / "a.json") == made


def test_a_run_file_can_be_read_without_footnote(tmp_path):
    save(run(find, SET, MEASURES, about={"model": "words"}), tmp_path / "a.json")
    values = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert values["schema"] == 1
    assert values["n"] == {"questions": 3, "answerable": 2, "errors": 0}
    assert values["means"]["MRR@10"]["value"] == 3 / 4
    assert values["about"] == {"model": "words"}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("not json", "is not a run file"),
        ("[]", "is not a run file of schema 1, its schema is None"),
        ('{"schema": 2}', "its schema is 2"),
        ('{"schema": 1}', "is a damaged run file: KeyError"),
    ],
)
def test_a_file_that_is_no_run_is_refused(tmp_path, content, complaint):
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    with pytest.raises(FootnoteError, match=complaint):
        load(tmp_path / "a.json")


def test_a_run_file_that_is_not_there_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "a.json")


def test_a_run_is_identical_to_itself():
    made = run(find, SET, MEASURES)
    change = compare(made, made).changes[0]
    assert (change.verdict, change.p, change.delta.value, change.ties) == ("identical", 1.0, 0.0, 2)
    assert compare(made, made).flips == ()


def test_many_wins_without_a_loss_are_better():
    before, after = a_run(*[0.0] * 8, *[1.0] * 12), a_run(*[1.0] * 20)
    change = compare(before, after).changes[0]
    # All 8 signs fall one way in 2 of 256 cases, so p is close to .0078.
    assert change.p == pytest.approx(2 / 256, abs=0.004)
    assert (change.delta.value, change.wins, change.ties, change.losses) == (8 / 20, 8, 12, 0)
    assert change.verdict == "better"
    assert compare(after, before).changes[0].verdict == "worse"


def test_one_win_in_twenty_is_inconclusive():
    change = compare(a_run(0.0, *[1.0] * 19), a_run(*[1.0] * 20)).changes[0]
    # The sign of a single difference has no unlikely value.
    assert (change.verdict, change.p) == ("inconclusive", 1.0)


def test_a_p_is_never_zero():
    assert randomization([1.0] * 100) == 1 / 10_001


def test_the_smallest_detectable_difference_is_2_8_standard_errors():
    # Deltas 1, 0, 0, 0: mean 1/4, variance (9/16 + 3/16) / 3 = 1/4, sd 1/2, standard error 1/4.
    assert detectable([1.0, 0.0, 0.0, 0.0]) == pytest.approx(2.8 / 4)
    assert detectable([1.0]) is None


def test_identical_systems_are_rarely_told_apart():
    chance = random.Random(11)
    told = sum(randomization([chance.choice([-1.0, 0.0, 1.0]) for _ in range(40)]) < 0.05 for _ in range(200))
    assert told <= 18  # 5 % of 200 is 10, and 18 or fewer come up in 99 of 100 cases


def test_flips_are_listed_with_the_worst_first_and_what_came_instead():
    before, after = run(find, SET, MEASURES), run(lambda question: (FALL, SEVEN), SET, MEASURES)
    flips = compare(before, after).flips
    assert [(flip.id, flip.a, flip.b) for flip in flips] == [("fare", 1, 0), ("fell", 0, 1)]
    assert (flips[0].first_a, flips[0].first_b) == ("ferry.md", "mole.md")


def test_runs_on_different_questions_are_not_compared():
    with pytest.raises(UsageError, match="different questions"):
        compare(a_run(1.0, digest="a"), a_run(1.0, digest="b"))
    with pytest.raises(UsageError, match="same questions"):
        compare(a_run(1.0), a_run(1.0, 1.0))
    with pytest.raises(UsageError, match="no measure in common"):
        compare(a_run(1.0), a_run(1.0, name="MRR@10"))


def test_a_run_with_failed_questions_is_not_compared():
    failed = replace(
        a_run(1.0, 1.0), rows=(a_run(1.0).rows[0], replace(a_run(1.0, 1.0).rows[1], error="no", values={}))
    )
    with pytest.raises(UsageError, match="1 questions failed"):
        compare(a_run(1.0, 1.0), failed)


def test_a_comparison_is_plain_json():
    found = compare(run(find, SET, MEASURES), run(finds_first, SET, MEASURES))
    assert json.loads(json.dumps(comparison_as_json(found)))["changes"][0]["verdict"] == "inconclusive"


def test_a_report_shows_each_mean_with_its_interval_and_count():
    shown = text_of(run_report(run(find, SET, MEASURES, ask=ask, about={"model": "words"})))
    line = next(line for line in shown.splitlines() if "MRR@10" in line)
    assert line.split()[-6:] == ["MRR@10", "0.750", "0.500", "to", "1.000", "2"]
    assert "2 answerable, 1 unanswerable, 0 failed" in shown
    assert "model words" in shown


def test_a_report_names_the_questions_that_failed():
    def breaks(question):
        raise OSError("the disk [bold] is gone")

    shown = text_of(run_report(run(breaks, SET, MEASURES)))
    assert "0 failed" not in shown
    assert "OSError: the disk [bold] is gone" in shown


def test_a_comparison_report_shows_the_verdict_and_the_flips():
    shown = text_of(comparison_report(compare(run(find, SET, MEASURES), run(finds_first, SET, MEASURES))))
    assert "inconclusive" in shown
    assert "When did the mole fall?" in shown


def test_a_run_is_plain_json():
    assert json.loads(json.dumps(as_json(run(find, SET, MEASURES))))["set"] == {"name": "quay", "digest": "0" * 32}
