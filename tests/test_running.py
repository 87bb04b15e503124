import pytest
from conftest import Shelf

from index.sync import sync
from rag.running import resident, running, size, taken
from rag.settings import Settings, build
from rag.writing.models import Writing


@pytest.fixture
def parts(store, monkeypatch, embedder):
    monkeypatch.setattr("rag.settings.Embedder", lambda *_: embedder)
    sync(store, [Shelf(ferry="The ferry sails at noon.")], embedder)
    return build(Settings(store=store))


def said(parts, **environ):
    return {name: what for group in running(parts, environ) for name, what in group.facts}


def test_it_says_what_is_searched_and_that_nothing_leaves(parts, store):
    facts = said(parts)
    assert facts["Questions"] == "Nothing of them. No language model is asked."
    assert facts["Reports"] == "None. No use is counted or told."
    assert (facts["Articles"], facts["Passages"]) == ("1 article", "1")
    assert facts["Web"] == "Nothing is followed there."
    assert facts["Folder"] == str(store)
    assert facts["None"] == "All are as they come."


def test_it_says_where_questions_go_when_a_model_is_asked(store, monkeypatch, embedder):
    monkeypatch.setattr("rag.settings.Embedder", lambda *_: embedder)
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key")
    written = Writing("openai:m", "http://me:secret-key@127.0.0.1:9/v1")
    leaving, *others = running(build(Settings(store=store, read=3, writing=written)), {})
    facts = {name: what for group in others for name, what in group.facts}
    told = dict(leaving.facts)
    assert told["Questions"] == "Each question goes to 127.0.0.1:9."
    assert "go to 127.0.0.1:9" in told["Articles"]
    assert facts["read"] == "3"
    assert "secret-key" not in str([leaving, *others])


def test_it_says_where_vectors_go(store, monkeypatch, embedder):
    monkeypatch.setattr("rag.settings.Embedder", lambda *_: embedder)
    for address, told in (
        ("http://127.0.0.1:8000", None),
        ("https://vectors.example.org/chroma", "The vectors of passages and questions go to vectors.example.org."),
    ):
        assert said(build(Settings(store=store, chroma=address))).get("Vectors") == told


def test_it_says_where_a_sync_sends_files_and_that_the_page_does_not(store, monkeypatch, embedder):
    monkeypatch.setattr("rag.settings.Embedder", lambda *_: embedder)
    parts = build(Settings(store=store, ray="10.0.0.1:6379"))
    assert said(parts)["Ray"] == (
        "A sync by the command line or by --watch sends files and passages to the cluster at 10.0.0.1:6379."
    )
    assert parts.outside.ray == ""


def test_it_says_where_spans_go(parts):
    facts = said(parts, OTEL_EXPORTER_OTLP_ENDPOINT="http://u:secret@collector:4317", LANGSMITH_TRACING="true")
    assert facts["Reports"] == "How long each step takes goes to collector:4317."
    assert "LangSmith" in facts["LANGSMITH_TRACING"]


def test_a_damaged_store_leaves_the_rest_to_be_read(parts):
    file = parts.store / "catalog.sqlite"
    file.write_bytes(b"no database" * 1000)
    facts = said(parts)
    assert facts["Folder"] == str(parts.store)
    assert "State" in facts


def test_a_store_that_is_not_there_is_not_made(tmp_path, monkeypatch, embedder):
    monkeypatch.setattr("rag.settings.Embedder", lambda *_: embedder)
    parts = build(Settings(store=tmp_path / "none"))
    assert said(parts)["Passages"] == "0"
    assert not parts.store.exists()


def test_what_a_folder_takes_is_all_its_files(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a").write_bytes(b"x" * 700)
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert sum(taken(tmp_path)) >= 700


def test_memory_is_what_the_system_says(tmp_path):
    (tmp_path / "status").write_text("Name: x\nVmRSS:\t   2048 kB\n")
    assert resident(tmp_path / "status") == 2048 * 1024
    assert resident(tmp_path / "none") == 0


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 kB"), (1, "1 kB"), (2_400_000, "2.4 MB"), (24_000_000, "24 MB"), (1_300_000_000, "1.3 GB")],
)
def test_sizes_are_said_in_units(number, said):
    assert size(number) == said
