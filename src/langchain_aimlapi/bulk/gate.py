"""The gate that calls go through: as many at once, and as many a second, as `Admission` allows.

Jobs of one event loop that ask the same model of the same service share their gate, since the
service counts them together.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from langchain_aimlapi.bulk.admission import Admission

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["Gate", "shared_gate"]


class Gate:
    """Lets calls of one event loop through.

    Args:
        admission: The pace.
    """

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self._active = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def is_busy(self) -> bool:
        """Whether as many calls are under way as may be."""
        return self._active >= self.admission.most

    def entered(self, now: float) -> bool:
        """Take a place among the calls under way, if there is one now.

        Args:
            now: The time of the event loop.
        """
        if self._active >= self.admission.most or self.admission.wait(now):
            return False
        self._active += 1
        return True

    async def enter(self) -> None:
        """Wait for a place among the calls under way."""
        loop = asyncio.get_running_loop()
        while True:
            if self._active >= self.admission.most:
                place = loop.create_future()
                self._waiting.append(place)
                try:
                    await place
                except asyncio.CancelledError:
                    self._wake()
                    raise
                continue
            if not (seconds := self.admission.wait(loop.time())):
                self._active += 1
                return
            await asyncio.sleep(seconds * random.uniform(1.0, 1.05))  # noqa: S311  # spread, no secret

    def leave(self) -> None:
        """Give the place back."""
        self._active -= 1
        if self._waiting:
            self._wake()

    def _wake(self) -> None:
        free = self.admission.most - self._active
        while free > 0 and self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                free -= 1


_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, Gate]] = WeakKeyDictionary()


def shared_gate(runnable: object, ceiling: int) -> Gate:
    """The gate of all jobs of this loop that ask the same model at the same place.

    Args:
        runnable: What is asked; of a model of this package the address and the id count.
        ceiling: Never more calls at once than this.
    """
    model = getattr(runnable, "model_name", None) or getattr(runnable, "model", None)
    address = getattr(runnable, "aimlapi_api_base", None)
    known = (address, model) if isinstance(model, str) else id(runnable)
    gates = _gates.setdefault(asyncio.get_running_loop(), {})
    return gates.setdefault((known, ceiling), Gate(Admission(ceiling=ceiling)))
