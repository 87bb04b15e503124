"""How many files of each format are read a second: `python -m benchmarks.formats [--files 200] [--rounds 3]`.

The articles are made here, of made-up words. Each is read bare, in this process, and on the road of a sync: a scan of
the folder, and two processes with limits that read for it. What a process needs to begin is measured apart.
"""

from __future__ import annotations

import argparse
import csv
import html
import io
import json
import os
import quopri
import tempfile
import textwrap
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from index.sources.files import Files
from index.sources.reading import read
from index.sources.sightings import Job, Reading
from index.sources.workers import Pool
from proofs.articles import sentence, word

PARAGRAPHS, SENTENCES = 12, 8
# Articles in a file of a format that holds several.
HELD = 20
LINES, WIDTH = 50, 90  # of a page of PDF, and characters of a line
WARM = 8
SEED = 7


@dataclass(frozen=True, slots=True)
class Made:
    """An article of about 6,000 characters: title, author, day and twelve paragraphs."""

    title: str
    author: str
    day: str  # ISO 8601
    paragraphs: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n\n".join(self.paragraphs)

    @property
    def marked(self) -> str:
        """The paragraphs as elements of a page."""
        return "".join(f"<p>{html.escape(paragraph)}</p>\n" for paragraph in self.paragraphs)


def article(rng: Random) -> Made:
    paragraphs = tuple(" ".join(sentence(rng) for _ in range(SENTENCES)) for _ in range(PARAGRAPHS))
    day = f"2024-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    return Made(sentence(rng)[:-1], f"{word(rng).title()} {word(rng).title()}", day, paragraphs)


# A file of each format ----------------------------------------------------------------------------------------------


def txt(a: Made) -> bytes:
    return f"{a.title}\n\nBy {a.author}, {a.day}\n\n{a.text}\n".encode()


def md(a: Made) -> bytes:
    return f"---\ntitle: {a.title}\nauthor: {a.author}\ndate: {a.day}\n---\n\n{a.text}\n".encode()


def webpage(a: Made) -> bytes:
    """A page with what stands around an article on one: a menu, a box, a foot, and data for machines."""
    about = {"@type": "NewsArticle", "headline": a.title, "author": {"name": a.author}, "datePublished": a.day}
    menu = "".join(f'<li><a href="/{n}">Section {n}</a></li>' for n in range(30))
    more = "".join(f'<li><a href="/story/{n}">Another story of the day, number {n}</a></li>' for n in range(30))
    return (
        f"<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>{a.title} | The Packet</title>"
        f"<script type='application/ld+json'>{json.dumps(about)}</script><style>{'p { margin: 0 } ' * 40}</style>"
        f"</head><body><header><nav><ul>{menu}</ul></nav></header><main><article><h1>{a.title}</h1>"
        f"<p class='byline'>By {a.author}</p>{a.marked}</article><aside><ul>{more}</ul></aside></main>"
        f"<footer><ul>{menu}</ul><p>All rights reserved.</p></footer></body></html>"
    ).encode()


def mhtml(a: Made) -> bytes:
    head = (
        "From: <Saved by Blink>\r\nSnapshot-Content-Location: https://packet.example/story\r\n"
        f"Subject: {a.title}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=part\r\n\r\n--part\r\n"
        "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
        "Content-Location: https://packet.example/story\r\n\r\n"
    )
    return head.encode() + quopri.encodestring(webpage(a)) + b"\r\n--part--\r\n"


