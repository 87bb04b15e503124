import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import WordEmbedder

from index.__main__ import SHOWN, main
from index.database import CONVERSATIONS
from index.segments import SEGMENTS
from index.terminal import guarded

ROOT = Path(__file__).parent.parent
HEAVY = {"chromadb", "torch", "sentence_transformers", "numpy", "rich", "lxml", "pypdf", "trafilatura"}


@pytest.fixture
def command(store, monkeypatch, capsys, tmp_path):
    """Runs a command on the store; gives its exit code, what went to stdout and what went to stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("index.embedder.Embedder", lambda model, *_: WordEmbedder(model))

    def run(name, *arguments):
        code = guarded(lambda: main([name, "--store", str(store), *map(str, arguments)]))
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "mole.md").write_text("---\ndate: 2024-08-27\n---\n# The mole\n\nThe mole fell in August.")
    (folder / "ferry.md").write_text("# The ferry\n\nThe ferry sails at noon.")
    return folder


def process(*arguments, **kwargs):
    """The command line in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FOOTNOTE_")}
    return subprocess.run(
        [sys.executable, "-m", "index", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        env=environment | {"PYTHONPATH": str(ROOT)},
        **kwargs,
    )


def test_sync_says_what_it_did(command, folder):
    code, out, err = command("sync", folder)
    assert (code, err) == (0, "")
    assert out.startswith("2 new, 0 changed, 0 gone, 0 unchanged, 0 skipped, 0 failed; passages embedded: 2; ")


def test_sync_without_a_path_follows_what_was_named_before(command, folder):
    command("sync", folder)
    (folder / "mole.md").unlink()
    (folder / "ferry.md").write_text("# The ferry\n\nThe ferry sails at dawn.")
    (folder / "quay.md").write_text("# The quay\n\nThe quay is long.")
    code, out, _ = command("sync", "--yes")
    assert code == 0
    assert out.startswith("1 new, 1 changed, 1 gone, 0 unchanged")


def test_more_than_a_fifth_waits_for_a_yes_and_nobody_is_asked_without_a_terminal(command, folder):
    command("sync", folder)
    (folder / "mole.md").unlink()
    code, out, _ = command("sync")
    assert code == 1
    assert "Held back: 1 articles would be taken out, more than a fifth of what their place had" in out
    assert command("status")[1].splitlines()[1] == "articles    2 in 2 passages"
    code, out, _ = command("sync", "--yes", "--json")
    assert (code, json.loads(out)["gone"]) == (0, 1)


def test_a_rollback_is_undone_by_another(command, folder):
    command("sync", folder)
    (folder / "quay.md").write_text("# The quay\n\nThe quay is long.")
    command("sync")
    assert command("rollback")[1].startswith("Back to what was searched before the last run: 0 articles came back, 1 w")
    assert command("status")[1].splitlines()[1] == "articles    2 in 2 passages"
    command("rollback")
    assert command("status")[1].splitlines()[1] == "articles    3 in 3 passages"
    code, out, _ = command("purge", "--json")
    assert (code, json.loads(out)) == (0, {"erased": 0, "whole": True, "quoted": False})
    code, _, err = command("rollback")
    assert (code, err.splitlines()[0]) == (1, "There is no generation to go back to.")


def test_a_purge_says_that_kept_answers_may_quote_what_was_erased(command, folder, store):
    command("sync", folder)
    assert "conversations forget" not in command("purge")[1]
    (store / CONVERSATIONS).touch()
    (line,) = [line for line in command("purge")[1].splitlines() if "Kept answers" in line]
    assert "`python -m rag conversations forget PATH|URL`" in line


def test_a_purge_says_so_too_where_answers_are_kept_in_a_database(command, folder, monkeypatch):
    command("sync", folder)
    monkeypatch.setenv("FOOTNOTE_DATABASE", "postgresql://ada:sesame@h/notes")
    told = command("purge")[1]
    assert "conversations forget" in told
    assert "sesame" not in told


def test_the_ledger_is_listed_by_state_and_by_what_is_in_it(command, folder):
    (folder / "picture.png").write_bytes(b"png")
    command("sync", folder)
    assert command("status", "--state", "skipped")[1] == (
        "skipped   articles/picture.png: not an article format (.png)\n"
    )
    assert command("status", "--find", "ferry")[1].startswith("indexed   articles/ferry.md  The ferry · ")
    assert command("status", "--find", "zebra")[1] == "No source is like that.\n"


def test_what_is_added_is_indexed_by_the_next_sync(command, folder):
    code, out, _ = command("add", folder)
    assert (code, out.splitlines()[0]) == (0, "Follows the path articles")
    assert command("status")[1].splitlines()[1] == "articles    0 in 0 passages"
    assert command("sync")[1].startswith("2 new")


def test_an_address_inside_the_machine_is_not_followed(command):
    code, _, err = command("add", "http://127.0.0.1:9/feed.xml")
    assert code == 1
    assert "not on the public internet" in err
    code, _, err = command("add", "ftp://example.org/feed.xml")
    assert code == 2


def test_json_is_pure(command, folder):
    (folder / "picture.png").write_bytes(b"png")
    code, out, err = command("sync", folder, "--json")
    result = json.loads(out)
    assert (code, err, result["new"], result["skipped"], result["embedded"]) == (0, "", 2, 1, 2)
    picture = str(folder / "picture.png")
    assert result["problems"] == [{"source": picture, "state": "skipped", "reason": "not an article format (.png)"}]


def test_a_source_that_fails_is_named_first_and_makes_the_exit_code_1(command, folder):
    (folder / "a.png").write_bytes(b"png")
    (folder / "broken.pdf").write_text("no PDF at all")
    code, out, _ = command("sync", folder)
    assert code == 1
    _, first, second = out.splitlines()
    assert first.startswith("failed      articles/broken.pdf: damaged PDF")
    assert second == "skipped     articles/a.png: not an article format (.png)"
    assert command("sync")[0] == 1


def test_a_long_list_of_problems_is_cut(command, folder):
    for n in range(SHOWN + 5):
        (folder / f"{n}.png").write_bytes(b"png")
    lines = command("sync", folder)[1].splitlines()
    assert len(lines) == 1 + SHOWN + 1
    assert lines[-1] == "and 5 more, see --json"
    assert len(json.loads(command("status", "--json")[1])["problems"]) == SHOWN + 5


def test_status_says_what_is_indexed(command, folder, store):
    command("sync", folder)
    code, out, _ = command("status")
    assert code == 0
    assert out.splitlines() == [
        f"store       {store}, generation 1",
        "articles    2 in 2 passages",
        "dates       2024-08-27 to 2024-08-27; articles without one: 1",
        "model       all-MiniLM-L6-v2, float32",
        "follows     articles",
        "sources     2 indexed, 0 skipped, 0 failed",
    ]
    result = json.loads(command("status", "--json")[1])
    assert (result["articles"], result["first"], result["followed"]) == (2, "2024-08-27", [str(folder)])
    assert result["sources"] == {"indexed": 2, "skipped": 0, "failed": 0}


def test_check_says_what_is_damaged_and_repairs_it(command, folder, store):
    command("sync", folder)
    assert command("check") == (0, "The index is sound: 2 articles, 2 passages.\n", "")
    for file in (store / SEGMENTS).rglob("*.bin"):
        file.unlink()
    code, out, _ = command("check")
    assert code == 1
    assert out.startswith("The vector index segment-")
    assert out.endswith("Run `python -m index check --repair`; nothing has to be embedded again.\n")
    code, out, _ = command("check", "--repair")
    assert code == 0
    assert out.splitlines()[0].endswith(" Repaired.")
    assert json.loads(command("check", "--json")[1]) == {"sound": True, "faults": []}


def test_remove_leaves_the_file_and_says_what_brings_it_back(command, folder):
    command("sync", folder)
    code, out, _ = command("remove", folder / "mole.md")
    returning = "Still followed, so the next sync brings it back: articles"
    assert (code, out.splitlines()) == (0, ["Taken out of the index: 1", returning])
    assert (folder / "mole.md").exists()
    code, out, _ = command("remove", "articles")
    assert (code, out.splitlines()) == (0, ["Taken out of the index: 1", "No longer followed: articles"])


def test_removing_what_is_not_there_is_a_usage_error(command, folder):
    command("sync", folder)
    code, out, err = command("remove", "elsewhere")
    assert (code, out) == (2, "")
    assert err.startswith("elsewhere is not in the index.\n")


@pytest.mark.parametrize("name", ["status", "check", "remove"])
def test_looking_at_no_index_is_one_sentence_and_makes_none(command, store, name):
    code, out, err = command(name, *["x"] * (name == "remove"))
    assert (code, out) == (1, "")
    assert err == f"There is no index in {store}.\nRun `python -m index sync PATH` to make one.\n"
    assert not store.exists()


def test_sync_of_nothing_is_a_usage_error(command, store):
    code, _, err = command("sync")
    assert (code, err) == (2, f"The index in {store} follows nothing yet.\nName it: `python -m index sync PATH`.\n")


def test_sync_of_what_does_not_exist_is_a_usage_error(command, store):
    assert command("sync", "nowhere")[::2] == (2, "nowhere does not exist.\nCheck the spelling.\n")
    assert not store.exists()


def test_a_followed_folder_that_is_gone_is_named(command, folder):
    command("sync", folder)
    folder.rename(folder.parent / "elsewhere")
    code, out, _ = command("sync")
    assert code == 1
    assert "failed      articles: no longer there; put it back" in out
    assert command("status")[1].splitlines()[1] == "articles    2 in 2 passages"


def test_the_settings_say_where_the_store_is_unless_it_is_named(command, folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FOOTNOTE_STORE", str(tmp_path / "other"))
    assert main(["sync", str(folder)]) == 0
    assert (tmp_path / "other").is_dir()
    capsys.readouterr()
    assert command("status")[0] == 1


def test_help_loads_nothing_heavy():
    code = f"""
import contextlib, sys
from index.__main__ import main
with contextlib.suppress(SystemExit):
    main(["--help"])
sys.exit(len(sys.modules.keys() & {HEAVY}))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT, capture_output=True).returncode == 0


def test_help_is_quick():
    times = []
    for _ in range(3):
        start = time.perf_counter()
        shown = process("sync", "--help")
        times.append(time.perf_counter() - start)
    assert shown.returncode == 0
    assert "followed from now on" in shown.stdout
    assert min(times) < 0.4


def test_an_unknown_command_is_a_usage_error():
    found = process("destroy")
    assert (found.returncode, found.stdout) == (2, "")
    assert "invalid choice: 'destroy'" in found.stderr


def test_the_whole_way_in_a_process_of_its_own(folder, store, tmp_path):
    found = process("sync", folder, "--store", store, "--json", cwd=tmp_path)
    assert (found.returncode, json.loads(found.stdout)["new"]) == (0, 2)
    assert "Traceback" not in found.stderr
    assert process("check", "--store", store).stdout == "The index is sound: 2 articles, 2 passages.\n"


def test_a_model_that_is_not_here_is_one_sentence(folder, store, tmp_path):
    (tmp_path / "footnote.toml").write_text('[index]\nmodel = "no-such-model"\n')
    found = process("sync", folder, "--store", store, cwd=tmp_path)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith("The embedding model 'no-such-model' is not on this machine.\n")
    assert len(found.stderr.splitlines()) == 2


def test_a_reader_that_goes_away_is_no_error(command, folder, store):
    code = f"import sys; sys.argv[1:] = ['status', '--store', {str(store)!r}]; import runpy; " + (
        "runpy.run_module('index', run_name='__main__')"
    )
    command("sync", folder)
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        found = subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT, stdout=pipe, stderr=subprocess.PIPE)
    assert (found.returncode, found.stderr) == (128 + signal.SIGPIPE, b"")


def test_an_interrupt_is_one_sentence(folder, store):
    running = subprocess.Popen(
        [sys.executable, "-m", "index", "sync", str(folder), "--store", str(store)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    while not (store / "LOCK").exists():
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, "")
    assert err == "Stopped; nothing is lost, run the command again to go on.\n"


def test_a_file_name_cannot_command_the_terminal(tmp_path, capsys):
    (tmp_path / "a\x1b[2J.bin").write_bytes(b"x")
    main(["sync", str(tmp_path), "--store", str(tmp_path / ".store")])
    assert "\x1b" not in capsys.readouterr().out
