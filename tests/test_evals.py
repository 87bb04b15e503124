"""The evals as they are drawn: what is said, and that other people's text is only text."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from html import unescape

import pytest
from scripted_page import PAYLOADS

from page import evals, marks
from page.drawings import drawing_html
from page.making import making_html
from rag import plots
from rag.measured import (
    Asked,
    Difference,
    Drawing,
    Found,
    Going,
    Latency,
    Line,
    Mark,
    Mean,
    Offered,
    Place,
    Sheet,
    Traced,
    Turned,
    Versus,
    Wanted,
)

EVIL = " ".join(PAYLOADS)
MEAN = Mean(0.84, 0.75, 0.91, 81)
LINE = Line(
    "a1" * 6, "seeds", datetime(2026, 11, 28, 12, tzinfo=UTC), "d" * 32, 106, 0,
    {"recall@10": MEAN, "refusal rate": Mean(0.4, 0.2, 0.6, 25)}, Latency(0.12, 1.5, 2, 106), {"settings": "read=3"},
)  # fmt: skip
BAD = replace(LINE, name=EVIL, made={"settings": EVIL, EVIL: EVIL})
ASKED = Asked(7, "q7", "When did it fall?", "single", True, "nothing relevant found", 0.0, None, "In August.")
EVIL_ASKED = replace(ASKED, id=EVIL, text=EVIL, kind=EVIL, fault=EVIL, said=EVIL)
MARK = Mark("b2" * 8, "When did it fall?", (), "When did the mole fall?", date(2024, 9, 3), "In July.",
            (("The mole", "In July."),), datetime(2024, 9, 3, tzinfo=UTC))  # fmt: skip
PLOT = plots.against_latency([("A", 0.1, MEAN, 0), ("B", 0.2, MEAN, 1)], "nDCG@10")
DRAWING = Drawing("Quality", "Up is better.", PLOT, ("run", "nDCG@10"), (("A", "0.840"), ("B", "0.840")))
EVIL_PLOT = plots.against_latency([(EVIL, 0.1, MEAN, 0), (EVIL, 0.9, MEAN, 1)], EVIL)
EVIL_DRAWING = Drawing(EVIL, EVIL, EVIL_PLOT, (EVIL, EVIL), ((EVIL, EVIL),))


def said(html):
    """The words, as a reader sees them."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).replace("\xa0", " ").split())


DRAWN = {
    "home": evals.home_html(
        [Offered("c3" * 6, EVIL, EVIL, 3, 1), Offered("c4" * 6, EVIL, EVIL, trouble=EVIL)],
        [BAD, replace(BAD, trouble=EVIL)], [EVIL_DRAWING], [replace(MARK, question=EVIL)], busy=False,
    ),
    "going": evals.going_html(Going(EVIL, EVIL, 3, 7)) + evals.ended_html(EVIL) + evals.trouble_html(EVIL),
    "sheet": evals.sheet_html(
        Sheet(BAD, EVIL, EVIL, {EVIL: {EVIL: MEAN}}, {EVIL: LINE.time}, (EVIL_DRAWING,), (EVIL_ASKED,)), [BAD]
    ),
    "versus": evals.versus_html(
        Versus(BAD, BAD, EVIL, (Difference(EVIL, MEAN, MEAN, MEAN, 1, 0, 1, 0, EVIL),), EVIL,
               (Turned(1, EVIL, EVIL, 1, 0),), (Turned(1, EVIL, EVIL, 0, 1),))
    ) + evals.versus_html(Versus(BAD, BAD, EVIL, incomparable=EVIL)),
    "trace": evals.traced_html(
        Traced(BAD, EVIL_ASKED, EVIL, (Wanted(EVIL, EVIL, {EVIL: 1}, 2, EVIL, EVIL),),
               (Found(1, EVIL, "e" * 32, EVIL, {EVIL: 1}),), EVIL, EVIL)
    ),
    "marks": marks.marks_html([replace(MARK, question=EVIL, note=EVIL)]),
    "mark": marks.mark_html(
        replace(MARK, question=EVIL, searched_for=EVIL, said=EVIL, cited=((EVIL, EVIL),), note=EVIL),
        [Place(0, EVIL, None, (EVIL,))],
    ) + marks.mark_html(replace(MARK, verdict="answerable", answer=EVIL, places=((EVIL, EVIL),)), []),
}  # fmt: skip


