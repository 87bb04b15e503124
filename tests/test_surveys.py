"""Questions over the whole archive, on real Chroma and SQLite, with a bag of words for a model."""

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from conftest import Shelf, resynced
from lengths import AT_MOST, PIECES, growth
from model_server import ModelServer, key_of, passages

from index.search import Index
from rag.answers import Question, Refusal
from rag.chain import Assistant
from rag.reader import SentenceReader
from rag.retrieve import HybridRetriever
from rag.surveys import HEADINGS, Kind, _without_days, surveyed
from rag.writing.models import ChatModel, Writing
from rag.writing.writer import LanguageWriter

ROOT = Path(__file__).parent.parent
HOSTILE = """
from rag.surveys import surveyed
for begins in ("", "what is ", "summarise ", "compare a and ", "how do ", "please", "please give me", "timeline of "):
    for unit in ("1", "1 ", "12, ", "?", "? ", " ", "a and ", "may ", "please? ", "unfold over ", "the news about "):
        for ends in ("", "a", " x?", " differ"):
            surveyed(begins + (unit * 4000)[:3980] + ends)
"""
ASKED = datetime(2024, 9, 12, 12, tzinfo=UTC)
NEVER = 1.1


@pytest.fixture
def archive(store, embedder):
    """Five articles; three are about the mole, one of them a copy in other words, one has no day."""
    shelf = Shelf(
        plan="The council wants to repair the mole. It will cost six million crowns.",
        storm="A storm broke the mole at night. Forty metres of the mole fell into the sea.",
        bill="The bill for the mole has risen. Nobody knows who will pay for the mole.",
        ferry="The ferry to Norrby sails at noon. A ticket of the ferry costs two crowns.",
        legend="Of the mole an old legend tells that a giant built it in one night.",
    )
    shelf.dates.update(plan=date(2024, 3, 1), storm=date(2024, 6, 2), bill=date(2024, 9, 9), ferry=date(2024, 9, 11))
    resynced(store, shelf, embedder)
    return Index(store, embedder)


def assistant(archive, writer=None):
    """Its reader refuses whatever it is asked: a survey is not read by it."""
    return Assistant(HybridRetriever(index=archive), SentenceReader(archive, NEVER), writer)


def ask(archive, text):
    return assistant(archive).ask(Question(text, asked_at=ASKED))


def sources(answer):
    told = {citation.number: citation.source for citation in answer.citations}
    return [told[number] for sentence in answer.sentences for number in sentence.citations]


@pytest.mark.parametrize(
    ("text", "kind", "topics"),
    [
        ("Timeline of the East Mole", Kind.TIMELINE, ("the East Mole",)),
        ("Please give me a short timeline of the news about the war!", Kind.TIMELINE, ("the war",)),
        ("How did the strike unfold?", Kind.TIMELINE, ("the strike",)),
        ("Could you summarise the talks?", Kind.SUMMARY, ("the talks",)),
        ("Give an overview of the inquiry", Kind.SUMMARY, ("the inquiry",)),
        ("What do my articles say about the mole?", Kind.SUMMARY, ("the mole",)),
        ("Compare the ferry with the barge.", Kind.COMPARISON, ("the ferry", "the barge")),
        ("How do Norrby and Merrowick differ?", Kind.COMPARISON, ("Norrby", "Merrowick")),
        ("What's new?", Kind.NEW, ()),
        ("What is new since Monday?", Kind.NEW, ()),
        ("What happened last week?", Kind.NEW, ()),
        ("Any news about the ferry this week?", Kind.NEW, ("the ferry",)),
        ("What is the latest on the mole since 3 May 2024?", Kind.NEW, ("the mole",)),
    ],
)
def test_what_is_asked_over_the_archive_is_told_by_its_words(text, kind, topics):
    survey = surveyed(text)
    assert (survey.kind, survey.topics) == (kind, topics)


@pytest.mark.parametrize(
    "text",
    [
        "What happened?", "What happened to the ferry?", "When did the mole fall?", "Summarise", "Summarise it.",
        "What is the difference between a mole and a quay?", "Who wrote the summary of the report?", "Compare",
        "Which timeline did the council set?", "How do I and you get there?",
    ],
)  # fmt: skip
def test_a_question_that_a_passage_may_answer_is_none(text):
    assert surveyed(text) is None


