import json
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from index.sources.files import Files
from index.sources.reading import SUFFIXES, read
from index.sources.sightings import Job
from rag.evals.asking import run
from rag.evals.gates import Outcome, judge, rules
from rag.evals.sets import load
from rag.settings import Settings, build

SEEDS = Path(__file__).parent.parent / "seeds"
# The means that `eval run --answers` has on the questions about the seeds, rounded down, and the digest of these.
FLOORS = Path(__file__).parent / "floors.json"
TALKS = "000_590f4cd05c6fd96d.txt"
KINDS = {"single", "several", "dates", "contradiction", "follow-up", "unanswerable"}

# name: (title, author, day, evidence, language, pages)
EXPECTED = {
    TALKS: ("As US-led attempts to negotiate an agreement to end the almost four-year…", None, None, None, "en", 0),
    "2024-01-16-east-mole-survey-repair-plan.txt": (
        "Divers find 42 holes in the East Mole as £6.4m repair plan goes on show",
        "Ines Calloway", date(2024, 1, 16), "byline", "en", 0,
    ),
    "2024-02-08-oyster-beds-closed.md": (
        "Oyster beds shut after 31 fall ill at supper",
        "Wren Hathersall", date(2024, 2, 8), "front matter", "en", 0,
    ),
    "2024-03-12-mole-budget-approved.txt": (
        "Council backs £6.4m mole repair after stormy night in the chamber",
        "Tom Aldritch", date(2024, 3, 12), "byline", "en", 0,
    ),
    "2024-04-19-net-loft-library-opens.html": (
        "The Net Loft opens as Merrowick's new library",
        "Gus Pemberlow", date(2024, 4, 19), "meta tag", "en", 0,
    ),
    "2024-05-03-skippers-dispute-berths.md": (
        "Seventeen boats block slipway in row over summer berths",
        "Ines Calloway", date(2024, 5, 3), "byline", "en", 0,
    ),
    "2024-06-05-grey-heron-electric-refit.txt": (
        "Grey Heron comes home without her engine",
        "Tom Aldritch", date(2024, 6, 5), "byline", "en", 0,
    ),
    "2024-07-15-elf-minuten-ans-andere-ufer.md": (
        "Elf Minuten ans andere Ufer",
        "Katrin Ohlendahl", date(2024, 7, 15), "front matter", "de", 0,
    ),
    "2024-07-29-the-men-who-built-the-east-mole.docx": (
        "The men who built the East Mole",
        "Gus Pemberlow", date(2024, 7, 29), "byline", "en", 0,
    ),
    "2024-08-27-crane-barge-strikes-mole.html": (
        "Two hurt as crane barge breaks loose and strikes East Mole",
        "Ines Calloway", date(2024, 8, 27), "JSON-LD", "en", 0,
    ),
    "2024-09-10-ferry-suspended-long-way-round.txt": (
        "Two weeks without a ferry, and the long way round is 41 miles",
        "Wren Hathersall", date(2024, 9, 10), "byline", "en", 0,
    ),
    "2024-10-14-east-mole-inquiry-first-week.pdf": (
        "Fifty seconds on the telephone: what the East Mole inquiry heard in its first week",
        "Tom Aldritch", date(2024, 10, 14), "byline", "en", 4,
    ),
    "2024-11-22-inquiry-report-harbour-master-resigns.docx": (
        "Harbour master resigns as inquiry finds the crane should never have been working",
        "Ines Calloway", date(2024, 11, 22), "byline", "en", 0,
    ),
    "2024-12-18-mole-new-finish-date.md": (
        "Mole to be finished by the end of May as bill rises to £7.5m",
        "Wren Hathersall", date(2024, 12, 18), "front matter", "en", 0,
    ),
    "quennside-chronicle-ferry-returns-on-batteries.html": (
        "Ferry returns to the Quenn on batteries",
        "Tom Aldritch", date(2024, 6, 7), "meta tag", "en", 0,
    ),
}  # fmt: skip


def seed(name):
    (found,) = read(Job(str(SEEDS / name), SEEDS / name, name))
    return found.article


@pytest.fixture(scope="module")
def articles():
    return {name: seed(name) for name in EXPECTED}


@pytest.fixture(scope="module")
def questions():
    return load(SEEDS).questions


def test_every_seed_but_the_questions_is_an_article():
    files = Files(SEEDS)
    seen = {Path(r.source).name: r.reason for r in files.read(files.scan({}))}
    assert seen == dict.fromkeys(EXPECTED, "") | {"questions.jsonl": "no articles in it: no field that holds a text"}


def test_there_is_a_seed_in_each_format():
    assert {Path(name).suffix for name in EXPECTED} == {".txt", ".md", ".html", ".pdf", ".docx"} <= SUFFIXES


