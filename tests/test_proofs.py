"""The proofs of what is promised, at their small size. `make prove` runs them at full size."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", ["R2", "R4", "R5", "R7", "R8", "R9", "R10", "R11", "R12", "R13", "S3", "S6", "T1"])
def test_a_promise_holds(name):
    done = subprocess.run(
        [sys.executable, "-m", "proofs", name, "--smoke"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert " PASS " in done.stdout


def test_a_proof_that_does_not_exist_is_named():
    done = subprocess.run(
        [sys.executable, "-m", "proofs", "R99"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "no proof is named R99" in done.stderr
