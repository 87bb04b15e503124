"""A virtual environment for each system, made once from its pinned requirements."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

INSTALLED = ".installed"


class NotInstalled(Exception):
    """Why a system cannot be measured here, in a line."""


def python_in(environment: Path, wanted: Path) -> Path:
    """The Python of this environment, which is made anew when what is wanted in it has changed.

    Raises NotInstalled, with what pip said, when it cannot be made.
    """
    python = environment.resolve() / "bin" / "python"
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()
    mark = environment / INSTALLED
    if python.exists() and mark.exists() and mark.read_text(encoding="utf-8") == digest:
        return python
    _run("venv", "--clear", "--without-pip", str(environment))
    # The pip of this environment installs into the new one, which needs none.
    _run("pip", "--python", str(python), "install", "-q", "--disable-pip-version-check", "-r", str(wanted))
    mark.write_text(digest, encoding="utf-8")
    return python


def _run(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        errors = [line for line in said if line.startswith("ERROR")] or said or [f"exit {done.returncode}"]
        raise NotInstalled(errors[-1].removeprefix("ERROR: "))
