"""The packaged model as a file: the same vectors, without the library that made it."""

import json
import logging
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from index import encoder
from index.embedder import Embedder
from index.encoder import MANIFEST, NETWORK, TOKENIZER, folder_of, keep, kept
from index.errors import FootnoteError

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
    return {"max_tokens": 256, "dimension": 384}


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
    assert np.allclose(Embedder(precision="float32").embed(texts), model.embed(texts), atol=1e-5)


ASK = """
import sys
from index.embedder import Embedder
embedder = Embedder()
embedder.load()
embedder.embed_question("Who rebuilt the mole?")
embedder.embed(["The mole fell.", "It was rebuilt."])
embedder.embed_sentences(["The mole fell.", "It was rebuilt."])
embedder.count(["The mole fell."]), embedder.max_tokens, embedder.dimension, embedder.precision
print(sorted({name.split(".")[0] for name in sys.modules} & {"torch", "transformers", "sentence_transformers"}))
"""


def test_whoever_asks_or_indexes_needs_no_torch(here):
    ran = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_passages_have_the_vectors_and_the_tokens_that_the_library_gives(here, model):
    embedder = Embedder(precision="float32")
    assert np.allclose(embedder.embed(TEXTS), np.asarray(model._model.encode(TEXTS)), atol=1e-5)
    tokens = model._model.tokenizer(TEXTS, add_special_tokens=False, truncation=False)["input_ids"]
    assert embedder.count(TEXTS) == [len(of) for of in tokens]
    assert embedder.count([]) == []
    assert (embedder.max_tokens, embedder.dimension, embedder.precision) == (256, 384, "float32")


def test_in_bfloat16_vectors_are_nearly_the_same_and_of_length_1(here, model, monkeypatch):
    monkeypatch.setattr("index.network.faster_precision", lambda: "bfloat16")
    embedder = Embedder(precision="bfloat16")
    vectors = embedder.embed(TEXTS)
    assert embedder.precision == "bfloat16"
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert ((vectors * model.embed(TEXTS)).sum(axis=1) > 0.9995).all()


@pytest.mark.parametrize(
    ("named", "of_the_index", "faster", "runs"),
    [
        ("auto", None, "bfloat16", "bfloat16"),
        ("auto", None, "float32", "float32"),
        ("auto", "float32", "bfloat16", "float32"),
        ("auto", "bfloat16", "float32", "float32"),
        ("float32", "bfloat16", "bfloat16", "float32"),
    ],
)
def test_it_runs_in_the_precision_of_the_index_where_that_is_not_slower(
    here, monkeypatch, named, of_the_index, faster, runs
):
    monkeypatch.setattr("index.network.faster_precision", lambda: faster)
    embedder = Embedder(precision=named)
    embedder.settle(of_the_index)
    assert embedder.precision == runs
    embedder.settle("float32" if runs == "bfloat16" else "bfloat16")  # too late
    assert embedder.precision == runs


def test_the_library_is_let_go_of_when_the_file_is_made(elsewhere):
    embedder = Embedder(precision="float32")
    before = embedder.embed(TEXTS)
    assert "_loaded" in vars(embedder)
    embedder.prepare()
    assert "_loaded" not in vars(embedder)
    assert np.allclose(embedder.embed(TEXTS), before, atol=1e-5)


def test_what_cannot_be_loaded_or_written_is_tried_once_and_told_by_the_model(elsewhere, monkeypatch):
    (elsewhere / "model").mkdir()
    (elsewhere / "model" / "config.json").write_text('{"model_type": "nonsense"}')
    embedder = Embedder(str(elsewhere / "model"))
    embedder.prepare()
    with pytest.raises(FootnoteError, match="cannot be loaded"):
        embedder.embed(TEXTS)
    monkeypatch.setattr("index.embedder._export", lambda *_: pytest.fail("tried again"))
    embedder.prepare()


def test_without_openvino_the_model_itself_embeds(here, model, monkeypatch):
    def missing():
        raise ModuleNotFoundError("No module named 'openvino'")

    monkeypatch.setattr("index.network._core", missing)
    assert np.allclose(Embedder(precision="float32").embed(TEXTS), model.embed(TEXTS), atol=1e-5)
    assert Embedder().embed(TEXTS[:1]).shape == (1, 384)


