"""What README.md says is what happens: each command in it runs, and gives the output that stands under it."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
# How long it took is another each time.
SECONDS = re.compile(r"\d+\.\d+ s")


def steps():
    """(command, output) for each `$ ` line and what stands under it, in order."""
    for block in BLOCKS:
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = step.partition("\n")
            yield command, output


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("readme") / "store"


@pytest.mark.parametrize(("command", "output"), steps(), ids=[command for command, _ in steps()])
def test_a_command_gives_the_output_that_stands_under_it(store, command, output):
    words = shlex.split(command)
    assert words[0] == ".venv/bin/python"
    ran = subprocess.run(
        [sys.executable, *words[1:]], cwd=ROOT, env=os.environ | {"FOOTNOTE_STORE": str(store)}, timeout=120,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert SECONDS.sub("0.0 s", ran.stdout).rstrip() == SECONDS.sub("0.0 s", output).rstrip()


def test_there_are_commands_to_try():
    assert len(list(steps())) >= 4


def test_every_link_leads_to_a_file():
    for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("target", re.findall(r"^    make (\w+)", README, re.MULTILINE))
def test_every_make_target_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("command", re.findall(r"^\| `python -m ([^`]+)`", README, re.MULTILINE))
def test_every_command_in_the_table_has_help(command):
    words = list(re.findall(r"^[a-z]+(?: [a-z]+)+", command)[0].split())
    ran = subprocess.run(
        [sys.executable, "-m", *words, "--help"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0
    for option in re.findall(r"--\w+", command):
        assert option in ran.stdout
