"""What an assistant turn holds, whichever way LangChain keeps it.

One turn of a model can stand in a conversation as v0 (text in `content`, the rest in
`tool_calls` and `additional_kwargs`), as v1 or from an event stream (everything in content
blocks), or as another provider's message. `read_assistant` gives one value for all of them.
Blocks come first, since they are what the user can see and edit; fields beside them fill in.

Back ends behind the gateway demand their own reasoning back, under the key it came by, so
the key travels with the text: `REASONING_KEYS` and `THINK_TAG` name the ways it can come.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson

from langchain_aimlapi._codec.encode.blocks import read_block, read_content
from langchain_aimlapi._codec.encode.content import Media, Part, Text
from langchain_aimlapi._codec.encode.turns import AssistantTurn, Reasoning, ToolCall
from langchain_aimlapi._codec.json_text import parse_arguments, to_json
from langchain_aimlapi._codec.keys import REASONING_KEYS
from langchain_aimlapi.errors import UnsupportedContentError

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

Block = Mapping[str, Any]


def read_assistant(
    message: AIMessage, where: str, answered: Callable[[], frozenset[str]] = frozenset
) -> AssistantTurn:
    """Take an assistant message apart.

    Args:
        message: The message.
        where: Its place in the conversation.
        answered: Tells the ids of the tool calls that have a result in the conversation.

    Raises:
        UnsupportedContentError: For a content block that cannot be sent, or a tool call
            without an id.
    """
    content = message.content if isinstance(message.content, list) else ()
    blocks = [_standard(block) for block in content if isinstance(block, Mapping)]
    kwargs, metadata = message.additional_kwargs, message.response_metadata
    audio = kwargs.get("audio")
    audio_blocks = [block for block in blocks if block.get("type") == "audio"]
    return AssistantTurn(
        parts=tuple(_parts(message, where)),
        tool_calls=tuple(_tool_calls(message, blocks, where, answered)),
        reasoning=_reasoning(blocks) or _kept_reasoning(kwargs),
        refusal=_refusal(blocks) or kwargs.get("refusal"),
        audio_id=(audio or {}).get("id") or next(map(_extras_id, audio_blocks), None),
        items=tuple(kwargs.get("output_items") or _items(blocks)),
        where=where,
        name=message.name,
        model=metadata.get("model_name") or metadata.get("model"),
        provider=metadata.get("model_provider"),
    )


def _standard(block: Block) -> Block:
    """A refusal is wrapped as non-standard where LangChain has no block for it."""
    value = block.get("value") if block.get("type") == "non_standard" else None
    is_refusal = isinstance(value, Mapping) and value.get("type") == "refusal"
    return value if is_refusal and value else block


def _parts(message: AIMessage, where: str) -> list[Part]:
    """Text and media, without what has a field of its own in the turn."""
    content = message.content
    if isinstance(content, str):
        parts: list[Part] = [Text(content)] if content else []
    else:
        own_fields = {"refusal", "audio"}
        rest = [
            block
            for block in content
            if not (isinstance(block, Mapping) and _standard(block).get("type") in own_fields)
        ]
        read = read_content(rest, where)
        parts = [part for part in read if not (isinstance(part, Text) and not part.text)]
    if "images" in message.additional_kwargs and not any(isinstance(p, Media) for p in parts):
        parts += _kept_images(message, where)
    return parts


def _kept_images(message: AIMessage, where: str) -> list[Part]:
    """Pictures beside the content, as v0 messages keep what a model drew."""
    images = message.additional_kwargs.get("images")
    parts: list[Part] = []
    for image in images if isinstance(images, list) else []:
        # What the service said is not the caller's to fix: odd pictures are passed over.
        with suppress(UnsupportedContentError):
            parts.append(read_block(image, where))
    return parts


def _extras_id(block: Block) -> str | None:
    return (block.get("extras") or {}).get("id") or block.get("id")


def _refusal(blocks: list[Block]) -> str | None:
    refused = [block for block in blocks if block.get("type") == "refusal"]
    words = [
        str(block.get("refusal") or "")
        for block in refused
        if "stop_details" not in (block.get("extras") or {})
    ]
    return "".join(words) or None


# --- reasoning ----------------------------------------------------------------------------------


def _reasoning(blocks: list[Block]) -> Reasoning | None:
    """Reasoning among the blocks: LangChain's `reasoning`, Anthropic's and Mistral's `thinking`."""
    found = [block for block in blocks if block.get("type") in _REASONING_BLOCKS]
    if not found:
        return None
    texts = [_plain(block.get("reasoning") or block.get("thinking")) for block in found]
    extras: dict[str, Any] = {}
    for block in found:
        extras |= block.get("extras") or {}
    reasoning = Reasoning(
        text="".join(texts),
        key=extras.get("reasoning_key") or REASONING_KEYS[0],
        details=tuple(extras.get("reasoning_details") or ()),
        signed=tuple(filter(None, map(_signed, found))),
    )
    return None if reasoning.empty else reasoning


_REASONING_BLOCKS = frozenset({"reasoning", "redacted_thinking", "thinking"})


