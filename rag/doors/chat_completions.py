"""The door for clients of OpenAI's chat completions: the last message of the user is the question.

The text that is streamed cannot be taken back, so a sentence is sent when it is whole and rests on a quotation; the
others come with the rest. Annotations are not kept as texts here: FastAPI reads them.
"""

import contextlib
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from index.errors import UsageError
from rag.answers import Answer, Question
from rag.doors import schemas
from rag.doors.desk import Desk
from rag.doors.faults import NotFound, encoded, fault_of
from rag.doors.library import question
from rag.doors.rest import errors, rendered
from rag.doors.told import Rest, Told, begun, told, url

if TYPE_CHECKING:
    from fastapi import APIRouter

MODEL = "footnote"
# As many characters count as one token. Nothing is counted by a tokenizer here, and the usage says so.
CHARACTERS_A_TOKEN = 4
ANEW = "\n\nThis was not the whole of it. The answer:\n\n"


def router(desk: Desk) -> "APIRouter":
    """POST /v1/chat/completions, and GET /v1/models."""
    from fastapi import APIRouter, Request
    from fastapi.responses import Response, StreamingResponse

    kinds: dict[str, Any] = {"application/json": {}, "text/event-stream": {}}
    documented = errors(409, 413, 503, form=schemas.OpenAIError)
    routes = APIRouter(prefix="/v1", tags=["OpenAI"], default_response_class=Response)
    model = {"id": MODEL, "object": "model", "created": int(time.time()), "owned_by": MODEL}

    @routes.post("/chat/completions", responses={200: {"content": kinds}, **documented})
    async def complete(chat: schemas.Chat, request: Request) -> Response:
        """The answer with [n] at its sentences and its sources; the quotations are annotations of the message."""
        asked = asked_in(chat.messages)
        about = Completion(sum(len(text_of(message)) for message in chat.messages))
        if chat.stream:
            answers = desk.growing(asked)
            first = await anext(answers)
            usage = chat.stream_options.include_usage if chat.stream_options else False
            return StreamingResponse(_streamed(about, first, answers, usage), media_type="text/event-stream")
        answer = await desk.answer(asked, request.is_disconnected)
        return rendered(about.whole(told(answer), answer) if answer else {})

    @routes.get("/models", responses=documented)
    def models() -> Response:
        """The one model there is."""
        return rendered({"object": "list", "data": [model]})

    @routes.get("/models/{name}", responses={**documented, 404: {"model": schemas.OpenAIError}})
    def one(name: str) -> Response:
        """What is known of a model."""
        if name != MODEL:
            raise NotFound("There is no such model", f"There is one: {MODEL}.")
        return rendered(model)

    return routes


def asked_in(messages: Sequence[schemas.Message]) -> Question:
    """The last message of the user as a question, those before it as the earlier ones. Raises UsageError."""
    texts = [text_of(message) for message in messages if message.role == "user"]
    if not texts:
        raise UsageError("There is no message of the user", 'Send {"role": "user", "content": "Your question?"}.')
    return question(texts[-1], texts[:-1])


def text_of(message: schemas.Message) -> str:
    """What a message says. Raises UsageError for a user's message with a part that is no text."""
    if not isinstance(message.content, list):
        return message.content or ""
    for part in message.content:
        if part.type != "text" and message.role == "user":
            what = "an image" if "image" in part.type else "a part that is no text"
            raise UsageError(f"A message holds {what}, which cannot be read", "Ask in words.")
    return "\n".join(part.text or "" for part in message.content)


@dataclass(frozen=True, slots=True)
class Completion:
    """What all that is sent for one question has in common; `characters` is how long the messages are together."""

    characters: int
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, said: Told, answer: Answer) -> dict[str, Any]:
        """A completion that is not streamed."""
        message = {"role": "assistant", "content": said.text, "refusal": None, **_extras(said, answer)}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self.usage(said.text)}

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        """A piece of a completion that is streamed."""
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return {**self._head("chat.completion.chunk"), "choices": [choice]}

    def last(self, text: str) -> dict[str, Any]:
        """The piece that has the usage and nothing else."""
        return {**self._head("chat.completion.chunk"), "choices": [], "usage": self.usage(text)}

    def usage(self, text: str) -> dict[str, Any]:
        """About how many tokens were read and written."""
        read, written = (-(-count // CHARACTERS_A_TOKEN) for count in (self.characters, len(text)))
        counts = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
        return {**counts, "approximate": True}

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": MODEL}


def _extras(said: Told, answer: Answer) -> dict[str, Any]:
    refusal = answer.refusal.value if answer.refusal else None
    return {"annotations": [_annotation(rest) for rest in said.rests], "footnote": {"refusal": refusal}}


def _annotation(rest: Rest) -> dict[str, Any]:
    """A url_citation, with what OpenAI's form has no place for beside it."""
    cited = rest.citation
    where = {"start_index": rest.start, "end_index": rest.end, "title": cited.title, "url": url(cited)}
    return {
        "type": "url_citation",
        "url_citation": where,
        "footnote": {
            "number": cited.number,
            "quote": cited.quote,
            "article": cited.article_id,
            "start": cited.start,
            "end": cited.end,
            "published": cited.published.isoformat() if cited.published else None,
        },
    }


async def _streamed(
    about: Completion, first: Answer, answers: AsyncGenerator[Answer], usage: bool
) -> AsyncIterator[bytes]:
    try:
        yield _line(about.chunk({"role": "assistant", "content": ""}))
        async with contextlib.aclosing(answers):
            sent, answer = "", first
            while not answer.done:
                text = begun(answer) if answer.begun else sent
                if text != sent and text.startswith(sent):
                    yield _line(about.chunk({"content": text[len(sent) :]}))
                    sent = text
                answer = await anext(answers)
        said = told(answer)
        if not said.text.startswith(sent):
            said = said.after(sent + ANEW)
        yield _line(about.chunk({"content": said.text[len(sent) :]}))
        yield _line(about.chunk(_extras(said, answer), "stop"))
        if usage:
            yield _line(about.last(said.text))
        yield b"data: [DONE]\n\n"
    except Exception as error:
        yield _line(fault_of(error).told("/v1/chat/completions"))


def _line(value: dict[str, Any]) -> bytes:
    return b"data: " + encoded(value) + b"\n\n"