@pytest.mark.parametrize("name", EXPECTED)
def test_a_seed_has_its_title_author_date_language_and_pages(articles, name):
    a = articles[name]
    assert (a.title, a.author, a.published, a.published_from, a.language, len(a.pages)) == EXPECTED[name]


def test_the_article_of_the_issue_is_quoted_as_it_stands_in_its_file(articles):
    assert articles[TALKS].text == (SEEDS / TALKS).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in EXPECTED if name.endswith(".html")])
def test_what_stands_around_the_article_of_a_web_page_is_not_in_it(articles, name):
    page, text = (SEEDS / name).read_text(encoding="utf-8"), articles[name].text
    furniture = [
        "cookie", "Accept all", "Sign in", "Subscribe", "BREAKING", "Related", "Most read", "Advertisement", "Terms",
        "Privacy", "inbox", "comments", "Reply", "Luxury hotel", "©", "&copy;", "datePublished", "function",
    ]  # fmt: skip
    there = [mark for mark in furniture if mark.casefold() in page.casefold()]
    assert len(there) > 3
    assert [mark for mark in there if mark.casefold() in text.casefold()] == []


@pytest.mark.parametrize("name", EXPECTED)
def test_title_and_byline_are_not_said_again_in_the_text(articles, name):
    a = articles[name]
    assert f"By {a.author}".casefold() not in a.text.casefold()
    assert name == TALKS or a.title not in a.text[:300]


def test_the_inquiry_runs_over_its_pages_without_their_heads_and_numbers(articles):
    a = articles["2024-10-14-east-mole-inquiry-first-week.pdf"]
    assert a.pages[0] == 0
    assert list(a.pages) == sorted(set(a.pages))
    assert all("Page " not in a.text[at - 80 : at + 80] for at in a.pages)


@pytest.mark.parametrize("name", EXPECTED)
def test_sections_lie_in_the_text_in_order(articles, name):
    a = articles[name]
    assert all(s.start < s.body <= len(a.text) for s in a.sections)
    assert [s.start for s in a.sections] == sorted(s.start for s in a.sections)
    assert all(a.text[s.start : s.body].split() == s.heading.split() for s in a.sections)


def test_every_gold_quotation_stands_at_its_place_and_nowhere_else(articles):
    lines = (SEEDS / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    spans = [gold for line in lines for key in ("gold", "also") for gold in json.loads(line).get(key, [])]
    assert len(spans) > 100
    for gold in spans:
        text = articles[gold["source"]].text
        assert text[gold["start"] : gold["end"]] == gold["text"]
        assert text.count(gold["text"]) == 1


def test_there_are_enough_questions_of_each_kind(questions):
    kinds = Counter(question.kind for question in questions)
    assert kinds.keys() == KINDS
    assert kinds.total() >= 60
    assert kinds["unanswerable"] >= 15
    assert min(kinds.values()) >= 5


def test_there_are_enough_questions_about_the_article_of_the_issue(questions):
    assert sum(TALKS in question.relevance for question in questions) >= 12


def test_an_answerable_question_has_an_answer_that_stands_in_its_gold(questions):
    for question in questions:
        said = " ".join(span.text for span in (*question.spans, *question.also)).casefold()
        assert question.answerable == any(answer.casefold() in said for answer in question.answers), question.id


def test_a_follow_up_says_what_was_asked_before_and_the_others_stand_alone(questions):
    assert all(bool(question.earlier) == (question.kind == "follow-up") for question in questions)


def test_several_and_contradicting_sources_are_more_than_one_quotation(questions):
    assert all(len(q.spans) > 1 for q in questions if q.kind in {"several", "contradiction"})


class Once:
    """An embedder that is given each sentence once: the questions are about the same few articles."""

    def __init__(self, embedder):
        self._embedder, self._known = embedder, {}

    def embed_sentences(self, texts):
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known |= zip(new, self._embedder.embed_sentences(new), strict=True)
        return np.array([self._known[text] for text in texts]).reshape(len(texts), -1)

    def __getattr__(self, name):
        return getattr(self._embedder, name)


def test_the_quality_on_the_seeds_does_not_fall(seeds_store):
    parts = build(Settings(seeds_store))
    parts.index.embedder = Once(parts.index.embedder)
    floors = rules(json.loads(FLOORS.read_text(encoding="utf-8")), FLOORS.name)
    found = run(parts.assistant.ask, load(SEEDS).asked_on(parts.index.overview().last))
    broken = [check for check in judge(found, floors) if check.outcome is not Outcome.PASS]
    assert not broken, "a floor goes down only by a commit that says why"
