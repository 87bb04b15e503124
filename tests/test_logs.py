"""A line for each record: JSON that can be read again, or text that commands no terminal."""

import json
import logging
import re
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
    assert line == '2023-11-14T22:13:20.500+00:00 INFO answered seconds=0.5 question="fe\\u001b[2Jrry"'


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_was_raised_is_in_the_line(form):
    assert "ValueError: no" in Lines(form, messages=True).format(record(error=ValueError("no")))
    assert sys.exc_info() == (None, None, None)


@pytest.mark.parametrize("path", ["/\n2026-01-01T00:00:00.000+00:00 INFO x", "/ status=200", "/\u2028x", '/"x', "/é x"])
def test_what_a_client_sends_is_neither_a_line_nor_another_fact(path):
    line = Lines("text").format(record(facts={"path": path, "status": 404}))
    _, rest = line.split("path=")
    written, _, status = rest.rpartition(" ")
    assert (len(line.splitlines()), json.loads(written), status) == (1, path, "status=404")


def test_a_further_line_of_a_text_begins_with_blanks():
    error = ValueError("no\n2026-01-01T00:00:00.000+00:00 INFO x")
    for made in (record("a\nb"), record(error=error)):
        _, *further = Lines("text", messages=True).format(made).splitlines()
        assert further
        assert all(line.startswith("    ") for line in further)


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_an_error_says_is_told_only_where_it_is_wished(form):
    asked = "swordfish"
    try:
        try:
            raise KeyError(asked)
        except KeyError as cause:
            raise ValueError(asked) from cause
    except ValueError as error:
        raised = record(error=error)
    line = Lines(form).format(raised)
    assert asked in Lines(form, messages=True).format(raised)
    assert re.search(r"test_logs.*KeyError.*test_logs.*ValueError", line, re.DOTALL)
    assert "swordfish" not in line.replace('asked = "swordfish"', "")
