"""The walk of a question, on real Chroma and SQLite, with a bag of words for a model."""

import contextlib
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from conftest import Shelf, resynced, rewrite

from index.candidates import Only
from index.database import FILE_NAME
from index.errors import FootnoteError, UsageError
from index.search import Index
from index.segments import SEGMENTS
from index.sync import sync, sync_paths
from rag.answers import Draft, DraftSentence, Question, Quote, Refusal, Spot
from rag.chain import MAX_QUESTION_CHARACTERS, Assistant, checked
from rag.evals.asking import run
from rag.evals.sets import EvalQuestion, QuestionSet
from rag.reader import SentenceReader
from rag.retrieve import HybridRetriever
from rag.wording import missing, refused

STAGES = ["follow up", "retrieve", "read", "verify"]
FERRY = "When does the ferry sail?"
ALWAYS, NEVER = 0.0, 1.1


class Says:
    """A reader that says what it is told to, and remembers what it was asked."""

    def __init__(self, draft):
        self.draft = draft
        self.asked = []

    def read(self, question, hits):
        self.asked.append(question)
        return self.draft(hits) if callable(self.draft) else self.draft


def assistant_over(index, threshold=ALWAYS):
    return Assistant(HybridRetriever(index=index), SentenceReader(index, threshold))


@pytest.fixture
def assistant(indexed):
    return assistant_over(indexed)


def ask(assistant, text, *earlier):
    return assistant.ask(Question(text, earlier))


def quoting(text, sentence="It is so."):
    """A draft that claims `text` of the first passage that was found."""
    return lambda hits: Draft((DraftSentence(sentence, (Quote(hits[0].passage.id, text),)),), "test")


def true_to(answer):
    """Whether each quote of an answer stands at its place in the article, as it was, in a passage that was found."""
    hits = {hit.passage.id: hit for hit in answer.hits}
    return all(
        c.quote
        and hits[c.passage_id].article.text[c.start : c.end] == c.quote
        and (hits[c.passage_id].article.id, hits[c.passage_id].passage.revision) == (c.article_id, c.revision)
        for c in answer.citations
    )


# An answer ------------------------------------------------------------------------------------------------------------


def test_an_answer_quotes_the_article_word_for_word(assistant):
    answer = ask(assistant, FERRY)
    first = answer.citations[0]
    assert (first.source, first.quote) == ("ferry", "The ferry sails at noon.")
    assert answer.refusal is None
    assert true_to(answer)


def test_each_sentence_of_the_reader_is_a_quote_with_its_number(assistant):
    answer = ask(assistant, FERRY)
    assert [(s.text, s.citations) for s in answer.sentences] == [(c.quote, (c.number,)) for c in answer.citations]


def test_an_answer_says_what_it_was_made_from(assistant):
    answer = ask(assistant, f"  {FERRY}\n")
    assert (answer.question.text, answer.searched_for) == (f"  {FERRY}\n", FERRY)
    assert (answer.searched.articles, answer.searched.generation) == (3, 1)
    assert answer.produced_by == "sentences"


def test_each_stage_says_how_long_it_took(assistant):
    timings = ask(assistant, FERRY).timings
    assert list(timings) == STAGES
    assert all(0 < seconds < 60 for seconds in timings.values())


def test_a_follow_up_is_searched_for_with_the_question_before_it(assistant):
    answer = ask(assistant, "And what does a ticket cost?", FERRY)
    assert answer.searched_for == f"{FERRY} And what does a ticket cost?"
    assert answer.hits[0].article.source == "ferry"


def test_what_a_question_implies_is_resolved_against_the_day_it_was_asked(assistant):
    asked = datetime(2024, 8, 30, 12, tzinfo=UTC)
    (period,) = assistant.ask(Question("Which barge struck the quay today?", (), asked)).implied.periods
    assert (period.words, period.holds(asked.date()), period.holds(date(2024, 9, 9))) == ("today", True, False)


def test_a_question_that_stands_alone_is_not_mixed_with_the_one_before(assistant):
    assert ask(assistant, "Which barge struck the quay?", FERRY).searched_for == "Which barge struck the quay?"


def test_the_reader_is_told_the_question_and_what_it_leans_on(indexed):
    reader = Says(Draft((), "test"))
    ask(Assistant(HybridRetriever(index=indexed), reader), "And why?", FERRY)
    (query,) = reader.asked
    assert (query.text, query.earlier, str(query)) == ("And why?", (FERRY,), f"{FERRY} And why?")


