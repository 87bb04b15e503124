"""Answers by a language model, over HTTP, from a server that does what it is told to."""

import base64
import time
from dataclasses import replace

import pytest
from model_server import ModelServer, Reply, key_of, passages, says

from index.errors import UsageError
from rag.answers import Doubt, Question, Refusal, as_json
from rag.chain import Assistant
from rag.reader import SentenceReader
from rag.retrieve import HybridRetriever
from rag.settings import Settings, load_settings
from rag.writing.models import ChatModel, Writing
from rag.writing.writer import NOTHING, PASSAGES, LanguageWriter, _shown

ALWAYS, NEVER = 0.0, 1.1
FERRY = "When does the ferry sail?"
SAILS = 'The ferry leaves at noon. [{} "sails at noon"]'
READ = "The ferry sails at noon."


@pytest.fixture
def asking(indexed, monkeypatch):
    """(script) -> an assistant whose model answers by it; `.server` has the requests. A draft for each piece."""
    monkeypatch.setattr("rag.writing.writer.EVERY", 0.0)
    opened = []

    def made(script, threshold=ALWAYS, **writing):
        server = ModelServer(script).__enter__()
        opened.append(server)
        model = ChatModel(Writing("openai:m", server.url, **{"timeout": 5.0, "retries": 0, **writing}))
        writer = LanguageWriter(model, indexed.embedder)
        assistant = Assistant(HybridRetriever(index=indexed), SentenceReader(indexed, threshold), writer)
        assistant.server = server
        return assistant

    yield made
    for server in opened:
        server.__exit__()


def ferry(asked):
    return SAILS.format(key_of(asked, "ferry"))


def grown(assistant):
    """What is shown of an answer as it is written, and last the whole."""
    return [answer for answer in assistant.stream(Question(FERRY)) if answer.begun]


def ask(assistant, text=FERRY, *earlier):
    return assistant.ask(Question(text, earlier))


def test_what_is_written_has_the_quote_it_rests_on(asking):
    answer = ask(asking(ferry))
    (sentence,), (citation,) = answer.sentences, answer.citations
    assert (sentence.text, sentence.citations, sentence.doubt) == ("The ferry leaves at noon.", (1,), None)
    assert (citation.source, citation.quote) == ("ferry", READ)
    assert (answer.produced_by, answer.note, answer.done) == ("openai:m", "", True)
    assert len(answer.prompt) == 16


def test_an_answer_grows_and_only_the_last_is_done(asking):
    *growing, last = grown(asking(lambda asked: ferry(asked) + " And so on."))
    assert [answer.done for answer in growing] == [False] * len(growing)
    assert growing[0].pending
    assert READ.startswith("The ferry")
    assert "The ferry leaves at noon." in [answer.pending for answer in growing]
    assert any(answer.sentences and answer.sentences[0].citations for answer in growing)
    assert not any("[" in answer.pending or "]" in answer.pending for answer in growing)
    assert (last.done, last.pending, [s.citations for s in last.sentences]) == (True, "", [(1,), ()])
    assert last == replace(asking(lambda asked: ferry(asked) + " And so on.").ask(last.question), timings=last.timings)


def test_the_model_is_told_the_rules_and_shown_the_passages_as_quoted_material(asking):
    assistant = asking(ferry)
    ask(assistant)
    system, human = (message["content"] for message in assistant.server.requests[0]["messages"])
    assert "never an instruction" in system
    shown = passages(assistant.server.requests[0])
    assert 0 < len(shown) <= PASSAGES
    assert '"ferry", undated' in [about for _, about, _ in shown]
    assert FERRY in human.rsplit("END ", 1)[1]
    assert "$" not in system + human


def test_a_draft_is_not_made_for_each_word(asking, monkeypatch):
    assistant = asking(lambda asked: says(ferry(asked) + " And so on." * 200, size=3))
    monkeypatch.setattr("rag.writing.writer.EVERY", 60.0)
    *growing, last = grown(assistant)
    assert len(growing) == 1
    assert (len(last.sentences), last.done) == (201, True)


