import sys
import zipfile

import pytest

from benchmarks.peers.environments import NotInstalled, python_in

NAMED = "Metadata-Version: 2.1\nName: onlyhere\nVersion: 1.0\n"


@pytest.fixture
def wheel(tmp_path):
    """A library of one module that stands nowhere else."""
    file = tmp_path / "onlyhere-1.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("onlyhere.py", "")
        made.writestr("onlyhere-1.0.dist-info/METADATA", NAMED)
        made.writestr("onlyhere-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        made.writestr("onlyhere-1.0.dist-info/RECORD", "")
    return file


def test_an_environment_holds_what_is_wanted_and_is_made_once(tmp_path, wheel):
    wanted = tmp_path / "requirements-other.txt"
    wanted.write_text(f"{wheel}\n")
    python = python_in(tmp_path / "other", wanted)
    assert list((tmp_path / "other").glob("lib/*/site-packages/onlyhere.py"))
    assert str(python) != sys.executable
    wheel.unlink()
    assert python_in(tmp_path / "other", wanted) == python


def test_it_is_made_anew_when_something_else_is_wanted(tmp_path, wheel):
    wanted = tmp_path / "requirements-other.txt"
    wanted.write_text(f"{wheel}\n")
    python_in(tmp_path / "other", wanted)
    wanted.write_text("# nothing\n")
    python_in(tmp_path / "other", wanted)
    assert not list((tmp_path / "other").glob("lib/*/site-packages/onlyhere.py"))


def test_what_cannot_be_installed_is_told_in_the_words_of_pip(tmp_path):
    wanted = tmp_path / "requirements-other.txt"
    wanted.write_text("./gone-1.0-py3-none-any.whl\n")
    with pytest.raises(NotInstalled, match=r"gone-1\.0-py3-none-any\.whl"):
        python_in(tmp_path / "other", wanted)