def test_the_order_of_the_reader_is_that_of_the_answer_and_nothing_is_lost(indexed):
    def last_first(hits):
        last = hits[-1].passage
        spots = (Spot("0" * 32, 0, 4), Spot(hits[0].passage.id, 0, 10_000), Spot(last.id, last.start, last.start + 3))
        return replace(quoting(hits[0].passage.text)(hits), spots=spots)

    found = HybridRetriever(index=indexed).search(FERRY).hits
    answer = ask(Assistant(HybridRetriever(index=indexed), Says(last_first)), FERRY)
    ids = [hit.passage.id for hit in found]
    assert [hit.passage.id for hit in answer.hits] == [ids[-1], *ids[:-1]]
    assert [spot.passage_id for spot in answer.spots] == [ids[-1]]
    assert (answer.spot(answer.hits[0]), answer.spot(answer.hits[1])) == ((0, 3), (0, 0))


def test_a_mark_stays_only_with_a_sentence_whose_quote_holds(indexed):
    def marked(hits):
        quotes = [Quote(hits[0].passage.id, text) for text in ("The ferry sails at noon.", "It sinks.")]
        sentences = tuple(DraftSentence(q.text, (q,), (0, 3)) for q in quotes)
        return Draft(sentences, "test", differing=True)

    answer = ask(Assistant(HybridRetriever(index=indexed), Says(marked)), FERRY)
    assert [s.mark for s in answer.sentences] == [(0, 3), None]
    assert (answer.short, answer.differing) == ("The", True)


# A refusal ------------------------------------------------------------------------------------------------------------


def test_a_refusal_shows_the_nearest_passages_and_no_sentence(indexed):
    answer = ask(assistant_over(indexed, NEVER), FERRY)
    assert answer.refusal is Refusal.NOT_SUPPORTED
    assert (answer.sentences, answer.citations) == ((), ())
    assert answer.hits[0].article.source == "ferry"
    assert list(answer.timings) == STAGES


def test_an_answer_and_a_refusal_keep_the_confidence_of_the_draft(indexed):
    for draft in (Draft((), "test", Refusal.NOT_SUPPORTED, 0.25), Draft((), "test", confidence=0.75)):
        assert ask(Assistant(HybridRetriever(index=indexed), Says(draft)), FERRY).confidence == draft.confidence


@pytest.mark.parametrize(
    "draft",
    [
        quoting("The ferry sails at midnight."),
        quoting(""),
        quoting("<b>The ferry sails at noon.</b>"),
        Draft((DraftSentence("True.", (Quote("0" * 32, "The ferry sails at noon."),)),), "test"),
        Draft((DraftSentence("True [1].", ()),), "test"),
        Draft((), "test"),
    ],
    ids=["altered", "empty", "marked up", "made-up passage", "footnote of its own", "nothing"],
)
def test_a_reader_that_lies_gets_no_citation_and_its_answer_is_a_refusal(indexed, draft):
    answer = ask(Assistant(HybridRetriever(index=indexed), Says(draft)), FERRY)
    assert (answer.refusal, answer.sentences, answer.citations) == (Refusal.NOT_SUPPORTED, (), ())
    assert answer.hits


def test_a_reader_that_lies_once_keeps_what_is_true(indexed):
    def half(hits):
        return Draft(
            quoting("The ferry sails at noon.", "True.")(hits).sentences + quoting("No.", "False.")(hits).sentences,
            "test",
        )

    answer = ask(Assistant(HybridRetriever(index=indexed), Says(half)), FERRY)
    assert [(s.text, s.citations) for s in answer.sentences] == [("True.", (1,)), ("False.", ())]
    assert true_to(answer)


def test_a_reader_that_refuses_and_quotes_is_taken_at_its_refusal(indexed):
    def both(hits):
        return Draft(quoting("The ferry sails at noon.")(hits).sentences, "test", Refusal.NOT_SUPPORTED)

    answer = ask(Assistant(HybridRetriever(index=indexed), Says(both)), FERRY)
    assert (answer.refusal, answer.sentences, answer.citations) == (Refusal.NOT_SUPPORTED, (), ())


# Without articles -----------------------------------------------------------------------------------------------------


def test_without_a_store_there_are_no_articles_and_none_is_made(store, embedder):
    assistant = assistant_over(Index(store, embedder))
    answer = ask(assistant, FERRY)
    assert (answer.refusal, answer.hits, answer.searched.articles) == (Refusal.NO_ARTICLES, (), 0)
    assert assistant.overview().articles == 0
    assert not store.exists()


