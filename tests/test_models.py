"""The providers of language models: each one's own library asks a server on loopback that speaks its protocol."""

import importlib.util
import json
import logging
import socket

import pytest
from model_server import AnthropicServer, GoogleServer, ModelServer, OllamaServer, Reply, key_of, says

from index.errors import UsageError
from rag.answers import Question
from rag.chain import Assistant
from rag.reader import SentenceReader
from rag.retrieve import HybridRetriever
from rag.settings import build, load_settings
from rag.writing.models import PROVIDERS, ChatModel, Writing
from rag.writing.writer import LanguageWriter

SERVERS = {
    "openai": ModelServer, "anthropic": AnthropicServer, "google_genai": GoogleServer, "ollama": OllamaServer,
}  # fmt: skip
# Where a library looks for its server when it is told of none.
ELSEWHERE = (
    "OPENAI_API_BASE", "OPENAI_BASE_URL", "ANTHROPIC_API_URL", "ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL",
    "OLLAMA_HOST", "LANGSMITH_GATEWAY",
)  # fmt: skip
SECRET = "k-4f1d-secret"
READ = "The ferry sails at noon."
SAILS = 'The ferry leaves at noon. [{} "sails at noon"] And so on.'
ALWAYS = 0.0


def asked_for(server, provider, **writing):
    """The model of this provider, which is asked again once."""
    # A library is imported and a client made before the first request, and both count.
    return ChatModel(Writing(f"{provider}:m", server.url, **{"timeout": 30.0, "retries": 1, **writing}))


@pytest.fixture(scope="module", params=SERVERS)
def model(request):
    """(a model of each provider, its server, whose script a test sets)."""
    provider = PROVIDERS[request.param]
    if importlib.util.find_spec(provider.package) is None:
        pytest.skip(f"NO {provider.package}: pip install -r {provider.needs}; {request.param} is NOT tested")
    with pytest.MonkeyPatch.context() as patch, SERVERS[request.param](None) as server:
        patch.setenv(provider.key, SECRET)
        yield asked_for(server, request.param), server


@pytest.fixture
def asking(model, indexed, monkeypatch):
    """(script) -> an assistant whose model answers by it; `.server` has the requests. A draft for each piece."""
    monkeypatch.setattr("rag.writing.writer.EVERY", 0.0)
    chat, server = model

    def made(script):
        server.script, server.requests = script, []
        writer = LanguageWriter(chat, indexed.embedder)
        assistant = Assistant(HybridRetriever(index=indexed), SentenceReader(indexed, ALWAYS), writer)
        assistant.server, assistant.provider = server, chat.name.partition(":")[0]
        return assistant

    return made


def ferry(asked):
    return SAILS.format(key_of(asked, "ferry"))


def ask(assistant):
    return assistant.ask(Question("When does the ferry sail?"))


def test_an_answer_grows_and_rests_on_a_quote(asking):
    assistant = asking(ferry)
    *growing, answer = (one for one in assistant.stream(Question("When does the ferry sail?")) if one.begun)
    assert [s.text for s in answer.sentences] == ["The ferry leaves at noon.", "And so on."]
    assert ([c.quote for c in answer.citations], answer.note) == ([READ], "")
    assert "The ferry leaves at noon." in [one.pending for one in growing]
    (asked,) = assistant.server.requests
    assert asked["path"] == assistant.server.route
    assert "never an instruction" in asked["messages"][0]["content"]


def test_what_it_may_write_is_told_by_the_name_that_the_provider_has(asking):
    assistant = asking(ferry)
    ask(assistant)
    asked = json.dumps(assistant.server.requests[0])
    name = {"google_genai": "maxOutputTokens", "ollama": "num_predict"}.get(assistant.provider, "max_tokens")
    assert f'"{name}": 800' in asked
    assert '"temperature": 0' in asked


def test_an_answer_that_became_too_long_keeps_its_whole_sentences(asking):
    answer = ask(asking(lambda asked: says(ferry(asked) + " A ticket co", finish="length")))
    assert [s.text for s in answer.sentences] == ["The ferry leaves at noon.", "And so on."]
    assert "was cut off: its answer became too long" in answer.note


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "99999"}], ids=["ended", "torn"])
def test_an_answer_without_its_end_is_none(asking, headers):
    assistant = asking(lambda asked: says(ferry(asked), finish=None, headers=headers))
    assert "the connection was cut" in ask(assistant).note
    assert ask(assistant).sentences[0].text == READ


def test_an_answer_that_ended_for_another_reason_is_none(asking):
    assert "it ended with 'safety'" in ask(asking(lambda asked: says(ferry(asked), finish="SAFETY"))).note


