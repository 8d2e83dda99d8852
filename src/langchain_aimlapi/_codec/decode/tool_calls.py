"""Tool calls of a reply -> LangChain's, valid or not.

Models write arguments as JSON text and get it wrong now and then. Empty text and `null` mean no
arguments; a text that is no JSON object makes an invalid call with the text kept, never a
repaired one: a command that was cut off must not be carried out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from langchain_core.messages import InvalidToolCall, ToolCall

from langchain_aimlapi._codec.json_text import parse_arguments, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CALL_KEYS = frozenset({"function", "id", "index", "type"})


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of one message; `extras` holds, by call id, what has to go back with each."""

    valid: list[ToolCall] = field(default_factory=list)
    invalid: list[InvalidToolCall] = field(default_factory=list)
    extras: dict[str, dict[str, Any]] = field(default_factory=dict)


def separate_calls(listed: Sequence[Mapping[str, object]], call_id: str) -> Calls:
    """Read the calls of a whole message, each of which stands for itself.

    Args:
        listed: The calls as they came.
        call_id: Unique per request; a call without an id of its own is named after it.
    """
    calls = Calls()
    taken: set[str] = set()
    for position, call in enumerate(listed):
        identity = named(call.get("id"))
        if identity is None or identity in taken:
            identity = missing_id(call_id, position)
        taken.add(identity)
        name, arguments = name_and_arguments(call)
        if extras := call_extras(call):
            calls.extras[identity] = extras
        add_call(calls, identity, name, arguments)
    return calls


def wire_calls(message: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    """The calls of a message or a delta, as they came."""
    listed, old = message.get("tool_calls"), message.get("function_call")
    if listed is old is None:
        return ()
    if isinstance(listed, dict):
        return [listed]
    listed = listed if isinstance(listed, list) else ()
    calls = [call for call in listed if isinstance(call, dict)]
    if not calls and isinstance(old, dict):
        return [{"function": old}]
    return calls


def named(value: Any) -> str | None:
    """An id or a name; a number is one too, and what is neither is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if value and isinstance(value, str) else None


def missing_id(call_id: str, position: int) -> str:
    """A stable name for a call that came without one."""
    return f"call_{call_id[:_ID_DIGITS]}_{position}" if call_id else f"call_{position}"


_ID_DIGITS = 24
"""So many of a request's id are enough: services refuse ids of more than 40 characters."""


def name_and_arguments(call: Mapping[str, object]) -> tuple[str | None, str]:
    """A call's (or chunk's) name and its arguments as JSON text."""
    function = call.get("function")
    if isinstance(function, dict):
        return named(function.get("name")), _arguments_of(function)
    custom = call.get("custom")
    if isinstance(custom, dict):
        text = argument_text(custom.get("input"))
        return named(custom.get("name")), to_json({"__arg1": text})
    return named(call.get("name")), _arguments_of(call)


def _arguments_of(function: Mapping[str, Any]) -> str:
    """The arguments of a function; where there are none, what other APIs call them."""
    arguments = function.get("arguments")
    if arguments is None and len(function) > 1:
        arguments = function.get("input", function.get("parameters", function.get("args")))
    return argument_text(arguments)


def argument_text(arguments: object) -> str:
    """Arguments as text; a few vendors send an object, or nothing."""
    if arguments is None:
        return ""
    return arguments if isinstance(arguments, str) else to_json(arguments)


def call_extras(call: Mapping[str, object]) -> dict[str, object]:
    """What a call carries beside name, arguments and id, to go back unchanged."""
    if call.keys() <= _CALL_KEYS:
        return {}
    extras = {
        key: value
        for key, value in call.items()
        if key not in _CALL_KEYS and key != "custom" and value is not None
    }
    return extras | ({"type": "custom"} if "custom" in call else {})


def add_call(calls: Calls, identity: str, name: str | None, arguments: str) -> None:
    """Add a call where it belongs; a call that names no tool is invalid too.

    The order of the keys is LangChain's own, for objects that are made without its validation.
    """
    try:
        parsed = parse_arguments(arguments)
    except ValueError as error:
        wrong = f"The arguments are not a JSON object: {error}"
    else:
        if name:
            calls.valid.append(ToolCall(name=name, args=parsed, id=identity, type="tool_call"))
            return
        wrong = "The call names no tool."
    calls.invalid.append(
        InvalidToolCall(
            type="invalid_tool_call", id=identity, name=name or None, args=arguments, error=wrong
        )
    )