def test_a_store_whose_articles_are_gone_has_no_articles(store, shelf, embedder, assistant):
    shelf.texts.clear()
    resynced(store, shelf, embedder)
    assert ask(assistant, FERRY).refusal is Refusal.NO_ARTICLES


def test_the_first_articles_are_found_by_an_assistant_that_was_there_before(store, shelf, embedder):
    assistant = assistant_over(Index(store, embedder))
    assert ask(assistant, FERRY).refusal is Refusal.NO_ARTICLES
    sync(store, [shelf], embedder)
    assert ask(assistant, FERRY).citations[0].source == "ferry"


# What cannot be asked, and what can -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", " ", "\n\t\u00a0", "?", "…!?", "\0", "\u200b", "\ud800", "___"])
def test_an_empty_question_is_a_usage_error(assistant, text):
    with pytest.raises(UsageError, match="The question is empty"):
        ask(assistant, text)


def test_an_empty_question_is_no_follow_up(assistant):
    with pytest.raises(UsageError, match="The question is empty"):
        ask(assistant, "?!", FERRY)


def test_an_overlong_question_is_a_usage_error_that_names_both_lengths(assistant):
    with pytest.raises(UsageError, match=r"has 50,000 characters; at most 4,000 are read"):
        ask(assistant, "x" * 50_000)


def test_the_longest_question_is_answered(assistant):
    words = f"ferry {' '.join(f'w{n}' for n in range(MAX_QUESTION_CHARACTERS))}"[:MAX_QUESTION_CHARACTERS]
    assert true_to(ask(assistant, words))


def test_white_space_around_a_question_does_not_count():
    assert checked(f"\n {'x' * MAX_QUESTION_CHARACTERS} \t") == "x" * MAX_QUESTION_CHARACTERS


def test_bytes_that_are_no_text_are_asked_as_unknown_characters(assistant):
    answer = ask(assistant, "Why \udcff?", "When does the \udcfe ferry sail?")
    assert answer.searched_for == "When does the \ufffd ferry sail? Why \ufffd?"


def test_any_text_is_answered_or_refused(assistant):
    chance = random.Random(7)
    letters = ['"', "'", "*", "(", ")", ":", "-", "+", "^", " ", " ", "\0", "AND ", "NEAR", "OR ", "ferry", "船", "ก"]
    for _ in range(60):
        text = "".join(
            chance.choice(letters) if chance.random() < 0.7 else chr(chance.randrange(0x11_0000)) for _ in range(30)
        )
        answer = ask(assistant, f"a {text}")
        assert answer.refusal or true_to(answer)


def test_a_conversation_of_thousands_of_follow_ups_is_answered(assistant):
    answer = ask(assistant, "And then?", *(FERRY, *["And then?"] * 3_000))
    assert answer.searched_for.startswith(FERRY)
    assert len(answer.searched_for) < 200


# What is measured is what is served -----------------------------------------------------------------------------------


def test_the_eval_finds_what_the_answer_rests_on(assistant):
    assert assistant.find.invoke(Question(FERRY)).hits == ask(assistant, FERRY).hits


def test_an_answer_goes_through_the_very_steps_that_the_eval_measures(assistant):
    assert [step.config["run_name"] for step in assistant.chain.steps] == STAGES
    measured = assistant.find.steps
    assert all(served is step for served, step in zip(assistant.chain.steps, measured, strict=False))
    assert len(measured) == 2


def test_a_run_ranks_what_the_assistant_finds(assistant, tmp_path):
    question = EvalQuestion("q", FERRY, "single", answerable=True, relevance={"ferry": 1})
    measured = run(assistant.find.invoke, QuestionSet("quay", tmp_path, "0" * 32, (question,)))
    assert measured.rows[0].ranking == tuple(hit.article.source for hit in ask(assistant, FERRY).hits)


# While the index changes ----------------------------------------------------------------------------------------------


def test_an_edited_article_answers_anew_and_the_earlier_answer_stays_as_it_was(store, shelf, embedder, assistant):
    before = ask(assistant, FERRY)
    shelf.texts["ferry"] = "Since spring the ferry sails at seven."
    sync(store, [shelf], embedder)
    after = ask(assistant, FERRY)
    assert after.citations[0].quote == "Since spring the ferry sails at seven."
    assert before.citations[0].quote == "The ferry sails at noon."
    assert before.citations[0].article_id == after.citations[0].article_id
    assert before.citations[0].revision != after.citations[0].revision
    assert before.searched.generation < after.searched.generation
    assert true_to(before)
    assert true_to(after)


