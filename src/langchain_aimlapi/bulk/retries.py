"""What a failed call means for its row and for the job. Pure.

Rate limits, broken connections and answers that do not fit are counted apart: a storm of 429s
must not use up what a row has for a broken connection. LangChain's own classes are asked as well,
so that models of other packages are treated alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from langchain_core import exceptions as core

from langchain_aimlapi.errors import (
    AimlapiConnectionError,
    AimlapiStatusError,
    AimlapiTimeoutError,
    ConfigurationError,
    OutOfCreditsError,
    ResponseFormatError,
)

__all__ = ["Kind", "Retries", "kind_of", "retry_after"]


class Kind(Enum):
    """What a failure means."""

    RATE = "rate limit"
    """The service is busy: fewer calls, and this one again."""
    TRANSPORT = "transport"
    """No answer, or a server's error: again after a while."""
    UNFIT = "unfit answer"
    """An answer that does not keep to the schema: ask again, a few times."""
    ROW = "row"
    """This row cannot be answered; the others can."""
    JOB = "job"
    """No row can be answered: no credits, a wrong key, a wrong setting."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a row's call is tried again, by what went wrong.

    Attributes:
        rate: After error responses for the rate (429) or overload (503); generous, as the pace adapts.
        transport: After broken connections, time-outs and server errors.
        unfit: After answers that cannot be read, or do not keep to the schema.
    """

    rate: int = 30
    transport: int = 4
    unfit: int = 2

    def of(self, kind: Kind) -> int:
        """Say how often a failure of a kind is tried again.

        Args:
            kind: The kind of failure.

        Returns:
            The number of further calls.
        """
        allowed = {Kind.RATE: self.rate, Kind.TRANSPORT: self.transport, Kind.UNFIT: self.unfit}
        return allowed.get(kind, 0)


_TOO_MANY, _OVERLOADED, _SERVER_SIDE = 429, 503, 500
_JOB = (
    OutOfCreditsError,
    ConfigurationError,
    core.ModelAuthenticationError,
)
_TRANSPORT = (
    AimlapiConnectionError,
    AimlapiTimeoutError,
    core.ModelConnectionError,
    core.ModelTimeoutError,
    ConnectionError,
    TimeoutError,
)
_UNFIT = (ResponseFormatError, core.OutputParserException)


def kind_of(error: BaseException) -> Kind:
    """What a failure means."""
    status = getattr(error, "status_code", None)
    if isinstance(error, _JOB):
        return Kind.JOB
    if isinstance(error, core.ModelRateLimitError) or status in {_TOO_MANY, _OVERLOADED}:
        return Kind.RATE
    if isinstance(error, _UNFIT):
        return Kind.UNFIT
    if isinstance(error, _TRANSPORT) or _is_server_side(error, status):
        return Kind.TRANSPORT
    return Kind.ROW


def _is_server_side(error: BaseException, status: object) -> bool:
    if isinstance(status, int):
        return status >= _SERVER_SIDE
    return isinstance(error, core.ModelAPIError) and not isinstance(error, AimlapiStatusError)


def retry_after(error: BaseException) -> float | None:
    """Seconds the service asked to wait."""
    seconds = getattr(error, "retry_after", None)
    return float(seconds) if isinstance(seconds, int | float) and seconds > 0 else None