def pdf(a: Made) -> bytes:
    """Lines of Helvetica on two pages, compressed, as a word processor prints them."""
    from pypdf import PdfWriter
    from pypdf.generic import DictionaryObject, NameObject, StreamObject

    def named(**entries: object) -> DictionaryObject:
        return DictionaryObject({NameObject(f"/{name}"): value for name, value in entries.items()})

    writer, font = PdfWriter(), named(Type=NameObject("/Font"), Subtype=NameObject("/Type1"))
    font[NameObject("/BaseFont")] = NameObject("/Helvetica")
    lines = [a.title, f"By {a.author}", ""]
    lines += [line for paragraph in a.paragraphs for line in (*textwrap.wrap(paragraph, WIDTH), "")]
    for start in range(0, len(lines), LINES):
        shown, page = StreamObject(), writer.add_blank_page(595, 842)
        drawn = "".join(f"({line}) Tj T*\n" for line in lines[start : start + LINES])
        shown.set_data(f"BT /F1 11 Tf 14 TL 50 790 Td\n{drawn}ET".encode("cp1252"))
        page[NameObject("/Contents")] = writer._add_object(shown.flate_encode())
        page[NameObject("/Resources")] = named(Font=named(F1=font))
    writer.add_metadata({"/Title": a.title, "/Author": a.author, "/CreationDate": f"D:{a.day.replace('-', '')}"})
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def docx(a: Made) -> bytes:
    from docx import Document

    document = Document()
    document.core_properties.author = a.author
    document.add_heading(a.title, 0)
    for paragraph in a.paragraphs:
        document.add_paragraph(paragraph)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def epub(a: Made) -> bytes:
    """A book of one chapter."""
    dublin = f"<dc:title>{a.title}</dc:title><dc:creator>{a.author}</dc:creator><dc:date>{a.day}</dc:date>"
    return zipped({
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="book.opf"/></rootfiles></container>',
        "book.opf": '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'{dublin}</metadata><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="a"/></spine></package>',
        "a.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><body><h1>{a.title}</h1>{a.marked}</body></html>',
    })  # fmt: skip


def rtf(a: Made) -> bytes:
    body = "".join(rf"\pard\plain\f0\fs24 {paragraph}\par" + "\n" for paragraph in a.paragraphs)
    return (
        r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 Times New Roman;}}{\stylesheet{\s1 heading 1;}}"
        rf"{{\info{{\title {a.title}}}{{\author {a.author}}}}}"
        rf"\pard\plain\s1\f0\fs32 {a.title}\par" + "\n" + body + "}"
    ).encode()


def odt(a: Made) -> bytes:
    opened = "urn:oasis:names:tc:opendocument:xmlns"
    body = "".join(f"<text:p>{paragraph}</text:p>" for paragraph in a.paragraphs)
    return zipped({
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": f'<office:document-content xmlns:office="{opened}:office:1.0" xmlns:text="{opened}:text:1.0">'
        f"<office:body><office:text><text:h>{a.title}</text:h>{body}</office:text></office:body>"
        "</office:document-content>",
        "meta.xml": f'<office:document-meta xmlns:office="{opened}:office:1.0" xmlns:meta="{opened}:meta:1.0">'
        f"<office:meta><meta:initial-creator>{a.author}</meta:initial-creator></office:meta></office:document-meta>",
    })  # fmt: skip


def eml(a: Made) -> bytes:
    """A letter of news as mail programs send it: the same as text and as a page."""
    head = (
        f"From: {a.author} <desk@packet.example>\r\nSubject: {a.title}\r\nDate: Thu, 08 Feb 2024 10:00:00 +0000\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=part\r\n\r\n"
    )
    kinds = {"plain": a.text, "html": f"<html><body><h1>{a.title}</h1>{a.marked}</body></html>"}
    coded = "charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable"
    parts = [
        f"--part\r\nContent-Type: text/{kind}; {coded}\r\n\r\n{quopri.encodestring(text.encode()).decode()}\r\n"
        for kind, text in kinds.items()
    ]
    return "".join([head, *parts, "--part--\r\n"]).encode()


def record(number: int, a: Made) -> dict[str, str]:
    return {"id": str(number), "title": a.title, "author": a.author, "published": a.day, "text": a.text}


def in_json(articles: list[Made]) -> bytes:
    return json.dumps([record(n, a) for n, a in enumerate(articles)], indent=1).encode()


def in_jsonl(articles: list[Made]) -> bytes:
    return "".join(json.dumps(record(n, a)) + "\n" for n, a in enumerate(articles)).encode()


def in_csv(articles: list[Made]) -> bytes:
    written = io.StringIO()
    table = csv.DictWriter(written, list(record(0, articles[0])))
    table.writeheader()
    table.writerows(record(n, a) for n, a in enumerate(articles))
    return written.getvalue().encode()


def in_zip(articles: list[Made]) -> bytes:
    return zipped({f"{n}.txt": txt(a).decode() for n, a in enumerate(articles)})


