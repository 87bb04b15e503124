"""What passes between a run and the processes that read for it: told fully, and never believed."""

import json
import os
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from index.records import Article, Section, article_id
from index.sources import frames
from index.sources.frames import Garbled, TooLarge, job_heard, job_said, reading_heard, reading_said, receive, send
from index.sources.sightings import Job, Reading

NOON = datetime(2024, 8, 27, 12, 0, 1, 5, tzinfo=UTC)
JOB = Job(
    source="/a/möle.md",
    path=Path("/b/möle\udc80.md"),
    name="möle.md",
    url="https://example.org",
    fetched=NOON,
    title="T",
    author="A",
    published="2024-08-27",
    evidence="sitemap",
    fields={"text": "t"},
)
ARTICLE = Article(
    id=article_id(JOB.source),
    source=JOB.source,
    title="Title",
    text='"The mole" fell.\n\nNo – 船 hurt \U0001f6a2.',
    author="Ada Quill",
    published=date(2024, 8, 27),
    published_from="byline",
    fetched=NOON,
    language="en",
    pages=(0, 18),
    sections=(Section(0, 5, "One"), Section(18, 20, "Two")),
    modified=date(2024, 8, 28),
    url="https://example.org/mole",
    publisher="The Packet",
)
READ = Reading(JOB.source, "0" * 32, "indexed", "a reason", ARTICLE)
PART = replace(READ, source=f"{JOB.source}#1", article=None, state="skipped", part_of=JOB.source)


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def bare(record):
    """The fields that are as they are when nothing is said."""
    return [f.name for f in fields(record) if getattr(record, f.name) == f.default or not getattr(record, f.name)]


def test_a_job_arrives_as_it_was_with_every_field():
    assert not bare(JOB)
    assert job_heard(job_said(JOB)) == JOB


def test_the_path_of_a_job_arrives_absolute():
    assert job_heard(job_said(Job("s", Path("mole.md"), "mole.md"))).path == Path.cwd() / "mole.md"


def test_a_reading_arrives_as_it_was_with_every_field():
    assert bare(READ) == ["part_of"]
    assert not bare(ARTICLE)
    assert reading_heard(reading_said(READ), JOB) == READ


def test_a_reading_without_article_arrives_as_it_was():
    assert reading_heard(reading_said(PART), JOB) == PART


def test_half_a_surrogate_pair_is_not_said():
    with pytest.raises(UnicodeEncodeError):
        reading_said(replace(READ, reason="\ud800"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": "/a/other.md"},
        {"source": "/a/möle.md2", "part_of": "/a/möle.md"},
        {"source": "/a/möle.md#2", "part_of": "/a/other.md"},
        {"source": "/a/möle.md", "part_of": "/a/möle.md"},
        {"state": "perfect"},
        {"state": "skipped"},
        {"article": None},
        {"digest": "/etc"},
        {"digest": "0" * 65},
        {"reason": 5},
        {"reason": "\ud800"},
        {"article": []},
        {"article": {"id": "x"}},
        {"article": "x"},
    ],
)
def test_a_reading_of_something_else_is_refused(wrong):
    said = json.loads(reading_said(READ)) | wrong
    with pytest.raises(Garbled):
        reading_heard(json.dumps(said).encode(), JOB)


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": article_id("/a/other.md")},
        {"source": "/a/other.md"},
        {"text": None},
        {"text": "x" * (frames.MAX_CHARACTERS + 1)},
        {"title": None},
        {"title": "\ud800"},
        {"author": 1},
        {"published": "yesterday"},
        {"modified": 2024},
        {"fetched": "2024-08-27T12:00:00"},
        {"fetched": None},
        {"pages": [18, 0]},
        {"pages": [1.5]},
        {"pages": [True]},
        {"pages": [-1]},
        {"pages": [10**6]},
        {"sections": [[0, 10**6, "One"]]},
        {"sections": [[5, 2, "One"]]},
        {"sections": [[5, 6, "One"], [0, 1, "Two"]]},
        {"sections": [[0, 1]]},
        {"sections": [[0, 1, None]]},
        {"url": {}},
    ],
)
def test_an_article_that_cannot_be_is_refused(wrong):
    said = json.loads(reading_said(READ))
    said["article"] |= wrong
    with pytest.raises(Garbled):
        reading_heard(json.dumps(said).encode(), JOB)


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"1", b"{}", b"null", b"[" * 100_000, b"9" * 10_000])
def test_what_is_no_reading_is_refused(content):
    with pytest.raises(Garbled):
        reading_heard(content, JOB)


def test_frames_arrive_in_order_and_then_the_end(pipe):
    send(pipe[1], frames.TAKEN)
    send(pipe[1], frames.READING, b"content")
    assert receive(pipe[0]) == (frames.TAKEN, b"")
    assert receive(pipe[0]) == (frames.READING, b"content")


@pytest.mark.parametrize("sent", [b"", b"R", b"R\0\0\0\5", b"R\0\0\0\5four"])
def test_a_frame_that_was_cut_off_is_the_end(sent):
    inward, outward = os.pipe()
    os.write(outward, sent)
    os.close(outward)
    assert receive(inward) is None
    os.close(inward)


def test_what_begins_as_no_frame_is_refused(pipe):
    os.write(pipe[1], b"Hello, world")
    with pytest.raises(Garbled):
        receive(pipe[0])


def test_a_frame_that_is_too_large_is_refused_before_it_is_read(pipe):
    os.write(pipe[1], frames.HEADER.pack(b"R", frames.MAX_FRAME + 1))
    with pytest.raises(TooLarge):
        receive(pipe[0])
