"""A line for each record: JSON that can be read again, or text that commands no terminal."""

import json
import logging
import sys

import pytest

from rag.doors.logs import Lines


def record(message="request", facts=None, error=None):
    made = logging.LogRecord("footnote.doors", logging.INFO, "", 0, message, (), error and (type(error), error, None))
    made.created = 1_700_000_000.5
    if facts:
        made.facts = facts
    return made


def test_a_json_line_has_the_facts():
    line = Lines("json").format(record(facts={"path": "/v1/ask\n", "status": 200}))
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2023-11-14T22:13:20.500+00:00", "level": "INFO", "logger": "footnote.doors", "event": "request",
        "path": "/v1/ask\n", "status": 200,
    }  # fmt: skip


def test_a_text_line_is_read_by_a_person_and_commands_nothing():
    line = Lines("text").format(record("answered", {"seconds": 0.5, "question": "fe\x1b[2Jrry"}))
    assert line == "2023-11-14T22:13:20.500+00:00 INFO answered seconds=0.5 question=fe[2Jrry"


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_was_raised_is_in_the_line(form):
    assert "ValueError: no" in Lines(form).format(record(error=ValueError("no")))
    assert sys.exc_info() == (None, None, None)