def test_who_looks_does_not_wait_for_a_model_that_is_loaded(elsewhere):
    embedder = Embedder()
    with embedder._lock, ThreadPoolExecutor(1) as beside:
        beside.submit(embedder.settle, "float32").result(30)
    assert embedder.precision == "float32"


def test_what_nobody_has_used_for_long_goes(elsewhere):
    folder = encoder.compiled()
    old, new, draft = (folder / name for name in ("old.network", "new.network", "making-draft"))
    for file in (old, new, draft):
        file.write_bytes(b"x")
    for file in (old, draft):
        os.utime(file, (0, 0))
    assert encoder.compiled() == folder
    assert list(folder.iterdir()) == [new]
    assert folder.parent.stat().st_mode & 0o777 == elsewhere.stat().st_mode & 0o777


def test_what_was_kept_is_not_made_again(here, monkeypatch):
    monkeypatch.setattr("index.embedder._export", lambda *_: pytest.fail("made again"))
    Embedder().prepare()


def test_without_a_file_the_model_itself_embeds(elsewhere, model):
    embedder = Embedder(precision="float32")
    assert np.allclose(embedder.embed_question(TEXTS[0]), model.embed_question(TEXTS[0]), atol=1e-5)
    assert np.allclose(embedder.embed_sentences(TEXTS), model.embed(TEXTS), atol=1e-5)
    assert not any(elsewhere.iterdir())


def test_a_file_that_gives_other_vectors_is_not_kept_and_not_made_again(elsewhere, monkeypatch):
    monkeypatch.setattr("index.embedder._NEAR", 1.1)
    embedder = Embedder(precision="float32")
    embedder.prepare()
    (folder,) = elsewhere.iterdir()
    assert json.loads((folder / MANIFEST).read_text()) == {"impossible": "the file gives other vectors than the model"}
    assert [file.name for file in folder.iterdir()] == [MANIFEST]
    monkeypatch.setattr("index.embedder._export", lambda *_: pytest.fail("made again"))
    again = Embedder(precision="float32")
    again.prepare()
    assert again.embed_question("Who?").shape == (384,)


