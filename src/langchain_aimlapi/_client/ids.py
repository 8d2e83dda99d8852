"""Ids of calls that LangChain has given none: unique, and cheap enough for a row of a table.

They name a call in logs and to the service's support, and keep no secret. So they are drawn from a
generator of this package's own, seeded by the system once: asking the system every time costs a
bulk job several percent of its CPU. A program that seeds `random` does not seed this one, and a
forked child begins anew.
"""

from __future__ import annotations

import os
import random
import uuid

_random = random.Random()  # noqa: S311  # no secret
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)


def new_id() -> str:
    """Return an id in the form of a random UUID (RFC 9562, version 4)."""
    return str(uuid.UUID(int=_random.getrandbits(128), version=4))