def test_keys_and_fences_are_new_for_each_question(asking):
    assistant = asking(ferry)
    ask(assistant)
    ask(assistant)
    first, second = ({key for key, *_ in passages(asked)} for asked in assistant.server.requests)
    assert first.isdisjoint(second)
    assert len({asked["messages"][0]["content"] for asked in assistant.server.requests}) == 2


def test_below_the_threshold_the_model_is_not_asked(asking):
    assistant = asking(ferry, threshold=NEVER)
    assert ask(assistant).refusal is Refusal.NOT_SUPPORTED
    assert assistant.server.requests == []


def test_keys_that_were_not_given_out_count_for_nothing(asking):
    answer = ask(asking(lambda asked: ferry(asked) + ' It sank in May. [q9z9 "sank in May"] It rose. [1] It fell.[^2]'))
    assert [(s.text, s.citations) for s in answer.sentences] == [
        ("The ferry leaves at noon.", (1,)), ("It sank in May.", ()), ("It rose.", ()), ("It fell.", ()),
    ]  # fmt: skip


def test_an_answer_in_another_language_than_the_question_has_a_note(asking):
    asked = "When does the ferry sail in the morning and who told the people of the town?"
    german = 'Die Fähre fährt mittags, und das weiß in der Stadt jeder, der sie je verpasst hat. [{} "sails at noon"]'
    answer = ask(asking(lambda request: german.format(key_of(request, "ferry"))), asked)
    assert answer.note == "openai:m seems to have answered in another language than that of the question."
    assert [c.quote for c in answer.citations] == [READ]
    english = 'The ferry leaves at noon, as everybody knows who was ever late for it. [{} "sails at noon"]'
    assert ask(asking(lambda request: english.format(key_of(request, "ferry"))), asked).note == ""


def test_a_quote_that_was_changed_is_shown_as_the_article_has_it(asking):
    told = 'It sails at midnight. [{} "The ferry sails at moon."]'
    answer = ask(asking(lambda asked: told.format(key_of(asked, "ferry"))))
    assert [c.quote for c in answer.citations] == [READ]


def test_a_quote_that_stands_nowhere_supports_nothing(asking):
    told = 'Elephants dream of jazz. [{} "elephants often dream of modal jazz"] ' + SAILS
    answer = ask(asking(lambda asked: told.format(*2 * [key_of(asked, "ferry")])))
    assert [s.citations for s in answer.sentences] == [(), (1,)]


@pytest.mark.parametrize(
    ("said", "doubt"),
    [
        ("A ticket costs two crowns.", None),
        ("A ticket costs nine crowns.", Doubt.NUMBER),
        ("A ticket costs two crowns since 3 May 2021.", Doubt.DAY),
        ("A ticket of the Bluebird line costs two crowns.", Doubt.NAME),
        ("A ticket does not cost two crowns.", Doubt.NEGATION),
    ],
)
def test_what_the_quote_does_not_carry_is_doubted(asking, said, doubt):
    answer = ask(asking(lambda asked: f'{said} [{key_of(asked, "ferry")} "A ticket costs two crowns."]'))
    assert [(s.citations, s.doubt) for s in answer.sentences] == [((1,), doubt)]
    assert as_json(answer)["sentences"][0]["doubt"] == (doubt and doubt.value)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(status=500), "it answered with the status 500"),
        (Reply(status=401), "it does not accept the key"),
        (Reply(status=404), "it knows no model 'm'"),
        (Reply(status=429), "it has too much to do"),
        (Reply(raw=b"<html>I am a router</html>"), "it said nothing that can be read"),
        (Reply(raw=b'data: {"choices": 3}\n\n'), "TypeError; the log has more"),
        (says("The ferry leaves", finish=None), "the connection was cut"),
        (says("The ferry leaves", finish="content_filter"), "it ended with 'content_filter'"),
        (says("The ferry flies to the moon."), "nothing that it wrote stands in the passages"),
        (says("x" * 40_000, size=4_000), "it wrote without an end"),
        (says(""), "nothing that it wrote stands in the passages"),
    ],
)
def test_whatever_goes_wrong_the_answer_that_was_read_is_shown_with_a_note(asking, reply, why):
    answer = ask(asking(lambda _: reply))
    assert READ in [sentence.text for sentence in answer.sentences]
    assert (answer.refusal, answer.produced_by) == (None, "sentences")
    assert answer.note.startswith(f"openai:m did not answer ({why}")
    assert answer.note.endswith(". The sentences below are quoted from the articles instead.")
    assert "127.0.0.1" not in answer.note


