import json
import shutil

import numpy as np
import pytest
from reading import calibrated, tiny_reader
from safetensors.numpy import load_file, save_file

from index.errors import FootnoteError, UsageError
from rag.reading.packed import CARD
from training.average import average
from training.export import CALIBRATION, RECORD, WEIGHTS, pack


@pytest.fixture
def trained(tmp_path):
    """Two trainings, the second of other weights."""
    first = calibrated(tmp_path / "first")
    second = shutil.copytree(first, tmp_path / "second")
    weights = load_file(second / WEIGHTS)
    save_file({name: value + np.float32(0.5) for name, value in weights.items()}, second / WEIGHTS, {"format": "pt"})
    record = json.loads((second / RECORD).read_text())
    (second / RECORD).write_text(json.dumps({**record, "seen": 7_000, "seed": 14, "rate": 0.0001, "synonyms": True}))
    return first, second


def test_each_weight_is_the_mean_of_both(trained, tmp_path):
    average(*trained, tmp_path / "out")
    first, second, mean = (load_file(folder / WEIGHTS) for folder in (*trained, tmp_path / "out"))
    assert mean.keys() == first.keys()
    assert all(np.allclose(mean[name], (first[name] + second[name]) / 2, atol=1e-6) for name in mean)
    assert any(not np.allclose(mean[name], first[name], atol=1e-3) for name in mean)


def test_the_mean_is_not_calibrated_and_its_card_tells_how_it_came_about(trained, tmp_path):
    out = tmp_path / "out"
    average(*trained, out)
    assert not (out / CALIBRATION).exists()
    shutil.copy(trained[0] / CALIBRATION, out)
    pack(out, tmp_path / "packed")
    card = (tmp_path / "packed" / CARD).read_text()
    assert "In two trainings" in card
    assert "python -m training.average FIRST SECOND MODEL" in card
    assert "--model FIRST --out SECOND" in card
    assert "--wordnet WORDNET" in card


def test_models_of_two_shapes_have_no_mean(trained, tmp_path):
    weights = load_file(trained[1] / WEIGHTS)
    name = next(iter(weights))
    save_file({**weights, name: np.zeros(3, np.float32)}, trained[1] / WEIGHTS, {"format": "pt"})
    with pytest.raises(UsageError, match="different shapes"):
        average(*trained, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_training_that_did_not_end_has_no_mean(trained, tmp_path):
    (trained[1] / RECORD).unlink()
    with pytest.raises(FootnoteError, match=RECORD):
        average(*trained, tmp_path / "out")
    assert tiny_reader(tmp_path / "other")
