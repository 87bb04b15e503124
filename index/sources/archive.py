"""Zip files from anywhere, opened within limits: nothing is expanded before the directory of the zip was looked at.

Documents (.docx, .odt, .epub) and folders of articles (.zip) are read through this module alone. Nothing is written.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from index.errors import UnreadableSource

MAGIC = b"PK\x03\x04"
MAX_EXPANDED = 200_000_000
MAX_ENTRIES = 5_000
# Deflate packs at most 1,032 bytes into one, and text about 50. Small files are let be: a page of one repeated line.
MAX_RATIO = 200
MIN_RATIO_SIZE = 10_000_000

# zipfile expands one piece of these as far as it goes, whatever it was asked for.
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_DECLARED = {b"application/epub+zip": ".epub", b"application/vnd.oasis.opendocument.text": ".odt"}
_ENTRY = b"PK\x01\x02"
_CHUNK = 1 << 16
_FAULTS = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OverflowError, NotImplementedError, ValueError)


def declared(data: bytes) -> str:
    """The suffix of the format that a zip names in its first file, as EPUB and OpenDocument do; "" for any other."""
    if not data.startswith(MAGIC) or data[30:38] != b"mimetype":
        return ""
    said = data[38 + int.from_bytes(data[28:30], "little") :][:100]
    return next((suffix for kind, suffix in _DECLARED.items() if said.startswith(kind)), "")


class Archive:
    """The files in a zip, folders left out. `what` names its format in the reason for a refusal: "Word document".

    Raises UnreadableSource for a zip that is damaged, holds more than `most` files, would expand to more than
    `expanded` bytes in all or too many times its size, or names a path that leaves it. Only its directory is read.
    """

    def __init__(self, data: bytes, what: str, most: int = MAX_ENTRIES, expanded: int = MAX_EXPANDED) -> None:
        self._what = what
        # Before zipfile makes an object of each: 50 MB of directory would be a million of them.
        if (entries := data.count(_ENTRY)) > 20 * most:
            raise UnreadableSource(f"refused, because it holds {entries:,} files (limit {most:,})")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _FAULTS as error:
            raise UnreadableSource(f"damaged {what}") from error
        self._entries = {entry.filename: entry for entry in self._zip.infolist() if not entry.is_dir()}
        _check(self._zip.infolist(), most, expanded)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        """The names of the files, in the order of the directory."""
        return iter(self._entries)

    def size(self, name: str) -> int:
        """How many bytes the file expands to. Raises KeyError without such a file."""
        return self._entries[name].file_size

    def read(self, name: str) -> bytes:
        """The bytes of one file, never more than the directory says.

        Raises UnreadableSource for one that is missing, damaged, under a password, or packed by other means than
        Deflate.
        """
        entry = self._entries.get(name)
        if entry is None:
            raise UnreadableSource(f"damaged {self._what}: a part of it is missing")
        if entry.flag_bits & 0x1:
            raise UnreadableSource("password-protected")
        if entry.compress_type not in _METHODS:
            raise UnreadableSource("packed by a method that is not read here; pack it with Deflate")
        try:
            with self._zip.open(entry) as file:
                # In pieces: one whole read expands all there is first, and only then cuts it to the size that was said.
                data = b"".join(iter(lambda: file.read(_CHUNK), b""))
        except (*_FAULTS, RuntimeError) as error:
            raise UnreadableSource(f"damaged {self._what}") from error
        if len(data) != entry.file_size:
            raise UnreadableSource(f"damaged {self._what}")
        return data

    def unpacked(self) -> bytes:
        """The same files in a zip without compression, for a library that opens zips by itself and trusts their sizes.

        Raises UnreadableSource as read() does.
        """
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as copy:
            for name in self:
                copy.writestr(zipfile.ZipInfo(name), self.read(name))
        return written.getvalue()


def _check(entries: list[zipfile.ZipInfo], most: int, expanded: int) -> None:
    """Raises UnreadableSource for what no program that packs articles writes."""
    size = sum(entry.file_size for entry in entries)
    if size > expanded:
        limit = expanded // 1_000_000
        raise UnreadableSource(f"refused, because it would expand to {size // 1_000_000:,} MB (limit {limit})")
    if len(entries) > most:
        raise UnreadableSource(f"refused, because it holds {len(entries):,} files (limit {most:,})")
    for entry in entries:
        if entry.file_size > max(MIN_RATIO_SIZE, MAX_RATIO * entry.compress_size):
            ratio = entry.file_size // max(1, entry.compress_size)
            raise UnreadableSource(f"refused, because a file in it would grow {ratio:,} times (limit {MAX_RATIO})")
    if any(".." in PurePosixPath(entry.filename.replace("\\", "/")).parts for entry in entries):
        raise UnreadableSource("refused, because it holds a path that leaves the document ('..')")
