"""Files that a person adds by hand: the folder of the store in which they lie, their names, and how one gets in whole.

A file that is arriving has a hidden name, which no sync looks at; it gets its own when the last byte of it is on the
disk. So half of one is never an article, and two that arrive under one name do not become one.
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import re
import time
import unicodedata
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from index.errors import FootnoteError, UsageError
from index.printable import visible
from index.sources.reading import MAX_BYTES, SUFFIXES

ADDED = "added"
DRAFT = ".arriving-"
# Seconds after which a file that was arriving has been given up.
GIVEN_UP = 24 * 3600.0
# Bytes of a name. File systems take 255; a number and the suffix need room.
LONGEST_NAME = 180
# Files of one name that say different things.
MOST_OF_A_NAME = 1_000
KINDS = ", ".join(sorted(suffix[1:] for suffix in SUFFIXES))

# What some file system or program takes for more than a letter.
_TELLING = str.maketrans(dict.fromkeys('<>:"|?*', "_"))
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)


class TooLarge(UsageError):
    """A file has more bytes than are taken."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where an added file lies; `new` is False where just this one lay there already."""

    path: Path
    new: bool


def folder(store: Path) -> Path:
    """Where the added files of a store lie. It need not exist."""
    return store.resolve() / ADDED


def files(store: Path) -> list[Path]:
    """The added files, by name."""
    place = folder(store)
    return sorted(p for p in place.iterdir() if not p.name.startswith(".")) if place.is_dir() else []


def harmless(name: str) -> str:
    """The name under which a file is kept: its last part, without what is not seen or means something to a system.

    Raises UsageError for one that is no name, and for a kind of file that cannot be read.
    """
    last = re.split(r"[\\/]", visible(unicodedata.normalize("NFC", name)))[-1]
    last = re.sub(r"\s+", " ", last).translate(_TELLING).strip(". ")
    stem, suffix = os.path.splitext(last)
    if suffix.lower() not in SUFFIXES:
        what = f"{last} is of a kind that Footnote cannot read" if last else "The file has no name"
        raise UsageError(what, f"These can be read: {KINDS}.")
    stem = f"_{stem}" if _RESERVED.match(last) else stem
    return stem.encode()[: LONGEST_NAME - len(suffix)].decode(errors="ignore").rstrip(" .") + suffix


class Arriving:
    """A file on its way in, of which at most `most` bytes are taken."""

    def __init__(self, name: str, draft: Path, file: IO[bytes], most: int) -> None:
        self.name = name
        self._draft, self._file, self._most = draft, file, most
        self._size = 0

    def write(self, data: bytes) -> None:
        """The next bytes. Raises TooLarge, before it has written more than are taken."""
        self._size += len(data)
        if self._size > self._most:
            raise too_large(self.name, self._most)
        self._file.write(data)

    def keep(self) -> Kept:
        """Puts the file in its place, all of it at once: its name, or the next number of it where another has that.

        Raises UsageError for an empty file.
        """
        if not self._size:
            raise UsageError(f"{self.name} is empty", "Choose another file.")
        self._file.flush()
        os.fsync(self._file.fileno())
        for path in self._places():
            if _put(self._draft, path):
                _settle(path.parent)
                return Kept(path, new=True)
            if _same(self._draft, path):
                return Kept(path, new=False)
        raise FootnoteError(f"There are {MOST_OF_A_NAME:,} files called {self.name}", "Give this one another name.")

    def _places(self) -> Iterator[Path]:
        """The name, and then "name (2)", "name (3)" and so on."""
        path = self._draft.with_name(self.name)
        yield path
        for number in range(2, MOST_OF_A_NAME + 1):
            yield path.with_name(f"{path.stem} ({number}){path.suffix}")


@contextlib.contextmanager
def arriving(store: Path, name: str, most: int = MAX_BYTES) -> Iterator[Arriving]:
    """A file to be written and then kept; what was not kept is gone afterwards.

    Raises UsageError for a name that `harmless` does not take, and FootnoteError where nothing can be written.
    """
    kept_as = harmless(name)
    draft = folder(store) / f"{DRAFT}{uuid.uuid4().hex}"
    try:
        draft.parent.mkdir(parents=True, exist_ok=True)
        _sweep(draft.parent)
        with draft.open("xb") as file:
            yield Arriving(kept_as, draft, file, most)
    except OSError as error:
        why = error.strerror or str(error)
        raise FootnoteError(f"{kept_as} cannot be kept ({why})", "Make room for it, and try again.") from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()


def too_large(name: str, most: int) -> TooLarge:
    """The error for a file with more than `most` bytes."""
    return TooLarge(f"{name} is larger than {most // 1_000_000:,} MB", "Split it, or add the folder it is in.")


def _put(draft: Path, path: Path) -> bool:
    """Gives the draft its name, unless that is taken."""
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    except OSError:  # a file system on which a file has one name
        return _claimed(draft, path)
    return True


def _claimed(draft: Path, path: Path) -> bool:
    """The same where the name has to be taken by an empty file first, which one of several can make."""
    try:
        path.open("xb").close()
    except FileExistsError:
        return False
    try:
        draft.replace(path)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return True


def _same(draft: Path, path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and filecmp.cmp(draft, path, shallow=False)


def _settle(place: Path) -> None:
    """Has the disk keep the names in a folder, where the system can be told to."""
    with contextlib.suppress(OSError):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _sweep(place: Path) -> None:
    """Removes what was arriving when a process ended."""
    for draft in place.glob(f"{DRAFT}*"):
        with contextlib.suppress(OSError):
            if time.time() - draft.stat().st_mtime > GIVEN_UP:
                draft.unlink()
