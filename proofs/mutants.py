"""R12: no file can stop a run. Files of every format are damaged at random and read as any other, in the reader's pool.

Each of them must end as indexed, skipped, opened or failed, with a reason unless it is indexed; the readings must come
in the order of the files; and the pool must read a sound file afterwards.
"""

from __future__ import annotations

import io
import json
import random
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from index.sources.sightings import Job
from index.sources.workers import read_all
from proofs.outcome import Outcome, Tally

SEEDS = Path(__file__).resolve().parent.parent / "seeds"
FULL, SMOKE = 100_000, 300
TEXT = "The mole fell in August, and it was rebuilt by May of the next year. A ticket costs two crowns. " * 20
PAGE = f"<html><head><title>Mole</title></head><body><article><h1>Mole</h1><p>{TEXT}</p></article></body></html>"


def samples() -> dict[str, bytes]:
    """A sound file of each format, by its name."""
    found = {f"seed{path.suffix}": path.read_bytes() for path in sorted(SEEDS.iterdir()) if path.suffix != ".jsonl"}
    records = [{"id": str(n), "title": f"T{n}", "text": TEXT, "published": "2024-02-08"} for n in range(4)]
    mail = f"From: Ada <ada@example.org>\r\nSubject: Mole\r\nDate: Thu, 08 Feb 2024 10:00:00 +0000\r\n\r\n{TEXT}\r\n"
    return found | {
        "a.json": json.dumps(records).encode(),
        "a.jsonl": b"\n".join(json.dumps(record).encode() for record in records),
        "a.csv": ("title,text\n" + "\n".join(f'T{n},"{TEXT}"' for n in range(4))).encode(),
        "a.eml": mail.encode(),
        "a.mhtml": f"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{PAGE}".encode(),
        "a.rtf": (r"{\rtf1\ansi " + TEXT + r"\par}").encode(),
        "a.zip": zipped({"a.md": f"# Mole\n\n{TEXT}", "b.html": PAGE}),
        "a.odt": zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": ODT}),
        "a.epub": zipped({"mimetype": "application/epub+zip", **EPUB}),
    }


def zipped(files: dict[str, str]) -> bytes:
    """A zip of these texts."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in files.items():
            # Stored, as the programs that write EPUB and OpenDocument do, so that the bytes say what they are.
            file.writestr(name, text, zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED)
    return data.getvalue()


ODT = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:text>'
    f"<text:h>Mole</text:h><text:p>{TEXT}</text:p></office:text></office:body></office:document-content>"
)
EPUB = {
    "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="c.opf"/></rootfiles></container>',
    "c.opf": '<package xmlns="http://www.idpf.org/2007/opf"><metadata/><manifest><item id="a" href="a.xhtml" '
    'media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine></package>',
    "a.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><body><h1>Mole</h1><p>{TEXT}</p></body></html>',
}


def mutated(data: bytes, rng: random.Random) -> bytes:
    """The bytes with one to twenty changes: flipped, cut out, doubled, put in, zeroed, or ended early."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        at, length = rng.randrange(len(changed) + 1), rng.choice((1, 1, 2, 8, 64, 1000))
        kind = rng.randrange(6)
        if kind == 0 and at < len(changed):
            changed[at] = rng.randrange(256)
        elif kind == 1:
            del changed[at : at + length]
        elif kind == 2:
            changed[at:at] = changed[at : at + length]
        elif kind == 3:
            changed[at:at] = rng.randbytes(length)
        elif kind == 4:
            changed[at : at + length] = bytes(len(changed[at : at + length]))
        elif rng.random() < 0.2:
            del changed[at:]
    return bytes(changed)


def prove(smoke: bool, seed: int) -> Outcome:
    """So many files, the formats in turn."""
    number = SMOKE if smoke else FULL
    tally, sound, ended = Tally("mutants", seed), list(samples().items()), Counter[str]()
    with tempfile.TemporaryDirectory() as place:
        asked: list[Job] = []
        for reading in read_all(jobs(Path(place), sound, number, seed, asked)):
            if reading.part_of:
                continue
            job = asked[tally.cases]
            ended[reading.state] += 1
            tally.case(
                f"{job.name} of {job.source}",
                "" if reading.source == job.source else f"answered for {reading.source}",
                "" if reading.state == "indexed" or reading.state == "opened" or reading.reason else "no reason",
            )
            job.path.unlink(missing_ok=True)
        for name, data in sound:
            path = Path(place) / name
            path.write_bytes(data)
            *_, last = read_all([Job(str(path), path, name)])
            tally.case(f"sound {name}", "" if last.state in ("indexed", "opened") else f"{last.state}: {last.reason}")
    missing = number + len(sound) - tally.cases
    tally.case("every file ended", f"{missing} did not" if missing else "")
    return tally.outcome(", ".join(f"{count} {state}" for state, count in sorted(ended.items())))


def jobs(place: Path, sound: list[tuple[str, bytes]], number: int, seed: int, asked: list[Job]) -> Iterator[Job]:
    """The damaged files, written as they are asked for."""
    for n in range(number):
        name, data = sound[n % len(sound)]
        path = place / f"{n}-{name}"
        path.write_bytes(mutated(data, random.Random(f"{seed} {n}")))
        asked.append(Job(f"mutant {n}", path, name))
        yield asked[-1]
