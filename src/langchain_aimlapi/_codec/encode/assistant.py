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
from langchain_aimlapi._codec.encode.model_side import is_model_side
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
    kwargs, metadata = message.additional_kwargs, message.response_metadata
    provider = metadata.get("model_provider")
    foreign = provider not in {None, OWN_PROVIDER}
    content = message.content if isinstance(message.content, list) else ()
    read = [_standard(block, foreign=foreign) for block in content]
    blocks = [block for block in read if isinstance(block, Mapping)]
    audio_blocks = [block for block in blocks if block.get("type") == "audio"]
    return AssistantTurn(
        parts=tuple(_parts(message, read, where, foreign=foreign)),
        tool_calls=tuple(_tool_calls(message, blocks, where, answered)),
        reasoning=_reasoning(blocks) or _kept_reasoning(kwargs),
        refusal=_refusal(blocks) or kwargs.get("refusal"),
        audio_id=_audio_id(kwargs.get("audio")) or next(map(_extras_id, audio_blocks), None),
        transcript=_transcript([kwargs.get("audio"), *audio_blocks]),
        items=tuple(kwargs.get("output_items") or _items(blocks)),
        where=where,
        name=message.name,
        model=metadata.get("model_name") or metadata.get("model"),
        provider=provider,
    )


OWN_PROVIDER = "aimlapi"
"""What `response_metadata["model_provider"]` says of messages that came by this package."""


def _standard(block: Any, *, foreign: bool) -> Any:
    """A block without LangChain's wrapping for what it has no block for.

    What another integration wrapped is that vendor's; what a user wrapped goes as it is, unless
    only a model writes such blocks.
    """
    if not isinstance(block, Mapping) or block.get("type") != "non_standard":
        return block
    value = block.get("value")
    kind = value.get("type") if isinstance(value, Mapping) else None
    return value if foreign or kind == "refusal" or _stays_behind(kind) else block


_LEFT_BEHIND = frozenset(
    {
        "container_upload",
        "guard_content",
        "reference",
        "tool_file",
        "tool_reference",
        "tool_search_output",
    }
)
"""Blocks of vendors' own tools, where a model wrote them."""


def _stays_behind(kind: object) -> bool:
    return kind in _LEFT_BEHIND or is_model_side(kind)


def _parts(message: AIMessage, blocks: Sequence[Any], where: str, *, foreign: bool) -> list[Part]:
    """Text and media, without what has a field of its own in the turn."""
    if isinstance(message.content, str):
        parts: list[Part] = [Text(message.content)] if message.content else []
    else:
        read = _read_lenient(blocks, where) if foreign else _read_own(blocks, where)
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


def _read_own(blocks: Sequence[Any], where: str) -> list[Part]:
    """Blocks of a turn that came by this package, or that somebody wrote."""
    left = [
        block
        for block in blocks
        if not (isinstance(block, Mapping) and block.get("type") in _OWN_FIELDS | _LEFT_BEHIND)
    ]
    return read_content(left, where)


def _read_lenient(blocks: Sequence[Any], where: str) -> list[Part]:
    """What can be read of the blocks of another integration.

    Vendors add blocks for their own tools all the time. Nobody can take such a block out of a
    thread before each request, so it is passed over and never refused.
    """
    parts: list[Part] = []
    for block in blocks:
        with suppress(UnsupportedContentError):
            parts += _read_own([block], where)
    return parts


_OWN_FIELDS = frozenset({"refusal", "audio"})


def _audio_id(audio: object) -> Any:
    """The id of what was said aloud; some integrations keep its bytes under the same key."""
    return audio.get("id") if isinstance(audio, Mapping) else None


def _transcript(spoken: Sequence[object]) -> str | None:
    """The words of what was said aloud, as the message or its first audio block has them."""
    for audio in spoken:
        fields = audio if isinstance(audio, Mapping) else {}
        words = fields.get("transcript") or (fields.get("extras") or {}).get("transcript")
        if isinstance(words, str) and words:
            return words
    return None


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
    identity, name, said = call.get("id"), call.get("name"), call.get("args")
    is_broken = isinstance(said, str) and _strict_json(said) is None
    if not identity and (is_broken or not name):
        return None  # nothing can have answered it
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
