import shutil

import numpy as np
import pytest
from reading import SCORED, asked, calibrated, tiny_reader

from index.errors import FootnoteError
from rag.reading.packed import CARD, NETWORK, TOKENIZER, PackedModel, checked
from training.examples import Example, plain
from training.export import CALIBRATION, WEIGHTS, pack, record
from training.network import Network
from training.scoring import read, read_packed

EXAMPLES = [
    *map(plain, asked()),
    Example("who?", "Ada", "bob has 22. cy has 33. " * 40, None, "made", "long"),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return calibrated(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def packed(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("packed")
    size = pack(model, folder)
    assert size == sum(file.stat().st_size for file in folder.iterdir())
    record(folder, SCORED)
    return folder


def test_a_packed_reader_says_nearly_what_the_trained_one_said(model, packed):
    before, after = read(Network(model, "float32"), EXAMPLES), read_packed(PackedModel(packed, threads=1), EXAMPLES)
    same = [a.said == b.said for a, b in zip(after, before, strict=True)]
    assert sum(same) >= 0.9 * len(EXAMPLES)
    assert np.ptp([r.score for r in before]) > 1
    assert [r.score for r in after] == pytest.approx([r.score for r in before], abs=0.2)


def test_packing_makes_a_network_a_third_of_its_size(model, packed):
    assert (packed / NETWORK).stat().st_size < 0.35 * (model / WEIGHTS).stat().st_size


def test_what_was_packed_is_what_its_manifest_says(packed):
    assert set(checked(packed)["files"]) == {NETWORK, TOKENIZER, CARD}


def test_a_model_that_was_not_calibrated_is_not_packed(tmp_path):
    with pytest.raises(FootnoteError, match=CALIBRATION):
        pack(tiny_reader(tmp_path / "model"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_set_that_is_scored_again_has_its_newest_figures_and_the_folder_still_agrees(packed, tmp_path):
    copy = shutil.copytree(packed, tmp_path / "copy")
    record(copy, {**SCORED, "f1": 0.8})
    (row,) = checked(copy)["scores"]
    assert row["f1"] == 0.8
    assert "| other | 10 / 5 | 0.800 |" in (copy / CARD).read_text()


def test_the_card_says_what_was_seen_and_measured(packed):
    said = (packed / CARD).read_text()
    assert "5,007 examples" in said
    assert "--examples 5000 --seed 1" in said
    assert "| other | 10 / 5 | 0.710 | 0.500 |  | 0.600 |" in said
