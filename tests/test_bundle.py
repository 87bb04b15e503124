import io
import json
import random
import tracemalloc
import zipfile

import pytest

from index.errors import FootnoteError, NotAnArticle, UnreadableSource
from index.sources import bundle
from index.sources.bundle import read_zip

ONE, TWO = "The council closed the oyster beds.", "The ferry runs on batteries again."
LIMITS = dict.fromkeys((".txt", ".md", ".json", ".jsonl", ".csv", ".zip"), 1_000_000)


def zipped(*files, method=zipfile.ZIP_DEFLATED):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as file:
        for name, data in files:
            file.writestr(name, data)
    return written.getvalue()


def read(*files, **fields):
    return list(read_zip(zipped(*files), LIMITS, fields))


def told(pieces):
    return [(piece.name, piece.data or piece.problem or piece.draft.text) for piece in pieces]


def test_each_file_is_a_piece_by_its_path():
    assert told(read(("a/", b""), ("a/b.txt", ONE), ("C.TXT", TWO))) == [
        ("a/b.txt", ONE.encode()),
        ("C.TXT", TWO.encode()),
    ]


def test_what_is_no_article_is_skipped_with_the_reason_of_a_file_beside_it():
    files = [("a.txt", ONE), ("b.png", "x"), ("LICENSE", "x"), ("c.txt", ""), ("d.md", "x" * 1_000_001)]
    pieces = read(*files)[1:]
    assert told(pieces) == [
        ("b.png", "not an article format (.png)"),
        ("LICENSE", "not an article format (no suffix)"),
        ("c.txt", "empty file"),
        ("d.md", "larger than 1 MB"),
    ]
    assert {piece.state for piece in pieces} == {"skipped"}


@pytest.mark.parametrize(
    "hidden", [".a.txt", "b/.c.txt", ".git/d.txt", "__MACOSX/._a.txt", "__MACOSX/a.txt", "b\\.c.txt"]
)
def test_what_is_hidden_is_left_out(hidden):
    assert told(read(("a.txt", ONE), (hidden, TWO))) == [("a.txt", ONE.encode())]


def test_an_archive_inside_an_archive_is_refused():
    inner = zipped(("a.txt", ONE))
    pieces = read(("a.txt", ONE), ("b.zip", inner))
    assert (pieces[1].problem, pieces[1].state) == ("an archive inside an archive", "skipped")


def test_the_records_of_data_files_are_pieces_of_the_zip():
    records = json.dumps({"id": "x", "text": ONE}) + "\n{bad\n"
    pieces = read(("d/r.jsonl", records), ("s.json", json.dumps({"text": TWO})), ("t.csv", f"text,title\n{ONE},A\n"))
    assert told(pieces) == [
        ("d/r.jsonl#x", ONE),
        ("d/r.jsonl#line 2", "line 2 is not JSON"),
        ("s.json", TWO),
        ("t.csv#line 2", ONE),
    ]
    assert all(piece.digest for piece in pieces if piece.draft)


def test_a_data_file_that_cannot_be_read_is_told_and_the_rest_go_on():
    pieces = read(("a.json", '[{"text": "One fell."}, {"te'), ("b.json", '{"version": 1}'), ("c.txt", ONE))
    assert told(pieces) == [
        ("a.json#record 1", "One fell."),
        ("a.json", "damaged JSON: it breaks off"),
        ("b.json", "no articles in it: no field that holds a text"),
        ("c.txt", ONE.encode()),
    ]
    assert [piece.state for piece in pieces[1:3]] == ["failed", "skipped"]


def test_a_mapping_holds_for_the_records_of_each_data_file():
    pieces = read(("a.json", json.dumps([{"b": ONE}])), ("c.json", json.dumps([{"text": TWO}])), text="b")
    assert told(pieces) == [("a.json#record 1", ONE), ("c.json", "no record has the field 'b' that the mapping names")]


