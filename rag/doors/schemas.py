"""The forms of requests and responses over REST, as OpenAPI documents them. An answer's is that of rag.answers.as_json.

Responses are written from the values themselves; that they have these forms is held by the tests.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool

from index.candidates import Only
from rag.answers import Doubt, Refusal
from rag.kept_to import kept_to

# What days are resolved against; a calendar of this size is never left by counting from one of them.
FIRST_YEAR, LAST_YEAR = 1900, 2200
MOST_PASSAGES, MOST_ARTICLES = 50, 500
ARTICLE_ID = "^[0-9a-f]{32}$"


class Form(BaseModel):
    """Something with exactly these fields."""

    model_config = ConfigDict(extra="forbid")


def _moment(value: object) -> datetime:
    """The time that ISO 8601 names, in UTC where it does not say."""
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:  # it repeats what was given
        raise ValueError("is a text in ISO 8601, such as 2024-08-30T12:00:00Z") from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"lies between {FIRST_YEAR} and {LAST_YEAR}")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _day(value: object) -> date | None:
    """The day that ISO 8601 names."""
    if value is None:
        return None
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:  # it repeats what was given
        raise ValueError("is a day in ISO 8601, such as 2024-08-30") from None


Day = Annotated[date | None, BeforeValidator(_day)]


class OnlyForm(Form):
    """What a question is kept to; an article that does not meet each part that is given is not searched."""

    source: str = Field("", max_length=500, description="A piece of the paper's name, or of the path or address.")
    author: str = Field("", max_length=500, description="A piece of the byline.")
    first: Day = Field(None, description="The first day, ISO 8601; an article without a date is left out.")
    last: Day = Field(None, description="The last day, ISO 8601.")

    def made(self) -> Only:
        """The same, as the chain has it. Raises UsageError for days in the wrong order."""
        return kept_to(self.source, self.author, self.first, self.last)


class Asking(Form):
    """A question."""

    question: str = Field(description="What you want to know, at most 4,000 characters.", examples=["Who won?"])
    earlier: list[str] = Field([], description="The conversation's earlier questions, oldest first.")
    asked_at: Annotated[datetime | None, BeforeValidator(_moment)] = Field(
        None, description="When it was asked, ISO 8601; days such as “last week” are counted from it. Now, by default."
    )
    only: OnlyForm | None = Field(None, description="Which articles are searched; all, by default.")
    stream: StrictBool = Field(False, description="Whether to answer with server-sent events as the answer grows.")


class ErrorForm(Form):
    """Why a request was not answered."""

    error: str = Field(description="A sentence that says what is the matter.")
    hint: str = Field(description="The next step, or an empty text.")


class SentenceForm(Form):
    """One sentence of an answer."""

    text: str
    citations: list[int] = Field(description="Numbers of the citations it rests on; none: it is not supported.")
    mark: list[int] | None = Field(description="Where in the text the short answer stands: [start, end].")
    doubt: Doubt | None = Field(description="What of the sentence its quotes do not carry.")


class CopyForm(Form):
    """Where else a passage was published."""

    source: str
    title: str
    published: str | None
    url: str | None


class CitationForm(Form):
    """A quotation: the characters from `start` to `end` of the article's text are `quote`."""

    number: int
    article: str
    revision: str
    passage: str
    source: str
    title: str
    author: str | None
    published: str | None
    heading: str
    page: int | None
    start: int
    end: int
    quote: str
    also: list[CopyForm]


class HitForm(Form):
    """A passage that was found for an answer, best first."""

    article: str
    source: str
    title: str
    published: str | None
    passage: str
    start: int
    end: int
    text: str
    score: float
    found_by: str


class SpotForm(Form):
    """Where in an article an answer would stand."""

    passage: str
    start: int
    end: int


class SearchedForm(Form):
    """What was searched."""

    articles: int
    passages: int
    first: str | None
    last: str | None
    undated: int
    generation: int


class PeriodForm(Form):
    """Days that a question names."""

    words: str
    first: str | None
    last: str | None


class ImpliedForm(Form):
    """What a question says of the articles that are meant; those are preferred."""

    publishers: list[str]
    authors: list[str]
    periods: list[PeriodForm]


class AnswerForm(Form):
    """An answer, or with `refusal` set why there is none."""

    question: str
    earlier: list[str]
    asked_at: str
    only: OnlyForm = Field(description="What it was kept to.")
    searched_for: str
    short: str
    sentences: list[SentenceForm]
    done: bool
    pending: str
    note: str
    heading: str
    differing: bool
    citations: list[CitationForm]
    refusal: Refusal | None
    confidence: float | None
    hits: list[HitForm]
    spots: list[SpotForm]
    searched: SearchedForm
    implied: ImpliedForm
    produced_by: str
    prompt: str
    unknown: list[str] = Field(description="The words of the question that stand in no article.")
    timings: dict[str, float]


class EventForm(Form):
    """One server-sent event of a streamed answer; its data is JSON.

    `growing` has the sentences from the place `from` on, which replace those that were there, and the beginning of the
    next in `pending`. `answer`, the last, is the whole answer. `error` is the last where something went wrong.
    """

    event: Literal["growing", "answer", "error"]
    data: str


class PassageForm(Form):
    """A passage that was found."""

    id: str
    text: str
    article: str
    source: str
    title: str
    author: str | None
    published: str | None
    start: int
    end: int
    heading: str
    page: int | None
    score: float


class FoundForm(Form):
    """The passages that were found for a question, best first."""

    question: str
    searched_for: str
    passages: list[PassageForm]


class EntryForm(Form):
    """A source, how it ended in the last run that looked at it, and what is known of its article."""

    id: str | None = Field(description="The id of its article; of a source that has none, null.")
    source: str
    state: Literal["indexed", "skipped", "failed", "opened"]
    reason: str
    seen: str
    part_of: str
    twin: str = Field(description="The source whose article says the same, or an empty text.")
    title: str
    author: str | None
    published: str | None
    published_from: str | None
    modified: str | None
    fetched: str | None
    language: str | None
    url: str | None
    characters: int
    copies: int


class ListingForm(Form):
    """A piece of the ledger, how many sources ended in each state, all pieces together, and what is followed."""

    articles: list[EntryForm]
    states: dict[str, int]
    followed: list[str]


class SectionForm(Form):
    """A heading, and where the text under it begins."""

    heading: str
    start: int
    body: int


class ArticleForm(Form):
    """An article as it is indexed. Offsets count characters of `text`."""

    id: str
    revision: str
    source: str
    title: str
    author: str | None
    published: str | None
    published_from: str | None
    modified: str | None
    fetched: str
    language: str | None
    url: str | None
    publisher: str | None
    pages: list[int] = Field(description="Where each page of a paged document begins.")
    sections: list[SectionForm]
    text: str


class HealthForm(Form):
    """That questions can be answered, and over what."""

    status: Literal["ok"]
    articles: int
    passages: int
    generation: int


class Part(BaseModel):
    """A part of a message. Only those of type "text" can be read."""

    type: str
    text: str | None = None


class Message(BaseModel):
    """A message of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None


class StreamOptions(BaseModel):
    """How to stream."""

    include_usage: bool = False


class Chat(BaseModel):
    """A request as OpenAI's chat completions have it. What is not named here is accepted and ignored."""

    messages: list[Message] = Field(min_length=1)
    model: str = Field("footnote", description="Ignored: there is one.")
    stream: bool | None = False
    stream_options: StreamOptions | None = None


class OpenAIProblem(BaseModel):
    """What is the matter."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(BaseModel):
    """Why a request was not answered, in OpenAI's form."""

    error: OpenAIProblem