def _signed(block: Block) -> Block | None:
    """Anthropic's block for it, which goes back as it came, or not at all."""
    if block.get("type") == "redacted_thinking":
        return {"type": "redacted_thinking", "data": block.get("data")}
    signature = block.get("signature") or (block.get("extras") or {}).get("signature")
    thinking = block.get("thinking") or block.get("reasoning")
    if not signature or not isinstance(thinking, str | None):
        return None
    return {"type": "thinking", "thinking": thinking or "", "signature": signature}


def _plain(reasoning: Any) -> str:
    """Reasoning as text; some services give a list of text blocks."""
    if isinstance(reasoning, str):
        return reasoning
    if isinstance(reasoning, Mapping):
        return _plain(reasoning.get("text") or reasoning.get("thinking"))
    if isinstance(reasoning, Sequence):
        return "".join(map(_plain, reasoning))
    return ""


def _kept_reasoning(kwargs: Mapping[str, Any]) -> Reasoning | None:
    """Reasoning beside the content, as v0 messages keep it."""
    text, details = kwargs.get("reasoning_content"), kwargs.get("reasoning_details")
    if not isinstance(text, str) and not details:
        return None
    key = kwargs.get("reasoning_key") or REASONING_KEYS[0]
    return Reasoning(text if isinstance(text, str) else "", key, tuple(details or ()))


def _items(blocks: list[Block]) -> list[Mapping[str, object]]:
    """Output items that travel with the reasoning, where nothing but the blocks is left."""
    extras = (block.get("extras") for block in blocks if block.get("type") == "reasoning")
    found = (extra.get("output_items") for extra in extras if isinstance(extra, Mapping))
    return next(filter(None, found), [])


# --- tool calls ---------------------------------------------------------------------------------

_CALL_BLOCKS = frozenset(
    {"custom_tool_call", "function_call", "invalid_tool_call", "tool_call", "tool_use"}
)


def _tool_calls(
    message: AIMessage, blocks: list[Block], where: str, answered: Callable[[], frozenset[str]]
) -> list[ToolCall]:
    """Tool calls, valid or not; a message built of blocks alone may have them only there.

    Whoever empties `tool_calls` (a middleware that forbids a call, say) takes the calls away, and
    their blocks do not bring them back, unless a result in the conversation needs its call.
    """
    if not blocks and not message.tool_calls and not message.invalid_tool_calls:
        return []
    kept = message.additional_kwargs.get("tool_call_extras") or {}
    in_blocks = [_as_call(block) for block in blocks if block.get("type") in _CALL_BLOCKS]
    found: list[Block] = [*message.tool_calls, *message.invalid_tool_calls]
    if found:
        found = _with_extras(found, in_blocks, kept)
    elif "tool_calls" in message.model_fields_set:
        found = [call for call in in_blocks if call.get("id") in answered()]
    else:
        found = in_blocks
    return [call for call in (_tool_call(call, where) for call in found) if call]


def _as_call(block: Block) -> Block:
    """A block that holds a call, with its id under `id` and its arguments under `args`."""
    identity = block.get("call_id") or block.get("id")
    arguments = next(
        (block[key] for key in ("args", "input", "arguments") if block.get(key) is not None), None
    )
    extras = block.get("extras")
    if block.get("type") == "custom_tool_call":
        arguments, extras = {"__arg1": arguments}, {"type": "custom", **(extras or {})}
    return {"id": identity, "name": block.get("name"), "args": arguments, "extras": extras}


def _with_extras(
    calls: list[Block], in_blocks: list[Block], kept: Mapping[str, object]
) -> list[Block]:
    """Calls with the fields that came beside them; several calls of one id, in their order."""
    if not in_blocks and not kept:
        return calls
    by_id: dict[object, deque[Any]] = defaultdict(deque)
    for call in in_blocks:
        by_id[call.get("id")].append(call.get("extras"))
    found = [by_id[call.get("id")] for call in calls]
    return [
        {**call, "extras": (queue.popleft() if queue else None) or kept.get(call.get("id") or "")}
        for call, queue in zip(calls, found, strict=True)
    ]


def _tool_call(call: Block, where: str) -> ToolCall | None:
    identity, name = call.get("id"), call.get("name")
    if not identity and not name:
        return None
    if not identity:
        raise UnsupportedContentError(
            f"{where}: the call of tool {name!r} has no id; nothing was sent. Give the call an id, "
            "and its tool message the same one as tool_call_id."
        )
    extras, arguments = call.get("extras") or {}, call.get("args")
    if not isinstance(arguments, str):
        return ToolCall(identity, name or "", _arguments_text(arguments or {}), extras)
    if extras.get("type") == "custom":
        return ToolCall(identity, name or "", arguments, extras)
    text = _strict_json(arguments)
    return ToolCall(identity, name or "", text or arguments, extras, broken=text is None)


def _arguments_text(arguments: Any) -> str:
    """Arguments as JSON; numbers that it has no word for go by their names."""
    text = to_json(arguments)
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return to_json(json.loads(text, parse_constant=str))
    return text


def _strict_json(arguments: str) -> str | None:
    """Arguments as a JSON object that every service can read; `None` for what is none."""
    try:
        value = parse_arguments(arguments)
    except (RecursionError, ValueError):
        return None
    try:
        orjson.loads(arguments)
    except orjson.JSONDecodeError:
        return to_json(value)
    return arguments