def test_a_damaged_segment_still_answers(store, embedder, assistant):
    expected = ask(assistant, FERRY)
    for file in (store / SEGMENTS).rglob("*"):
        if file.is_file():
            file.write_bytes(b"damaged")
    answer = ask(assistant_over(Index(store, embedder)), FERRY)
    assert [c.quote for c in answer.citations] == [c.quote for c in expected.citations]


def test_a_damaged_catalog_is_one_sentence(store, embedder, indexed):
    catalog = store / FILE_NAME
    sound = catalog.read_bytes()
    for page in range(4096, len(sound), 4096):
        catalog.write_bytes(sound[:page] + b"\7" * 4096 + sound[page + 4096 :])
        with contextlib.suppress(FootnoteError):
            assert true_to(ask(assistant_over(Index(store, embedder)), FERRY))


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ("articles.fetched", "yesterday"),
        ("articles.published", "soon"),
        ("articles.pages", "["),
        ("articles.sections", "3"),
        ("segments.checksums", ""),
    ],
)
def test_a_garbled_row_is_one_sentence(store, assistant, row, value):
    table, column = row.split(".")
    rewrite(store, f"UPDATE {table} SET {column} = ?", value)
    with pytest.raises(FootnoteError, match=r"catalog\.sqlite is damaged \(.+ is garbled: "):
        ask(assistant, FERRY)


def test_another_model_than_the_index_was_made_with_is_one_sentence(store, embedder, indexed):
    other = type(embedder)("others")
    with pytest.raises(FootnoteError, match="made by the model words, and the settings name others"):
        ask(assistant_over(Index(store, other)), FERRY)


def test_eight_threads_at_once_get_the_answers_that_one_gets(assistant):
    questions = [FERRY, "When did the mole fall?", "Who was hurt by the crane barge?"] * 8
    alone = {text: ask(assistant, text) for text in questions[:3]}
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda text: ask(assistant, text), questions))
    assert all(answer.citations == alone[text].citations for text, answer in zip(questions, answers, strict=True))
    assert all(answer.hits == alone[text].hits for text, answer in zip(questions, answers, strict=True))


def test_questions_are_answered_while_articles_change(store, embedder):
    shelf = Shelf(ferry="The ferry sails at 0 o'clock.", mole="The mole fell in August.")
    sync(store, [shelf], embedder)
    assistant = assistant_over(Index(store, embedder))
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(ask, assistant, FERRY) for _ in range(24)]
        for hour in range(1, 4):
            shelf.texts["ferry"] = f"The ferry sails at {hour} o'clock."
            sync(store, [shelf], embedder)
        answers = [future.result() for future in asked]
    assert all(true_to(answer) for answer in answers)
    said = {a.searched.generation: set() for a in answers}
    for answer in answers:
        said[answer.searched.generation].add(answer.citations[0].quote)
    assert all(len(quotes) == 1 for quotes in said.values())
    assert Counter(len(answer.hits) for answer in answers) == {2: 24}


def test_letters_typed_in_two_parts_meet_those_of_the_articles(store, embedder):
    sync(store, [Shelf(note="The café reopened in spring.")], embedder)
    walk = assistant_over(Index(store, embedder)).find.invoke(Question("cafe\u0301 in spring"))
    assert walk.searched_for == "café in spring"
    assert "lexical" in walk.hits[0].found_by


class Endless:
    """A writer that goes on until it is closed."""

    def __init__(self):
        self.made = 0
        self.closed = False

    def write(self, walk):
        try:
            while self.made < 1_000:
                self.made += 1
                yield replace(walk.draft, pending="x" * self.made), self.made == 1_000
        finally:
            self.closed = True

    def rewrite(self, text, earlier):
        return None


def test_a_writer_stops_when_whoever_asked_has_left(indexed):
    writer = Endless()
    assistant = Assistant(HybridRetriever(index=indexed), SentenceReader(indexed, ALWAYS), writer)
    stream = assistant.stream(Question(FERRY))
    assert [next(stream).pending for _ in range(5)] == ["", "", "x", "xx", "xxx"]
    stream.close()
    assert writer.made < 10
    assert writer.closed


def test_a_step_that_grows_is_the_last_of_its_values_where_it_is_not_streamed(indexed):
    writer = Endless()
    assistant = Assistant(HybridRetriever(index=indexed), SentenceReader(indexed, ALWAYS), writer)
    answer = assistant.ask(Question(FERRY))
    assert (answer.pending, answer.done) == ("x" * 1_000, True)
    assert list(answer.timings) == [*STAGES[:3], "write", "verify"]


