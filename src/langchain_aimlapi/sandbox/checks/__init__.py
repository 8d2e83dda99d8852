"""What the service refuses with 400, as its request schemas document it.

Each check takes a piece of the body and yields one line per fault, in the words of the
service's own validation ("messages: Required"); the lines are sent together.
"""

from __future__ import annotations

from typing import Any

from langchain_aimlapi.sandbox.checks.messages import (
    check_messages,
    check_references,
    check_system,
)
from langchain_aimlapi.sandbox.checks.parameters import check_parameters
from langchain_aimlapi.sandbox.checks.tools import check_tools
from langchain_aimlapi.sandbox.envelope import RefusedError, invalid


def check_chat(body: Any) -> None:
    """Refuse a chat request the service would refuse.

    Raises:
        RefusedError: 400 with all that is wrong, or 404 for a model that does not exist.
    """
    check_model(body)
    lines = [
        *check_parameters(body),
        *check_system(body.get("system")),
        *check_messages(body.get("messages")),
        *check_tools(body),
    ]
    if not lines:
        lines = [*check_references(body["messages"])]
    if lines:
        raise invalid(*lines)


def check_model(body: Any) -> None:
    """Refuse a request without a model, or for one of those that do not exist.

    Any id works in the sandbox, but those that begin with `unknown/`.

    Raises:
        RefusedError: 400 or 404.
    """
    if not isinstance(body, dict):
        raise invalid("Expected object")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise invalid("model: Required")
    if model.startswith("unknown/"):
        raise RefusedError(404, f"Model {model} does not exist or has been retired")
