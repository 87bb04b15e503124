import pytest
from conftest import Shelf, WordEmbedder

from index.catalog import Catalog
from index.errors import UsageError
from index.search import Index
from index.settings import IndexSettings
from index.sync import sync, sync_paths
from rag.answers import Question, Refusal
from rag.chain import Assistant
from rag.reader import THRESHOLD as SENTENCE_THRESHOLD
from rag.reader import SentenceReader
from rag.reading.others import CrossEncoderRanker, ForeignModel
from rag.reading.packed import PackedModel
from rag.reading.span_reader import THRESHOLD, SpanReader
from rag.retrieve import HybridRetriever
from rag.settings import EXAMPLES, SEEDS, Parts, Settings, build, load_settings


def parts_over(store, embedder):
    index = Index(store, embedder)
    return Parts(index, Assistant(HybridRetriever(index=index), SentenceReader(index)))


@pytest.fixture
def parts(store, embedder):
    return parts_over(store, embedder)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A store that began with the seeds, and what its first run reported."""
    made = parts_over(tmp_path_factory.mktemp("begun") / "store", WordEmbedder())
    return made, made.begin()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """No footnote.toml and no environment but what a test writes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FOOTNOTE_STORE", raising=False)
    monkeypatch.delenv("FOOTNOTE_MODEL", raising=False)


def test_the_parts_are_built_as_the_settings_say(store):
    made = build(IndexSettings(store, "local", "float32"))
    assert (made.store, made.index.embedder.name) == (store, "local")


@pytest.mark.parametrize(
    ("changes", "reads", "model", "ranks"),
    [
        ({"reader": "sentences"}, SentenceReader, None, None),
        ({"reader": "footnote"}, SpanReader, PackedModel, None),
        ({"reader": "a folder"}, SpanReader, ForeignModel, None),
        ({"reader": "footnote", "ranker": "a folder"}, SpanReader, PackedModel, CrossEncoderRanker),
    ],
)
def test_the_reader_is_the_one_that_the_settings_name(store, changes, reads, model, ranks):
    reader = build(Settings(store, **changes)).assistant._reader
    assert type(reader) is reads
    assert model is None or isinstance(reader._model, model)
    assert ranks is None or isinstance(reader._ranker, ranks)


@pytest.mark.parametrize("reader", ["sentences", "footnote"])
def test_a_threshold_is_the_one_that_is_named_or_what_the_reader_comes_with(store, reader):
    own = {"sentences": SENTENCE_THRESHOLD, "footnote": THRESHOLD}[reader]
    assert build(Settings(store, reader=reader)).assistant._reader._threshold == own
    assert build(Settings(store, reader=reader, threshold=0.0)).assistant._reader._threshold == 0.0


def test_a_ranker_without_a_reader_that_it_could_help_is_a_usage_error():
    with pytest.raises(UsageError, match="orders nothing"):
        Settings(reader="sentences", ranker="a folder")


def test_without_settings_those_of_the_file_hold(tmp_path):
    (tmp_path / "footnote.toml").write_text('[index]\nstore = "shelf"\nmodel = "local"\n')
    made = build()
    assert (str(made.store), made.index.embedder.name) == ("shelf", "local")


def test_a_store_that_is_named_goes_before_the_settings(store):
    assert build(IndexSettings(store.parent / "other"), store=store).store == store


def test_building_makes_nothing_and_loads_nothing(tmp_path):
    made = build(IndexSettings(tmp_path / "store", "no such model"))
    assert made.assistant.ask(Question("Why?")).refusal is Refusal.NO_ARTICLES
    assert made.examples() == ()
    assert list(tmp_path.iterdir()) == []


def test_a_precision_that_does_not_exist_is_told_at_once(store):
    with pytest.raises(UsageError, match="no precision 'float8'"):
        build(IndexSettings(store, precision="float8"))


def test_a_setting_that_does_not_exist_is_told_at_once(tmp_path):
    (tmp_path / "footnote.toml").write_text('[index]\nmodle = "local"\n')
    with pytest.raises(UsageError, match="no setting 'modle'"):
        build()


def test_a_store_that_does_not_exist_begins_with_the_seeds(begun):
    made, report = begun
    assert (report.new, report.failed) == (15, 0)
    assert made.index.followed() == [str(SEEDS)]


def test_what_has_begun_does_not_begin_again(begun):
    assert begun[0].begin() is None


def test_the_seeds_can_be_asked_the_examples(begun):
    assert begun[0].examples() == EXAMPLES
    assert all(begun[0].assistant.ask(Question(text)).hits for text in EXAMPLES)


