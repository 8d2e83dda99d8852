"""Costs in OpenTelemetry: a span processor that adds USD to the spans of calls.

The spans are those of `opentelemetry-instrumentation-genai-langchain`, or of any other
instrumentation that records `gen_ai.response.id`. OpenTelemetry has no attribute for money, so the
cost stands under a name of this package's own.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from langchain_aimlapi._client import costs

__all__ = ["COST_ATTRIBUTE", "CostSpanProcessor"]

COST_ATTRIBUTE = "aimlapi.usage.cost_usd"
"""US dollars as billed, a float."""
_RESPONSE_ID = "gen_ai.response.id"
_MOST, _SECONDS = 10_000, 60.0
"""Costs whose span has not ended yet: how many are kept, and how long."""


class CostSpanProcessor(SpanProcessor):
    """Adds what a call cost, as billed, to its span, and hands all spans on.

    Examples:
        >>> from opentelemetry.sdk.trace import TracerProvider
        >>> from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
        >>> provider = TracerProvider()
        >>> exporting = SimpleSpanProcessor(ConsoleSpanExporter())
        >>> provider.add_span_processor(CostSpanProcessor(exporting))

    The attribute is `aimlapi.usage.cost_usd`; a call whose cost the service did not tell has none.

    Args:
        processor: What the spans are handed on to, usually the one that exports them. A span that
            has ended cannot be changed, so it is given a copy.
    """

    def __init__(self, processor: SpanProcessor) -> None:
        self._next = processor
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[float, float]] = OrderedDict()
        costs.listen(self._note)

    def _note(self, reply_id: str, usd: float) -> None:
        with self._lock:
            self._known[reply_id] = (usd, time.monotonic())
            if len(self._known) > _MOST:
                self._known.popitem(last=False)

    def _cost(self, reply_id: object) -> float | None:
        """What a reply cost, once: a later one of the same id comes from a cache."""
        with self._lock:
            usd, since = self._known.pop(str(reply_id), (0.0, float("-inf")))
        return usd if time.monotonic() - since < _SECONDS else None

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Hand the beginning of a span on."""
        self._next.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Hand a span on, with the cost of its call."""
        attributes = span.attributes or {}
        usd = self._cost(attributes[_RESPONSE_ID]) if _RESPONSE_ID in attributes else None
        self._next.on_end(span if usd is None else _priced(span, usd))

    def shutdown(self) -> None:
        """Learn of no more costs, and shut the next processor down."""
        costs.forget(self._note)
        self._next.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Let the next processor send what it holds.

        Args:
            timeout_millis: Milliseconds that it may take.

        Returns:
            Whether it was done in time.
        """
        return bool(self._next.force_flush(timeout_millis))


def _priced(span: ReadableSpan, usd: float) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={**(span.attributes or {}), COST_ATTRIBUTE: usd},
        events=span.events,
        links=span.links,
        kind=span.kind,
        status=span.status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
