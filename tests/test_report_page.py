import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from rag.evals.report.findings import findings
from rag.evals.report.page import page
from rag.evals.runs import Answered, Row, Run

WHEN = datetime(2026, 11, 20, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script> \" ' & </style> <img src=x onerror=alert(1)> \u202e"
VOID = {"meta"}


class Page(HTMLParser):
    """What a page holds: its tags, its attributes and its text. A tag that is not closed is told."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        if self.open and self.open[-1] != "style":
            self.texts.append(text)


def row(n, value, *, text="When did the mole fall?", kind="single", sure=0.5):
    values = {"hit@1": float(value == 1), "MRR@10": value, "nDCG@10": value, "answer rate": 1.0, "gold cited": value}
    answered = Answered(False, "In August.", 1, sure)
    return Row(f"q{n}", text, kind, True, {"retrieve": 0.01, "total": 0.02}, ("a.md", "b.md"), values, answered)


def made(values, *, text="When did the mole fall?", days=0):
    rows = tuple(
        row(n, v, text=text, kind=("single", "dates")[n % 2], sure=n / len(values)) for n, v in enumerate(values)
    )
    no = Row(
        "no", "Who sang?", "unanswerable", False, {"total": 0.02}, (), {"refusal rate": 1.0}, Answered(True, "", 0, 0.1)
    )
    return Run("quay", "0" * 32, (*rows, no), {"model": "words"}, {"numpy": "2"}, WHEN + timedelta(days=days))


def text_of(*runs):
    return page(findings([(f"run {n}", run) for n, run in enumerate(runs)]))


ONE = made([1.0, 0.5, 0.25, 0.0])
OTHER = made([1.0, 1.0, 1.0, 0.0], days=1)


@pytest.mark.parametrize("runs", [[ONE], [ONE, OTHER], [ONE, OTHER, made([0.0, 1.0, 0.5, 1.0], days=2)]])
def test_a_page_is_well_formed_and_needs_nothing_else(runs):
    found = Page(text_of(*runs))
    assert found.tags[0] == "html"
    assert not {"script", "link", "iframe", "img", "form", "object", "base"} & set(found.tags)
    assert not [a for a in found.attributes if a[1].startswith("on") or a[1] in ("src", "href", "style")]
    metas = [value for tag, name, value in found.attributes if (tag, name) == ("meta", "content")]
    assert "default-src 'none'; style-src 'unsafe-inline'" in metas


def test_what_others_wrote_is_text_and_nothing_else():
    bad = row(0, 0.0, text=HOSTILE, kind=HOSTILE)
    bad = replace(bad, id=HOSTILE, ranking=(HOSTILE,), answered=replace(bad.answered, said=HOSTILE))
    run = Run(
        HOSTILE, "0" * 32, (bad, replace(row(1, 1.0), kind="dates")), {HOSTILE: HOSTILE}, {HOSTILE: HOSTILE}, WHEN
    )
    failed = replace(run, rows=(replace(bad, error=HOSTILE, values={}, answered=None), run.rows[1]))
    for text in (text_of(run), text_of(run, replace(run, rows=(row(0, 1.0), run.rows[1]))), text_of(failed)):
        found = Page(text)
        assert not {"script", "img"} & set(found.tags)
        assert not [a for a in found.attributes if a[1].startswith("on")]
        assert any("<script>alert(1)</script>" in shown for shown in found.texts)
        assert "\u202e" not in text


def test_a_page_shows_each_mean_with_its_interval_and_count():
    shown = " ".join(" ".join(Page(text_of(ONE)).texts).split())
    # (1 + .5 + .25 + 0) / 4
    assert re.search(r"nDCG@10 0\.438 0\.\d{3} to \d\.\d{3} 4 0\.000 0\.250", shown)
    assert "5 questions, 4 of them with an answer in the articles; none failed." in shown


def test_the_plots_of_one_run():
    titles = re.findall(r"<figcaption><b>(.*?)</b>", text_of(ONE))
    assert titles == [
        "Quality against latency", "Where the first relevant document stood", "Risk and coverage",
        "How long a question took",
    ]  # fmt: skip


def test_three_runs_have_a_history_and_each_its_difference_from_the_first():
    text = text_of(ONE, OTHER, made([0.0, 1.0, 0.5, 1.0], days=2))
    assert "From run to run" in text
    assert len(re.findall(r"<details", text)) == 2
    assert "B − A" in text
    assert "C − A" in text


def test_two_runs_show_the_questions_that_changed():
    shown = " ".join(" ".join(Page(text_of(ONE, OTHER)).texts).split())
    assert "By nDCG@10: B lost on 0 and won on 2" in shown
    assert "0.500 → 1.000" in shown


def test_runs_that_cannot_be_compared_say_why():
    text = text_of(ONE, replace(OTHER, set_digest="1" * 32))
    assert "These runs are not compared: The runs are on different questions" in text


def test_a_run_without_times_has_no_plot_of_them():
    untimed = replace(ONE, rows=tuple(replace(row, timings={}) for row in ONE.rows))
    assert "How long a question took" not in text_of(untimed)


def test_a_run_in_which_nothing_went_wrong_says_so():
    assert "None: every question has all of nDCG@10." in text_of(made([1.0, 1.0]))


def test_a_run_in_which_everything_failed_is_drawn():
    failed = replace(ONE, rows=tuple(replace(row, values={}, answered=None, error="OSError: gone") for row in ONE.rows))
    assert "OSError: gone" in text_of(failed)


def test_a_report_of_2000_questions_stays_under_a_megabyte():
    words = "The inquiry into the crane barge that struck the East Mole heard the harbour master for a second day. "
    runs = [made([n % 7 / 6 for n in range(2_000)], text=words * 3, days=days) for days in (0, 1)]
    assert len(text_of(*runs).encode()) < 1_000_000
