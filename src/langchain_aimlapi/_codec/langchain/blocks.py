"""Our messages -> LangChain's standard content blocks (`message.content_blocks`).

Registered for the provider "aimlapi" when the package is imported. Blocks carry all that
`additional_kwargs` carries, so a conversation rebuilt from blocks alone can still be sent back
in full. In chunks every block has an index of its own kind (`lc_txt_0`, `lc_rs_0`, `lc_tc_1`):
LangChain joins blocks by index whatever their type, and plain numbers would join tool call 0
with text block 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages import content as content_types
from langchain_core.messages.block_translators import register_translator

from langchain_aimlapi._codec.decode.metadata import PROVIDER

if TYPE_CHECKING:
    from langchain_core.messages.content import ContentBlock

Block = dict[str, Any]

_HAS_REFUSAL_BLOCK = hasattr(content_types, "RefusalContentBlock")
"""Since langchain-core 1.8."""


def register() -> None:
    """Make `content_blocks` of our messages ours."""
    register_translator(PROVIDER, translate_content, translate_content_chunk)


def translate_content(message: AIMessage) -> list[ContentBlock]:
    """The standard blocks of a whole message.

    Raises:
        NotImplementedError: For content that is a list already; LangChain then reads it itself.
    """
    _refuse_lists(message)
    blocks = [block for _, block in _described(message)]
    extras = message.additional_kwargs.get("tool_call_extras") or {}
    calls = [*message.tool_calls, *message.invalid_tool_calls]
    blocks += [_with_extras(dict(call), extras) for call in calls]
    return cast("list[ContentBlock]", blocks)


def _is_ours(message: AIMessageChunk) -> bool:
    from langchain_aimlapi._codec.langchain import merging  # noqa: PLC0415  # its class takes long to make

    return isinstance(message, merging.AIMessageChunk)


def translate_content_chunk(message: AIMessageChunk) -> list[ContentBlock]:
    """The standard blocks of a chunk, or of chunks added up.

    Raises:
        NotImplementedError: For content that is a list already; LangChain then reads it itself.
    """
    _refuse_lists(message)
    blocks = [{**block, "index": index} for index, block in _described(message)]
    extras = message.additional_kwargs.get("tool_call_extras") or {}
    # A last chunk of ours is still a chunk; only the sum it ends is whole (and LangChain's own).
    whole = message.chunk_position == "last" and not _is_ours(message)
    pieces = message.tool_call_chunks
    if whole and len(pieces) == len(message.tool_calls) + len(message.invalid_tool_calls):
        by_id = {call["id"]: call for call in [*message.tool_calls, *message.invalid_tool_calls]}
        calls = [dict(by_id.get(piece["id"], piece)) for piece in pieces]
    else:
        calls = [dict(piece) for piece in pieces]
    for piece, call in zip(pieces, calls, strict=True):
        number = piece.get("index")
        indexed = call | ({"index": f"lc_tc_{number}"} if number is not None else {})
        blocks.append(_with_extras(indexed, extras))
    return cast("list[ContentBlock]", blocks)


def _refuse_lists(message: AIMessage) -> None:
    if not isinstance(message.content, str):
        raise NotImplementedError


def _described(message: AIMessage) -> list[tuple[str, Block]]:
    """All blocks but the tool calls, each with its index."""
    kwargs = message.additional_kwargs
    blocks: list[tuple[str, Block]] = []
    if reasoning := _reasoning(kwargs):
        blocks.append(("lc_rs_0", reasoning))
    annotations = sources(kwargs)
    if message.content or annotations:
        text: Block = {"type": "text", "text": message.content}
        blocks.append(("lc_txt_0", text | ({"annotations": annotations} if annotations else {})))
    if refusal := refusal_of(kwargs, message.response_metadata):
        blocks.append(("lc_ref_0", _standard(refusal)))
    if kwargs.get("audio"):
        blocks.append(("lc_aud_0", audio_block(kwargs["audio"])))
    images = enumerate(kwargs.get("images") or ())
    blocks += [(f"lc_img_{number}", image_block(image)) for number, image in images]
    return blocks


def _reasoning(kwargs: Mapping[str, object]) -> Block | None:
    text = kwargs.get("reasoning_content")
    extras = reasoning_extras(kwargs)
    if not text and not extras:
        return None
    return {"type": "reasoning", "reasoning": text or "", **extras}


def reasoning_extras(kwargs: Mapping[str, Any]) -> Block:
    """What a reasoning block holds beside its text, to go back to the model with it."""
    extras = {key: kwargs[key] for key in ("reasoning_key", "reasoning_details") if kwargs.get(key)}
    items = kwargs.get("output_items") or ()
    if any(item.get("type") == "reasoning" for item in items):
        extras["output_items"] = items
    return {"extras": extras} if extras else {}


def refusal_of(kwargs: Mapping[str, Any], metadata: Mapping[str, Any]) -> Block | None:
    """LangChain's block of a refusal, or `None` if the model did not refuse.

    OpenAI's models say why in the field `refusal`; Claude's finish with the reason "refusal", often
    without a word, and may tell a category (Anthropic's `stop_details`).

    Args:
        kwargs: The message's `additional_kwargs`.
        metadata: Its `response_metadata`.
    """
    words = kwargs.get("refusal")
    if not words and metadata.get("finish_reason") != "refusal":
        return None
    details = {} if words else _stop_details(metadata)
    block: Block = {"type": "refusal", "refusal": words or str(details.get("explanation") or "")}
    if details:
        # Whose words these are, so that they are not sent back as the model's own.
        block["extras"] = {"category": details.get("category"), "stop_details": details}
    return block


def _stop_details(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    unknown = metadata.get("extra") or {}
    for level in ("choice", "reply"):
        details = (unknown.get(level) or {}).get("stop_details")
        if isinstance(details, Mapping):
            return details
    return {}


def _standard(refusal: Block) -> Block:
    return refusal if _HAS_REFUSAL_BLOCK else {"type": "non_standard", "value": refusal}


_AUDIO_KEYS = frozenset({"data", "mime_type"})


def audio_block(audio: Mapping[str, object]) -> Block:
    block: Block = {"type": "audio"}
    if audio.get("data"):
        block["base64"] = audio["data"]
    if audio.get("mime_type"):
        block["mime_type"] = audio["mime_type"]
    extras = {key: value for key, value in audio.items() if key not in _AUDIO_KEYS}
    return block | ({"extras": extras} if extras else {})


def image_block(image: object) -> Block:
    inner = image.get("image_url", image) if isinstance(image, Mapping) else image
    url = inner.get("url") if isinstance(inner, Mapping) else inner
    data = inner.get("b64_json") if isinstance(inner, Mapping) else None
    if isinstance(url, str) and url.startswith("data:"):
        head, _, data = url[5:].partition(",")
        return {"type": "image", "base64": data, "mime_type": head.partition(";")[0]}
    if data:
        return {"type": "image", "base64": data, "mime_type": "image/png"}
    return {"type": "image", "url": url}


def _with_extras(call: Block, extras: Mapping[str, Any]) -> Block:
    kept = extras.get(call.get("id") or "")
    return call | ({"extras": kept} if kept else {})


# --- citations ----------------------------------------------------------------------------------


def sources(kwargs: Mapping[str, Any]) -> list[Block]:
    """Sources of the text: marked in it (`annotations`), or listed for it as a whole."""
    marked = [_annotation(item) for item in kwargs.get("annotations") or ()]
    listed = kwargs.get("search_results") or kwargs.get("citations") or ()
    return marked + [_citation(source) for source in listed]


def _annotation(item: object) -> Block:
    inner = item.get("url_citation") if isinstance(item, Mapping) else None
    if not isinstance(inner, Mapping):
        value = item if isinstance(item, Mapping) else {"annotation": item}
        return {"type": "non_standard_annotation", "value": dict(value)}
    return _citation(inner)


_CITATION_KEYS = ("url", "title", "start_index", "end_index", "cited_text")


def _citation(source: object) -> Block:
    fields = source if isinstance(source, Mapping) else {"url": source}
    citation: Block = {"type": "citation"}
    citation |= {key: fields[key] for key in _CITATION_KEYS if fields.get(key) is not None}
    extras = {key: value for key, value in fields.items() if key not in _CITATION_KEYS and value}
    return citation | ({"extras": extras} if extras else {})
