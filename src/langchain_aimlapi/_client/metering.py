"""What calls outside LangChain's callbacks took: embeddings, and whatever else is no chat.

LangChain tells no callback of embeddings. Whoever wants to count them is a meter; meters belong
to a context, as LangChain's own callbacks do, so that threads and tasks that were started within
it are counted and others are not.
"""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["METERS", "Meter", "Metered", "MeteredCall", "Used", "also_metered", "metered"]


@dataclass(frozen=True, slots=True)
class Used:
    """What one call took.

    Attributes:
        model: The model that served it.
        input_tokens: Tokens of the input, 0 if none were counted.
        output_tokens: Tokens of the output.
        input_details: The input's tokens by kind, such as `cache_read`.
        output_details: The output's tokens by kind, such as `reasoning`.
        cost_usd: USD as billed; `None` if the service did not say.
        cached: Whether LangChain's cache answered.
    """

    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    input_details: Mapping[str, int] = field(default_factory=dict)
    output_details: Mapping[str, int] = field(default_factory=dict)
    cost_usd: float | None = None
    cached: bool = False


@runtime_checkable
class Meter(Protocol):
    """Somebody who counts, and may refuse."""

    def begin(self, call: str, characters: int, model: str = "") -> None:
        """A call is about to be sent; an error raised here keeps it from being sent."""
        ...

    def end(self, call: str, used: Used | None) -> None:
        """A call is over; nothing was used if it failed."""
        ...


METERS: ContextVar[tuple[Meter, ...]] = ContextVar("aimlapi_meters", default=())
"""The meters of this context."""


class MeteredCall:
    """A call that the meters of this context know of, from its beginning to its end.

    A job may be begun here and end later or never; its meters are those of its beginning.
    """

    def __init__(self) -> None:
        self._id = uuid.uuid4().hex
        self._begun: list[Meter] = []

    def begin(self, characters: int, model: str) -> None:
        """Let the meters know of the call; an error of one of them keeps it from being sent.

        Args:
            characters: Of the input, for those who reserve for it.
            model: Id of the model that is asked.
        """
        try:
            for meter in METERS.get():
                meter.begin(self._id, characters, model)
                self._begun.append(meter)
        except BaseException:
            self.end(None)
            raise

    def end(self, used: Used | None) -> None:
        """Let them know what it took, once; `None` if it failed."""
        begun, self._begun = self._begun, []
        for meter in begun:
            meter.end(self._id, used)


class Metered:
    """A call under way; `used` is set once it is answered."""

    used: Used | None = None


@contextmanager
def metered(characters: int, model: str) -> Iterator[Metered]:
    """Let the meters of this context know of a call.

    Args:
        characters: Of the input, for those who reserve for it.
        model: Id of the model that is asked.

    Yields:
        Where to say what the call took.
    """
    call, metered_call = MeteredCall(), Metered()
    call.begin(characters, model)
    try:
        yield metered_call
    finally:
        call.end(metered_call.used)


@contextmanager
def also_metered(handlers: Iterable[object]) -> Iterator[None]:
    """Count calls by the callbacks of a run that are meters, too, such as a budget."""
    known = METERS.get()
    added = [one for one in handlers if isinstance(one, Meter) and one not in known]
    token = METERS.set((*known, *added))
    try:
        yield
    finally:
        METERS.reset(token)