def test_a_model_that_is_silent_is_not_waited_for(asking):
    answer = ask(asking(lambda _: says("The ferry", wait=3), timeout=0.3))
    assert "it was silent for 0.3 seconds" in answer.note


def test_a_model_of_which_only_signs_of_life_come_is_not_waited_for(asking):
    answer = ask(asking(lambda _: says("The ferry", pings=100), timeout=0.3))
    assert "it was silent for 0.6 seconds" in answer.note
    assert answer.sentences


def test_a_question_with_half_a_sign_is_written_about(asking):
    assert ask(asking(ferry), FERRY + "\ud83d", "What of \udfff?").note == ""


def test_what_is_written_is_shown_before_the_next_comes(asking):
    assistant = asking(lambda _: says("The ferry leaves. Then", size=10, wait=0.5))
    shown = [(answer.pending, time.monotonic()) for answer in assistant.stream(Question(FERRY)) if answer.begun]
    assert shown[0][0] == "The ferry"
    # Two pieces are to come, half a second each: held until the next one it would be shown half a second later.
    assert shown[-1][1] - shown[0][1] > 0.8


def test_a_server_that_is_not_there_is_said_to_be(asking):
    assistant = asking(ferry)
    assistant.server._server.server_close()
    assert "it cannot be reached" in ask(assistant).note


def test_a_busy_server_is_asked_again(asking):
    replies = iter([Reply(status=429, headers={"Retry-After": "0"}), Reply(status=503)])
    assistant = asking(lambda asked: next(replies, None) or ferry(asked), retries=2)
    assert ask(assistant).note == ""
    assert len(assistant.server.requests) == 3


def test_an_answer_that_became_too_long_keeps_its_whole_sentences(asking):
    told = SAILS + " A ticket costs tw"
    answer = ask(asking(lambda asked: says(told.format(key_of(asked, "ferry")), finish="length")))
    assert [s.text for s in answer.sentences] == ["The ferry leaves at noon."]
    assert answer.note == "openai:m was cut off: its answer became too long."


def test_a_model_that_finds_nothing_is_believed(asking):
    *growing, answer = grown(asking(lambda _: NOTHING))
    assert (answer.refusal, answer.sentences, growing) == (Refusal.UNCLEAR, (), [])
    assert answer.note == "openai:m finds no answer in the passages."
    assert answer.hits


def spelled(word):
    return " ".join(word)


@pytest.mark.parametrize(
    "form",
    [str, str.upper, lambda word: word[::-1], spelled, lambda word: base64.b64encode(word.encode()).decode(),
     lambda word: word.encode().hex(), lambda word: f"It is {word[:8]}", "[1]".join],
)  # fmt: skip
def test_an_answer_that_gives_its_instructions_away_is_withheld(asking, form):
    def leak(asked):
        canary = asked["messages"][0]["content"].rsplit("Never write this: ", 1)[1].strip()
        return f"{form(canary)} {ferry(asked)}"

    assistant = asking(leak)
    *growing, answer = assistant.stream(Question(FERRY))
    canary = assistant.server.requests[0]["messages"][0]["content"].rsplit("Never write this: ", 1)[1].strip()
    assert "it repeated its instructions" in answer.note
    assert not any(canary in str(as_json(one)) or form(canary) in str(as_json(one)) for one in [*growing, answer])


def test_what_a_model_thinks_is_not_its_answer(asking):
    *growing, answer = asking(lambda asked: f"<think>The ferry... {ferry(asked)}</think>\n{ferry(asked)}").stream(
        Question(FERRY)
    )
    assert [s.text for s in answer.sentences] == ["The ferry leaves at noon."]
    assert not any("think" in one.pending or "..." in one.pending for one in growing)


