"""What every process that reads for a run is given and denied: its surroundings, and limits of the kernel."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What a process needs to know of its surroundings. Not the keys to other services.
_SURROUNDINGS = {
    "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TEMP", "TMP", "PYTHONPATH", "PYTHONHOME",
    "VIRTUAL_ENV", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "WINDIR", "USERPROFILE",
    "APPDATA", "LOCALAPPDATA",
}  # fmt: skip


def surroundings() -> dict[str, str]:
    """The environment of such a process."""
    return {name: value for name, value in os.environ.items() if name.upper() in _SURROUNDINGS}


def limit(most: Mapping[str, int]) -> None:
    """Limits this process for good, by the names of RLIMIT: "AS" to so many bytes of memory. Not on Windows."""
    if sys.platform == "win32":
        return
    import resource

    for name, value in most.items():
        with contextlib.suppress(ValueError, OSError):  # macOS refuses a limit of memory below what it has reserved
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
