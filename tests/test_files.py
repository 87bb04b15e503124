import errno
import io
import os
import time
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pypdf import PdfWriter

from index.errors import FootnoteError, NotAnArticle, UnreadableSource, UsageError
from index.records import article_id, digest
from index.sources.draft import MAX_CHARACTERS, Dated, Draft
from index.sources.files import MAX_BYTES, Files, Sighting, article, language_of, titled

SEEDS = Path(__file__).parent.parent / "seeds"
PDF = (SEEDS / "2024-10-14-east-mole-inquiry-first-week.pdf").read_bytes()
WORD = (SEEDS / "2024-07-29-the-men-who-built-the-east-mole.docx").read_bytes()
TEXT = "The mole fell in August, and it was rebuilt by May of the next year."
TODAY = datetime.now(UTC).date()


def written(folder, **files):
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    return Files(folder)


def read(folder, name, data=TEXT):
    return written(folder, **{name: data}).read(str(folder / name))


def seen(files):
    """Name, state and problem of everything that a scan meets."""
    return [(os.path.relpath(s.source, files.root), s.state, s.problem) for s in files.scan()]


def encrypted():
    writer, data = PdfWriter(clone_from=io.BytesIO(PDF)), io.BytesIO()
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(data)
    return data.getvalue()


def scanned():
    writer, data = PdfWriter(), io.BytesIO()
    writer.add_blank_page(600, 800)
    writer.write(data)
    return data.getvalue()


def bomb():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("word/document.xml", bytes(201_000_000))
    return data.getvalue()


def fails(*_):
    raise OSError(errno.EIO, "Input/output error")


def test_a_scan_sees_every_article_in_the_order_of_the_names(tmp_path):
    files = written(tmp_path, **{"b.txt": TEXT, "a/z.md": TEXT, "a/deep/er/x.html": TEXT, "C.HTML": TEXT})
    assert [name for name, *_ in seen(files)] == ["C.HTML", "a/deep/er/x.html", "a/z.md", "b.txt"]


def test_a_sighting_has_the_digest_of_the_bytes(tmp_path):
    (sighting,) = written(tmp_path, **{"a.txt": TEXT}).scan()
    assert sighting == Sighting(str(tmp_path / "a.txt"), digest(TEXT.encode()))


def test_a_single_file_is_a_source_too(tmp_path):
    written(tmp_path, **{"a.txt": TEXT, "b.txt": TEXT})
    files = Files(tmp_path / "a.txt")
    assert [Path(s.source).name for s in files.scan()] == ["a.txt"]
    assert files.covers(str(tmp_path / "a.txt"))
    assert not files.covers(str(tmp_path / "b.txt"))


def test_what_is_not_there_cannot_be_a_source(tmp_path):
    with pytest.raises(UsageError, match="gone does not exist"):
        Files(tmp_path / "gone")


def test_hidden_files_and_folders_are_not_seen(tmp_path):
    assert seen(written(tmp_path, **{".a.txt": TEXT, ".git/b.txt": TEXT})) == []


def test_what_is_no_article_is_skipped_with_a_reason(tmp_path):
    files = written(tmp_path, **{"a.exe": "x", "b": "x", "c.txt": b""})
    assert seen(files) == [
        ("a.exe", "skipped", "not an article format (.exe)"),
        ("b", "skipped", "not an article format (no suffix)"),
        ("c.txt", "skipped", "empty file"),
    ]


def test_a_file_that_is_too_large_is_skipped_without_being_read(tmp_path):
    with (tmp_path / "a.txt").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    files = Files(tmp_path)
    assert seen(files) == [("a.txt", "skipped", "larger than 50 MB")]
    with pytest.raises(NotAnArticle, match=r"larger than 50 MB"):
        files.read(str(tmp_path / "a.txt"))


def test_links_and_pipes_are_not_followed(tmp_path):
    folder = tmp_path / "in"
    written(tmp_path, **{"secret.txt": TEXT, "in/a.txt": TEXT})
    (folder / "file.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.txt")
    assert [name for name, *_ in seen(Files(folder))] == ["a.txt"]


