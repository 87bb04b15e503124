"""Small file systems to put a store on: of memory where they may be mounted, otherwise a limit on file sizes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from proofs.children import sync_in_child
from proofs.starved import Ended
from proofs.turnover import size_of

if TYPE_CHECKING:
    from proofs.faults import Ground

PLENTY = 256 * 1024 * 1024


def small_disks(ground: Ground, count: int) -> tuple[str, Iterable[tuple[str, list[str]]]]:
    """What was run, and for each size its name and what was wrong."""
    mount = ground.place / "mount"
    mount.mkdir()
    if _mounted(mount, PLENTY):
        subprocess.run(["umount", mount], check=True)
        return f"{count} sizes of tmpfs", _on_tmpfs(ground, mount, count)
    return f"{count} limits on the size of a file, for tmpfs cannot be mounted here", _limited(ground, count)


def _sizes(ground: Ground, count: int) -> list[int]:
    """From a little more than the old store to what a run needs, in equal steps."""
    least = size_of(ground.old) + 64 * 1024
    most = size_of(ground.old) + size_of(ground.place / "new") + 1024 * 1024
    return [least + (most - least) * n // max(1, count - 1) for n in range(count)]


def _on_tmpfs(ground: Ground, mount: Path, count: int) -> Iterator[tuple[str, list[str]]]:
    for size in _sizes(ground, count):
        _mounted(mount, size)
        try:
            with ground.stand(mount / "store") as stand:
                code, _ = sync_in_child(ground.job(stand.store))
                problems = ground.judged(stand, Ended(code, 0, 0))
                subprocess.run(["mount", "-o", f"remount,size={PLENTY}", mount], check=True)
                yield f"a disk of {size:,} bytes, ended with {code}", problems + ground.recovered(stand)
                del stand
        finally:
            subprocess.run(["umount", "--lazy", mount], check=True)


def _limited(ground: Ground, count: int) -> Iterator[tuple[str, list[str]]]:
    largest = max(path.stat().st_size for path in (ground.place / "new").rglob("*") if path.is_file())
    for limit in (largest * (n + 1) // (count + 1) for n in range(count)):
        with ground.stand() as stand:
            code, _ = sync_in_child(replace(ground.job(stand.store), file_limit=limit))
            problems = ground.judged(stand, Ended(code, 0, 0))
            yield f"files of at most {limit:,} bytes, ended with {code}", problems + ground.recovered(stand)


def _mounted(mount: Path, size: int) -> bool:
    """Whether a file system of that size was mounted there."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        return False
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", mount], check=False, capture_output=True
    )
    return done.returncode == 0
