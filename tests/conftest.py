"""What several tests share: a word embedder, a shelf of articles, and looks at a store."""

import re
import zlib

import numpy as np
import pytest

from index.catalog import Catalog
from index.embedder import Embedder
from index.errors import NotAnArticle, UnreadableSource
from index.records import Article, article_id, digest
from index.search import Index
from index.sources.files import Sighting
from index.sync import sync

_TOKEN = re.compile(r"\w+|[^\w\s]")


class WordEmbedder:
    """Stands for a model: a text is the bag of its words, so texts that share words are near. Counts what it embeds."""

    dimension = 64
    precision = "float32"

    def __init__(self, name="words", max_tokens=64):
        self.name = name
        self.max_tokens = max_tokens
        self.embedded = []

    @property
    def fingerprint(self):
        return digest("words", self.name)

    def count(self, texts):
        return [len(_TOKEN.findall(text)) for text in texts]

    def embed(self, texts):
        self.embedded.extend(texts)
        return np.array([self._vector(text) for text in texts], np.float32).reshape(-1, self.dimension)

    def embed_question(self, text):
        return self._vector(text)

    def _vector(self, text):
        vector = np.zeros(self.dimension, np.float32)
        for word in _TOKEN.findall(text.lower()) or [""]:
            vector[zlib.crc32(f"{self.name} {word}".encode()) % self.dimension] += 1
        return vector / np.linalg.norm(vector)


class Shelf:
    """A source in memory: what is written on it is there; `broken` ones cannot be read, `bare` ones are no articles.

    The bytes of `jammed` ones are as they were, and yet cannot be read for now; `shut` ones cannot even be looked at.
    """

    def __init__(self, **texts):
        self.texts = texts
        self.broken = set()
        self.bare = set()
        self.jammed = set()
        self.shut = set()
        self.read_sources = []

    def scan(self):
        for source, text in self.texts.items():
            if source in self.shut:
                yield Sighting(source, "", "permission denied", "failed")
            else:
                yield Sighting(source, digest(text, str(source in self.broken), str(source in self.bare)))

    def read(self, source):
        self.read_sources.append(source)
        if source in self.broken | self.jammed:
            raise UnreadableSource(f"{source}: damaged")
        if source in self.bare:
            raise NotAnArticle(f"{source}: no text in it")
        return article(self.texts[source], source=source)

    def covers(self, source):
        return True


def article(text, source="mole", title="", **fields):
    """An article that says `text`; its title is its source unless another is given."""
    return Article(article_id(source), source, title or source, text, **fields)


def live(store):
    """What is live: the text of each source."""
    catalog = Catalog(store)
    try:
        found = {source: catalog.article(source) for source, known in catalog.known().items() if known.recipe}
        return {source: article.text for source, article in found.items()}
    finally:
        catalog.close()


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


@pytest.fixture
def store(tmp_path):
    """The place of a store that does not exist yet."""
    return tmp_path / "store"


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
