"""From bytes to articles: what each file gives, and the reason why there is none."""

import io
import os
import random
import time
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pypdf import PdfWriter

from index.records import article_id
from index.sources import reading
from index.sources.draft import MAX_CHARACTERS, Dated, Draft
from index.sources.reading import article, language_of, titled
from index.sources.sightings import Job
from proofs.mutants import mutated, samples

SEEDS = Path(__file__).parent.parent / "seeds"
PDF = (SEEDS / "2024-10-14-east-mole-inquiry-first-week.pdf").read_bytes()
WORD = (SEEDS / "2024-07-29-the-men-who-built-the-east-mole.docx").read_bytes()
TEXT = "The mole fell in August, and it was rebuilt by May of the next year."
TODAY = datetime.now(UTC).date()


def job(name):
    return Job(f"/articles/{name}", Path(f"/articles/{name}"), name)


def outcome(folder, name, data=TEXT):
    """The one reading of a file that says `data`."""
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    (found,) = reading.read(Job(str(path), path, name))
    return found


def read(folder, name, data=TEXT):
    found = outcome(folder, name, data)
    assert found.state == "indexed", found.reason
    return found.article


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


BAD = {
    "only spaces.txt": (b" \n\t \xc2\xa0\n", "skipped", "no text in it"),
    "only marks.txt": ("... — ...", "skipped", "no text in it"),
    "only unseen.txt": ("\u200b\ufeff\u202e", "skipped", "no text in it"),
    "only NULs.txt": (bytes(5000), "skipped", "not text"),
    "picture.txt": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "skipped", "not text"),
    "word.txt": (WORD, "skipped", "not text"),
    "noise.md": (bytes(range(256)) * 9, "skipped", "not text"),
    "noise.html": (bytes(range(256)) * 9, "skipped", "not text"),
    "line.txt": (b"word " * 2_000_000, "skipped", "longer than 5,000,000 characters"),
    "marks.md": (b"*a " * 3_000_000, "skipped", "longer than 5,000,000 characters"),
    "empty.html": ("<html><body></body></html>", "skipped", "no article text found in the page"),
    "deep.html": (b"<div>" * 100_000 + b"<p>It fell.", "skipped", "no article text found in the page"),
    "long.html": (b"<p>a</p>" * 100_001, "failed", "refused, because it has 100,002 elements (limit 100,000)"),
    "cut.pdf": (PDF[: len(PDF) // 2], "failed", "damaged PDF"),
    "holed.pdf": (PDF[:2000] + bytes(3000) + PDF[5000:], "failed", "damaged PDF"),
    "start.pdf": (b"%PDF-1.7\n", "failed", "damaged PDF"),
    "text.pdf": (TEXT, "failed", "damaged PDF: it does not begin as one"),
    "locked.pdf": (encrypted(), "failed", "password-protected"),
    "scan.pdf": (scanned(), "skipped", "no text layer (a scan); OCR it first"),
    "text.docx": (TEXT, "failed", "damaged Word document"),
    "cut.docx": (WORD[: len(WORD) // 2], "failed", "damaged Word document"),
    "holed.docx": (WORD[:3000] + bytes(500) + WORD[3500:], "failed", "damaged Word document"),
    "bomb.docx": (bomb(), "failed", "refused, because it would expand to 201 MB (limit 200)"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_ends_in_one_sentence_that_says_why(tmp_path, name):
    data, state, reason = BAD[name]
    began = time.monotonic()
    found = outcome(tmp_path, name, data)
    assert (found.state, found.reason, found.article) == (state, reason, None)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("fault", [RecursionError("deep"), ValueError("odd"), KeyError("x")], ids=repr)
def test_whatever_a_parser_raises_is_a_damaged_file(tmp_path, monkeypatch, fault):
    def raises(*_):
        raise fault

    monkeypatch.setattr("index.sources.reading.read_plain", raises)
    found = outcome(tmp_path, "a.txt")
    assert (found.state, found.digest) == ("failed", "")
    assert found.reason == "damaged file"


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.docx", "a.html"])
def test_a_pdf_is_read_as_one_whatever_its_name(tmp_path, name):
    assert len(read(tmp_path, name, PDF).pages) == 4


@pytest.mark.parametrize("name", ["a.txt", "a.md"])
def test_a_web_page_is_read_as_one_under_the_name_of_a_text(tmp_path, name):
    page = (
        f"\n<!DOCTYPE html>\n<html><body><nav><a href='/'>Home</a></nav><article><p>{TEXT}</p></article></body></html>"
    )
    assert read(tmp_path, name, page).text == TEXT


@pytest.mark.parametrize(
    ("sound", "name"), [("a.epub", "a.docx"), ("a.odt", "a.txt"), ("a.rtf", "a.docx"), ("a.odt", "a.epub")]
)
def test_a_document_is_read_as_what_it_says_it_is(tmp_path, sound, name):
    data = samples()[sound]
    assert read(tmp_path, name, data).text == read(tmp_path, sound, data).text


def test_a_saved_page_is_read_as_one_under_the_name_of_a_mail(tmp_path):
    page = b"From: x\r\nSnapshot-Content-Location: https://packet.example/mole\r\n" + samples()["a.mhtml"]
    assert read(tmp_path, "a.eml", page).url == "https://packet.example/mole"


@pytest.mark.parametrize("name", ["a.epub", "a.odt", "a.rtf", "a.eml", "a.mhtml"])
def test_a_file_damaged_at_random_is_an_article_or_says_why_not(tmp_path, name):
    sound = samples()[name]
    for number in range(200):
        rng = random.Random(f"{name} {number}")
        found = outcome(
            tmp_path, name, inside(sound, rng) if sound[:2] == b"PK" and number % 2 else mutated(sound, rng)
        )
        assert found.state == "indexed" if found.article else found.reason, number


def inside(data, rng):
    """The zip with one file in it damaged, and packed again: its checksum is right."""
    source, written = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    hit = rng.choice(source.namelist())
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as file:
        for name in source.namelist():
            file.writestr(name, mutated(source.read(name), rng) if name == hit else source.read(name))
    return written.getvalue()


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
    made = article(job("mole.pdf"), Draft(TEXT, created=date(2024, 8, 30)))
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
    read(tmp_path, "a.txt")
    os.utime(tmp_path / "a.txt", (1_700_000_000, 1_700_000_000))
    path = tmp_path / "a.txt"
    (found,) = reading.read(Job(str(path), path, "a.txt"))
    assert found.article.published is None


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
        article(job("a.pdf"), Draft(TEXT, title="Mole falls", published=Dated(date(2024, 8, 27), "byline"))).title
        == "Mole falls"
    )


def test_the_language_is_that_of_the_text_and_unknown_for_a_few_words():
    assert language_of(TEXT) == "en"
    assert language_of("Die Mole ist im August eingestürzt und wurde bis Mai wieder aufgebaut.") == "de"
    assert language_of("Die Mole") is None


@pytest.mark.parametrize("name", samples())
def test_every_format_is_read(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(samples()[name])
    *parts, whole = reading.read(Job(str(path), path, name))
    articles = [found.article for found in (*parts, whole) if found.article]
    assert whole.state == ("opened" if parts else "indexed")
    assert all("The mole fell in August" in a.text for a in articles) or name.startswith("seed")
    assert articles


def test_every_format_has_a_sample():
    suffixes = {Path(name).suffix for name in samples()}
    assert suffixes >= reading.SUFFIXES - {".text", ".markdown", ".htm", ".xhtml", ".mht", ".ndjson", ".tsv"}
