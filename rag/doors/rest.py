"""The REST door: questions, passages and articles under /v1, documented in /openapi.json.

Annotations are not kept as texts here: FastAPI reads them, and its classes are imported inside the functions.
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from index.errors import FootnoteError
from rag.answers import Answer, Sentence, as_json
from rag.doors import schemas
from rag.doors.desk import Desk
from rag.doors.faults import Unavailable, encoded, fault_of
from rag.doors.library import Library, article, article_as_json, found_as_json, listing_as_json, question
from rag.kept_to import kept_to

if TYPE_CHECKING:
    from fastapi import APIRouter
    from fastapi.responses import Response


def router(desk: Desk, library: Library) -> "APIRouter":
    """The paths under /v1, but for those of OpenAI."""
    from fastapi import APIRouter

    routes = APIRouter(prefix="/v1")
    _questions(routes, desk)
    _articles(routes, library)

    @routes.get("/health", response_model=schemas.HealthForm, responses=errors(503), tags=["server"])
    def health() -> Any:  # noqa: ANN401 - a dict of the form above
        """Whether questions can be answered."""
        try:
            overview = desk.assistant.overview()
        except FootnoteError as error:
            raise Unavailable(str(error), error.hint) from error
        counts = {"articles": overview.articles, "passages": overview.passages, "generation": overview.generation}
        return {"status": "ok", **counts}

    return routes


def _questions(routes: "APIRouter", desk: Desk) -> None:
    from fastapi import Query, Request
    from fastapi.responses import Response, StreamingResponse

    events = {"text/event-stream": {"schema": schemas.EventForm.model_json_schema()}}
    streamed: dict[int | str, dict[str, Any]] = {200: {"content": events}}

    @routes.post(
        "/ask", response_model=schemas.AnswerForm, responses={**streamed, **errors(409, 413, 503)}, tags=["questions"]
    )
    async def ask(asking: schemas.Asking, request: Request) -> Response:
        """The answer, each sentence with its quotations, or the refusal."""
        asked = question(asking.question, asking.earlier, asking.asked_at, asking.only.made() if asking.only else None)
        if asking.stream:
            answers = desk.growing(asked)
            first = await anext(answers)  # what is wrong with the question is told before the stream begins
            return StreamingResponse(_events(first, answers), media_type="text/event-stream")
        answer = await desk.answer(asked, request.is_disconnected)
        return rendered(as_json(answer) if answer else {})

    @routes.get("/search", response_model=schemas.FoundForm, responses=errors(409, 503), tags=["questions"])
    async def search(
        q: Annotated[str, Query(description="What to search for.")],
        limit: Annotated[int, Query(ge=1, le=schemas.MOST_PASSAGES)] = 10,
        source: Annotated[str, Query(max_length=500, description="A piece of the paper, path or address.")] = "",
        author: Annotated[str, Query(max_length=500, description="A piece of the byline.")] = "",
        first: Annotated[schemas.Day, Query(description="Only articles of this day or later, ISO 8601.")] = None,
        last: Annotated[schemas.Day, Query(description="Only articles of this day or earlier.")] = None,
    ) -> Response:
        """The passages that would be read for an answer, best first."""
        only = kept_to(source, author, first, last)
        return rendered(found_as_json(await desk.found(question(q, [], only=only)), limit))


def _articles(routes: "APIRouter", library: Library) -> None:
    from fastapi import Path, Query
    from fastapi.responses import Response

    @routes.get("/articles", response_model=schemas.ListingForm, responses=errors(409, 503), tags=["articles"])
    def articles(
        state: Annotated[Literal["", "indexed", "skipped", "failed"], Query()] = "",
        like: Annotated[str, Query(description="A piece of the source, title, author or reason.")] = "",
        limit: Annotated[int, Query(ge=1, le=schemas.MOST_ARTICLES)] = 100,
        offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
    ) -> Response:
        """What is indexed, what is not, and why."""
        return rendered(listing_as_json(library.listing(state, like, limit, offset)))

    @routes.get(
        "/articles/{article_id}", response_model=schemas.ArticleForm, responses=errors(404, 409, 503), tags=["articles"]
    )
    def read(article_id: Annotated[str, Path(pattern=schemas.ARTICLE_ID)]) -> Response:
        """The text of an article, and what is known of it."""
        return rendered(article_as_json(article(library, article_id)))


def rendered(value: Mapping[str, Any]) -> "Response":
    """The value as a response in JSON."""
    from fastapi.responses import Response

    return Response(encoded(value), media_type="application/json")


def errors(*statuses: int, form: type = schemas.ErrorForm) -> dict[int | str, dict[str, Any]]:
    """How OpenAPI documents these statuses and those that any request may have."""
    named: dict[int | str, dict[str, Any]] = {
        status: {"model": form} for status in sorted({400, 401, 403, 429, 500, *statuses})
    }
    return {**named, "default": {"model": form, "description": "Any other error"}}


def event(name: str, value: Mapping[str, Any]) -> bytes:
    """One server-sent event. JSON has no line breaks outside of its escapes."""
    return f"event: {name}\ndata: ".encode() + encoded(value) + b"\n\n"


async def _events(first: Answer, answers: AsyncGenerator[Answer]) -> AsyncIterator[bytes]:
    before: list[Sentence] = []
    try:
        async with contextlib.aclosing(answers):
            answer = first
            while not answer.done:
                if answer.begun:
                    yield event("growing", grown(before, answer))
                    before = list(answer.sentences)
                answer = await anext(answers)
            yield event("answer", as_json(answer))
    except Exception as error:
        fault = fault_of(error)
        yield event("error", {"error": fault.error, "hint": fault.hint})


def grown(before: Sequence[Sentence], answer: Answer) -> dict[str, Any]:
    """What is new in an answer of which the sentences `before` are known, as schemas.EventForm says it."""
    pairs = enumerate(zip(before, answer.sentences, strict=False))
    place = next((n for n, (old, new) in pairs if old != new), min(len(before), len(answer.sentences)))
    return {"from": place, "sentences": as_json(answer)["sentences"][place:], "pending": answer.pending}
