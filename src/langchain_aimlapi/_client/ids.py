"""Ids of calls that LangChain has given none. They name a call in logs and to the service's support."""

from __future__ import annotations

import os


def new_id() -> str:
    """Return an id in the form of a random UUID (RFC 9562, version 4)."""
    digits = os.urandom(16).hex()  # what `uuid.uuid4` does, without an object for it
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
