"""What an assistant turn holds, whichever way LangChain keeps it.

One turn of a model can stand in a conversation as v0 (text in `content`, the rest in
`tool_calls` and `additional_kwargs`), as v1 or from an event stream (everything in content
blocks), or as another provider's message. `read_assistant` gives one value for all of them.
Blocks come first, since they are what the user can see and edit; fields beside them fill in.

Back ends behind the gateway demand their own reasoning back, under the key it came by, so
the key travels with the text: `REASONING_KEYS` and `THINK_TAG` name the ways it can come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from langchain_aimlapi._codec.encode.content import Piece, Text, read_content
from langchain_aimlapi._codec.json_text import to_json
from langchain_aimlapi._codec.keys import REASONING_KEYS
from langchain_aimlapi.errors import UnsupportedContentError

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A model's thoughts and how they arrived."""

    text: str = ""
    key: str = "reasoning_content"
    details: tuple[Mapping[str, Any], ...] = ()
    """`reasoning_details` as received: pieces with signatures, or encrypted ones."""
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool; `arguments` is JSON text, as it goes over the wire."""

    id: str
    name: str
    arguments: str
    extras: Mapping[str, Any] = field(default_factory=dict)
    """Fields beside `function` (such as `extra_content`), to go back unchanged."""


@dataclass(frozen=True, slots=True)
class Assistant:
    """An assistant turn, taken apart."""

    pieces: tuple[Piece, ...]
    calls: tuple[Call, ...]
    reasoning: Reasoning | None = None
    refusal: str | None = None
    audio_id: str | None = None
    items: tuple[Mapping[str, Any], ...] = ()
    """The outline of a turn that came as output items (`responses_items`)."""

    @property
    def text(self) -> str:
        """All text, run together as it was streamed."""
        return "".join(piece.text for piece in self.pieces if isinstance(piece, Text))


def read_assistant(message: AIMessage, where: str) -> Assistant:
    """Take an assistant message apart.

    Raises:
        UnsupportedContentError: For a content block that cannot be sent, or a tool call
            without an id.
    """
    content = _listed(message.content)
    blocks = [_standard(block) for block in content if isinstance(block, Mapping)]
    kwargs = message.additional_kwargs
    audio = kwargs.get("audio")
    audio_blocks = [block for block in blocks if block.get("type") == "audio"]
    return Assistant(
        pieces=tuple(_pieces(message, where)),
        calls=tuple(_calls(message, blocks, where)),
        reasoning=_reasoning(blocks) or _kept_reasoning(kwargs),
        refusal=_refusal(blocks) or kwargs.get("refusal"),
        audio_id=(audio or {}).get("id") or next(map(_extras_id, audio_blocks), None),
        items=tuple(kwargs.get("output_items") or _items(blocks)),
    )


def _listed(content: str | list[Any]) -> list[Any]:
    return content if isinstance(content, list) else []


def _standard(block: Mapping[str, Any]) -> Mapping[str, Any]:
    """A refusal is wrapped as non-standard where LangChain has no block for it."""
    value = block.get("value") if block.get("type") == "non_standard" else None
    is_refusal = isinstance(value, Mapping) and value.get("type") == "refusal"
    return value if is_refusal and value else block


def _pieces(message: AIMessage, where: str) -> list[Piece]:
    """Text and media, without what has a field of its own in the turn."""
    if isinstance(message.content, str):
        return read_content(message.content, where)
    own_fields = {"refusal", "audio"}
    rest = [
        block
        for block in message.content
        if not (isinstance(block, Mapping) and _standard(block).get("type") in own_fields)
    ]
    pieces = read_content(rest, where)
    return [piece for piece in pieces if not (isinstance(piece, Text) and not piece.text)]


def _extras_id(block: Mapping[str, Any]) -> str | None:
    return (block.get("extras") or {}).get("id") or block.get("id")


def _refusal(blocks: list[Mapping[str, Any]]) -> str | None:
    words = [str(block.get("refusal") or "") for block in blocks if block.get("type") == "refusal"]
    return "".join(words) or None


def _reasoning(blocks: list[Mapping[str, Any]]) -> Reasoning | None:
    """Thoughts among the blocks: LangChain's `reasoning`, Anthropic's `thinking`."""
    thoughts = [block for block in blocks if block.get("type") in {"reasoning", "thinking"}]
    if not thoughts:
        return None
    texts = [str(block.get("reasoning") or block.get("thinking") or "") for block in thoughts]
    extras: dict[str, Any] = {}
    for block in thoughts:
        extras |= block.get("extras") or {}
        extras |= {"signature": block["signature"]} if block.get("signature") else {}
    return Reasoning(
        text="".join(texts),
        key=extras.get("reasoning_key") or REASONING_KEYS[0],
        details=tuple(extras.get("reasoning_details") or ()),
        signature=extras.get("signature"),
    )


def _kept_reasoning(kwargs: Mapping[str, Any]) -> Reasoning | None:
    """Thoughts beside the content, as v0 messages keep them."""
    text, details = kwargs.get("reasoning_content"), kwargs.get("reasoning_details")
    if not isinstance(text, str) and not details:
        return None
    key = kwargs.get("reasoning_key") or REASONING_KEYS[0]
    return Reasoning(text or "", key, tuple(details or ()))


def _items(blocks: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """An outline that travels with the thoughts, where nothing but the blocks is left."""
    extras = (block.get("extras") for block in blocks if block.get("type") == "reasoning")
    found = (extra.get("output_items") for extra in extras if isinstance(extra, Mapping))
    return next(filter(None, found), [])


def _calls(message: AIMessage, blocks: list[Mapping[str, Any]], where: str) -> list[Call]:
    """Tool calls, valid or not; a message built of blocks alone may have them only there."""
    kept = message.additional_kwargs.get("tool_call_extras") or {}
    extras = {**kept, **_block_extras(blocks)}
    found: list[Mapping[str, Any]] = [*message.tool_calls, *message.invalid_tool_calls]
    found = found or [block for block in blocks if block.get("type") in _CALL_BLOCKS]
    return [_call(call, extras, where) for call in found]


_CALL_BLOCKS = frozenset({"tool_call", "invalid_tool_call", "tool_use"})


def _block_extras(blocks: list[Mapping[str, Any]]) -> dict[str, Any]:
    calls = [block for block in blocks if block.get("type") in _CALL_BLOCKS]
    return {call["id"]: call["extras"] for call in calls if call.get("id") and call.get("extras")}


def _call(call: Mapping[str, Any], extras: Mapping[str, Any], where: str) -> Call:
    identity, name = call.get("id"), call.get("name")
    if not identity:
        raise UnsupportedContentError(f"{where}: the call of tool {name!r} has no id.")
    arguments = call.get("args", call.get("input"))
    text = arguments if isinstance(arguments, str) else to_json(arguments or {})
    return Call(identity, name or "", text, extras.get(identity) or {})