# What is said before everything is read ------------------------------------------------------------------------------


class Hasty:
    """A reader that says something before it has read everything."""

    def __init__(self, indexed):
        self._reader = SentenceReader(indexed, ALWAYS)

    def read(self, query, hits):
        *_, last = self.drafts(query, hits)
        return last

    def drafts(self, query, hits):
        yield replace(self._reader.read(query, hits[-1:]), early=True)
        yield self._reader.read(query, hits)


def test_what_is_said_early_is_verified_and_is_not_the_answer(indexed):
    assistant = Assistant(HybridRetriever(index=indexed), Hasty(indexed))
    looking, early, last = assistant.stream(Question(FERRY))
    assert (looking.early, early.early, last.early) == (False, True, False)
    assert (early.done, early.begun, early.refusal) == (False, False, None)
    assert early.sentences
    assert all(
        c.quote in hit.article.text for c in early.citations for hit in early.hits if hit.article.id == c.article_id
    )
    assert last.done
    asked = assistant.ask(Question(FERRY))
    assert (asked.sentences, asked.early) == (last.sentences, False)


def test_a_language_model_is_given_what_was_read_whole(indexed):
    walks = []

    class Noting:
        def write(self, walk):
            walks.append(walk)
            yield walk.draft, True

        def rewrite(self, text, earlier):
            return None

    *growing, last = Assistant(HybridRetriever(index=indexed), Hasty(indexed), Noting()).stream(Question(FERRY))
    assert [walk.draft.early for walk in walks] == [False]
    assert not any(answer.early for answer in growing)
    assert last.done


# What is searched ----------------------------------------------------------------------------------------------------


def test_what_is_searched_is_said_before_it_is_read(assistant):
    looking, read = assistant.stream(Question(FERRY))
    assert (looking.done, looking.begun, looking.refusal, looking.sentences) == (False, False, None, ())
    assert looking.searched == read.searched
    assert "read" not in {stage for stage, seconds in looking.timings.items() if seconds > 0.05}
    assert read.done
    assert read.sentences


def test_a_question_is_kept_to_the_articles_it_names(assistant):
    def kept(source):
        return assistant.ask(Question(FERRY, only=Only(source=source)))

    assert [c.source for c in kept("ferry").citations] == ["ferry"]
    assert {hit.article.source for hit in kept("mole").hits} == {"mole"}
    assert kept("ferry").searched.articles == 1


def test_where_no_article_is_left_it_says_that_and_not_that_there_are_none(assistant):
    answer = assistant.ask(Question(FERRY, only=Only(source="nowhere")))
    assert (answer.refusal, answer.hits) == (Refusal.NOTHING_FOUND, ())
    assert refused(answer) == "No article is left by the filters."


def test_a_refusal_of_some_articles_does_not_speak_for_all(indexed):
    answer = assistant_over(indexed, NEVER).ask(Question(FERRY, only=Only(source="ferry")))
    assert refused(answer) == "The articles that the filters leave do not say."
    assert refused(assistant_over(indexed, NEVER).ask(Question(FERRY))) == "Your articles do not say."


def test_a_survey_is_kept_to_the_articles_it_names_too(assistant):
    answer = assistant.ask(Question("Summarise the ferry", only=Only(source="mole")))
    assert {hit.article.source for hit in answer.hits} <= {"mole"}


def test_words_that_no_article_has_are_told(assistant, indexed):
    answer = assistant_over(indexed, NEVER).ask(Question("Is lithium on the ferry?"))
    assert answer.unknown == ("lithium",)
    assert missing(answer) == "None of your articles has the word “lithium”."
    assert missing(assistant.ask(Question(FERRY))) == ""


def test_a_word_that_is_a_name_or_says_nothing_is_not_told(store, embedder, tmp_path):
    text = "<html><head><title>Crane</title><meta name='author' content='Ines Bell'></head><body><p>A crane broke.</p>"
    (tmp_path / "a.html").write_text(text * 1)
    sync_paths(store, [tmp_path / "a.html"], embedder)
    asked = assistant_over(Index(store, embedder), NEVER).ask(Question("Did Ines Bell see anything of the lithium?"))
    assert asked.unknown == ("lithium",)


def test_without_any_article_a_filter_is_not_to_blame(store, embedder):
    answer = assistant_over(Index(store, embedder)).ask(Question(FERRY, only=Only(source="ferry")))
    assert answer.refusal is Refusal.NO_ARTICLES
    assert "no articles yet" in refused(answer)