def test_a_sync_of_the_seeds_finds_nothing_new(begun):
    report = begun[0].sync()
    assert (report.new, report.changed, report.gone, report.same, report.embedded) == (0, 0, 0, 15, 0)


def test_a_store_of_other_articles_does_not_begin_with_the_seeds(parts, embedder):
    sync(parts.store, [Shelf(ferry="The ferry sails at noon.")], embedder)
    assert parts.begin() is None
    assert parts.examples() == ()
    assert parts.index.overview().articles == 1


def test_a_folder_that_is_still_empty_does_not_begin_with_the_seeds(parts, embedder, tmp_path):
    folder = tmp_path / "articles"
    folder.mkdir()
    sync_paths(parts.store, [folder], embedder)
    assert parts.begin() is None


def test_a_beginning_that_was_stopped_goes_on(parts):
    def stop(stage, done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parts.begin(stop)
    assert parts.index.exists()
    assert parts.begin(lambda *_: None).new == 15


def test_an_empty_catalog_begins_with_the_seeds(parts):
    Catalog(parts.store).close()
    assert parts._begun() is False


def test_a_sync_that_follows_nothing_is_a_usage_error(parts):
    with pytest.raises(UsageError, match="follows nothing yet"):
        parts.sync()
    assert not parts.store.exists()


def test_a_store_that_was_begun_with_other_articles_does_not_begin_with_the_seeds(parts, store, embedder, tmp_path):
    (tmp_path / "mole.md").write_text("The mole fell into the harbour in a storm.", encoding="utf-8")

    def progress(stage, done, total):
        if stage == "building":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync_paths(store, [tmp_path / "mole.md"], embedder, progress)
    assert parts.begin() is None


def test_the_file_says_how_questions_are_answered(tmp_path):
    (tmp_path / "footnote.toml").write_text('[index]\nmodel = "local"\n[ask]\nread = 3\nthreshold = 1\n')
    found = load_settings({}, tmp_path / "footnote.toml")
    assert (found.model, found.read, found.threshold) == ("local", 3, 1.0)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("raed = 3", "there is no setting 'raed' in \\[ask\\]"),
        ("read = 'all'", "read is 'all', not a whole number"),
        ("read = 0", "read is 0"),
        ("depth = 0", "depth is 0"),
        ("threshold = 1.5", "threshold is 1.5"),
    ],
)
def test_a_mistake_in_how_questions_are_answered_is_named(tmp_path, text, complaint):
    (tmp_path / "footnote.toml").write_text(f"[ask]\n{text}\n")
    with pytest.raises(UsageError, match=complaint):
        load_settings({}, tmp_path / "footnote.toml")


def test_settings_may_be_changed_by_name(store):
    settings = Settings(store).with_changes(["read=3", "passage_tokens=128", "threshold=0.5"])
    assert (settings.store, settings.read, settings.passage_tokens, settings.threshold) == (store, 3, 128, 0.5)
    assert settings.changed() == {"passage_tokens": "128", "read": "3", "threshold": "0.5"}
    assert Settings(store).changed() == {}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("raed=3", "There is no setting 'raed' to change"),
        ("store=x", "There is no setting 'store' to change"),
        ("read", "read is '', not a number"),
        ("read=many", "read is 'many', not a number"),
    ],
)
def test_a_change_that_cannot_be_meant_is_named(store, change, complaint):
    with pytest.raises(UsageError, match=complaint):
        Settings(store).with_changes([change])


def test_how_deep_is_looked_can_be_set(store, embedder, monkeypatch):
    monkeypatch.setattr("rag.settings.Embedder", lambda *_: embedder)
    sync(store, [Shelf(ferry="The ferry sails.", mole="The mole fell.", crane="The crane sank.")], embedder)
    question = Question("The ferry?")
    assert len(build(Settings(store)).assistant.ask(question).hits) == 3
    assert [hit.article.source for hit in build(Settings(store, depth=1)).assistant.ask(question).hits] == ["ferry"]


def test_what_is_read_and_when_it_is_refused_can_be_set(store, embedder, monkeypatch):
    monkeypatch.setattr("rag.settings.Embedder", lambda *_: embedder)
    sync(store, [Shelf(ferry="The ferry sails at noon.", mole="The mole fell in August.")], embedder)
    question = Question("When does the ferry sail?")
    assert build(Settings(store)).assistant.ask(question).citations
    strict = build(Settings(store, threshold=1.0))
    assert strict.assistant.ask(question).refusal is Refusal.UNCLEAR
    assert strict.changes == {"threshold": "1.0"}
