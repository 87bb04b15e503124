"""A span for each step of a question, within that of the whole, and nothing in it of what was asked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from doors import FERRY, NOON, Grows, over
from langchain_core.tracers import context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from test_rest import draft

from index.errors import UsageError
from rag.answers import Question
from rag.doors.tracing import ENDPOINT, PROTOCOLS, Spans, everywhere, trace

ROOT = Path(__file__).parent.parent


@pytest.fixture
def spans():
    """The spans of what is asked from now on, as they end."""
    ended = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(ended))
    hooks = list(context._configure_hooks)
    everywhere(Spans(provider.get_tracer("test")))
    yield ended.get_finished_spans
    context._configure_hooks[:] = hooks


def test_each_step_has_a_span_in_that_of_the_whole(indexed, spans):
    over(indexed).ask(Question(FERRY))
    *steps, whole = spans()
    assert [step.name for step in steps] == ["follow up", "retrieve", "read", "verify"]
    assert {step.parent.span_id for step in steps} == {whole.context.span_id}
    assert whole.parent is None


def test_the_steps_of_a_streamed_answer_end_with_it(indexed, spans):
    list(over(indexed, Grows(draft(NOON), draft(NOON))).stream(Question(FERRY)))
    assert {span.name for span in spans()} >= {"follow up", "retrieve", "read", "write", "verify"}


def test_nothing_that_was_asked_is_in_a_span(indexed, spans):
    over(indexed).ask(Question(FERRY))
    assert "ferry" not in "".join(span.to_json() for span in spans()).lower()


def test_a_step_that_fails_says_so_without_its_message(indexed, spans):
    def breaks(_):
        raise RuntimeError("swordfish")

    with pytest.raises(RuntimeError):
        over(indexed, Grows(breaks)).ask(Question(FERRY))
    failed = [span for span in spans() if span.status.status_code is StatusCode.ERROR]
    assert {span.attributes["error.type"] for span in failed} == {"RuntimeError"}
    assert "swordfish" not in "".join(span.to_json() for span in spans())


def test_without_an_endpoint_nothing_is_traced():
    before = list(context._configure_hooks)
    trace({})
    assert context._configure_hooks == before


@pytest.mark.parametrize("name", PROTOCOLS)
def test_spans_are_not_sent_by_another_protocol_than_was_wished(name):
    with pytest.raises(UsageError, match="Spans cannot be sent by http/protobuf"):
        trace({ENDPOINT: "http://127.0.0.1:4318", name: "http/protobuf"})


def test_without_an_endpoint_no_exporter_is_even_loaded():
    code = (
        "import sys; from rag.doors.tracing import trace; trace({}); assert 'opentelemetry.exporter' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=dict(os.environ), check=True, timeout=120)
