import io
import tracemalloc
import zipfile

import pytest

from index.errors import UnreadableSource
from index.sources.archive import Archive, declared


def zipped(method=zipfile.ZIP_DEFLATED, **parts):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return written.getvalue()


def test_the_files_of_a_zip_are_read_by_name_and_its_folders_are_none():
    archive = Archive(zipped(**{"a/": b"", "a/b.txt": b"Heron", "c": b""}), "zip")
    assert (list(archive), archive.size("a/b.txt")) == (["a/b.txt", "c"], 5)
    assert (archive.read("a/b.txt"), archive.read("c")) == (b"Heron", b"")
    assert "c" in archive
    assert "d" not in archive


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [
        ("application/epub+zip", ".epub"),
        ("application/vnd.oasis.opendocument.text", ".odt"),
        ("application/vnd.oasis.opendocument.spreadsheet", ""),
    ],
)
def test_a_zip_is_of_the_format_that_its_first_file_names(kind, suffix):
    stored = zipped(zipfile.ZIP_STORED, mimetype=kind, a=b"Heron")
    assert declared(stored) == suffix
    assert declared(zipped(zipfile.ZIP_STORED, a=kind)) == declared(kind.encode()) == declared(stored[:30]) == ""


def test_a_bomb_is_refused_by_what_its_directory_says():
    with pytest.raises(UnreadableSource, match=r"refused, because it would expand to 210 MB \(limit 200\)"):
        Archive(zipped(a=bytes(105_000_000), b=bytes(105_000_000)), "zip")


def test_a_file_that_grows_out_of_all_measure_is_refused():
    with pytest.raises(UnreadableSource, match=r"refused, because a file in it would grow 1,0\d\d times \(limit 200\)"):
        Archive(zipped(a=bytes(11_000_000)), "zip")
    assert Archive(zipped(a=bytes(9_000_000)), "zip").size("a") == 9_000_000


def test_a_zip_of_many_files_is_refused():
    many = zipped(**{str(n): b"" for n in range(41)})
    assert len(list(Archive(many, "zip", most=41))) == 41
    with pytest.raises(UnreadableSource, match=r"refused, because it holds 41 files \(limit 40\)"):
        Archive(many, "zip", most=40)


def test_a_directory_without_end_is_refused_before_it_is_listed():
    with pytest.raises(UnreadableSource, match=r"refused, because it holds 41 files \(limit 2\)"):
        Archive(zipped(**{str(n): b"" for n in range(41)}) + b"no end", "zip", most=2)


@pytest.mark.parametrize("path", ["../evil", "a/../../evil", "a\\..\\..\\evil"])
def test_a_path_that_leaves_the_zip_is_refused(path):
    with pytest.raises(UnreadableSource, match="a path that leaves the document"):
        Archive(zipped(**{path: b""}), "zip")


def test_a_size_that_is_a_lie_is_found_without_expanding_the_rest():
    size = 100_000_000
    honest = zipped(a=bytes(size))
    lie = honest.replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little"))
    archive = Archive(lie, "EPUB")
    tracemalloc.start()
    with pytest.raises(UnreadableSource, match=r"^damaged EPUB$"):
        archive.read("a")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_a_file_under_a_password_says_so():
    data = bytearray(zipped(a=b"Heron"))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UnreadableSource, match="password-protected"):
        Archive(bytes(data), "zip").read("a")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_zipfile_would_expand_without_bound_is_refused(method):
    with pytest.raises(UnreadableSource, match="pack it with Deflate"):
        Archive(zipped(method, a=b"Heron" * 100), "zip").read("a")


def test_what_is_missing_or_no_zip_is_damaged():
    with pytest.raises(UnreadableSource, match="damaged EPUB: a part of it is missing"):
        Archive(zipped(a=b"Heron"), "EPUB").read("b")
    for data in (b"", b"The mole fell.", zipped(a=b"Heron")[:50]):
        with pytest.raises(UnreadableSource, match=r"^damaged EPUB$"):
            Archive(data, "EPUB")


def test_the_unpacked_copy_holds_the_same_files_without_compression():
    copy = zipfile.ZipFile(io.BytesIO(Archive(zipped(**{"a/b": b"Heron" * 100, "c": b"Tern"}), "zip").unpacked()))
    assert {entry.filename: copy.read(entry) for entry in copy.infolist()} == {"a/b": b"Heron" * 100, "c": b"Tern"}
    assert all(entry.compress_type == zipfile.ZIP_STORED for entry in copy.infolist())
