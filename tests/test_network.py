"""With the network of the reader that comes with Footnote."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from index import network
from index.network import Network, faster_precision
from rag.reading.packed import INPUTS, NETWORK, OUTPUT, SHIPPED

ROOT = Path(__file__).parent.parent
FILE = SHIPPED / NETWORK


def inputs(seed, texts=2, tokens=16):
    ids = np.random.default_rng(seed).integers(1_000, 20_000, (texts, tokens))
    return dict(zip(INPUTS, (ids, np.zeros_like(ids), np.ones_like(ids)), strict=True))


@pytest.fixture(scope="module")
def reader():
    return Network(FILE)


@pytest.fixture
def made(monkeypatch):
    """The files of which a network was made."""
    files = []
    make = network._made
    monkeypatch.setattr(network, "_made", lambda file, plan: files.append(file) or make(file, plan))
    return files


def test_threads_run_it_at_once_and_each_gets_its_own(reader):
    asked = [inputs(seed, 1 + seed % 3, 8 + 4 * (seed % 4)) for seed in range(24)]
    one_by_one = [reader.run(OUTPUT, each) for each in asked]
    with ThreadPoolExecutor(6) as pool:
        at_once = list(pool.map(lambda each: reader.run(OUTPUT, each), asked))
    for alone, beside, given in zip(one_by_one, at_once, asked, strict=True):
        assert alone.shape[0] == len(given["input_ids"])
        assert np.allclose(alone, beside, atol=1e-4)


def test_what_was_said_is_not_written_over_by_the_next_run(reader):
    first = reader.run(OUTPUT, inputs(1))
    before = first.copy()
    assert not np.allclose(reader.run(OUTPUT, inputs(2)), before, atol=0.1)
    assert (first == before).all()


def test_bfloat16_says_nearly_the_same():
    exact, rounded = (Network(FILE, precision=name).run(OUTPUT, inputs(3)) for name in ("float32", "bfloat16"))
    assert np.allclose(exact, rounded, atol=0.3)
    assert faster_precision() in ("float32", "bfloat16")


def test_a_kept_network_is_not_made_again_and_says_the_same(tmp_path, made, reader):
    first = Network(FILE, kept=tmp_path, name="reader")
    assert made == [FILE]
    again = Network(FILE, kept=tmp_path, name="reader")
    assert made == [FILE]
    for one in (first, again):
        assert np.allclose(one.run(OUTPUT, inputs(4)), reader.run(OUTPUT, inputs(4)), atol=1e-4)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(("name", "precision", "threads"), [("other", "float32", 0), ("reader", "bfloat16", 0)])
def test_another_file_or_precision_is_another_network(tmp_path, made, name, precision, threads):
    Network(FILE, kept=tmp_path, name="reader")
    Network(FILE, threads, precision, kept=tmp_path, name=name)
    assert len(made) == len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b[:-1], lambda b: b[:1_000] + b"\xff" * 64 + b[1_064:]])
def test_a_damaged_one_is_made_anew(tmp_path, made, reader, damage):
    Network(FILE, kept=tmp_path, name="reader")
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    again = Network(FILE, kept=tmp_path, name="reader")
    assert len(made) == 2
    assert np.allclose(again.run(OUTPUT, inputs(5)), reader.run(OUTPUT, inputs(5)), atol=1e-4)
    Network(FILE, kept=tmp_path, name="reader")
    assert len(made) == 2
    assert [left.name for left in tmp_path.iterdir()] == [file.name]


def test_where_nothing_can_be_kept_it_is_made_each_time(tmp_path, made):
    for _ in range(2):
        Network(FILE, kept=tmp_path / "nowhere", name="reader").run(OUTPUT, inputs(6))
    assert len(made) == 2
    assert not any(tmp_path.iterdir())


def test_a_file_that_is_no_network_is_an_error(tmp_path):
    (tmp_path / "file.onnx").write_text("nothing")
    for kept in (None, tmp_path):
        with pytest.raises(RuntimeError):
            Network(tmp_path / "file.onnx", kept=kept)


TELLS = """
import sys
said = []
sys.addaudithook(lambda event, of: said.append(event) if event.startswith("socket.") else None)
from pathlib import Path
from index.network import Network
Network(Path(sys.argv[1]), kept=Path(sys.argv[2]), name="reader")
print(said, [name for name, module in sys.modules.items() if "telemetry" in name and module])
"""


def test_openvino_tells_nobody_that_it_was_imported(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", TELLS, FILE, tmp_path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "[] []\n"
