"""Questions, passages and articles over REST, asked of a real server over a real index."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from doors import FERRY, NOON, Endless, Grows, over, served, stops

from index.errors import DamagedIndex, FootnoteError
from index.records import article_id
from index.search import Index
from rag.answers import Draft, DraftSentence, Question, Quote, as_json
from rag.doors.faults import BROKEN

HIDDEN = "the password is swordfish"


@pytest.fixture
def rest(indexed):
    """A client of a server over the three articles."""
    with served(over(indexed), indexed) as server, httpx.Client(base_url=server.url, timeout=20) as client:
        client.server = server
        yield client


def draft(*texts, pending=""):
    """A draft of sentences, each claiming what it says as a quote of the first passage."""

    def drafted(walk):
        passage = walk.hits[0].passage
        return Draft(tuple(DraftSentence(t, (Quote(passage.id, t),)) for t in texts), "test", pending=pending)

    return drafted


def events(text):
    """(name, value) of each event of a stream."""
    for block in text.strip().split("\n\n"):
        name, data = block.split("\n")
        yield name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


class Raises:
    """An assistant, and an index, whose every method raises."""

    def __init__(self, error):
        def fail(*_):
            raise self.error

        self.error = error
        self.stream = self.overview = self.listing = self.article = fail
        self.find = type("Find", (), {"invoke": fail})()


# Asking ---------------------------------------------------------------------------------------------------------------


def test_an_answer_is_that_of_the_assistant(rest, indexed):
    got = rest.post("/v1/ask", json={"question": FERRY, "asked_at": "2024-08-30T12:00:00Z"}).json()
    own = as_json(over(indexed).ask(Question(FERRY, (), datetime(2024, 8, 30, 12, tzinfo=UTC))))
    assert got | {"timings": {}} == own | {"timings": {}}
    assert got["citations"][0]["quote"] == NOON


def test_earlier_questions_are_what_a_follow_up_leans_on(rest):
    got = rest.post("/v1/ask", json={"question": "And what does a ticket cost?", "earlier": [FERRY]}).json()
    assert got["searched_for"] == f"{FERRY} And what does a ticket cost?"


def test_a_refusal_is_an_answer(indexed):
    with served(over(indexed, threshold=1.1), indexed) as server:
        got = httpx.post(f"{server.url}/v1/ask", json={"question": FERRY})
    assert (got.status_code, got.json()["refusal"], got.json()["sentences"]) == (200, "not_supported", [])


def test_a_streamed_answer_grows_and_ends_whole(indexed):
    text = [NOON, "A ticket costs two crowns."]
    writer = Grows(draft(pending="The ferry"), draft(text[0], pending="A tick"), draft(*text), draft(*text))
    with served(over(indexed, writer), indexed) as server:
        got = httpx.post(f"{server.url}/v1/ask", json={"question": FERRY, "stream": True})
    assert got.headers["content-type"].startswith("text/event-stream")
    *growing, (last, whole) = events(got.text)
    assert [name for name, _ in growing] == ["growing"] * 3
    assert [(g["from"], [s["text"] for s in g["sentences"]], g["pending"]) for _, g in growing] == [
        (0, [], "The ferry"),
        (0, [text[0]], "A tick"),
        (1, [text[1]], ""),
    ]
    assert (last, whole["done"], [s["text"] for s in whole["sentences"]]) == ("answer", True, text)


def test_an_answer_that_is_not_written_is_one_event(rest):
    got = rest.post("/v1/ask", json={"question": FERRY, "stream": True})
    assert [(name, value["question"]) for name, value in events(got.text)] == [("answer", FERRY)]


def test_what_breaks_a_stream_is_its_last_event(indexed):
    def breaks(_):
        raise RuntimeError(HIDDEN)

    with served(over(indexed, Grows(draft(NOON), draft(NOON), breaks)), indexed) as server:
        got = httpx.post(f"{server.url}/v1/ask", json={"question": FERRY, "stream": True})
    assert list(events(got.text))[-1] == ("error", {"error": BROKEN, "hint": ""})


def test_a_client_that_leaves_a_stream_stops_the_work(indexed):
    endless = Endless(indexed)
    with served(endless, indexed) as server:
        with httpx.stream("POST", f"{server.url}/v1/ask", json={"question": FERRY, "stream": True}) as got:
            assert next(got.iter_lines()) == "event: growing"
        assert stops(endless)


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_before_the_answer_stops_the_work(indexed, stream):
    endless = Endless(indexed)
    with served(endless, indexed) as server:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{server.url}/v1/ask", json={"question": FERRY, "stream": stream}, timeout=0.5)
        assert stops(endless)


# Passages and articles ------------------------------------------------------------------------------------------------


def test_passages_are_those_of_the_retriever(rest, indexed):
    got = rest.get("/v1/search", params={"q": FERRY, "limit": 2}).json()
    walk = over(indexed).find.invoke(Question(FERRY))
    assert [(p["id"], p["score"]) for p in got["passages"]] == [(h.passage.id, h.score) for h in walk.hits[:2]]


def test_the_articles_are_the_ledger_with_ids_that_read_them(rest):
    got = rest.get("/v1/articles").json()
    assert [entry["source"] for entry in got["articles"]] == ["crane", "ferry", "mole"]
    assert got["states"] == {"indexed": 3, "skipped": 0, "failed": 0}
    read = rest.get(f"/v1/articles/{got['articles'][1]['id']}").json()
    assert (read["source"], read["text"]) == ("ferry", "The ferry sails at noon. A ticket costs two crowns.")


def test_the_list_can_be_narrowed_and_paged(rest):
    sources = lambda **asked: [e["source"] for e in rest.get("/v1/articles", params=asked).json()["articles"]]  # noqa: E731
    assert sources(like="ferr") == ["ferry"]
    assert sources(state="failed") == []
    assert sources(limit=1, offset=1) == ["ferry"]


def test_a_store_without_articles_says_so(store, embedder):
    index = Index(store, embedder)
    with served(over(index), index) as server, httpx.Client(base_url=server.url) as client:
        assert client.get("/v1/health").json() == {"status": "ok", "articles": 0, "passages": 0, "generation": 0}
        assert client.get("/v1/articles").json()["articles"] == []
        assert client.get("/v1/search", params={"q": FERRY}).json()["passages"] == []
        assert client.post("/v1/ask", json={"question": FERRY}).json()["refusal"] == "no_articles"
    assert not store.exists()


# What goes wrong ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "said"),
    [
        ("POST", "/v1/ask", {"json": {"question": " "}}, 400, "The question is empty."),
        ("POST", "/v1/ask", {"json": {"question": "ferry " * 1000}}, 400, "The question has 5,999 characters"),
        ("POST", "/v1/ask", {"json": {}}, 400, "question: field required."),
        ("POST", "/v1/ask", {"json": {"question": FERRY, "erlier": []}}, 400, "erlier: extra inputs"),
        ("POST", "/v1/ask", {"json": {"question": FERRY, "asked_at": "soon"}}, 400, "asked_at: is a text in"),
        ("POST", "/v1/ask", {"json": {"question": FERRY, "asked_at": "9999-12-31T00:00:00Z"}}, 400, "asked_at: lies"),
        ("POST", "/v1/ask", {"content": b"{", "headers": {"content-type": "application/json"}}, 400, "The body is not"),
        ("POST", "/v1/ask", {"content": b"\xff", "headers": {"content-type": "application/json"}}, 400, ""),
        ("POST", "/v1/ask", {"content": b'{"question": "Who?"}'}, 400, "The body"),
        ("GET", "/v1/search", {}, 400, "q: field required."),
        ("GET", "/v1/search", {"params": {"q": FERRY, "limit": 0}}, 400, "limit: "),
        ("GET", "/v1/articles", {"params": {"state": "lost"}}, 400, "state: "),
        ("GET", "/v1/articles", {"params": {"offset": 2**70}}, 400, "offset: "),
        ("GET", f"/v1/articles/{'0' * 32}", {}, 404, f"There is no article {'0' * 32}."),
        ("GET", "/v1/articles/../../etc/passwd", {}, 404, "There is nothing at this path."),
        ("GET", "/v1/ask", {}, 405, "This path does not take this method."),
        ("GET", "/", {}, 404, "There is nothing at this path."),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_told_in_a_sentence(rest, method, path, sent, status, said):
    got = rest.request(method, path, **sent)
    assert got.status_code == status
    assert set(got.json()) == {"error", "hint"}
    assert got.json()["error"].startswith(said)


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (FootnoteError("The index was made by another model", "Sync."), 409, "The index was made by another model."),
        (DamagedIndex("Page 7 is damaged", "Check."), 503, "Page 7 is damaged."),
        (RuntimeError(HIDDEN), 500, BROKEN),
    ],
)
def test_what_goes_wrong_inside_is_told_without_a_trace(error, status, said, caplog):
    broken = Raises(error)
    with served(broken, broken) as server, httpx.Client(base_url=server.url) as client:
        for got in (
            client.post("/v1/ask", json={"question": FERRY}),
            client.get("/v1/search", params={"q": FERRY}),
            client.get("/v1/articles"),
            client.get(f"/v1/articles/{'0' * 32}"),
        ):
            assert (got.status_code, got.json()["error"]) == (status, said)
        assert client.get("/v1/health").status_code == (503 if status != 500 else 500)
    assert (HIDDEN in caplog.text) == (status == 500)


@pytest.mark.parametrize("question", ["ferry\0sail", "\ud800 ferry", "فِری " * 20, "' OR 1=1 --", '"ferry" NEAR noon*'])
def test_text_that_no_person_types_does_no_harm(rest, question):
    body = json.dumps({"question": question, "earlier": [question]}).encode()
    got = rest.post("/v1/ask", content=body, headers={"content-type": "application/json"})
    assert got.status_code in (200, 400)
    assert rest.get("/v1/search", params={"q": question.encode("utf-8", "surrogatepass")}).status_code == 200
    assert rest.get("/v1/articles", params={"like": question.encode("utf-8", "surrogatepass")}).status_code == 200
    assert rest.post("/v1/ask", json={"question": FERRY}).status_code == 200


def test_a_source_that_is_not_utf_8_is_told_all_the_same(indexed):
    name = "caf\udce9.txt"

    class Strange:
        def article(self, wanted):
            return replace(indexed.article(article_id("ferry")), source=name)

    with served(over(indexed), Strange()) as server:
        assert httpx.get(f"{server.url}/v1/articles/{'0' * 32}").json()["source"] == "caf?.txt"


def test_a_question_and_a_search_may_be_kept_to_some_articles(rest):
    got = rest.post("/v1/ask", json={"question": FERRY, "only": {"source": "ferry", "first": None}}).json()
    assert got["only"] == {"source": "ferry", "author": "", "first": None, "last": None}
    assert {hit["source"] for hit in got["hits"]} == {"ferry"}
    found = rest.get("/v1/search", params={"q": FERRY, "source": "mole"}).json()
    assert {passage["source"] for passage in found["passages"]} == {"mole"}


@pytest.mark.parametrize("first", ["30.8.2024", 7])
def test_what_is_no_day_is_refused(rest, first):
    assert rest.post("/v1/ask", json={"question": FERRY, "only": {"first": first}}).status_code == 400
    assert rest.get("/v1/search", params={"q": FERRY, "first": first}).status_code == 400


def test_days_in_the_wrong_order_are_refused(rest):
    days = {"first": "2024-09-02", "last": "2024-09-01"}
    assert rest.post("/v1/ask", json={"question": FERRY, "only": days}).status_code == 400
    assert rest.get("/v1/search", params={"q": FERRY, **days}).status_code == 400
