"""Ids of calls that LangChain has given none. They name a call in logs and to the service's support."""

from __future__ import annotations

import itertools
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def new_id() -> str:
    """Return an id in the form of a random UUID (RFC 9562, version 4)."""
    return str(uuid.uuid4())


def ids_of_many() -> Iterator[str]:
    """Yield ids of the same form for the calls of one job, as many as 2**32.

    They differ from one another in their first eight digits, which count on from a random number,
    and from those of other jobs in all others: to ask the system for chance at each call takes as
    long as to write its request.
    """
    first, _, rest = new_id().partition("-")
    for number in itertools.count(int(first, 16)):
        yield f"{number & 0xFFFFFFFF:08x}-{rest}"