def zipped(files: dict[str, str]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name, text in files.items():
            file.writestr(name, text, zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED)
    return data.getvalue()


ONE: dict[str, Callable[[Made], bytes]] = {
    "txt": txt, "md": md, "html": webpage, "mhtml": mhtml, "pdf": pdf, "docx": docx, "epub": epub, "rtf": rtf,
    "odt": odt, "eml": eml,
}  # fmt: skip
SEVERAL: dict[str, Callable[[list[Made]], bytes]] = {"json": in_json, "jsonl": in_jsonl, "csv": in_csv, "zip": in_zip}


# What is measured ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pace:
    """Articles a second by the clock, and milliseconds of the processor that one took."""

    articles: float
    cpu: float


def written(folder: Path, suffix: str, count: int) -> Path:
    """A folder of files that hold `count` articles."""
    rng = Random(f"{suffix} {SEED}")
    articles = [article(rng) for _ in range(count)]
    into = folder / suffix
    into.mkdir(parents=True)
    files = (
        [SEVERAL[suffix](articles[n : n + HELD]) for n in range(0, count, HELD)]
        if suffix in SEVERAL
        else [ONE[suffix](a) for a in articles]
    )
    for number, data in enumerate(files):
        (into / f"{number:05}.{suffix}").write_bytes(data)
    return into


def bare(folder: Path) -> Iterator[Reading]:
    """Every file, in this process and without limits."""
    for path in sorted(folder.iterdir()):
        yield from read(Job(str(path), path, path.name))


def on_the_road(folder: Path, pool: Pool) -> Iterator[Reading]:
    """Every file, as a sync reads a folder."""
    source = Files(folder, read_all=pool.read_all)
    return source.read(list(source.scan({})))


def paced(readings: Callable[[], Iterator[Reading]], count: int, used: Callable[[], float]) -> Pace:
    """The pace of a round. Fails unless every article of it was read whole."""
    start, before = time.perf_counter(), used()
    texts = [reading.article.text for reading in readings() if reading.article]
    took, spent = time.perf_counter() - start, used() - before
    assert len(texts) == count, f"{len(texts)} articles of {count}"
    assert min(map(len, texts)) > 4_000, "an article is cut"
    return Pace(count / took, 1000 * spent / count)


@contextmanager
def pool_of_two(warm: Path) -> Iterator[Pool]:
    """Two processes that have read a few files of the format already."""
    pool = Pool(size=2)
    list(on_the_road(warm, pool))
    try:
        yield pool
    finally:
        pool.close()


def children_used(pool: Pool) -> float:
    """Seconds of the processor that this process and the two have taken; from /proc, so on Linux alone."""
    stats = [Path(f"/proc/{child._process.pid}/stat").read_text() for child in pool.children]
    ticks = [int(ticks) for stat in stats for ticks in stat.rpartition(")")[2].split()[11:13]]  # user, system
    return time.process_time() + sum(ticks) / os.sysconf("SC_CLK_TCK")


def begun(folder: Path) -> float:
    """Seconds from nothing to the first article."""
    pool, start = Pool(size=1), time.perf_counter()
    next(on_the_road(folder, pool))
    took = time.perf_counter() - start
    pool.close()
    return took


def best(paces: list[Pace]) -> Pace:
    """The round that other work on the machine disturbed least."""
    return Pace(max(p.articles for p in paces), min(p.cpu for p in paces))


def measured(suffix: str, count: int, rounds: int, place: Path) -> str:
    """The line of one format."""
    folder = written(place / "timed", suffix, count)
    warm = written(place / "warm", suffix, WARM * (HELD if suffix in SEVERAL else 1))
    list(bare(warm))
    alone, road = [], []
    with pool_of_two(warm) as pool:
        for _ in range(rounds):
            alone.append(paced(lambda: bare(folder), count, time.process_time))
            road.append(paced(lambda: on_the_road(folder, pool), count, lambda: children_used(pool)))
    one, both = best(alone), best(road)
    sizes = [file.stat().st_size for file in folder.iterdir()]
    share = len(sizes) / count  # of a file, for each article
    return (
        f"{suffix:<8}{sum(sizes) / len(sizes) / 1000:>7.1f}{one.articles * share:>18.0f}{one.cpu / share:>13.1f}"
        f"{both.articles * share:>18.0f}{both.cpu / share:>13.1f}{1000 / both.cpu:>23.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=200, help=f"articles of each format; {HELD} a file where several")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        length = len(article(Random(SEED)).text)
        print(f"{options.files} articles of about {length:,} characters; the best of {options.rounds} rounds")
        print(f"a process that reads begins in {begun(written(Path(place) / 'first', 'txt', 1)):.2f} s")
        print("          kB     bare: files/s  CPU ms/file     road: files/s  CPU ms/file     articles/CPU second")
        for suffix in (*ONE, *SEVERAL):
            print(measured(suffix, options.files, options.rounds, Path(place)), flush=True)


if __name__ == "__main__":
    main()
