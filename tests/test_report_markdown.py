from dataclasses import replace
from datetime import UTC, datetime

from markdown_it import MarkdownIt

from rag.evals.report.findings import findings
from rag.evals.report.markdown import code, markdown
from rag.evals.runs import Row, Run

WHEN = datetime(2026, 11, 20, tzinfo=UTC)
HOSTILE = "`</td><script>x</script> | @someone [a](http://b) ``` \n# Heading"


def row(n, value, text="When did the mole fall?"):
    values = {"hit@1": float(value == 1), "MRR@10": value, "nDCG@10": value}
    return Row(f"q{n}", text, "single", True, {"total": 0.02}, ("a.md",), values)


def made(*values, text="When did the mole fall?"):
    return Run("quay", "0" * 32, tuple(row(n, value, text) for n, value in enumerate(values)), created=WHEN)


def drawn(text):
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(text)


def test_each_mean_stands_with_its_interval_and_count():
    text = markdown(findings([("a", made(1.0, 0.5, 0.25, 0.25))]))
    assert "| nDCG@10 | 0.500 | 0.250 to 0.812 | 4 |" in text
    assert "4 questions, 4 of them with an answer in the articles; none failed." in text
    assert "| A | 20 ms | 20 ms | 20 ms | 4 |" in text


def test_two_runs_show_the_verdict_and_the_flips():
    text = markdown(findings([("before", made(*[0.5] * 20)), ("after", made(*[1.0] * 20))]))
    assert "- **B** `after`, 2026-11-20 00:00" in text
    assert "| nDCG@10 | **better** | 0.500 | 1.000 | +0.500 | +0.500 to +0.500 | " in text
    assert "20 questions changed; the worst 0 and the best 10." in text
    assert "| 0.50 → 1.00 | `q0` | `When did the mole fall?` | `a.md` |" in text


def test_the_worst_questions_are_listed_with_what_is_wrong():
    text = markdown(findings([("a", made(1.0, 0.5, 0.0))]))
    assert text.index("| 0.000 | nothing relevant found | `q2` |") < text.index("| 0.500 | rank 2 | `q1` |")


def test_nothing_that_others_wrote_is_markup():
    run = replace(made(0.5, 0.0, text=HOSTILE), set_name=HOSTILE)
    html = drawn(markdown(findings([(HOSTILE, run)])))
    assert "<script>" not in html
    assert "<a " not in html
    assert html.count("<h2>") == 1
    assert "<h1>" not in html
    # Every mention stands in code, where it calls nobody.
    assert html.count("@someone") == sum(
        part.split("</code>")[0].count("@someone") for part in html.split("<code>")[1:]
    )


def test_a_code_span_cannot_be_left():
    assert code("plain") == "`plain`"
    assert code("a ` b `` c") == "``` a ` b `` c ```"
    assert code("one\ntwo | three") == "`one two ¦ three`"
    assert len(code("x" * 1_000)) == 162


def test_runs_that_cannot_be_compared_say_why():
    text = markdown(findings([("a", made(1.0)), ("b", replace(made(1.0), set_digest="1" * 32))]))
    assert "These runs are not compared: `The runs are on different questions" in text
