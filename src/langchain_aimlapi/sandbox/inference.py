"""One inference request on its way: what arrived, and what was found out about it since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langchain_aimlapi.sandbox.account.ledger import Call

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.answers.tokens import Usage
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
    id: str = ""
    """As in the header `x-inference-id`."""
    origin: str = ""
    """Address of the sandbox as the client knows it, e.g. `http://127.0.0.1:8123`."""
    pad_to: int = 0
    """Minimum number of tokens of the answer."""
    source: str = "default"
    """What answered it, for the log: default, script, replay or upstream."""
    fault: Fault | None = None
    """What goes wrong with it."""
    usage: Usage | None = None
    """What is charged for it, once that is known."""
    request_id: str = ""
    """Id of the HTTP call, as in the error envelope."""
    client_request_id: str | None = None
    """As in the header `x-client-request-id`, if it is one that the service takes."""
    call: Call | None = None
    """As it is booked, once it is."""

    def booked(self, key: str, *, succeeded: bool) -> Call | None:
        """Return the call for the books; None for a look at a job, and for no model at all."""
        model = self.body.get("model") if isinstance(self.body, dict) else None
        if self.record.method != "POST" or not isinstance(model, str) or not model:
            return None
        usage = self.usage if succeeded else None
        return Call(
            key,
            self.record.path,
            model,
            succeeded and not self.outcome.startswith("job_"),
            usage.credits if usage else 0,
            usage.prompt if usage else 0,
            usage.completion if usage else 0,
            self.request_id,
            self.id,
            self.client_request_id,
        )

    @property
    def outcome(self) -> str:
        """What goes wrong with the job or the file of the request; empty for nothing."""
        return self.fault.name if self.fault and self.fault.of_media else ""