def test_a_link_or_a_pipe_put_in_the_place_of_a_file_is_refused(tmp_path):
    (tmp_path / "a.txt").symlink_to(tmp_path / "b.txt")
    (tmp_path / "b.txt").write_text(TEXT)
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(UnreadableSource, match=r"too many levels of symbolic links"):
        Files(tmp_path).read(str(tmp_path / "a.txt"))
    with pytest.raises(UnreadableSource, match=r"not a plain file"):
        Files(tmp_path).read(str(tmp_path / "pipe.txt"))


def test_a_name_that_is_no_utf_8_is_reported_and_the_rest_go_on(tmp_path):
    (tmp_path / os.fsdecode(b"na\xefve.txt")).write_text(TEXT)
    files = written(tmp_path, **{"a.txt": TEXT})
    assert seen(files) == [
        ("a.txt", "seen", ""),
        ("na\ufffdve.txt", "failed", "its name is not valid UTF-8; rename it"),
    ]


def test_a_file_that_cannot_be_read_is_reported_and_the_rest_go_on(tmp_path, monkeypatch):
    files = written(tmp_path, **{"a.txt": TEXT, "b.txt": TEXT})
    opened = os.open
    monkeypatch.setattr(os, "open", lambda path, *rest: fails() if Path(path).name == "a.txt" else opened(path, *rest))
    assert seen(files) == [("a.txt", "failed", "input/output error"), ("b.txt", "seen", "")]
    with pytest.raises(UnreadableSource, match=r"input/output error"):
        files.read(str(tmp_path / "a.txt"))


def test_a_folder_that_cannot_be_listed_is_reported_and_its_articles_are_not_gone(tmp_path, monkeypatch):
    files = written(tmp_path, **{"in/a.txt": TEXT, "b.txt": TEXT})
    listed = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: fails() if Path(path).name == "in" else listed(path))
    assert seen(files) == [
        ("b.txt", "seen", ""),
        ("in", "failed", "the folder cannot be listed: input/output error"),
    ]
    assert not files.covers(str(tmp_path / "in" / "a.txt"))
    assert files.covers(str(tmp_path / "gone.txt"))
    monkeypatch.undo()
    assert len(seen(files)) == 2
    assert files.covers(str(tmp_path / "in" / "a.txt"))


def test_a_folder_with_a_similar_name_is_not_covered(tmp_path):
    files = written(tmp_path / "in", **{"a.txt": TEXT})
    assert not files.covers(f"{tmp_path}/inside/a.txt")


def test_a_file_that_vanishes_after_the_scan_is_no_longer_there(tmp_path):
    files = written(tmp_path, **{"a.txt": TEXT})
    (sighting,) = files.scan()
    (tmp_path / "a.txt").unlink()
    with pytest.raises(UnreadableSource, match=r"no longer there"):
        files.read(sighting.source)


def test_a_file_that_vanishes_during_the_scan_is_not_seen(tmp_path, monkeypatch):
    files = written(tmp_path, **{"a.txt": TEXT, "b.txt": TEXT})
    scan = files.scan()
    assert Path(next(scan).source).name == "a.txt"
    (tmp_path / "b.txt").unlink()
    assert list(scan) == []


def test_a_folder_that_vanishes_during_the_scan_is_reported(tmp_path):
    files = written(tmp_path, **{"a.txt": TEXT, "b/c.txt": TEXT})
    scan = files.scan()
    next(scan)
    (tmp_path / "b" / "c.txt").unlink()
    (tmp_path / "b").rmdir()
    assert [s.problem for s in scan] == ["the folder cannot be listed: no longer there"]


