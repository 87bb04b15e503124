"""OpenTelemetry: a span for each step of a question, where the environment says where they go.

LangChain tells every step to a callback. Spans carry the names of the steps and how long they took, and nothing of
what was asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers.context import register_configure_hook

from index.errors import UsageError

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


def trace(environ: Mapping[str, str]) -> None:
    """Sends spans to the endpoint that is set; without one, nothing is loaded and nothing is sent.

    Raises UsageError where another protocol than gRPC is wanted.
    """
    endpoint = endpoint_of(environ)
    if not endpoint:
        return
    require_grpc(environ)
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # Not made the provider of the process: other libraries would send spans too, with what was asked.
    provider = TracerProvider(resource=Resource.create({"service.name": environ.get("OTEL_SERVICE_NAME", "footnote")}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint)))
    everywhere(Spans(provider.get_tracer("footnote")))


def require_grpc(environ: Mapping[str, str]) -> None:
    """Raises UsageError where there is an endpoint, and another protocol than gRPC is wanted."""
    protocol = next(filter(None, map(environ.get, PROTOCOLS)), "grpc")
    if endpoint_of(environ) and protocol != "grpc":
        raise UsageError(
            f"Spans cannot be sent by {protocol}", f"Set {PROTOCOLS[1]}=grpc, and an endpoint that takes it."
        )


def endpoint_of(environ: Mapping[str, str]) -> str:
    """Where spans are sent, "" for nowhere."""
    return next(filter(None, map(environ.get, ENDPOINTS)), "")


def everywhere(handler: BaseCallbackHandler) -> None:
    """Tells every run of a LangChain runnable, in whatever thread, to this handler from now on."""
    register_configure_hook(ContextVar("footnote_spans", default=handler), inheritable=True)


class Spans(BaseCallbackHandler):
    """A span for each run, within that of the run it is a part of. Parameters are named by LangChain."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._open: dict[UUID, Span] = {}

    def on_chain_start(
        self,
        serialized: object,
        inputs: object,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **about: Any,  # noqa: ANN401
    ) -> None:
        """A step of the walk begins."""
        self._begin(about.get("name") or "chain", run_id, parent_run_id)

    def on_chat_model_start(
        self,
        serialized: object,
        messages: object,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **about: Any,  # noqa: ANN401
    ) -> None:
        """A language model is asked."""
        self._begin(about.get("name") or "language model", run_id, parent_run_id)

    def on_chain_end(self, outputs: object, *, run_id: UUID, **_: object) -> None:
        """The step has ended."""
        self._end(run_id)

    def on_llm_end(self, response: object, *, run_id: UUID, **_: object) -> None:
        """The language model has answered."""
        self._end(run_id)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **_: object) -> None:
        """The step has failed."""
        self._end(run_id, error)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **_: object) -> None:
        """The language model has failed."""
        self._end(run_id, error)

    def _begin(self, name: str, run: UUID, parent: UUID | None) -> None:
        from opentelemetry.trace import set_span_in_context

        outer = self._open.get(parent) if parent else None
        self._open[run] = self._tracer.start_span(name, set_span_in_context(outer) if outer else None)

    def _end(self, run: UUID, error: BaseException | None = None) -> None:
        from opentelemetry.trace import StatusCode

        span = self._open.pop(run, None)
        if span is None:
            return
        if error is not None:  # its message may hold what was asked
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(StatusCode.ERROR)
        span.end()