@pytest.mark.parametrize("view", DRAWN)
def test_the_text_of_others_is_text_and_nothing_else(view):
    """Whatever of it could be markup is written as a character reference, in attributes too."""
    assert unescape(DRAWN[view]).count(PAYLOADS[0]) >= 1
    drawn = DRAWN[view].replace(making_html(), "")  # a form of ours, in which nothing is of others
    for active in ("<script", "<img", "<form", "<iframe", "${", "{{", "`", 'href="http'):
        assert active not in drawn
    tags = set(re.findall(r"<([a-z]+[0-9]?)", drawn))
    assert tags <= {
        "a", "b", "blockquote", "circle", "dd", "desc", "details", "div", "dl", "dt", "figcaption", "figure", "g", "h2",
        "h3", "i", "input", "li", "line", "ol", "p", "path", "progress", "small", "span", "summary", "svg", "table",
        "tbody", "td", "text", "th", "thead", "title", "tr", "ul",
    }  # fmt: skip
    attributes = set(re.findall(r'\s([a-zA-Z-]+)="', drawn))
    assert not {name for name in attributes if name.startswith("on")} | (attributes & {"src", "style", "action"})


def test_without_sets_and_runs_the_room_says_what_to_do():
    told = said(evals.home_html([], [], [], [], busy=False))
    assert "Make one from your articles, add one of your own" in told
    assert "None yet. A run asks every question of a set" in told


def test_a_run_is_a_line_with_its_figures_and_their_intervals():
    told = said(evals.home_html([], [LINE], [], [], busy=False))
    assert "Seeds · 106 questions · read=3 0.84 0.75–0.91 – – 0.40 0.20–0.60 120 ms 1.5 s" in told


def test_a_set_cannot_be_run_while_a_run_is_going_on():
    offered = [Offered("c3" * 6, "seeds", "the articles", 106, 25)]
    link = f'href="#evals-start-{"c3" * 6}"'
    assert link in evals.home_html(offered, [], [], [], busy=False)
    assert link not in evals.home_html(offered, [], [], [], busy=True)


def test_progress_says_how_far_it_is_and_can_be_ended_once():
    html = evals.going_html(Going("seeds", "asking", 3, 106))
    assert said(html) == "Seeds Asking 3 of 106 Cancel"
    assert said(evals.going_html(Going("seeds", "asking", 3, 106, cancelled=True))) == "Seeds Ending"
    assert evals.ended_html("") == ""


def test_a_plot_has_a_name_a_description_and_a_table():
    html = drawing_html(DRAWING, "0")
    assert '<svg class="plot" viewBox="0 0 420 250" role="img" aria-labelledby="plot-0-t plot-0-d">' in html
    assert '<title id="plot-0-t">Quality</title>' in html
    assert said(re.search("<desc.*?</desc>", html)[0]).startswith("A: nDCG@10 0.840 (0.750 to 0.910), p95 100 ms; B: ")
    assert said(re.search("<table.*</table>", html)[0]) == "run nDCG@10 A 0.840 B 0.840"


def test_the_sheet_leads_to_the_questions_that_went_wrong_and_to_other_runs():
    other = replace(LINE, id="f6" * 6)
    html = evals.sheet_html(Sheet(LINE, "106 questions.", "nDCG@10", {}, {}, (), (ASKED,)), [other])
    assert f'href="#evals-trace-{LINE.id}-7"' in html
    assert f'href="#evals-versus-{other.id}-{LINE.id}"' in html
    assert "single · nothing relevant found" in said(html)


def test_a_lost_place_shows_the_step_at_which_it_was_lost():
    wanted = Wanted("mole.md", "The mole fell.", {"dense": 4, "lexical": None}, 12, "lost in ranking", "it fell behind")
    html = evals.traced_html(Traced(LINE, ASKED, ASKED.text, (wanted,), (), "In July."))
    kinds = re.findall(r'<li class="(passed|lost|ahead)">', html)
    assert kinds == ["passed"] * 4 + ["lost"] + ["ahead"] * 2
    assert "Lost: it fell behind. Ranks: dense 4, lexical –, in the end 12." in said(html)


def test_runs_that_cannot_be_compared_say_why():
    told = said(evals.versus_html(Versus(LINE, LINE, "", incomparable="They asked other questions.")))
    assert "They are not compared. They asked other questions." in told


def test_what_is_to_be_judged_stands_before_what_was_judged():
    judged = replace(MARK, id="c7" * 8, question="Who sang?", verdict="unanswerable")
    told = said(marks.marks_html([judged, MARK]))
    assert told.index("to be judged · 3 Sep 2024") < told.index("your articles do not say · 3 Sep 2024")


def test_each_sentence_that_may_answer_is_a_link_that_says_so():
    html = marks.mark_html(MARK, [Place(2, "The mole", date(2024, 8, 27), ("It fell.", "It rose."))])
    assert f'<a href="#evals-gold-{MARK.id}-2-1">It rose&#46;</a>' in html
    assert "My articles do not say" in said(html)


def test_a_judged_answer_shows_what_was_judged_and_can_be_judged_again():
    judged = replace(MARK, verdict="answerable", answer="August", places=(("The mole", "It fell in August."),))
    html = marks.mark_html(judged, [])
    assert "What is right Your articles say. August It fell in August." in said(html)
    assert f'href="#evals-again-{MARK.id}"' in html
