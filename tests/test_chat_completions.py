"""The door for clients of OpenAI, asked by OpenAI's own client."""

import json
from dataclasses import replace

import httpx
import openai
import pytest
from doors import FERRY, NOON, Endless, Grows, over, served, stops
from test_rest import Raises, draft

from index.records import article_id
from rag.answers import Question, Refusal
from rag.chain import Assistant
from rag.doors.chat_completions import ANEW
from rag.doors.faults import BROKEN
from rag.reader import SentenceReader
from rag.retrieve import HybridRetriever
from rag.wording import SAYINGS

TICKET = "A ticket costs two crowns."
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def client_of(server):
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=20)


@pytest.fixture
def client(indexed):
    with served(over(indexed), indexed) as server, client_of(server) as client:
        yield client


def ask(client, *messages, **given):
    said = [{"role": "user", "content": m} if isinstance(m, str | list) else m for m in messages]
    return client.chat.completions.create(model="footnote", messages=said, **given)


def streamed(indexed, *drafts, **given):
    """The chunks of an answer that is written in these drafts."""
    with served(over(indexed, Grows(*drafts)), indexed) as server, client_of(server) as client:
        return list(ask(client, FERRY, stream=True, **given))


def text_of(chunks):
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


# At once --------------------------------------------------------------------------------------------------------------


def test_an_answer_has_its_sources_and_its_quotations_as_annotations(client, indexed):
    got = ask(client, FERRY)
    (choice,) = got.choices
    assert (got.object, got.model, choice.finish_reason, choice.message.role) == (
        "chat.completion", "footnote", "stop", "assistant",
    )  # fmt: skip
    assert choice.message.content.startswith(f"{NOON} [1]")
    assert "\n\nSources:\n[1] ferry" in choice.message.content
    first = choice.message.annotations[0]
    where = first.url_citation
    assert (choice.message.content[where.start_index : where.end_index], where.title, where.url) == (
        NOON,
        "ferry",
        f"urn:footnote:{article_id('ferry')}",
    )
    about = first.footnote
    assert indexed.article(about["article"]).text[about["start"] : about["end"]] == about["quote"] == NOON
    assert (about["number"], about["published"]) == (1, None)


