"""Zip files of articles: each file in one is read as it would be beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from index.errors import FootnoteError, NotAnArticle
from index.sources.archive import Archive
from index.sources.data_files import DATA_SUFFIXES, Names, read_records
from index.sources.draft import Piece

ZIP = ".zip"

MAX_FILES = 50_000
MAX_EXPANDED = 2_000_000_000
# One file in it, which lies in memory beside the zip itself.
MAX_FILE = 200_000_000


def read_zip(data: bytes, limits: Mapping[str, int], fields: Mapping[str, str]) -> Iterator[Piece]:
    """The visible files in a zip by their paths, and the records of data files as "path#record".

    `limits` says for the suffix of each format how many bytes a file may have; `fields` is for records. Raises
    UnreadableSource for a zip that is damaged or goes beyond what an honest one holds, and NotAnArticle where it holds
    no file of any of these formats.
    """
    archive = Archive(data, "zip", MAX_FILES, MAX_EXPANDED)
    visible = [path for path in archive if _is_visible(path)]
    if not any(_suffix(path) in limits for path in visible):
        raise NotAnArticle("no articles in it")
    names = Names()
    for number, path in enumerate(visible, start=1):
        for piece in _pieces(archive, path, limits, fields):
            yield replace(piece, name=names.new(piece.name, f"file {number}"))


def _pieces(archive: Archive, path: str, limits: Mapping[str, int], fields: Mapping[str, str]) -> Iterator[Piece]:
    if problem := _problem(_suffix(path), archive.size(path), limits):
        yield Piece(path, problem=problem)
        return
    try:
        data = archive.read(path)
        if _suffix(path) not in DATA_SUFFIXES:
            yield Piece(path, data)
            return
        for piece in read_records(data, path, fields):
            yield replace(piece, name=f"{path}#{piece.name}" if piece.name else path)
    except NotAnArticle as error:
        yield Piece(path, problem=str(error))
    except FootnoteError as error:
        yield Piece(path, problem=str(error), state="failed")


def _problem(suffix: str, size: int, limits: Mapping[str, int]) -> str:
    """Why a file in the zip is not worth opening, "" when it is."""
    if suffix == ZIP:
        return "an archive inside an archive"
    if suffix not in limits:
        return f"not an article format ({suffix or 'no suffix'})"
    if not size:
        return "empty file"
    most = min(limits[suffix], MAX_FILE)
    return f"larger than {most // 1_000_000} MB" if size > most else ""


def _is_visible(path: str) -> bool:
    parts = PurePosixPath(path.replace("\\", "/")).parts
    return bool(parts) and "__MACOSX" not in parts and not any(part.startswith(".") for part in parts)


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()
