"""The packaged model as a file for onnxruntime: the same vectors, without the library that made it."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from index import encoder
from index.embedder import Embedder
from index.encoder import MANIFEST, NETWORK, TOKENIZER, folder_of, keep, kept

ROOT = Path(__file__).parent.parent
TEXTS = ["Who rebuilt the mole?", "Qui l’a reconstruit à Évora ?", "word " * 400, "", "港口在哪里？"]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A cache of this module's own, in which the packaged model is kept."""
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOOTNOTE_CACHE", str(folder))
        Embedder(precision="float32").prepare()
        yield folder


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_CACHE", str(tmp_path))
    return tmp_path


def written(folder):
    for name in (NETWORK, TOKENIZER):
        (folder / name).write_text(name)


def test_a_text_has_the_vector_that_the_library_gives(here, model):
    embedder = Embedder(precision="float32")
    vectors = embedder.embed_sentences(TEXTS)
    exact = np.asarray(model._model.encode(TEXTS), dtype=np.float32)
    assert np.allclose(vectors, exact, atol=1e-5)
    for text, vector in zip(TEXTS, exact, strict=True):
        assert np.allclose(embedder.embed_question(text), vector, atol=1e-5)
    assert embedder.embed_sentences([]).shape == (0, 384)
    assert "_loaded" not in vars(embedder)


def test_many_texts_of_any_length_keep_their_order(here, model):
    texts = [f"{'pier ' * (n * 37 % 90)}{n}" for n in range(60)]
    assert np.allclose(Embedder().embed_sentences(texts), model.embed(texts), atol=1e-5)


ASK = """
import sys
from index.embedder import Embedder
embedder = Embedder()
embedder.load()
embedder.embed_question("Who rebuilt the mole?")
embedder.embed_sentences(["The mole fell.", "It was rebuilt."])
print(sorted({name.split(".")[0] for name in sys.modules} & {"torch", "transformers", "sentence_transformers"}))
"""


def test_whoever_asks_needs_no_torch(here):
    ran = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_what_was_kept_is_not_made_again(here, monkeypatch):
    monkeypatch.setattr("index.embedder._export", lambda *_: pytest.fail("made again"))
    Embedder().prepare()


def test_without_a_file_the_model_itself_embeds(elsewhere, model):
    embedder = Embedder(precision="float32")
    assert np.allclose(embedder.embed_question(TEXTS[0]), model.embed_question(TEXTS[0]), atol=1e-5)
    assert np.allclose(embedder.embed_sentences(TEXTS), model.embed(TEXTS), atol=1e-5)
    assert not any(elsewhere.iterdir())


def test_words_that_stand_before_each_question_are_left_to_the_library(elsewhere):
    embedder = Embedder(precision="float32")
    embedder._model.prompts["query"] = "Represent this question: "
    embedder.prepare()
    assert not any(elsewhere.iterdir())


def test_a_file_that_gives_other_vectors_is_not_kept(elsewhere, monkeypatch):
    monkeypatch.setattr("index.embedder._NEAR", 1.1)
    embedder = Embedder(precision="float32")
    embedder.prepare()
    assert not any(elsewhere.iterdir())
    assert embedder.embed_question("Who?").shape == (384,)


@pytest.mark.parametrize("name", [NETWORK, TOKENIZER, MANIFEST])
def test_a_damaged_file_is_told_and_taken_away(elsewhere, caplog, name):
    folder = keep("f" * 64, {"max_tokens": 256, "dimension": 384}, written)
    assert folder == folder_of("f" * 64)
    (folder / name).write_text("{")
    with caplog.at_level(logging.WARNING):
        assert kept("f" * 64) is None
    assert str(folder) in caplog.text
    assert not folder.exists()


def test_what_is_no_network_is_taken_away(elsewhere):
    folder = keep("f" * 64, {"max_tokens": 256, "dimension": 384}, written)
    assert kept("f" * 64) is None
    assert not folder.exists()


def test_a_write_that_fails_leaves_nothing(elsewhere):
    def full(_):
        raise OSError("No space left on device")

    assert keep("f" * 64, {}, full) is None
    assert not any(elsewhere.iterdir())


def test_of_two_that_keep_the_same_the_first_stays(elsewhere):
    def beside(folder):
        keep("f" * 64, {"max_tokens": 1}, written)
        written(folder)

    folder = keep("f" * 64, {"max_tokens": 2}, beside)
    assert json.loads((folder / MANIFEST).read_text())["max_tokens"] == 1
    assert [f.name for f in elsewhere.iterdir()] == [folder.name]


def test_a_folder_that_cannot_be_written_is_no_error(elsewhere, monkeypatch):
    (elsewhere / "file").write_text("")
    monkeypatch.setenv("FOOTNOTE_CACHE", str(elsewhere / "file" / "cache"))
    assert keep("f" * 64, {}, written) is None


@pytest.mark.parametrize(
    ("platform", "environ", "end"),
    [
        ("linux", {"XDG_CACHE_HOME": "/x"}, "/x/footnote"),
        ("linux", {}, "/home/ada/.cache/footnote"),
        ("darwin", {}, "/home/ada/Library/Caches/footnote"),
        ("win32", {"LOCALAPPDATA": "/l"}, "/l/footnote"),
        ("linux", {"FOOTNOTE_CACHE": "~/c"}, "/home/ada/c"),
    ],
)
def test_where_files_are_kept(monkeypatch, platform, environ, end):
    for name in ("FOOTNOTE_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/home/ada", **environ}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert encoder.cache() == Path(end)
