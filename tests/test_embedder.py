"""With the packaged model itself."""

import logging
import shutil
from threading import Thread

import numpy as np
import pytest

from index.embedder import BATCH_TOKENS, Embedder, _quietly
from index.encoder import batches
from index.errors import FootnoteError, UsageError

TEXTS = ["The mole fell in August.", "A ferry.", "word " * 400, "The mole collapsed in August."]


@pytest.fixture(scope="module", autouse=True)
def nothing_kept(tmp_path_factory):
    """No encoder takes the place of the model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOOTNOTE_CACHE", str(tmp_path_factory.mktemp("nothing")))
        yield


@pytest.fixture(scope="module")
def model(nothing_kept):
    return Embedder(precision="float32")


@pytest.fixture(scope="module")
def vectors(model):
    return model.embed(TEXTS)


def test_each_vector_is_of_length_1(model, vectors):
    assert vectors.shape == (4, model.dimension) == (4, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_vectors_made_in_bfloat16_are_of_length_1_and_close_to_the_others(vectors):
    model = Embedder(precision="bfloat16")
    rounded = model.embed(TEXTS)
    question = model.embed_question(TEXTS[0])
    assert np.allclose(np.linalg.norm([*rounded, question], axis=1), 1, atol=1e-6)
    assert ((rounded * vectors).sum(axis=1) > 0.9995).all()


def test_the_order_of_the_texts_is_kept(model, vectors):
    for text, vector in zip(TEXTS, vectors, strict=True):
        assert np.allclose(model.embed([text])[0], vector, atol=1e-5)


def test_like_texts_have_like_vectors(model, vectors):
    question = model.embed_question("When did the mole fall?")
    assert question.shape == (384,)
    assert np.argsort(-vectors @ question)[:2].tolist() in ([0, 3], [3, 0])


def test_a_question_asked_again_is_not_given_to_the_model_again(model, monkeypatch):
    vector = model.embed_question("Who rebuilt the mole?")
    monkeypatch.setattr(model, "_loaded", None)
    assert model.embed_question("Who rebuilt the mole?") is vector
    with pytest.raises(ValueError, match="read-only"):
        vector[0] = 0
    model.forget()
    with pytest.raises(AttributeError, match="'NoneType' object"):
        model.embed_question("Who rebuilt the mole?")


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_question_is_embedded_as_the_library_does(precision):
    model = Embedder(precision=precision)
    texts = ("Who rebuilt the mole?", "Qui l’a reconstruit à Évora ?", "word " * 400, "")
    for text in texts:
        given = np.asarray(model._model.encode_query([text]), dtype=np.float32)
        assert np.allclose(model.embed_question(text), given / np.linalg.norm(given), atol=1e-6)


def test_a_model_that_has_words_before_each_question_gets_them():
    model = Embedder(precision="float32")
    plain = model._encoded("Who rebuilt the mole?")
    model._model.prompts["query"] = "Represent this question: "
    assert np.allclose(model._encoded("Who rebuilt the mole?"), model._model.encode_query(["Who rebuilt the mole?"]))
    assert not np.allclose(model._encoded("Who rebuilt the mole?"), plain, atol=0.01)


def test_nothing_gives_an_empty_array(model):
    assert model.embed([]).shape == (0, 384)
    assert model.count([]) == []


def test_tokens_are_counted_without_the_special_ones_and_beyond_the_window(model):
    assert model.count(["", "mole", "the mole fell", "word " * 1000]) == [0, 1, 3, 1000]
    assert model.max_tokens == 256


@pytest.mark.parametrize("faster", ["float32", "bfloat16"])
def test_the_packaged_model_runs_in_what_is_named_or_else_in_what_is_faster(model, monkeypatch, faster):
    monkeypatch.setattr("index.network.faster_precision", lambda: faster)
    assert model.precision == "float32"
    assert Embedder().precision == faster


def test_the_fingerprint_is_of_the_files(model, tmp_path):
    copy = shutil.copytree(model._folder, tmp_path / "copy")
    assert Embedder(str(copy)).fingerprint == Embedder().fingerprint == model.fingerprint
    with (copy / "config.json").open("a") as file:
        file.write(" ")
    assert Embedder(str(copy)).fingerprint != model.fingerprint


def test_a_model_that_is_not_here_is_one_clear_sentence():
    with pytest.raises(FootnoteError) as caught:
        Embedder("no-such-model").embed(["A text."])
    assert str(caught.value) == "The embedding model 'no-such-model' is not on this machine"
    assert "leave out `model`" in caught.value.hint


def test_a_folder_without_a_model_is_one_clear_sentence(tmp_path):
    with pytest.raises(FootnoteError) as caught:
        Embedder(str(tmp_path)).embed(["A text."])
    assert str(caught.value).startswith(f"The embedding model '{tmp_path}' cannot be loaded (")
    assert "\n" not in str(caught.value)


def test_a_precision_that_does_not_exist_is_refused():
    with pytest.raises(UsageError, match="no precision 'int8'"):
        Embedder(precision="int8")


def test_a_batch_holds_about_as_many_tokens_as_the_cache():
    lengths = [100] * 65
    assert [len(batch) for batch in batches(list(range(65)), lengths, BATCH_TOKENS)] == [30, 30, 5]
    assert BATCH_TOKENS == 3_000
    assert batches([0, 1], [0, 5_000], BATCH_TOKENS) == [[0], [1]]


def test_auto_takes_the_precision_of_the_index_that_is_there():
    model = Embedder()
    model.settle("float32")
    assert model.precision == "float32"


def test_a_precision_that_was_named_is_kept():
    model = Embedder(precision="float32")
    model.settle("bfloat16")
    assert model.precision == "float32"


def test_an_index_that_says_nothing_settles_nothing():
    model = Embedder()
    model.settle(None)
    model.settle("auto")
    model.settle("float32")
    assert model.precision == "float32"


def test_a_model_that_is_loaded_keeps_its_precision():
    model = Embedder(precision="auto")
    loaded = model.precision
    model.settle("bfloat16" if loaded == "float32" else "float32")
    assert model.precision == loaded


def test_a_passage_may_be_made_smaller_than_the_models_window(model):
    assert Embedder(passage_tokens=128).max_tokens == 128
    assert Embedder(passage_tokens=9_999).max_tokens == model.max_tokens == 256
    with pytest.raises(UsageError, match="A passage of 8 tokens is too short"):
        Embedder(passage_tokens=8)


def test_what_other_threads_log_while_the_model_is_loaded_is_not_lost(caplog):
    with _quietly():
        logging.getLogger("other").warning("a notice of a library")
        thread = Thread(target=logging.getLogger("other").warning, args=["a request"])
        thread.start()
        thread.join()
    logging.getLogger("other").warning("the next one")
    assert caplog.messages == ["a request", "the next one"]
