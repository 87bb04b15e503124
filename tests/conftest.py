"""What several tests share: a word embedder, a shelf of articles, looks at a store, and a question set."""

import contextlib
import json
from pathlib import Path

import pytest
from postgres import database, postgres  # noqa: F401 - fixtures
from scripted_page import chromium, page, phone  # noqa: F401 - fixtures
from sites import Ledger, site_at

from index.catalog import Catalog
from index.embedder import Embedder
from index.errors import NotAnArticle, UnreadableSource
from index.records import Article, Hit, Overview, Passage, article_id, digest
from index.search import Index
from index.sources.fetcher import Fetcher
from index.sources.reading import read
from index.sources.sightings import Sighting, one_by_one
from index.sources.web import Tools
from index.sync import sync
from proofs.words import WordEmbedder
from rag.answers import Answer, Citation, Refusal, Sentence
from rag.chain import Walk
from rag.evals.measures import measure
from rag.evals.sets import EvalQuestion, GoldSpan, QuestionSet
from rag.followups import Query
from rag.keeping import Keeping


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """Nothing that a test makes is kept for the next run, and nothing of this machine's user is used."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOOTNOTE_CACHE", str(folder))
        patch.delenv("FOOTNOTE_DATABASE", raising=False)
        yield folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """What each open page showed is told with a test that failed in the browser."""
    report = yield
    browser = getattr(item, "funcargs", {}).get("chromium")
    if report.failed and browser:
        for open_page in (page for context in browser.contexts for page in context.pages):
            report.sections.append((f"page at {open_page.url}", shown_on(open_page)))
    return report


def shown_on(open_page):
    try:
        return open_page.inner_text("body", timeout=2_000)[:4_000]
    except Exception as error:  # a page may be closing, or have crashed
        return f"not told: {error}"


class Shelf:
    """A source in memory: what is written on it is there; `broken` ones cannot be read, `bare` ones are no articles.

    The bytes of `jammed` ones are as they were, and yet cannot be read for now; `shut` ones cannot even be looked at.
    """

    def __init__(self, **texts):
        self.texts = texts
        self.titles = {}
        self.dates = {}
        self.broken = set()
        self.bare = set()
        self.jammed = set()
        self.shut = set()
        self.read_sources = []

    def scan(self, known):
        for source, text in self.texts.items():
            if source in self.shut:
                yield Sighting(source, "", "permission denied", "failed")
            else:
                yield Sighting(source, digest(text, str(source in self.broken), str(source in self.bare)))

    def read(self, sightings):
        return one_by_one(self.article, sightings)

    def article(self, source):
        self.read_sources.append(source)
        if source in self.broken | self.jammed:
            raise UnreadableSource(f"{source}: damaged")
        if source in self.bare:
            raise NotAnArticle(f"{source}: no text in it")
        title, day = self.titles.get(source, ""), self.dates.get(source)
        return article(self.texts[source], source, title, published=day, published_from=day and "shelf")

    def covers(self, source):
        return True


def resynced(store, shelf, embedder, *rest):
    """A sync that removes what is gone, however much: one of three articles is more than a run takes away unasked."""
    return sync(store, [shelf], embedder, *rest, remove_many=True)


def article(text, source="mole", title="", **fields):
    """An article that says `text`; its title is its source unless another is given."""
    return Article(article_id(source), source, title or source, text, **fields)


def passage_hit(document, start=0, end=None):
    """A hit on a range of an article, by default all of it."""
    end = len(document.text) if end is None else end
    passage = Passage(f"{document.id}-{start}", document.id, document.revision, start, end, document.text[start:end])
    return Hit(passage, document, 1.0, "dense")


def rewrite(store, statement, *values):
    """Changes the catalog of a store behind its back, with the checksums of pages that are written."""
    with contextlib.closing(Catalog(store)) as catalog:
        catalog.connection.execute("PRAGMA foreign_keys = OFF")
        catalog.connection.execute(statement, values)


def live(store):
    """What is live: the text of each source."""
    catalog = Catalog(store)
    try:
        found = {source: catalog.article(source) for source, known in catalog.known().items() if known.recipe}
        return {source: article.text for source, article in found.items()}
    finally:
        catalog.close()


def bytes_of(store):
    """All that the files of a store hold."""
    return b"".join(file.read_bytes() for file in sorted(store.rglob("*")) if file.is_file())


def found(index, question):
    """The sources that the index finds for a question, (by meaning, by words), best first."""
    with index.view() as view:
        dense = view.hits(view.dense(index.embedder.embed_question(question), 3), {})
        lexical = view.hits(view.lexical(question, 3), {})
    return [hit.article.source for hit in dense], [hit.article.source for hit in lexical]


@pytest.fixture(scope="session")
def model():
    """The packaged model itself, loaded once."""
    return Embedder(precision="float32")


class Clock:
    """A clock that stands until a test sets it on."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path):
    """The place of a store that does not exist yet."""
    return tmp_path / "store"


@pytest.fixture(params=["files", "postgres"])
def place(request, store):
    """Where what people write is kept: in files of the store, and in a database."""
    return Keeping(store, request.getfixturevalue("database") if request.param == "postgres" else "")


@pytest.fixture
def embedder():
    return WordEmbedder()


