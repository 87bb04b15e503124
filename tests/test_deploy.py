"""The compose file and the Dockerfile, without Docker: what they name is there, and each command is one that runs."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml
from doors import KEY, until
from vector_server import free_port

from index import server

ROOT = Path(__file__).parent.parent
COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
SERVICES = COMPOSE["services"]
# Those that have the index; the other one has vectors.
USERS = ("page", "api", "sync")
PATIENCE = 90


def given(text, environ):
    """The text with what stands in ${...} filled in, as compose does it."""
    return re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: environ.get(found[1]) or found[2], text)


def command(service, **environ):
    return [given(word, environ) for word in SERVICES[service]["command"]]


def here(words, articles=None):
    """The command as it can be run here: by this Python, at any free port of loopback, over another folder."""
    assert words[0] == "python"
    places = {"0.0.0.0": "127.0.0.1", "/articles": str(articles)}
    return [sys.executable, *(places.get(word, word) for word in words[1:])]


@pytest.fixture(scope="module")
def articles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("articles")
    (folder / "ferry.txt").write_text("The ferry sails at noon. A ticket costs two crowns.")
    return folder


@pytest.fixture(scope="module")
def store(tmp_path_factory, articles):
    """A store that the service `sync` has made, and a user."""
    folder = tmp_path_factory.mktemp("deploy") / "store"
    environ = os.environ | {"FOOTNOTE_STORE": str(folder)}
    ran = subprocess.run(
        here(command("sync"), articles), cwd=ROOT, env=environ, capture_output=True, text=True, timeout=PATIENCE
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("1 new, ")
    subprocess.run(
        [sys.executable, "-m", "rag", "users", "add", "ada"], cwd=ROOT, env=environ, input="correct horse battery\n",
        text=True, check=True, capture_output=True, timeout=PATIENCE,
    )  # fmt: skip
    return folder


@pytest.fixture
def started(store, tmp_path):
    """Starts a service; gives where it listens."""
    processes = []

    def start(service, **environ):
        log = tmp_path / service
        own = {name: given(value, environ) for name, value in SERVICES[service].get("environment", {}).items()}
        with log.open("w") as written:
            processes.append(
                subprocess.Popen(
                    [*here(command(service)), "--port", "0"], cwd=ROOT, stdout=written, stderr=written,
                    env=os.environ | own | {"FOOTNOTE_STORE": str(store)},
                )
            )  # fmt: skip
        found = re.compile(r"Footnote(?: listens at|:) (http://127\.0\.0\.1:\d+)")
        until(lambda: found.search(log.read_text()) or processes[-1].poll() is not None, PATIENCE)
        assert found.search(log.read_text()), log.read_text()
        return found.search(log.read_text())[1]

    yield start
    for process in processes:
        process.terminate()
        process.wait(PATIENCE)


def healthy(service, url, keys=""):
    """The exit code of the healthcheck of a service that listens there."""
    kind, *words, address = SERVICES[service]["healthcheck"]["test"]
    assert (kind, words[0]) == ("CMD", "python")
    there = re.sub(r"http://127\.0\.0\.1:\d+", url, address)
    environ = os.environ | {"FOOTNOTE_API_KEYS": keys}
    return subprocess.run(
        [sys.executable, *words[1:], there], cwd=ROOT, env=environ, timeout=PATIENCE, check=False
    ).returncode


def test_the_page_starts_as_it_is_told_and_asks_for_a_login(started):
    url = started("page")
    assert httpx.get(url, headers={"accept": "text/html"}, timeout=PATIENCE).status_code == 401
    assert healthy("page", url) == 0


def test_the_server_starts_as_it_is_told_and_asks_for_a_key(started):
    url = started("api", FOOTNOTE_API_KEYS=f"reader:{KEY}")
    assert httpx.get(f"{url}/v1/health", timeout=PATIENCE).status_code == 401
    assert healthy("api", url, keys=f"reader:{KEY}") == 0
    assert healthy("api", url, keys="reader:another-key-of-some-length") == 1


def test_the_server_of_vectors_starts_as_it_is_told_and_takes_a_sync(articles, tmp_path):
    port, (program, *words) = free_port(), command("vectors")
    places = {"/vectors": str(tmp_path / "vectors"), "0.0.0.0": "127.0.0.1", "8000": str(port)}
    assert program == "chroma"
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name(program)), *(places.get(word, word) for word in words)],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        until(lambda: healthy("vectors", url) == 0, PATIENCE)
        own = {name: given(value, {"FOOTNOTE_CHROMA": url}) for name, value in SERVICES["sync"]["environment"].items()}
        ran = subprocess.run(
            here(command("sync"), articles), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False,
            env=os.environ | own | {"FOOTNOTE_STORE": str(tmp_path / "store")},
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        assert not (tmp_path / "store" / "segments").exists()
    finally:
        process.terminate()
        process.wait(PATIENCE)


def test_all_that_the_environment_says_of_a_server_of_vectors_is_handed_on():
    told = {server.TOKEN, server.INSECURE, server.TENANT, server.DATABASE, "FOOTNOTE_CHROMA"}
    for name in USERS:
        own = SERVICES[name]["environment"]
        assert {key: given(own[key], dict.fromkeys(told, "x")) for key in told} == dict.fromkeys(told, "x")


def test_the_server_of_vectors_is_reached_by_the_other_containers_alone_and_holds_nothing_else():
    vectors, *others = (SERVICES["vectors"], *(SERVICES[name] for name in USERS))
    assert "ports" not in vectors
    assert vectors["networks"] == ["vectors"]
    assert COMPOSE["networks"]["vectors"] == {"internal": True}
    assert vectors["volumes"] == ["vectors:/vectors"]
    assert vectors["profiles"]  # it is there for who asks for it
    assert all("vectors" in service["networks"] for service in others)


def test_the_server_does_not_start_without_keys():
    ran = subprocess.run(
        [sys.executable, *command("api")[1:]], cwd=ROOT, env=os.environ | {"FOOTNOTE_API_KEYS": ""},
        capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert ran.returncode == 2
    assert ran.stderr.startswith("Without keys only this machine may ask, and 0.0.0.0 is open to others.\n")


def test_where_nothing_listens_nothing_is_healthy():
    assert healthy("api", "http://127.0.0.1:9") == 1


def test_the_name_that_it_is_asked_for_under_comes_from_the_environment():
    for service in ("page", "api"):
        assert command(service)[-2:] == ["--name", "localhost"]
        assert command(service, FOOTNOTE_NAME="articles.example.org")[-1] == "articles.example.org"


def test_a_healthcheck_asks_at_the_port_that_its_service_listens_at():
    for service, port in (("page", 7860), ("api", 8000)):
        assert SERVICES[service]["healthcheck"]["test"][-1].startswith(f"http://127.0.0.1:{port}/")
        assert SERVICES[service]["ports"] == [f"127.0.0.1:{port}:{port}"]  # this machine alone: there is no TLS


def test_all_have_the_same_store_and_nobody_may_write_elsewhere():
    for service in map(SERVICES.get, USERS):
        assert {"store:/store", "cache:/cache"} <= set(service["volumes"])
        assert [mount for mount in service["volumes"] if "/articles" in mount and mount.endswith(":ro")]
    assert all(service["read_only"] for service in SERVICES.values())
    assert set(COMPOSE["volumes"]) == {"store", "cache", "vectors"}
    assert re.search(r"FOOTNOTE_STORE=/store\b", DOCKERFILE)
    assert re.search(r"FOOTNOTE_CACHE=/cache\b", DOCKERFILE)
    assert re.search(r"(?m)^USER footnote$", DOCKERFILE)


def test_what_is_copied_is_there_and_all_that_a_command_imports_is_copied():
    copied = {
        word.rstrip("/")
        for line in re.findall(r"(?m)^COPY (.*)$", DOCKERFILE)
        for word in shlex.split(line)[:-1]
    }  # fmt: skip
    assert {"app.py", "index", "rag", "page", "prompts", "seeds", "deploy/healthy.py"} <= copied
    assert {"requirements.txt", "requirements-postgres.txt"} <= copied
    let_in = set(re.findall(r"(?m)^!(.*)$", (ROOT / "deploy/Dockerfile.dockerignore").read_text()))
    assert copied == let_in
    assert all((ROOT / path).exists() for path in copied)


def test_the_dockerfile_is_the_one_that_compose_builds():
    for service in SERVICES.values():
        build = service["build"]
        assert (ROOT / "deploy" / build["context"] / build["dockerfile"]).read_text() == DOCKERFILE
        assert set(build["args"]) == set(re.findall(r"(?m)^ARG (\w+)", DOCKERFILE))