def test_a_long_question_takes_no_longer_than_its_length():
    subprocess.run([sys.executable, "-c", HOSTILE], cwd=ROOT, check=True, timeout=60)


@pytest.mark.parametrize(
    ("text", "dayless"),
    [
        ("what is new over the past two weeks", "what is new"),
        ("what is new, since Monday, 3 May 2024", "what is new"),
        ("what is new on route 12345", "what is new on route 12345"),
        ("today", ""),
    ],
)
def test_the_days_at_the_end_are_left_out(text, dayless):
    assert _without_days(text) == dayless


def test_a_timeline_is_in_the_order_of_days_and_of_what_has_none_last(archive):
    answer = ask(archive, "Timeline of the mole")
    assert sources(answer) == ["plan", "storm", "bill", "legend"]
    assert answer.heading == HEADINGS[Kind.TIMELINE]
    assert all(
        sentence.text in citation.quote for sentence, citation in zip(answer.sentences, answer.citations, strict=True)
    )


def test_what_is_new_is_newest_first_and_of_its_days_alone(archive):
    assert sources(ask(archive, "What is new?")) == ["ferry", "bill", "storm", "plan"]
    assert sources(ask(archive, "What is new this week?")) == ["ferry", "bill"]
    assert sources(ask(archive, "What is new about the mole this week?")) == ["bill"]
    assert sources(ask(archive, "What happened in June?")) == ["storm"]
    assert ask(archive, "What is new since 12 September 2024?").refusal is Refusal.NOTHING_FOUND


def test_what_was_published_after_the_question_is_not_new(archive):
    early = datetime(2024, 6, 30, 12, tzinfo=UTC)
    answer = assistant(archive).ask(Question("What's new?", asked_at=early))
    assert sources(answer) == ["storm", "plan"]


def test_a_comparison_has_each_of_its_topics(archive):
    answer = ask(archive, "Compare the ferry and the storm")
    assert sources(answer)[0] == "ferry"
    assert set(sources(answer)) == {"ferry", "storm"}


def test_a_summary_has_one_sentence_of_each_article_about_it(archive):
    assert sorted(sources(ask(archive, "Summarise the mole"))) == ["bill", "legend", "plan", "storm"]


def test_of_what_nothing_is_about_the_articles_do_not_say(archive):
    answer = ask(archive, "Summarise the elephants of Mars")
    assert (answer.refusal, answer.sentences, answer.heading) == (Refusal.NOT_SUPPORTED, (), "")
    assert answer.hits


def test_a_store_without_articles_says_so(store, embedder):
    assert ask(Index(store, embedder), "What's new?").refusal is Refusal.NO_ARTICLES
    assert ask(Index(store, embedder), "Timeline of the mole").refusal is Refusal.NO_ARTICLES


def test_a_language_model_is_shown_what_the_list_would_hold(archive):
    def script(asked):
        return f'It broke in June and the bill rose. [{key_of(asked, "storm broke")} "A storm broke the mole"]'

    with ModelServer(script) as server:
        writer = LanguageWriter(ChatModel(Writing("openai:m", server.url, retries=0)), archive.embedder)
        answer = assistant(archive, writer).ask(Question("Summarise the mole", asked_at=ASKED))
        shown = [about for _, about, _ in passages(server.requests[0])]
    assert {about.split(",")[0].strip('"') for about in shown[:4]} == {"plan", "storm", "bill", "legend"}
    assert (answer.heading, answer.produced_by, sources(answer)) == ("", "openai:m", ["storm"])


@pytest.mark.parametrize(
    "opening", ["", "compare ", "how did a ", "how do a ", "timeline of ", "please ", "what is new "]
)
@pytest.mark.parametrize("piece", PIECES)
def test_the_work_grows_as_the_question_does_whatever_it_is_made_of(piece, opening):
    assert growth(surveyed, piece, opening) <= AT_MOST