@pytest.fixture
def shelf():
    """Three articles about different things."""
    return Shelf(
        mole="The mole fell in August. It was rebuilt by May.",
        ferry="The ferry sails at noon. A ticket costs two crowns.",
        crane="A crane barge struck the quay. Nobody was hurt.",
    )


@pytest.fixture
def indexed(store, shelf, embedder):
    """A store with the three articles, opened for questions."""
    sync(store, [shelf], embedder)
    return Index(store, embedder)


@pytest.fixture(scope="session")
def seeds_store(tmp_path_factory):
    """A store of the seeds, made with the packaged model once for all tests. Only to be read."""
    from index.settings import IndexSettings
    from rag.settings import build

    store = tmp_path_factory.mktemp("seeds") / "store"
    build(IndexSettings(store=store)).begin()
    return store


# What the tests of the evals share: a question set about two articles, and what stands for the chain.

FOLDER = Path("/articles")
ARTICLE = "The mole fell in August. It was rebuilt by May."
TEXTS = {"mole.md": ARTICLE, "ferry.md": "The ferry sails at seven. It costs two pounds."}
FELL = EvalQuestion(
    "fell",
    "When did the mole fall?",
    "single",
    answerable=True,
    relevance={"mole.md": 1},
    spans=(GoldSpan("mole.md", "The mole fell in August.", 0),),
    answers=("AUGUST",),
)
FARE = EvalQuestion(
    "fare",
    "What is the fare?",
    "single",
    answerable=True,
    relevance={"ferry.md": 1},
    spans=(GoldSpan("ferry.md", "It costs two pounds."),),
    answers=("two  pounds",),
)
SANG = EvalQuestion("sang", "Who sang?", "unanswerable", answerable=False)
SET = QuestionSet("quay", FOLDER, "0" * 32, (FELL, FARE, SANG))
MEASURES = [measure("hit@1"), measure("MRR@10")]


def hit(document, start, end):
    article = Article(document, f"{FOLDER}/{document}", document, TEXTS[document])
    return Hit(Passage(f"{document}:{start}", article.id, "r", start, end, article.text[start:end]), article, 1.0, "")


FALL, MAY, SEVEN, POUNDS = (
    hit("mole.md", 0, 24),
    hit("mole.md", 25, 47),
    hit("ferry.md", 0, 25),
    hit("ferry.md", 26, 46),
)


def walked(question, *hits):
    """What the chain gives after retrieval, which took a quarter of a second."""
    return Walk(question, Query(question.text), hits, timings={"retrieve": 0.25})


def find(question):
    """Finds the ferry's other passage before the mole, for every question."""
    return walked(question, SEVEN, FALL, MAY)


def finds_first(question):
    """Finds the right passage first."""
    return walked(question, *((POUNDS, SEVEN) if "fare" in question.text else (FALL, MAY)))


def ask(question):
    """Quotes what fell for the first question, and refuses the others."""
    hits = find(question).hits
    refusal = None if "fall" in question.text else Refusal.NOT_SUPPORTED
    quote = FALL.article.text[9:24]
    source = FALL.article.source
    cited = Citation(1, FALL.passage.id, "mole.md", "r", 9, 24, quote, "", source, None, None, "", None)
    overview = Overview(2, 4, None, None, 2, 1)
    sentences, citations = ((), ()) if refusal else ((Sentence(f"It {quote}", (1,)),), (cited,))
    return Answer(
        question, question.text, sentences, citations, hits, overview, "fake", refusal,
        {"retrieve": 0.25, "read": 0.5}, 0.2 if refusal else 0.8,
    )  # fmt: skip


def write_lines(path, *records):
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def judged(folder, queries=None, qrels="q1\td1\t2\nq1\td2\t1\n"):
    """A set of one answerable and one unanswerable question about documents of its own, in the form of BEIR."""
    write_lines(
        folder / "corpus.jsonl",
        {"_id": "d1", "title": "Möle", "text": ARTICLE, "metadata": {"date": "2024-08-27T10:00:00+00:00"}},
        {"_id": "d2", "title": "", "text": "Ferries.", "metadata": {"author": "Ada Quill", "date": "last week"}},
        {"_id": "d3", "title": "Nothing", "text": " "},
    )
    history = [{"role": "user", "text": "What is the mole?"}, {"role": "assistant", "text": "A wall."}]
    about = {"answerable": True, "type": "news", "history": history, "question_date": "2024/09/01", "answers": ["May"]}
    no = {"_id": "q2", "text": "Who sang?", "metadata": {"answerable": False}}
    write_lines(
        folder / "queries.jsonl", *(queries or [{"_id": "q1", "text": "When was it rebuilt?", "metadata": about}, no])
    )
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + qrels, encoding="utf-8")
    return folder


# Sources on the web, which listens here ------------------------------------------------------------------------------


@pytest.fixture
def site():
    with site_at() as site:
        yield site


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture
def tools(tmp_path, ledger):
    """What a source on the web works with, its files read in this process, by the clock of the ledger."""
    fetcher = Fetcher(networks=["127.0.0.0/8"], pause=0)
    yield Tools(fetcher, tmp_path / "spool", lambda jobs: (r for job in jobs for r in read(job)), lambda: ledger.now)
    fetcher.close()
