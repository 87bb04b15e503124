import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Shelf, resynced, rewrite

from index.database import FILE_NAME
from index.printable import visible
from index.schema import VERSION
from index.sync import sync_paths
from index.terminal import guarded
from rag.__main__ import EVALS, main, marked
from rag.answers import Sentence
from rag.wording import SAYINGS

ROOT = Path(__file__).parent.parent
FERRY = "The ferry sails at noon"
COMMANDS = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
LACKING = "None of your articles has the word “zebras”."
NO_ARTICLES = f"{SAYINGS['no_articles']}\n`python -m index sync PATH` takes in a file or a folder.\n"
TALKS = "Who offered to host Zelenskyy for peace talks?"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """No footnote.toml and no environment but what a test writes; trace of an unforeseen error included."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FOOTNOTE_MODEL", raising=False)
    monkeypatch.setenv("FOOTNOTE_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("FOOTNOTE_DEBUG", "1")


@pytest.fixture
def words(monkeypatch, embedder):
    """A bag of words in the place of the model."""
    monkeypatch.setattr("rag.settings.Embedder", lambda *_: embedder)
    return embedder


@pytest.fixture
def rag(capsys, words, indexed):
    """Runs a command over the three articles: exit code, stdout and stderr. Nothing ends in a stack trace."""

    def run(*arguments):
        code = guarded(lambda: main(arguments))
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return code, said.out, said.err

    return run


@pytest.fixture
def written(tmp_path, words, store):
    """A set about one article that is in the store."""
    folder = tmp_path / "written"
    folder.mkdir()
    (folder / "mole.txt").write_text("The mole fell in August. It was rebuilt before the end of May.", encoding="utf-8")
    gold = {"source": "mole.txt", "text": "The mole fell in August."}
    questions = [
        {"id": "q1", "question": "When did the mole fall?", "kind": "single", "answers": ["August"], "gold": [gold]},
        {"id": "q2", "question": "Who [red]sang\u001b[31m at supper?", "kind": "unanswerable"},
    ]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, questions)), encoding="utf-8")
    sync_paths(store, [folder], words)
    return folder


def terminal(*arguments, store):
    """A command as a user types it, with the packaged model."""
    ran = subprocess.run(
        [sys.executable, "-m", "rag", *arguments, "--store", store],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, encoding="utf-8", timeout=120,
    )  # fmt: skip
    assert "Traceback" not in ran.stdout + ran.stderr
    return ran


# As a user types it ---------------------------------------------------------------------------------------------------


def test_a_question_is_answered_with_footnotes(seeds_store):
    ran = terminal("ask", TALKS, store=seeds_store)
    assert (ran.returncode, ran.stderr) == (0, "")
    answer, footnote = ran.stdout.split("\n\n")[:2]
    assert "Russia" in answer
    assert answer.splitlines()[0].endswith("[1]")
    assert re.search(r"^\[1\] .+\n    “.+”\n    .+000_590f4cd05c6fd96d\.txt, characters \d+–\d+$", footnote)
    assert re.search(r"^Searched 15 articles \(16 Jan 2024 – 18 Dec 2024\), \d+ passages, in .+ s\.$", ran.stdout, re.M)


def test_with_json_stdout_is_json_alone(seeds_store):
    ran = terminal("ask", TALKS, "--json", store=seeds_store)
    assert (ran.returncode, ran.stderr) == (0, "")
    answer = json.loads(ran.stdout)
    assert (answer["question"], answer["searched_for"], answer["refusal"]) == (TALKS, TALKS, None)
    for cited in answer["citations"]:
        assert Path(cited["source"]).is_file()
        text = next(hit for hit in answer["hits"] if hit["passage"] == cited["passage"])
        assert text["text"][cited["start"] - text["start"] : cited["end"] - text["start"]] == cited["quote"]
    assert {n for s in answer["sentences"] for n in s["citations"]} == {c["number"] for c in answer["citations"]}


def test_asking_waits_for_no_library_of_models(seeds_store):
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "rag", "ask", TALKS, "--store", seeds_store],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    imported = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in ran.stderr.splitlines()}
    assert "openvino" in imported
    assert not imported & {"torch", "transformers", "sentence_transformers", "onnxruntime", "openvino_telemetry"}


# Asking ---------------------------------------------------------------------------------------------------------------


def test_an_answer_is_printed_as_a_person_reads_it(rag):
    code, out, err = rag("ask", FERRY)
    assert (code, err) == (0, "")
    assert out.startswith("The ferry sails at noon. [1]\n")
    assert "[1] ferry · undated\n    “The ferry sails at noon.”\n    ferry, characters 0–24\n" in out
    assert re.search(r"\nSearched 3 articles, 3 passages, in \d+\.\d\d s\.\n$", out)


def test_the_short_answer_is_bold_on_a_terminal_and_the_rest_commands_nothing():
    sentence = Sentence("At \x1b[2J noon.", (1,), (8, 12))
    assert marked(sentence, bold=False) == visible(sentence.text)
    said = marked(sentence, bold=True)
    assert "\x1b[1mnoon\x1b[0m." in said
    assert said.count("\x1b") == 2


def test_a_refusal_shows_the_nearest_passages_and_is_no_failure(rag):
    code, out, err = rag("ask", "zebras?")
    assert (code, err) == (0, "")
    assert out.startswith(f"Your articles do not say.\n{LACKING}\n\nNearest passages:\n  · ")
    assert out.count("\n  · ") == 3


def test_a_refusal_as_json_has_its_reason_and_no_sentences(rag):
    answer = json.loads(rag("ask", "zebras?", "--json")[1])
    assert (answer["refusal"], answer["sentences"], answer["citations"]) == ("not_supported", [], [])
    assert len(answer["hits"]) == 3


def test_nothing_in_an_article_commands_the_terminal(rag, store, words):
    hostile = "\x1b]0;owned\x07fer\u202ery"
    text = "The ferry sails\x1b[2J\x9b31m at noon\u2066. Tickets\rcost\x08\x08 two crowns."
    resynced(store, Shelf(**{hostile: text}), words)
    for question in (FERRY, "zebras?"):
        code, out, _ = rag("ask", question)
        assert code == 0
        assert not COMMANDS.search(out)
    code, out, _ = rag("ask", FERRY, "--json")
    assert not COMMANDS.search(out)
    assert json.loads(out)["hits"][0]["source"] == hostile


@pytest.mark.parametrize("question", ["", "  ", "?!"])
def test_an_empty_question_is_a_usage_error(rag, question):
    code, out, err = rag("ask", question)
    assert (code, out) == (2, "")
    assert err == "The question is empty.\nWrite what you want to know from your articles.\n"


def test_an_overlong_question_is_a_usage_error(rag):
    code, out, err = rag("ask", "x" * 50_000)
    assert (code, out) == (2, "")
    assert err.startswith("The question has 50,000 characters; at most 4,000 are read.\n")


def test_a_question_that_is_no_utf8_is_answered(rag):
    answer = json.loads(rag("ask", "The ferry sails at \udcff noon", "--json")[1])
    assert answer["question"] == "The ferry sails at \ufffd noon"


def test_without_articles_it_says_so_and_makes_no_store(rag, tmp_path):
    code, out, err = rag("ask", FERRY, "--store", str(tmp_path / "none"))
    assert (code, out, err) == (1, NO_ARTICLES, "")
    assert not (tmp_path / "none").exists()


# What goes wrong ------------------------------------------------------------------------------------------------------


def test_another_model_is_one_sentence(rag, words):
    words.name = "no-such-model"
    code, out, err = rag("ask", FERRY)
    assert (code, out) == (1, "")
    assert err.startswith("The index was made by the model words, and the settings name no-such-model.\nRun ")


def test_a_model_that_does_not_exist_is_one_sentence(seeds_store, capsys, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_MODEL", "no-such-model")
    assert guarded(lambda: main(["ask", FERRY, "--store", str(seeds_store)])) == 1
    err = capsys.readouterr().err
    assert err.startswith("The index was made by the model all-MiniLM-L6-v2, and the settings name no-such-model.\n")
    assert err.count("\n") == 2


def test_a_setting_that_does_not_exist_is_a_usage_error(rag, tmp_path):
    (tmp_path / "footnote.toml").write_text('[index]\nmodle = "local"\n')
    code, _, err = rag("ask", FERRY)
    assert (code, err) == (
        2,
        "footnote.toml: there is no setting 'modle' in [index].\n"
        "Known are: store, model, precision, passage_tokens, networks, chroma, ray.\n",
    )


def test_a_catalog_of_a_newer_version_is_one_sentence(rag, store):
    rewrite(store, "PRAGMA user_version = 99")
    code, out, err = rag("ask", FERRY)
    assert (code, out) == (1, "")
    assert f"was made by a newer Footnote (its schema is 99, this one knows {VERSION}).\nUpdate Footnote" in err


def test_a_catalog_that_is_none_is_one_sentence(rag, store):
    (store / FILE_NAME).write_bytes(b"no database" * 1_000)
    code, out, err = rag("ask", FERRY)
    assert (code, out) == (1, "")
    assert re.match(r".+catalog\.sqlite is damaged \(.+\)\.\nMove the store away and run .+\n$", err)


def test_a_store_that_is_a_file_has_no_articles(rag, tmp_path):
    (tmp_path / "file").write_text("")
    assert rag("ask", FERRY, "--store", str(tmp_path / "file"))[:2] == (1, NO_ARTICLES)


@pytest.mark.parametrize("arguments", [(), ("ask",), ("answer", "Why?"), ("eval",), ("eval", "run", "--frobnicate")])
def test_a_command_that_cannot_be_meant_shows_the_usage(rag, capsys, arguments):
    with pytest.raises(SystemExit, match="2"):
        rag(*arguments)
    assert capsys.readouterr().err.startswith("usage: python -m rag")


# Evals ----------------------------------------------------------------------------------------------------------------


def test_the_help_of_the_evals_names_every_command_in_less_than_four_tenths_of_a_second():
    def helped():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ran = subprocess.run([sys.executable, "-m", "rag", "eval", "--help"], cwd=ROOT, capture_output=True, text=True)
        assert ran.returncode == 0
        assert all(re.search(rf"^    {name} ", ran.stdout, re.M) for name in EVALS)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # Of the processor, the best of three: another process may be busy.
    assert min(helped() for _ in range(3)) < 0.4


def test_the_page_about_evals_names_every_command_and_no_other():
    rows = re.findall(r"^\| (`[a-z`, ]+`) \|", (ROOT / "docs" / "evals.md").read_text(encoding="utf-8"), re.M)
    table = rows[: rows.index("`doctor`") + 1]
    assert re.findall("[a-z]+", " ".join(table)) == list(EVALS)


@pytest.mark.parametrize("name", EVALS)
def test_every_eval_command_has_help_and_json(name, capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["eval", name, "--help"])
    assert re.search(r"--json\b", capsys.readouterr().out)


def test_a_set_is_measured_and_reported(rag, written):
    code, out, err = rag("eval", "run", "--set", str(written), "--answers")
    assert (code, err) == (0, "")
    assert "2 questions, 1 answerable, 1 unanswerable, 0 failed" in out
    assert re.search(r"MRR@10 +1\.000 +1\.000 to 1\.000 +1\b", out)
    assert "refusal rate" in out


def test_a_run_has_the_measures_that_are_asked_for_as_well(rag, written):
    arguments = ("eval", "run", "--set", str(written), "--json")
    means = json.loads(rag(*arguments, "--measure", "recall@20", "--measure", "hit@1")[1])["means"]
    assert means["recall@20"]["n"] == means["hit@1"]["n"] == 1
    assert "recall@20" not in json.loads(rag(*arguments)[1])["means"]
    code, _, err = rag(*arguments, "--measure", "MAP@10")
    assert (code, err.splitlines()[0]) == (2, "There is no measure 'MAP@10'.")


def test_a_run_as_json_is_json_alone(rag, written):
    measured = json.loads(rag("eval", "run", "--set", str(written), "--json")[1])
    assert measured["n"] == {"questions": 2, "answerable": 1, "errors": 0}
    assert measured["about"]["model"] == "words float32"


def test_a_run_that_was_kept_is_identical_to_itself(rag, written, tmp_path):
    for name in ("a", "b"):
        assert rag("eval", "run", "--set", str(written), "--out", str(tmp_path / f"{name}.json"))[0] == 0
    files = [str(tmp_path / f"{name}.json") for name in ("a", "b")]
    code, out, err = rag("eval", "compare", *files)
    assert (code, err) == (0, "")
    assert "identical" in out
    compared = json.loads(rag("eval", "compare", *files, "--json")[1])
    assert {change["verdict"] for change in compared["changes"]} == {"identical"}


def test_a_run_with_a_failed_question_has_not_done_its_work(rag, written):
    with (written / "questions.jsonl").open("a", encoding="utf-8") as file:
        file.write('\n{"id": "q3", "question": "???", "kind": "unanswerable"}\n')
    code, out, _ = rag("eval", "run", "--set", str(written))
    assert code == 1
    assert "1 failed" in out
    assert "UsageError: The question is empty" in out


def test_a_failed_question_cannot_command_the_terminal(rag, written):
    text = (written / "questions.jsonl").read_text(encoding="utf-8")
    hostile = text.replace("fell in August", "sank").replace("When did", "\\u001b[2JWhen [bold]did")
    (written / "questions.jsonl").write_text(hostile, encoding="utf-8")
    code, out, _ = rag("eval", "run", "--set", str(written))
    assert code == 1
    assert "[2JWhen [bold]did" in out
    assert "\x1b" not in out


def test_a_set_that_does_not_exist_is_a_usage_error(rag, tmp_path):
    code, out, err = rag("eval", "run", "--set", str(tmp_path / "none"))
    assert (code, out) == (2, "")
    assert err.startswith(f"{tmp_path / 'none'} holds no question set.\n")


def test_a_set_whose_articles_are_not_there_says_how_to_get_them(rag, written, tmp_path):
    code, out, err = rag("eval", "run", "--set", str(written), "--store", str(tmp_path / "none"))
    assert (code, out) == (1, "")
    assert err.endswith(f"the first is mole.txt.\n`python -m index sync {written}` puts them there.\n")


def test_a_run_file_that_does_not_exist_is_a_usage_error(rag):
    assert rag("eval", "compare", "a.json", "b.json") == (
        2, "", "a.json cannot be read: No such file or directory.\nGive the path of a run file.\n",
    )  # fmt: skip


def test_a_run_that_could_not_be_kept_is_not_made(rag, written, words, tmp_path):
    (tmp_path / "file").write_text("")
    before = list(words.embedded)
    code, _, err = rag("eval", "run", "--set", str(written), "--out", str(tmp_path / "file" / "run.json"))
    assert code == 2
    assert "cannot be written" in err
    assert words.embedded == before


def test_a_run_that_fails_leaves_no_empty_file(rag, tmp_path):
    assert rag("eval", "run", "--set", str(tmp_path / "none"), "--out", str(tmp_path / "run.json"))[0] == 2
    assert not (tmp_path / "run.json").exists()


def test_a_question_is_kept_to_some_articles(rag):
    code, said, _ = rag("ask", "When does the ferry sail?", "--source", "mole")
    assert code == 0
    assert "Searched 1 article" in said
    code, _, why = rag("ask", "When does the ferry sail?", "--since", "30.8.2024")
    assert (code, "is no day" in why) == (2, True)
