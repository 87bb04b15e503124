"""Files as a source of articles: which are there. What they say is read elsewhere, by index.sources.workers.

Nothing outside the folder is ever read: links are not followed, and a path is opened only if it is a plain file.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from index.errors import FootnoteError, UsageError
from index.records import digest
from index.sources.reading import SUFFIXES, limit_of, plain_bytes, said
from index.sources.sightings import Job, Known, Memo, Reading, Sighting
from index.sources.workers import read_all

# Seconds. A file written so shortly before it was looked at may have been written again in the same tick of the clock
# of its file system, the coarsest of which counts in steps of two seconds.
FRESH = 3.0

ReadAll = Callable[[Iterable[Job]], Iterator[Reading]]


class Files:
    """The articles in a file or a folder, at any depth. Raises UsageError when nothing is there.

    `fields` says which fields of a JSON or CSV record hold what.
    """

    def __init__(self, root: Path, fields: Mapping[str, str] | None = None, read_all: ReadAll = read_all) -> None:
        self.root = root.expanduser().resolve()
        self._fields = fields or {}
        self._read_all = read_all
        self._unlisted: set[str] = set()
        if not self.root.exists():
            raise UsageError(f"{root} does not exist", "Check the spelling.")

    def scan(self, known: Mapping[str, Known]) -> Iterator[Sighting]:
        """Every visible file, in the order of the names, with the folders on the way to it in memory.

        The bytes of a file are read only when something about it, its times included, is not as it was.
        """
        self._unlisted.clear()
        yield from self._under(self.root, known) if self.root.is_dir() else self._file(self.root, known)

    def read(self, sightings: Iterable[Sighting]) -> Iterator[Reading]:
        """The articles in the files, in their order."""
        return self._read_all(
            Job(s.source, Path(s.source), Path(s.source).name, fields=self._fields) for s in sightings
        )

    def covers(self, source: str) -> bool:
        """Whether the source lies under the root, and not in a folder that the last scan could not look into."""
        return lies_in(source, str(self.root)) and not any(lies_in(source, folder) for folder in self._unlisted)

    def _under(self, root: Path, known: Mapping[str, Known]) -> Iterator[Sighting]:
        # Not by recursion: folders may be nested deeper than Python nests calls.
        folders = [iter(self._listed(root))]
        while folders:
            entry = next(folders[-1], None)
            if entry is None:
                folders.pop()
            elif isinstance(entry, Sighting):
                yield entry
            elif entry.is_dir(follow_symlinks=False):
                folders.append(iter(self._listed(Path(entry.path))))
            else:
                yield from self._file(Path(entry.path), known)

    def _listed(self, folder: Path) -> Sequence[os.DirEntry[str] | Sighting]:
        """What is seen in a folder, by name; one that cannot be looked into is itself a source that failed."""
        try:
            with os.scandir(folder) as found:
                visible = [entry for entry in found if not entry.name.startswith(".") and not entry.is_symlink()]
        except OSError as error:
            self._unlisted.add(str(folder))
            return [Sighting(_storable(folder), "", f"the folder cannot be listed: {said(error)}", "failed")]
        return sorted(visible, key=lambda entry: entry.name)

    def _file(self, path: Path, known: Mapping[str, Known]) -> Iterator[Sighting]:
        """The sighting of a plain file; none for a pipe, a device, a socket, or what vanished meanwhile."""
        source = _storable(path)
        try:
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                yield _refused(path, source, status.st_size) or _seen(path, source, status, known.get(source))
        except FileNotFoundError:
            return
        except (OSError, FootnoteError) as error:
            yield Sighting(source, "", said(error) if isinstance(error, OSError) else str(error), "failed")


def _seen(path: Path, source: str, status: os.stat_result, before: Known | None) -> Sighting:
    memo: Memo = {"stat": [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]}
    if before and before.digest and before.memo == memo:
        return Sighting(source, before.digest, memo=memo)
    settled = time.time() - max(status.st_mtime, status.st_ctime) > FRESH
    return Sighting(source, digest(plain_bytes(path, limit_of(path.name))), memo=memo if settled else {})


def _refused(path: Path, source: str, size: int) -> Sighting | None:
    """The sighting of a file that is not worth opening."""
    if source != str(path):
        return Sighting(source, "", "its name is not valid UTF-8; rename it", "failed")
    if path.suffix.lower() not in SUFFIXES:
        return Sighting(source, "", f"not an article format ({path.suffix.lower() or 'no suffix'})", "skipped")
    if not size:
        return Sighting(source, "", "empty file", "skipped")
    if size > (most := limit_of(path.name)):
        return Sighting(source, "", f"larger than {most // 1_000_000} MB", "skipped")
    return None


def is_address(location: str) -> bool:
    """Whether it is an address on the web, and no path."""
    return "://" in location


def lies_in(source: str, folder: str) -> bool:
    """Whether the path `source` is `folder` or lies in it. Nothing lies in an address: a front page is no folder."""
    return source == folder or (not is_address(folder) and source.startswith(folder.rstrip(os.sep) + os.sep))


def _storable(path: Path) -> str:
    """The path as text; bytes in a name that are no UTF-8 are replaced, for no database would take them."""
    return os.fsencode(path).decode("utf-8", "replace")