def test_usage_is_a_quarter_of_the_characters_and_says_so(client):
    got = ask(client, FERRY)
    read, written = -(-len(FERRY) // 4), -(-len(got.choices[0].message.content) // 4)
    assert (got.usage.prompt_tokens, got.usage.completion_tokens) == (read, written)
    assert (got.usage.total_tokens, got.usage.approximate) == (read + written, True)


def test_the_last_message_of_the_user_is_the_question_and_those_before_it_are_earlier(indexed):
    asked = []

    class Remembers(Assistant):
        def stream(self, question):
            asked.append((question.text, question.earlier))
            return super().stream(question)

    plain = over(indexed)
    with served(Remembers(plain._retriever, plain._reader), indexed) as server, client_of(server) as client:
        ask(
            client,
            {"role": "system", "content": "Answer in verse."},
            FERRY,
            {"role": "assistant", "content": NOON},
            [{"type": "text", "text": "And what does"}, {"type": "text", "text": "a ticket cost?"}],
            {"role": "assistant", "content": None, "tool_calls": []},
            temperature=0.7, top_p=0.1, seed=3, max_tokens=5, tools=[], response_format={"type": "text"},
        )  # fmt: skip
    assert asked == [("And what does\na ticket cost?", (FERRY,))]


def test_a_refusal_is_the_content(indexed):
    with served(over(indexed, threshold=1.1), indexed) as server, client_of(server) as client:
        message = ask(client, FERRY).choices[0].message
    assert message.content.startswith(SAYINGS[Refusal.NOT_SUPPORTED])
    assert (message.annotations, message.footnote) == ([], {"refusal": "not_supported"})


def test_there_is_one_model(client):
    assert [model.id for model in client.models.list()] == ["footnote"]
    assert client.models.retrieve("footnote").owned_by == "footnote"
    with pytest.raises(openai.NotFoundError, match=r"There is no such model\. There is one: footnote\."):
        client.models.retrieve("gpt")


# Streamed -------------------------------------------------------------------------------------------------------------


def test_sentences_are_streamed_as_they_are_whole_and_rest_on_a_quotation(indexed):
    chunks = streamed(indexed, draft(pending="The"), draft(NOON), draft(NOON, pending="A t"), draft(NOON, TICKET))
    contents = [c.choices[0].delta.content for c in chunks]
    assert contents[:2] == ["", f"{NOON} [1]"]
    assert contents[2].startswith(f"\n{TICKET} [2]\n\nSources:\n[1] ferry")
    assert (chunks[0].choices[0].delta.role, [c.choices[0].finish_reason for c in chunks]) == (
        "assistant", [None, None, None, "stop"],
    )  # fmt: skip
    assert len({(c.id, c.created, c.object) for c in chunks}) == 1
    for cited, sentence in zip(chunks[-1].choices[0].delta.annotations, (NOON, TICKET), strict=True):
        where = cited["url_citation"]
        assert text_of(chunks)[where["start_index"] : where["end_index"]] == sentence


def test_what_is_said_before_everything_is_read_is_not_sent(indexed):
    class Hasty:
        def __init__(self, reader):
            self.read = reader.read

        def drafts(self, query, hits):
            yield replace(self.read(query, hits[-1:]), early=True)
            yield self.read(query, hits)

    hasty = Assistant(HybridRetriever(index=indexed), Hasty(SentenceReader(indexed, 0.0)))
    assert [a.early for a in hasty.stream(Question(FERRY))] == [False, True, False]
    with served(hasty, indexed) as server, client_of(server) as client:
        assert text_of(ask(client, FERRY, stream=True)) == ask(client, FERRY).choices[0].message.content


def test_a_streamed_answer_is_the_one_that_is_given_at_once(client):
    assert text_of(ask(client, FERRY, stream=True)) == ask(client, FERRY).choices[0].message.content


def test_what_was_sent_and_does_not_hold_is_followed_by_the_answer(indexed):
    chunks = streamed(indexed, draft(NOON), draft(TICKET), draft(TICKET))
    assert text_of(chunks).startswith(f"{NOON} [1]{ANEW}{TICKET} [1]\n")
    where = chunks[-1].choices[0].delta.annotations[0]["url_citation"]
    assert text_of(chunks)[where["start_index"] : where["end_index"]] == TICKET


def test_the_protocol_is_data_lines_and_ends_with_done(indexed):
    sent = {"messages": [{"role": "user", "content": FERRY}], "stream": True, "stream_options": {"include_usage": True}}
    with served(over(indexed), indexed) as server:
        got = httpx.post(f"{server.url}/v1/chat/completions", json=sent)
    assert got.headers["content-type"].startswith("text/event-stream")
    *lines, done, rest = got.text.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert (chunks[-1]["choices"], chunks[-1]["usage"]["approximate"]) == ([], True)


def test_a_client_that_leaves_stops_the_work(indexed):
    endless = Endless(indexed)
    with served(endless, indexed) as server, client_of(server) as client:
        with ask(client, FERRY, stream=True) as chunks:
            next(iter(chunks))
        assert stops(endless)


def test_what_breaks_a_stream_is_an_error_in_it(indexed):
    def breaks(_):
        raise RuntimeError("swordfish")

    with pytest.raises(openai.APIError, match=BROKEN.replace(".", r"\.")):
        streamed(indexed, draft(NOON), draft(NOON), breaks)


# What goes wrong ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([[{"type": "text", "text": FERRY}, IMAGE]], "A message holds an image, which cannot be read. Ask in words."),
        ([[{"type": "input_audio", "input_audio": {}}]], "A message holds a part that is no text"),
        ([{"role": "system", "content": "Hello."}], "There is no message of the user"),
        ([" "], "The question is empty"),
        ([], "messages: list should have at least 1 item"),
        ([{"role": "king", "content": "Hello."}], "messages.0.role: "),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_told_as_openai_tells_it(client, messages, said):
    with pytest.raises(openai.BadRequestError) as raised:
        ask(client, *messages)
    assert raised.value.body["message"].startswith(said)
    assert raised.value.body["type"] == "invalid_request_error"


def test_what_goes_wrong_inside_is_told_as_openai_tells_it(indexed):
    broken = Raises(RuntimeError("swordfish"))
    with (
        served(broken, indexed) as server,
        client_of(server) as client,
        pytest.raises(openai.InternalServerError) as raised,
    ):
        ask(client, FERRY)
    assert raised.value.body == {"message": BROKEN, "type": "server_error", "param": None, "code": None}