def test_a_zip_without_any_file_of_a_known_format_is_none():
    for files in ([], [("a/", "")], [("a.png", "x"), ("b.exe", "x")], [("__MACOSX/a.txt", ONE)]):
        with pytest.raises(NotAnArticle, match=r"^no articles in it$"):
            read(*files)


def test_a_path_that_leaves_the_zip_refuses_it_and_an_absolute_one_is_only_a_name():
    with pytest.raises(UnreadableSource, match="a path that leaves the document"):
        read(("a.txt", ONE), ("../x.txt", TWO))
    assert told(read(("/etc/a.txt", ONE), ("C:\\b.txt", TWO))) == [
        ("/etc/a.txt", ONE.encode()),
        ("C:\\b.txt", TWO.encode()),
    ]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_files_of_one_name_there_is_one_piece():
    assert told(read(("a.txt", ONE), ("a.txt", TWO))) == [("a.txt", TWO.encode())]


def test_a_record_and_a_file_never_have_one_name():
    pieces = read(("a.json", json.dumps([{"id": "b.txt", "text": ONE}])), ("a.json#b.txt", TWO))
    assert [piece.name for piece in pieces] == ["a.json#b.txt", "a.json#b.txt (file 2)"]


def test_a_file_under_a_password_is_told_and_the_rest_go_on():
    data = bytearray(zipped(("a.txt", ONE), ("b.txt", TWO), method=zipfile.ZIP_STORED))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    pieces = list(read_zip(bytes(data), LIMITS, {}))
    assert told(pieces) == [("a.txt", "password-protected"), ("b.txt", TWO.encode())]
    assert pieces[0].state == "failed"


def test_a_file_that_is_damaged_is_told_and_the_rest_go_on():
    data = zipped(("a.txt", ONE), ("b.txt", TWO), method=zipfile.ZIP_STORED).replace(b"oyster", b"oister")
    pieces = list(read_zip(data, LIMITS, {}))
    assert told(pieces) == [("a.txt", "damaged zip"), ("b.txt", TWO.encode())]
    assert pieces[0].state == "failed"


def test_a_bomb_is_refused():
    with pytest.raises(UnreadableSource, match="a file in it would grow 1,0"):
        read(("a.txt", ONE), ("b.txt", bytes(20_000_000)))


def test_files_without_number_are_refused():
    many = zipped(*((f"{n}.txt", b"") for n in range(bundle.MAX_FILES + 1)), method=zipfile.ZIP_STORED)
    with pytest.raises(UnreadableSource, match=r"refused, because it holds 50,001 files \(limit 50,000\)"):
        next(read_zip(many, LIMITS, {}))


def test_what_is_no_zip_is_damaged():
    for data in (b"", b"PK", b"The mole fell.", zipped(("a.txt", ONE))[:60]):
        with pytest.raises(UnreadableSource, match=r"^damaged zip$"):
            list(read_zip(data, LIMITS, {}))


def test_one_file_at_a_time_is_expanded():
    data = zipped(*((f"{n}.txt", "x" * 900_000) for n in range(20)))
    tracemalloc.start()
    count = sum(len(piece.data) == 900_000 for piece in read_zip(data, LIMITS, {}))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20
    assert peak < 5_000_000


def test_damaged_bytes_give_pieces_or_a_reason():
    chance = random.Random(11)
    whole = zipped(
        ("a.txt", ONE * 20), ("b.jsonl", json.dumps({"id": 1, "text": TWO})), ("c/d.md", TWO), ("e.png", "x")
    )
    readable = 0
    for _ in range(500):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            pieces = list(read_zip(bytes(data), LIMITS, {}))
        except FootnoteError:
            continue
        readable += 1
        names = [piece.name for piece in pieces]
        assert len(set(names)) == len(names)
        assert all(bool(piece.data) + (piece.draft is not None) + bool(piece.problem) == 1 for piece in pieces)
    assert readable > 50
