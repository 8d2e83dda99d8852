"""Content blocks as LangChain and its users write them -> one neutral value each.

The same picture can arrive as a LangChain v1 block (`{"type": "image", "base64": …}`), as its
v0 form (`source_type`), as an OpenAI part (`image_url`), as a Responses part (`input_image`)
or as an Anthropic block (`source`). `read_block` turns all of them into `Text` or `Media`;
`parts` and `anthropic` write those out, each in its shape. What nobody here knows is refused by
name, with its place, before anything is sent.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from langchain_aimlapi.errors import UnsupportedContentError

Block = Mapping[str, Any]
Kind = Literal["image", "audio", "video", "file"]

MODEL_SIDE_BLOCKS = frozenset(
    {
        "function_call",
        "invalid_tool_call",
        "reasoning",
        "redacted_thinking",
        "server_tool_call",
        "server_tool_call_chunk",
        "server_tool_result",
        "thinking",
        "tool_call",
        "tool_call_chunk",
        "tool_use",
    }
)
"""Blocks that only a model writes. In an assistant turn they are read from the message's own
fields; in a turn of anybody else they are left-overs of a re-labelled message and say nothing."""


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text, with the cache mark it came with."""

    text: str
    cache_control: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """An image, a recording, a film or a document: by value, by address or by id."""

    kind: Kind
    mime_type: str | None = None
    data: str | None = None
    """Base64."""
    url: str | None = None
    file_id: str | None = None
    filename: str | None = None
    detail: str | None = None
    cache_control: Mapping[str, Any] | None = None
    where: str = field(default="", compare=False)
    """The block's place in the conversation, for error messages."""

    @property
    def data_url(self) -> str:
        """The address, or the bytes as a `data:` address."""
        if self.url is not None:
            return self.url
        return f"data:{self.mime_type};base64,{self.data}"


@dataclass(frozen=True, slots=True)
class Raw:
    """A part that the caller has already written in the service's own words."""

    part: Mapping[str, Any]


Piece = Text | Media | Raw


def read_content(content: str | Sequence[Any], where: str) -> list[Piece]:
    """Read a message's content; blocks only a model writes are left out.

    Args:
        content: Text, or a list of text and blocks.
        where: The message's place, for error messages ("messages[2] (human)").

    Raises:
        UnsupportedContentError: For a block with no counterpart at this service.
    """
    if isinstance(content, str):
        return [Text(content)] if content else []
    pieces: list[Piece] = []
    for position, block in enumerate(content):
        if isinstance(block, str):
            pieces.append(Text(block))
        elif not (isinstance(block, Mapping) and block.get("type") in MODEL_SIDE_BLOCKS):
            pieces.append(read_block(block, f"{where}.content[{position}]"))
    return pieces


def read_block(block: Any, where: str) -> Piece:
    """Read one content block."""
    kind = block.get("type") if isinstance(block, Mapping) else None
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        named = f"content block of type {kind!r}" if kind else f"{type(block).__name__} as content"
        raise UnsupportedContentError(f"{where}: cannot send a {named}; nothing was sent.")
    try:
        piece = reader(block)
    except _UnreadableBlockError as unreadable:
        raise UnsupportedContentError(
            f"{where}: cannot send this {kind!r} block: {unreadable}; nothing was sent."
        ) from None
    return replace(piece, where=where) if isinstance(piece, Media) else piece


class _UnreadableBlockError(Exception):
    """A block of a known type without what it needs; the message says what."""


def _text(block: Block) -> Text:
    text = block.get("text")
    if not isinstance(text, str):
        raise _UnreadableBlockError("it has no 'text'")
    return Text(text, block.get("cache_control") or _extra(block, "cache_control"))


def _plain_text(block: Block) -> Text:
    """`text-plain`: a document that is text; there is no part for it, so it goes inline."""
    text = block.get("text")
    if text is None and isinstance(block.get("base64"), str):
        text = _decoded(block["base64"])
    if not isinstance(text, str):
        raise _UnreadableBlockError("a text document needs 'text' or 'base64'")
    title = block.get("title") or block.get("filename") or _extra(block, "filename")
    return Text(f"{title}:\n{text}" if title else text, block.get("cache_control"))


def _refusal(block: Block) -> Text:
    return Text(str(block.get("refusal") or ""))


def _media(kind: Kind) -> Callable[[Block], Piece]:
    """LangChain's own block of this kind, v1 or v0, or Anthropic's, told by its `source`."""

    def read(block: Block) -> Piece:
        if isinstance(block.get("source"), Mapping):
            return _anthropic_source(kind, block)
        if block.get("source_type") == "text":
            return _plain_text({**block, "text": block.get("text") or block.get("url")})
        return _located(
            kind,
            data=block.get("base64") or block.get("data"),
            url=block.get("url"),
            file_id=block.get("file_id") or (block.get("id") if _is_v0_id(block) else None),
            mime_type=block.get("mime_type"),
            filename=block.get("filename") or _extra(block, "filename") or _extra(block, "name"),
            detail=block.get("detail") or _extra(block, "detail"),
            cache_control=block.get("cache_control") or _extra(block, "cache_control"),
        )

    return read


def _is_v0_id(block: Block) -> bool:
    return block.get("source_type") == "id"


def _file(block: Block) -> Piece:
    """LangChain's file block, or OpenAI's with everything under `file`."""
    inner = block.get("file")
    if not isinstance(inner, Mapping):
        return _media("file")(block)
    return _located(
        "file",
        url=inner.get("file_data"),
        file_id=inner.get("file_id"),
        filename=inner.get("filename"),
        cache_control=block.get("cache_control"),
    )


