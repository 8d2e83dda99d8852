"""The whole message that some servers send beside a delta, or instead of deltas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def fuller_delta(
    delta: Any, message: Any, texts: Sequence[str], *, begun: bool, called: bool, ended: bool
) -> object:
    """What a delta and the whole message beside it add to what came before.

    A server that did not stream sends the message alone; others repeat it beside each delta, and
    beside the last one it may say what no delta did.

    Args:
        delta: As it came, if it did.
        message: As it came, if it did.
        texts: What deltas said so far.
        begun: Whether they said anything.
        called: Whether they called tools.
        ended: Whether this is the last one.
    """
    if begun:
        return _unsaid(delta, message, texts, called) if ended and _is_object(message) else delta
    says = _is_object(delta) and (delta.get("content") or delta.get("tool_calls"))
    return delta if says else message or delta


def _unsaid(
    delta: Any, message: Mapping[str, Any], texts: Sequence[str], called: bool
) -> dict[str, object]:
    """A delta with the calls and the rest of the text that only the whole message has."""
    fuller = dict(delta) if _is_object(delta) else {}
    if not (called or fuller.get("tool_calls")) and message.get("tool_calls"):
        fuller["tool_calls"] = message["tool_calls"]
    whole, said = message.get("content"), "".join(texts)
    if isinstance(whole, str) and whole.startswith(said) and not fuller.get("content"):
        fuller["content"] = whole[len(said) :]
    return fuller


def _is_object(value: object) -> bool:
    return isinstance(value, dict)
