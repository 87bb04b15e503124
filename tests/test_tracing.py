"""A span for each step of a question, within that of the whole, and nothing in it of what was asked."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from doors import FERRY, NOON, Grows, over, until
from langchain_core.tracers import context
from model_server import ModelServer, key_of
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from test_rest import draft

from index.errors import UsageError
from rag.answers import Question
from rag.doors.tracing import ENDPOINTS, PROTOCOLS, Spans, everywhere, trace
from rag.writing.models import ChatModel, Writing
from rag.writing.writer import LanguageWriter

ROOT = Path(__file__).parent.parent


@pytest.fixture
def hooks():
    """Those of LangChain, which are as they were after the test."""
    before = list(context._configure_hooks)
    yield before
    context._configure_hooks[:] = before


@pytest.fixture
def spans(hooks):
    """The spans of what is asked from now on, as they end."""
    ended = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(ended))
    everywhere(Spans(provider.get_tracer("test")))
    return ended.get_finished_spans


class Collector(TraceServiceServicer):
    """What a collector of OpenTelemetry is to those who send to it."""

    def __init__(self):
        self.requests = []

    def Export(self, request, context):  # noqa: N802 - named by the protocol
        self.requests.append(request)
        return ExportTraceServiceResponse()

    @property
    def spans(self):
        return [
            span
            for request in self.requests
            for of in request.resource_spans
            for s in of.scope_spans
            for span in s.spans
        ]


@pytest.fixture
def collector(hooks, monkeypatch):
    """One that listens at `.url`, and is sent what has ended a twentieth of a second later."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    served, made = grpc.server(ThreadPoolExecutor(1)), Collector()
    add_TraceServiceServicer_to_server(made, served)
    made.url = f"http://127.0.0.1:{served.add_insecure_port('127.0.0.1:0')}"
    served.start()
    yield made
    served.stop(None).wait()


def drafts(asked):
    return f'The ferry leaves at noon. [{key_of(asked, "ferry")} "sails at noon"]'


@pytest.mark.parametrize("name", ENDPOINTS)
def test_a_collector_is_sent_what_each_step_took_and_nothing_of_what_was_said(indexed, collector, name):
    trace({name: collector.url, "OTEL_SERVICE_NAME": "quay"})
    with ModelServer(drafts) as server:
        writer = LanguageWriter(ChatModel(Writing("openai:m", server.url)), indexed.embedder)
        start = time.time_ns()
        *_, answer = over(indexed, writer).stream(Question(FERRY))
        end = time.time_ns()
    assert answer.produced_by == "openai:m"
    until(lambda: "ask" in [span.name for span in collector.spans])

    spans = {span.name: span for span in collector.spans}
    within = {span.name: spans_by_id(spans).get(span.parent_span_id) for span in spans.values()}
    assert within == {
        "ask": None, "follow up": "ask", "retrieve": "ask", "read": "ask", "write": "ask", "verify": "ask",
        "language model": "write",
    }  # fmt: skip
    assert len({span.trace_id for span in spans.values()}) == 1
    assert len(collector.spans) == len(spans)
    for span in spans.values():
        assert start <= span.start_time_unix_nano < span.end_time_unix_nano <= end
    took = {name: (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9 for name, span in spans.items()}
    assert all(took[stage] >= seconds for stage, seconds in answer.timings.items() if stage in ("retrieve", "read"))

    sent = "".join(map(str, collector.requests)).lower()
    assert "quay" in sent
    for word in ("ferry", "noon", "sails", "leaves", "crowns", "mole", "question"):
        assert word not in sent


def spans_by_id(spans):
    return {span.span_id: name for name, span in spans.items()}


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


def test_without_an_endpoint_nothing_is_traced(hooks):
    trace({})
    assert context._configure_hooks == hooks


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_spans_are_not_sent_by_another_protocol_than_was_wished(endpoint, name):
    with pytest.raises(UsageError, match="Spans cannot be sent by http/protobuf"):
        trace({endpoint: "http://127.0.0.1:4318", name: "http/protobuf"})


def test_without_an_endpoint_no_exporter_is_even_loaded():
    code = (
        "import sys; from rag.doors.tracing import trace; trace({}); assert 'opentelemetry.exporter' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=dict(os.environ), check=True, timeout=120)