def _image_url(block: Block) -> Piece:
    inner = block.get("image_url")
    inner = {"url": inner} if isinstance(inner, str) else inner
    if not isinstance(inner, Mapping):
        raise _UnreadableBlockError("it has no 'image_url'")
    return _located(
        "image",
        url=inner.get("url"),
        detail=inner.get("detail") or block.get("detail"),
        cache_control=block.get("cache_control"),
    )


def _video_url(block: Block) -> Piece:
    inner = block.get("video_url")
    url = inner.get("url") if isinstance(inner, Mapping) else inner
    return _located("video", url=url, cache_control=block.get("cache_control"))


def _input_audio(block: Block) -> Piece:
    inner = block.get("input_audio")
    if not isinstance(inner, Mapping) or not isinstance(inner.get("data"), str):
        raise _UnreadableBlockError("it has no 'input_audio' with 'data'")
    form = inner.get("format")
    mime_type = (form if "/" in form else f"audio/{form}") if isinstance(form, str) else None
    if inner["data"].startswith(("http://", "https://", "data:")):
        return _located("audio", url=inner["data"], mime_type=mime_type)
    return _located("audio", data=inner["data"], mime_type=mime_type)


def _input_file(block: Block) -> Piece:
    """The Responses route's file part."""
    return _located(
        "file",
        url=block.get("file_data") or block.get("file_url"),
        file_id=block.get("file_id"),
        filename=block.get("filename"),
    )


def _document(block: Block) -> Piece:
    return _anthropic_source("file", block)


def _anthropic_source(kind: Kind, block: Block) -> Piece:
    source = block.get("source")
    if not isinstance(source, Mapping):
        raise _UnreadableBlockError("it has no 'source'")
    if source.get("type") == "text" or source.get("media_type") == "text/plain":
        data = source.get("data")
        text = _decoded(data) if source.get("type") == "base64" else data
        return _plain_text({**block, "text": text})
    return _located(
        kind,
        data=source.get("data"),
        url=source.get("url"),
        file_id=source.get("file_id"),
        mime_type=source.get("media_type"),
        filename=block.get("title"),
        cache_control=block.get("cache_control"),
    )


def _raw(block: Block) -> Raw:
    value = block.get("value")
    if not isinstance(value, Mapping):
        raise _UnreadableBlockError("a non-standard block needs a dict under 'value'")
    return Raw(value)


_READERS: Mapping[str, Callable[[Block], Piece]] = {
    "audio": _media("audio"),
    "document": _document,
    "file": _file,
    "image": _media("image"),
    "image_url": _image_url,
    "input_audio": _input_audio,
    "input_file": _input_file,
    "input_image": _image_url,
    "input_text": _text,
    "media": _media("file"),
    "non_standard": _raw,
    "output_text": _text,
    "refusal": _refusal,
    "text": _text,
    "text-plain": _plain_text,
    "video": _media("video"),
    "video_url": _video_url,
}


def _located(kind: Kind, *, data: Any = None, url: Any = None, **rest: Any) -> Piece:
    """A `Media` whose place is known: `data:` addresses taken apart, kinds of bytes looked up."""
    mime_type = rest.pop("mime_type", None)
    if isinstance(data, bytes):
        data = base64.b64encode(data).decode("ascii")
    if isinstance(url, str) and url.startswith("data:"):
        head, _, data = url[5:].partition(",")
        mime_type, url = head.partition(";")[0] or mime_type, None
    if not any(isinstance(place, str) and place for place in (data, url, rest.get("file_id"))):
        raise _UnreadableBlockError("it needs one of 'url', 'base64' or 'file_id'")
    if data is not None:
        mime_type = mime_type or sniffed(data) or _USUAL_TYPE[kind]
    if data is not None and kind == "file" and mime_type == "text/plain":
        return _plain_text({"base64": data, "filename": rest.get("filename")})
    if kind == "file" and not rest.get("file_id"):
        # File parts are for documents; what is heard or seen has parts of its own.
        kind = _KIND_OF_FAMILY.get(str(mime_type).partition("/")[0], kind)
    return Media(kind, mime_type=mime_type, data=data, url=url, **rest)


_KIND_OF_FAMILY: Mapping[str, Kind] = {"audio": "audio", "image": "image", "video": "video"}

_USUAL_TYPE: Mapping[Kind, str] = {
    "image": "image/png",
    "audio": "audio/wav",
    "video": "video/mp4",
    "file": "application/pdf",
}

_SIGNATURES = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
)


def sniffed(data: str) -> str | None:
    """The media type that base64 data shows by its first bytes, if it is a common one."""
    try:
        head = base64.b64decode(data[:32], validate=False)
    except (binascii.Error, ValueError):
        return None
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12])
    if head[4:8] == b"ftyp":
        return "video/mp4"
    return next((mime for start, mime in _SIGNATURES if head.startswith(start)), None)


def _decoded(data: Any) -> str:
    try:
        return base64.b64decode(data, validate=True).decode("utf-8")
    except (binascii.Error, TypeError, ValueError):
        raise _UnreadableBlockError("its text is not base64 of UTF-8") from None


def _extra(block: Block, key: str) -> Any:
    """LangChain's standard blocks carry provider fields under `extras`."""
    extras = block.get("extras")
    return extras.get(key) if isinstance(extras, Mapping) else None