def test_an_error_in_the_midst_of_an_answer_is_told(asking):
    note = ask(assistant := asking(lambda asked: says(ferry(asked), breaks="out of memory"))).note
    # Google's has a status, as if nothing had come before it.
    said = "it answered with the status 503" if assistant.provider == "google_genai" else "it broke off with an error"
    assert f"did not answer ({said}" in note
    assert "out of memory" not in note


def test_a_busy_server_is_asked_again_and_no_more_than_that(asking):
    assistant = asking(lambda _: Reply(status=429, headers={"Retry-After": "0"}))
    assert "it has too much to do" in ask(assistant).note
    assert len(assistant.server.requests) == 2
    replies = iter([Reply(status=503, headers={"Retry-After": "0"})])
    assistant = asking(lambda asked: next(replies, None) or ferry(asked))
    assert (ask(assistant).note, len(assistant.server.requests)) == ("", 2)


def test_an_answer_that_has_begun_is_not_asked_for_again(asking):
    assistant = asking(lambda asked: says(ferry(asked), finish=None, headers={"Content-Length": "99999"}))
    ask(assistant)
    assert len(assistant.server.requests) == 1


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "it does not accept the key"), (404, "it knows no model 'm'"), (400, "it answered with the status 400")],
)
def test_what_it_refuses_is_told_in_words_and_the_answer_is_what_was_read(asking, caplog, status, said):
    caplog.set_level(logging.DEBUG)
    assistant = asking(lambda _: Reply(status=status))
    answer = ask(assistant)
    assert (answer.sentences[0].text, answer.produced_by) == (READ, "sentences")
    assert answer.note.startswith(f"{assistant.provider}:m did not answer ({said})")
    (asked,) = assistant.server.requests
    assert asked["key"].removeprefix("Bearer ") == SECRET
    assert SECRET not in answer.note + caplog.text


def test_a_key_that_google_does_not_know_is_told_as_such(asking):
    why = {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}
    why["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]
    assistant = asking(lambda _: Reply(status=400, raw=json.dumps({"error": why}).encode()))
    if assistant.provider == "google_genai":
        assert "it does not accept the key" in ask(assistant).note


@pytest.mark.parametrize("raw", [b"", b"<html>Welcome to the harbour</html>", b'data: {"candi', b'{"message'])
def test_what_speaks_no_protocol_is_told_in_words(asking, raw):
    note = ask(asking(lambda _: Reply(raw=raw))).note
    assert "cannot be read" in note or "can be read" in note or "the connection was cut" in note
    assert "the log has more" not in note


def test_an_error_that_repeats_the_key_is_logged_without_it(asking, caplog):
    caplog.set_level(logging.DEBUG)
    assistant = asking(lambda asked: says(ferry(asked), breaks=f"the key {SECRET} is out of money"))
    assert SECRET not in ask(assistant).note + caplog.text


def test_no_other_address_is_asked_than_the_one_that_is_set(model, monkeypatch):
    chat, server = model
    server.script = lambda _: "The ferry sails."
    for name in ELSEWHERE:
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    reached, names, connect, look = [], [], socket.socket.connect, socket.getaddrinfo

    def connected(own, address):
        reached.append(address)
        return connect(own, address)

    def looked(host, *rest, **more):
        names.append(host)
        return look(host, *rest, **more)

    monkeypatch.setattr(socket.socket, "connect", connected)
    monkeypatch.setattr(socket, "getaddrinfo", looked)
    *_, told = asked_for(server, chat.name.partition(":")[0]).tell([("human", "When?")])
    assert (told.text, told.whole) == ("The ferry sails.", True)
    assert set(reached) == {server._server.server_address}
    assert set(names) <= {"127.0.0.1"}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_package_that_is_not_installed_is_named_with_the_command(provider, monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    file = tmp_path / "footnote.toml"
    file.write_text(f'[write]\nmodel = "{provider}:m"\n')
    with pytest.raises(UsageError, match=f"^{provider}:m needs more packages") as error:
        build(load_settings({}, file))
    assert error.value.hint == f"Run `pip install -r {PROVIDERS[provider].needs}`."


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("key", [f"{SECRET}\n", f"{SECRET}\r", f"“{SECRET}”", "two words"])
def test_a_key_that_no_header_can_hold_is_told_before_it_is_sent(provider, key, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    name = PROVIDERS[provider].key
    with pytest.raises(UsageError, match=f"^{name} has a character that is in no key") as error:
        Writing(f"{provider}:m").checked({name: key})
    assert SECRET not in f"{error.value}{error.value.hint}"


def test_ollama_needs_no_key(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    assert Writing("ollama:m").checked({})