BAD = {
    "only spaces.txt": (b" \n\t \xc2\xa0\n", NotAnArticle, "no text in it"),
    "only marks.txt": ("... — ...", NotAnArticle, "no text in it"),
    "only unseen.txt": ("\u200b\ufeff\u202e", NotAnArticle, "no text in it"),
    "only NULs.txt": (bytes(5000), NotAnArticle, "not text"),
    "picture.txt": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, NotAnArticle, "not text"),
    "word.txt": (WORD, NotAnArticle, "not text"),
    "noise.md": (bytes(range(256)) * 9, NotAnArticle, "not text"),
    "noise.html": (bytes(range(256)) * 9, NotAnArticle, "not text"),
    "line.txt": (b"word " * 2_000_000, NotAnArticle, "longer than 5,000,000 characters"),
    "marks.md": (b"*a " * 3_000_000, NotAnArticle, "longer than 5,000,000 characters"),
    "empty.html": ("<html><body></body></html>", NotAnArticle, "no article text found in the page"),
    "deep.html": (b"<div>" * 100_000 + b"<p>It fell.", NotAnArticle, "no article text found in the page"),
    "long.html": (b"<p>a</p>" * 100_001, UnreadableSource, "refused, because it has 100,002 elements (limit 100,000)"),
    "cut.pdf": (PDF[: len(PDF) // 2], UnreadableSource, "damaged PDF"),
    "holed.pdf": (PDF[:2000] + bytes(3000) + PDF[5000:], UnreadableSource, "damaged PDF"),
    "start.pdf": (b"%PDF-1.7\n", UnreadableSource, "damaged PDF"),
    "text.pdf": (TEXT, UnreadableSource, "damaged PDF: it does not begin as one"),
    "locked.pdf": (encrypted(), UnreadableSource, "password-protected"),
    "scan.pdf": (scanned(), NotAnArticle, "no text layer (a scan); OCR it first"),
    "text.docx": (TEXT, UnreadableSource, "damaged Word document"),
    "cut.docx": (WORD[: len(WORD) // 2], UnreadableSource, "damaged Word document"),
    "holed.docx": (WORD[:3000] + bytes(500) + WORD[3500:], UnreadableSource, "damaged Word document"),
    "bomb.docx": (bomb(), UnreadableSource, "refused, because it would expand to 201 MB (limit 200)"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_ends_in_one_sentence_that_says_why(tmp_path, name):
    data, kind, reason = BAD[name]
    began = time.monotonic()
    with pytest.raises(FootnoteError) as caught:
        read(tmp_path, name, data)
    assert (type(caught.value), str(caught.value)) == (kind, reason)
    assert time.monotonic() - began < 20


def test_among_bad_files_the_good_ones_are_read(tmp_path):
    files = written(
        tmp_path, **{name: data for name, (data, *_) in BAD.items() if len(data) < 100_000}, **{"good.txt": TEXT}
    )
    articles, problems = [], []
    for sighting in files.scan():
        try:
            articles.append(files.read(sighting.source))
        except FootnoteError as problem:
            problems.append(problem)
    assert [a.text for a in articles] == [TEXT]
    assert len(problems) > 15


@pytest.mark.parametrize("fault", [RecursionError("deep"), MemoryError(), ValueError("odd"), KeyError("x")], ids=repr)
def test_whatever_a_parser_raises_is_a_damaged_file(tmp_path, monkeypatch, fault):
    def raises(*_):
        raise fault

    monkeypatch.setattr("index.sources.files.read_plain", raises)
    with pytest.raises(UnreadableSource, match=r"damaged file") as caught:
        read(tmp_path, "a.txt")
    assert caught.value.__cause__ is fault


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.docx", "a.html"])
def test_a_pdf_is_read_as_one_whatever_its_name(tmp_path, name):
    assert len(read(tmp_path, name, PDF).pages) == 4


@pytest.mark.parametrize("name", ["a.txt", "a.md"])
def test_a_web_page_is_read_as_one_under_the_name_of_a_text(tmp_path, name):
    page = (
        f"\n<!DOCTYPE html>\n<html><body><nav><a href='/'>Home</a></nav><article><p>{TEXT}</p></article></body></html>"
    )
    assert read(tmp_path, name, page).text == TEXT


def test_a_text_about_web_pages_is_not_one(tmp_path):
    assert read(tmp_path, "a.txt", f"<p>{TEXT}</p>").text == f"<p>{TEXT}</p>"


def test_the_id_is_that_of_the_place_and_stays_when_the_text_is_edited(tmp_path):
    before, after = read(tmp_path, "a.txt"), read(tmp_path, "a.txt", TEXT + " Twice.")
    assert before.id == after.id == article_id(str(tmp_path / "a.txt"))
    assert before.revision != after.revision


def test_a_long_line_is_read_quickly(tmp_path):
    began = time.monotonic()
    text = read(tmp_path, "a.txt", b"word " * 900_000).text
    assert len(text) == 4_500_000 < MAX_CHARACTERS
    assert time.monotonic() - began < 20


def test_the_days_of_byline_name_and_properties_go_before_one_another(tmp_path):
    byline = f"Mole falls\n\nBy Ada Quill, 27 August 2024\n\n{TEXT}"
    own = read(tmp_path, "2024-08-29-mole.txt", byline)
    named = read(tmp_path, "2024-08-29-mole.txt")
    assert (own.published, own.published_from) == (date(2024, 8, 27), "byline")
    assert (named.published, named.published_from) == (date(2024, 8, 29), "file name")
    made = article("mole.pdf", Draft(TEXT, created=date(2024, 8, 30)))
    assert (made.published, made.published_from) == (date(2024, 8, 30), "document properties")


def test_a_day_to_come_is_not_believed_and_the_next_evidence_is(tmp_path):
    ahead = TODAY + timedelta(days=400)
    front = f"---\ntitle: x\ndate: {ahead}\n---\n{TEXT}"
    a = read(tmp_path, "2024-08-29-mole.md", front)
    assert (a.published, a.published_from) == (date(2024, 8, 29), "file name")
    a = read(tmp_path, f"{ahead}-mole.md", front)
    assert (a.published, a.published_from) == (None, None)


def test_what_could_be_two_days_stays_unknown(tmp_path):
    a = read(tmp_path, "a.md", f"---\ntitle: x\ndate: 03/04/2024\n---\n{TEXT}")
    assert (a.published, a.published_from) == (None, None)


def test_the_time_of_the_file_is_no_date(tmp_path):
    written(tmp_path, **{"a.txt": TEXT})
    os.utime(tmp_path / "a.txt", (1_700_000_000, 1_700_000_000))
    assert Files(tmp_path).read(str(tmp_path / "a.txt")).published is None


def test_a_day_in_the_prose_is_no_date(tmp_path):
    a = read(tmp_path, "a.txt", f"On 27 August 2024 the mole fell. {TEXT}")
    assert (a.published, a.author) == (None, None)


def test_a_first_line_that_stands_alone_is_the_title_and_a_section():
    draft = titled(Draft(f"Mole falls\n\n{TEXT}"), "en")
    assert draft.title == "Mole falls"
    assert [(s.start, s.body, s.heading) for s in draft.sections] == [(0, 12, "Mole falls")]


def test_a_first_line_that_is_prose_gives_its_first_words():
    long = "The mole fell in August and was rebuilt by the men of the town with stone that came by sledge."
    assert titled(Draft(TEXT), "en").title == TEXT
    assert titled(Draft(f"{long} Then it fell."), "en").title == (
        "The mole fell in August and was rebuilt by the men of the town with stone that…"
    )
    assert titled(Draft("It fell. Then it rose, and nobody knew why."), "en").title == "It fell."


def test_a_title_without_a_blank_is_cut_where_it_must_be():
    assert titled(Draft("x" * 500), None).title == "x" * 79 + "…"


def test_the_title_that_the_file_gives_is_kept():
    assert (
        article("a.pdf", Draft(TEXT, title="Mole falls", published=Dated(date(2024, 8, 27), "byline"))).title
        == "Mole falls"
    )


def test_the_language_is_that_of_the_text_and_unknown_for_a_few_words():
    assert language_of(TEXT) == "en"
    assert language_of("Die Mole ist im August eingestürzt und wurde bis Mai wieder aufgebaut.") == "de"
    assert language_of("Die Mole") is None