def tiny(folder, config, prompts=None, window=64):
    """A model of another make, with weights by chance, as sentence-transformers writes one."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import AutoModel

    packaged = Embedder()._folder
    torch.manual_seed(5)
    base = folder / "base"
    AutoModel.from_config(config).save_pretrained(str(base))
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
        shutil.copy(packaged / name, base / name)
    read = Transformer(str(base), max_seq_length=window)
    model = SentenceTransformer(modules=[read, Pooling(read.get_embedding_dimension())], prompts=prompts)
    model.save(str(folder / "model"))
    return str(folder / "model")


def small(name, **more):
    from transformers import AutoConfig

    return AutoConfig.for_model(name, vocab_size=30522, **more)


BERT = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
DISTILBERT = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}


@pytest.mark.parametrize(("name", "sizes"), [("bert", BERT), ("distilbert", DISTILBERT), ("mpnet", BERT)])
def test_a_model_of_another_make_gives_the_same_from_its_file(elsewhere, name, sizes):
    folder = tiny(elsewhere / name, small(name, **sizes))
    plain = Embedder(folder, precision="float32")
    before = plain.embed_sentences(TEXTS)
    plain.prepare()
    after = Embedder(folder, precision="float32")
    vectors = after.embed_sentences(TEXTS)
    assert "_loaded" not in vars(after)
    assert np.allclose(vectors, before, atol=1e-4)


@pytest.mark.parametrize("window", [30, 64])
def test_rounding_the_tokens_up_changes_no_vector_and_goes_past_no_window(elsewhere, monkeypatch, window):
    monkeypatch.setattr("index.encoder.ROUNDED", {"float32": 16})
    folder = tiny(elsewhere / "bert", small("bert", **BERT, max_position_embeddings=window), window=window)
    plain = Embedder(folder, precision="float32")
    before = [plain.embed_sentences([text])[0] for text in TEXTS]
    plain.prepare()
    after = Embedder(folder, precision="float32")
    assert np.allclose([after.embed_question(text) for text in TEXTS], before, atol=1e-4)
    assert "_loaded" not in vars(after)


def test_a_model_that_puts_words_before_its_texts_is_left_to_the_library(elsewhere):
    folder = tiny(elsewhere / "bert", small("bert", **BERT), {"query": "", "document": "the pier passage: "})
    embedder = Embedder(folder, precision="float32")
    embedder.prepare()
    assert encoder.tried(embedder.fingerprint)
    assert kept(embedder.fingerprint) is None


@pytest.mark.parametrize("name", [NETWORK, TOKENIZER, MANIFEST])
def test_a_damaged_file_is_told_and_taken_away(elsewhere, caplog, name):
    folder = keep("f" * 64, written)
    assert folder == folder_of("f" * 64)
    (folder / name).write_text("{")
    with caplog.at_level(logging.WARNING):
        assert kept("f" * 64) is None
    assert str(folder) in caplog.text
    assert not folder.exists()


def test_what_cannot_be_read_for_now_is_left_there(elsewhere, monkeypatch):
    folder = keep("f" * 64, written)

    def full(*_):
        raise OSError("Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr("index.encoder.sha256", full)
        assert kept("f" * 64) is None
    assert (folder / MANIFEST).exists()


def test_what_is_no_network_is_told(elsewhere, caplog):
    keep("f" * 64, written)
    with caplog.at_level(logging.WARNING):
        assert kept("f" * 64) is None
    assert "cannot be opened" in caplog.text


def test_what_was_left_without_its_manifest_is_made_anew(elsewhere):
    folder = keep("f" * 64, written)
    (folder / MANIFEST).unlink()
    assert kept("f" * 64) is None
    assert not encoder.tried("f" * 64)
    assert keep("f" * 64, written) == folder
    assert encoder.tried("f" * 64)
    assert [f.name for f in elsewhere.iterdir()] == [folder.name]


def test_a_write_that_fails_leaves_nothing(elsewhere):
    def full(_):
        raise OSError("No space left on device")

    assert keep("f" * 64, full) is None
    assert not any(elsewhere.iterdir())


def test_what_a_killed_process_left_goes_in_time(elsewhere):
    old, new = elsewhere / "making-old", elsewhere / "making-new"
    for left in (old, new):
        left.mkdir()
    os.utime(old, (0, 0))
    keep("f" * 64, written)
    assert (old.exists(), new.exists()) == (False, True)


def test_of_two_that_keep_the_same_the_first_stays(elsewhere):
    def beside(folder):
        keep("f" * 64, written)
        return written(folder) | {"max_tokens": 1}

    folder = keep("f" * 64, beside)
    assert json.loads((folder / MANIFEST).read_text())["max_tokens"] == 256
    assert [f.name for f in elsewhere.iterdir()] == [folder.name]


def test_where_nothing_can_be_kept_nothing_is_made(elsewhere, monkeypatch):
    (elsewhere / "file").write_text("")
    monkeypatch.setenv("FOOTNOTE_CACHE", str(elsewhere / "file" / "cache"))
    assert keep("f" * 64, lambda _: pytest.fail("made")) is None
    assert kept("f" * 64) is None


def test_without_a_home_nothing_is_kept(monkeypatch):
    monkeypatch.setenv("FOOTNOTE_CACHE", "~nobody-has-this-name/cache")
    assert encoder.cache() is None
    assert keep("f" * 64, written) is None
    assert kept("f" * 64) is None


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="files have no owner here")
def test_what_belongs_to_somebody_else_is_not_used(elsewhere, monkeypatch):
    Embedder(precision="float32").prepare()
    fingerprint = Embedder().fingerprint
    assert kept(fingerprint)
    mine = os.getuid()
    monkeypatch.setattr("index.encoder._OWNERS", {mine + 1, mine + 2})
    assert kept(fingerprint) is None


@pytest.mark.parametrize(
    ("platform", "environ", "end"),
    [
        ("linux", {"XDG_CACHE_HOME": "/x"}, "/x/footnote"),
        ("linux", {}, "/home/ada/.cache/footnote"),
        ("linux", {"XDG_CACHE_HOME": "x"}, "/home/ada/.cache/footnote"),
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
