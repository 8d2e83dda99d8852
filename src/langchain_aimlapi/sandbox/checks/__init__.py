"""What the service rejects with 400, according to its request schemas.

Each check takes a part of the body and yields one line per problem, in the wording of the
service's own validation ("messages: Required"); the lines are sent together.
"""

from __future__ import annotations

from typing import Any

from langchain_aimlapi.sandbox.checks.history import IdRule, check_history
from langchain_aimlapi.sandbox.checks.messages import (
    check_messages,
    check_system,
)
from langchain_aimlapi.sandbox.checks.parameters import check_parameters
from langchain_aimlapi.sandbox.checks.tools import check_tools
from langchain_aimlapi.sandbox.checks.vendors import check_vendor, is_claude
from langchain_aimlapi.sandbox.replies import ApiError, validation_error


def check_chat(body: Any, longest_id: int = 40) -> None:
    """Reject a chat request that the service would reject.

    Args:
        body: The decoded body.
        longest_id: Maximum length of the ids of tool calls.

    Raises:
        ApiError: 400 with all problems, or 404 for a model that does not exist.
    """
    check_model(body)
    lines = [
        *check_parameters(body),
        *check_system(body.get("system")),
        *check_messages(body.get("messages")),
        *check_tools(body),
    ]
    if not lines:
        ids = IdRule(longest_id, claude=is_claude(body["model"]))
        lines = [*check_history(body["messages"], ids), *check_vendor(body)]
    if lines:
        raise validation_error(*lines)


def check_model(body: object) -> None:
    """Reject a request without a model, or for a model that does not exist.

    Any id works in the sandbox, except those that begin with `unknown/`.

    Raises:
        ApiError: 400 or 404.
    """
    if not isinstance(body, dict):
        raise validation_error("Expected object")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise validation_error("model: Required")
    if model.startswith("unknown/"):
        raise ApiError(404, f"Model {model} does not exist or has been retired")
