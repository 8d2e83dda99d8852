"""Ids of calls that LangChain has given none. They name a call in logs and to the service's support."""

from __future__ import annotations

import uuid


def new_id() -> str:
    """Return an id in the form of a random UUID (RFC 9562, version 4)."""
    return str(uuid.uuid4())