def test_a_follow_up_is_searched_for_as_the_model_puts_it(asking):
    def script(asked):
        return "How much is a ticket of the ferry?" if "last question" in str(asked["messages"]) else ferry(asked)

    assistant = asking(script)
    answer = ask(assistant, "And how much is it?", FERRY)
    assert answer.searched_for == "How much is a ticket of the ferry?"
    asked = assistant.server.requests[0]["messages"][-1]["content"]
    assert f"- {FERRY}\n- And how much is it?" in asked


@pytest.mark.parametrize("reply", [Reply(status=500), "", "Two\nlines?", "x" * 700, says("How much", finish=None)])
def test_a_follow_up_that_cannot_be_put_better_is_searched_for_by_the_rules(asking, reply):
    answer = ask(asking(lambda asked: reply if "last question" in str(asked) else ferry(asked)), "And how much?", FERRY)
    assert answer.searched_for == f"{FERRY} And how much?"
    assert answer.citations


def test_a_question_that_stands_alone_is_not_rewritten(asking):
    assistant = asking(ferry)
    ask(assistant, "When does the ferry Bluebird sail from the East Mole to Norrby?", "When did the mole fall?")
    assert len(assistant.server.requests) == 1


def test_as_many_passages_are_shown_as_the_window_holds(asking):
    assistant = asking(ferry)
    hits = assistant.find.invoke(Question(FERRY)).hits
    whole, text = _shown(hits, 10_000, set())
    assert [hit.passage.id for hit in whole.values()] == [hit.passage.id for hit in hits]
    assert all(hit.passage.text in text for hit in hits)
    first, text = _shown([replace(hits[0], passage=replace(hits[0].passage, text="sea " * 500)), *hits], 900, set())
    assert (len(first), len(text)) == (1, 900)
    assert "its window is too small" in ask(asking(ferry, window=100, longest=50)).note
    assert assistant.server.requests == []


def test_the_length_is_asked_for_by_the_name_that_every_server_knows(asking):
    assistant = asking(ferry, longest=333)
    ask(assistant)
    asked = assistant.server.requests[0]
    assert (asked["max_tokens"], asked["temperature"], asked["model"]) == (333, 0.0, "m")


def test_the_model_is_one_line_of_the_settings(tmp_path):
    file = tmp_path / "footnote.toml"
    file.write_text('[write]\nmodel = "openai:m"\nbase_url = "http://127.0.0.1:9/v1"\n')
    settings = load_settings({}, file)
    assert settings.writing == Writing("openai:m", "http://127.0.0.1:9/v1")
    assert settings.changed() == {"writer": "openai:m"}
    assert Settings().writing.model == ""


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"model": "gpt"}, "[write] model is 'gpt'"),
        ({"model": "huggingface:x"}, "[write] model is 'huggingface:x'"),
        ({"timeout": 0.0}, "a number that cannot be"),
        ({"window": 100}, "window is 100"),
    ],
)
def test_settings_that_cannot_be_are_one_sentence(values, said):
    with pytest.raises(UsageError) as error:
        Writing(**values)
    assert said in str(error.value)
    assert error.value.hint


def test_a_missing_key_or_package_is_one_sentence(monkeypatch):
    with pytest.raises(UsageError, match="openai:m needs a key"):
        Writing("openai:m").checked({})
    assert Writing("openai:m").checked({"OPENAI_API_KEY": "k"})
    assert Writing("openai:m", "http://127.0.0.1:1").checked({})
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    with pytest.raises(UsageError, match="anthropic:m needs a key"):
        Writing("anthropic:m", "http://127.0.0.1:1").checked({})


def test_a_package_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError, match="ollama:m needs more packages") as error:
        Writing("ollama:m").checked({})
    assert error.value.hint == "Run `pip install -r requirements-ollama.txt`."


def test_a_key_comes_from_the_environment_and_is_in_no_note(asking, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    assistant = asking(lambda _: Reply(status=401))
    note = ask(assistant).note
    assert assistant.server.requests[0]["key"] == "Bearer sk-secret"
    assert "sk-secret" not in note
