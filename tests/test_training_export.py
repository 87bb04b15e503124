import json

import numpy as np
import pytest
from reading import asked, tiny_reader

from index.errors import FootnoteError
from training.examples import plain
from training.export import (
    CALIBRATION,
    CARD,
    MANIFEST,
    PACKED,
    RECORD,
    SCORES,
    WEIGHTS,
    checked,
    pack,
    quantized,
    restored,
    unpack,
)
from training.features import windows
from training.network import Network


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tiny_reader(tmp_path_factory.mktemp("model"))
    calibration = {"temperature": 2.0, "threshold": 1.5, "examples": 1000, "nulls": 400}
    (folder / CALIBRATION).write_text(json.dumps(calibration))
    (folder / RECORD).write_text(
        json.dumps({"examples": 5000, "seen": 5007, "questions": 20, "sets": ["made"], "seed": 1})
    )
    scored = {
        "set": "other",
        "answerable": 10,
        "unanswerable": 5,
        "f1": 0.71,
        "exact": 0.5,
        "auroc": None,
        "all_f1": 0.6,
    }
    (folder / SCORES).write_text(json.dumps(scored) + "\n")
    return folder


@pytest.fixture
def packed(model, tmp_path):
    pack(model, tmp_path / "packed")
    return tmp_path / "packed"


def test_each_weight_comes_back_within_half_a_step_of_its_row():
    weight = np.random.default_rng(1).normal(size=(5, 40)).astype(np.float32)
    weight[2] = 0
    back = restored(quantized({"w": weight, "b": weight[0]}))
    assert np.all(np.abs(back["w"] - weight) <= np.abs(weight).max(axis=1, keepdims=True) / 127 * 0.5001)
    assert np.array_equal(back["b"], weight[0])


def test_an_unpacked_reader_says_nearly_what_the_trained_one_said(model, packed, tmp_path):
    unpack(packed, tmp_path / "back")
    before, after = Network(model, "float32"), Network(tmp_path / "back", "float32")
    shown = [w for one in windows(before.tokenizer, [plain(a) for a in asked()]) for w in one]
    for (a, b), (c, d) in zip(before.logits(shown), after.logits(shown), strict=True):
        assert np.allclose(a, c, atol=0.02)
        assert np.allclose(b, d, atol=0.02)


def test_packing_makes_matrices_a_quarter_of_their_size(model, packed):
    assert (packed / PACKED).stat().st_size < 0.45 * (model / WEIGHTS).stat().st_size


@pytest.mark.parametrize("name", [PACKED, "config.json", "tokenizer.json", CARD])
def test_a_file_that_was_changed_is_refused(packed, name):
    (packed / name).write_bytes((packed / name).read_bytes() + b" ")
    with pytest.raises(FootnoteError, match=name):
        checked(packed)


def test_a_file_that_is_gone_is_refused(packed, tmp_path):
    (packed / PACKED).unlink()
    with pytest.raises(FootnoteError, match="missing"):
        unpack(packed, tmp_path / "back")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"files": 3}'])
def test_a_manifest_that_cannot_be_read_is_told(packed, text):
    (packed / MANIFEST).write_text(text)
    with pytest.raises(FootnoteError, match="holds no packed reader"):
        checked(packed)


def test_a_model_that_was_not_calibrated_is_not_packed(tmp_path):
    with pytest.raises(FootnoteError, match=CALIBRATION):
        pack(tiny_reader(tmp_path / "model"), tmp_path / "out")


def test_the_card_says_what_was_seen_and_measured(packed):
    said = (packed / CARD).read_text()
    assert "5,007 examples" in said
    assert "--examples 5000 --seed 1" in said
    assert "| other | 10 / 5 | 0.710 | 0.500 |  | 0.600 |" in said
