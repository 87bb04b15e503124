import io

from conftest import MEASURES, SET, ask, find, finds_first
from rich.console import Console

from rag.evals.comparisons import compare
from rag.evals.reports import comparison_report, run_report
from rag.evals.runs import run


def text_of(renderable):
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(renderable)
    return console.export_text()


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
