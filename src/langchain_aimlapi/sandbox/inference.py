"""One inference request on its way: what arrived, and what was found out about it since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.faults.table import Fault
    from langchain_aimlapi.sandbox.recorder import RecordedRequest


@dataclass(slots=True)
class Arrived:
    """A request of any kind, and the inference that it became."""

    record: RecordedRequest
    inference: Inference | None = None


@dataclass(slots=True)
class Inference:
    """A request to an inference endpoint."""

    record: RecordedRequest
    raw: bytes
    """The body as it arrived."""
    body: Any
    """The decoded body."""
    number: int
    """Which inference request of the sandbox it is."""
    pad_to: int = 0
    """Minimum number of tokens of the answer."""
    source: str = "default"
    """What answered it, for the log: default, script, replay or upstream."""
    fault: Fault | None = None
    """What goes wrong with it."""
