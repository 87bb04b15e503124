import io
import re

from conftest import MEASURES, SET, ask, find, finds_first
from rich.console import Console

from rag.evals.asking import run
from rag.evals.comparisons import compare_all
from rag.evals.reports import comparison_report, run_report


def text_of(renderable):
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(renderable)
    return console.export_text()


def test_a_report_shows_each_mean_with_its_interval_and_count():
    shown = text_of(run_report(run(ask, SET, MEASURES, about={"model": "words"})))
    line = next(line for line in shown.splitlines() if "MRR@10" in line)
    assert line.split()[-8:] == ["MRR@10", "0.750", "0.500", "to", "1.000", "2", "0.500", "0.500"]
    assert "2 answerable, 1 unanswerable, 0 failed" in shown
    assert "model words" in shown
    assert "AUROC of answerable against unanswerable, by confidence: 0.750" in shown
    assert re.search(r"^ *retrieve +250 ms +250 ms +250 ms +3 *$", shown, re.M)


def test_a_report_names_the_questions_that_failed():
    def breaks(question):
        raise OSError("the disk [bold] is gone")

    shown = text_of(run_report(run(breaks, SET, MEASURES)))
    assert "0 failed" not in shown
    assert "OSError: the disk [bold] is gone" in shown


def test_a_comparison_report_shows_the_verdict_and_the_flips():
    first, other = run(find, SET, MEASURES), run(finds_first, SET, MEASURES)
    shown = text_of(comparison_report(compare_all(first, [other, first])))
    (line, _) = (line for line in shown.splitlines() if "MRR@10" in line)
    assert line.split()[:5] == ["MRR@10", "2", "0.750", "1.000", "+0.250"]
    assert line.split()[-1] == "inconclusive"
    assert "When did the mole fall?" in shown
    assert "C - A" in shown


def test_every_run_of_a_comparison_is_shown():
    first = run(find, SET, MEASURES)
    shown = text_of(comparison_report(compare_all(first, [first] * 27)))
    assert re.findall(r"^(Z\d*): 2", shown, re.M) == ["Z", "Z1", "Z2"]
