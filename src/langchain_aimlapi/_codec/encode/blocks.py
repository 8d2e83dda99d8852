"""Content blocks as LangChain and its users write them -> one neutral value each.

The same picture can arrive as a LangChain v1 block (`{"type": "image", "base64": …}`), as its
v0 form (`source_type`), as an OpenAI part (`image_url`), as a Responses part (`input_image`),
as Google's `media` or as an Anthropic block (`source`). `read_block` turns all of them into `Text`
or `Media`. What is unknown here is refused by name, with its place, before anything is sent;
only in the result of a tool it is data, whatever it looks like (`read_result`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from langchain_aimlapi._codec.encode.content import Kind, Media, Part, Raw, Text
from langchain_aimlapi._codec.encode.mime import (
    MediaType,
    clean_base64,
    decode_text,
    encode_bytes,
    is_base64,
    is_path,
    read_data_address,
    read_type,
    settled_type,
)
from langchain_aimlapi._codec.encode.model_side import is_model_side
from langchain_aimlapi._codec.json_text import to_json
from langchain_aimlapi.errors import UnsupportedContentError

Block = Mapping[str, Any]


def read_content(content: str | Sequence[object], where: str) -> list[Part]:
    """Read a message's content; blocks only a model writes are left out.

    Args:
        content: Text, or a list of text and blocks.
        where: The message's place, for error messages ("messages[2] (human)").

    Raises:
        UnsupportedContentError: For a block with no counterpart at this service.
    """
    if isinstance(content, str):
        return [Text(content)] if content else []
    parts: list[Part] = []
    for position, block in enumerate(content):
        if isinstance(block, str):
            parts.append(Text(block))
        elif not (isinstance(block, Mapping) and is_model_side(block.get("type"))):
            parts.append(read_block(block, f"{where}.content[{position}]"))
    return parts


def read_result(content: object, where: str) -> list[Part]:
    """Read what a tool returned: blocks that can be sent, and anything else as JSON text.

    Tools return rows of tables and other people's blocks. Were one refused, its thread could never
    go on, since the result is part of every later request.
    """
    if isinstance(content, str):
        return [Text(content)] if content else []
    items = content if isinstance(content, Sequence) else [content]
    parts: list[Part] = []
    for position, item in enumerate(items):
        try:
            part = Text(item) if isinstance(item, str) else read_block(item, f"{where}[{position}]")
        except UnsupportedContentError:
            part = Text(to_json(item))
        parts.append(part)
    return parts


def read_block(block: Any, where: str) -> Part:
    """Read one content block.

    Raises:
        UnsupportedContentError: For a block of unknown type, or without what it needs.
    """
    kind = block.get("type") if isinstance(block, Mapping) else None
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        named = f"content block of type {kind!r}" if kind else f"{type(block).__name__} as content"
        raise UnsupportedContentError(f"{where}: cannot send a {named}; {_REMEDY}")
    try:
        part = reader(block)
    except _UnreadableBlockError as unreadable:
        raise UnsupportedContentError(
            f"{where}: cannot send this {kind!r} block: {unreadable}; nothing was sent."
        ) from None
    return replace(part, where=where) if isinstance(part, Media) else part


_REMEDY = (
    "nothing was sent. Send it as text or as one of LangChain's content blocks, or, if the model "
    "takes it as it is, as {'type': 'non_standard', 'value': …}."
)


class _UnreadableBlockError(Exception):
    """A block of a known type without what it needs; the message says what."""


def _text(block: Block) -> Text:
    text = block.get("text")
    if not isinstance(text, str):
        raise _UnreadableBlockError("it has no 'text'")
    return Text(text, _cache_mark(block))


def _plain_text(block: Block, charset: str | None = None) -> Text:
    """`text-plain`: a document that is text; there is no part for it, so it goes inline."""
    text = block.get("text")
    if text is None and (data := block.get("base64")) is not None:
        charset = charset or read_type(block.get("mime_type")).charset
        text = _decoded(encode_bytes(data) if _is_bytes(data) else data, charset)
    if not isinstance(text, str):
        raise _UnreadableBlockError("a text document needs 'text' or 'base64'")
    title = _extra(block, "title") or _extra(block, "filename")
    return Text(f"{title}:\n{text}" if title else text, _cache_mark(block))


def _decoded(data: Any, charset: str | None) -> str:
    try:
        return decode_text(clean_base64(str(data)), charset)
    except ValueError as error:
        raise _UnreadableBlockError(str(error)) from None


def _refusal(block: Block) -> Text:
    return Text(str(block.get("refusal") or ""))


def _media(kind: Kind) -> Callable[[Block], Part]:
    """LangChain's own block of this kind, v1 or v0, or Anthropic's, told by its `source`."""

    def read(block: Block) -> Part:
        if isinstance(block.get("source"), Mapping):
            return _anthropic_source(kind, block)
        if block.get("source_type") == "text":
            return _plain_text({**block, "text": block.get("text") or block.get("url")})
        return _located(
            kind,
            block,
            data=block.get("base64") or block.get("data"),
            url=block.get("url") or block.get("file_uri"),
            file_id=block.get("file_id") or (block.get("id") if _is_v0_id(block) else None),
        )

    return read


def _is_v0_id(block: Block) -> bool:
    return block.get("source_type") == "id"


def _file(block: Block) -> Part:
    """LangChain's file block, or OpenAI's with everything under `file`."""
    inner = block.get("file")
    if not isinstance(inner, Mapping):
        return _media("file")(block)
    return _located(
        "file", {**block, **inner}, url=inner.get("file_data"), file_id=inner.get("file_id")
    )


def _image_url(block: Block) -> Part:
    """OpenAI's image part, and the Responses route's, which may name a file."""
    inner = block.get("image_url")
    inner = inner if isinstance(inner, Mapping) else {"url": inner}
    if inner.get("url") is None and not block.get("file_id"):
        raise _UnreadableBlockError("it has no 'image_url'")
    return _located("image", {**block, **inner}, url=inner.get("url"), file_id=block.get("file_id"))


def _video_url(block: Block) -> Part:
    inner = block.get("video_url")
    url = inner.get("url") if isinstance(inner, Mapping) else inner
    return _located("video", block, url=url)


def _input_audio(block: Block) -> Part:
    inner = block.get("input_audio")
    data = inner.get("data") if isinstance(inner, Mapping) else None
    if not isinstance(inner, Mapping) or not (isinstance(data, str) or _is_bytes(data)):
        raise _UnreadableBlockError("it has no 'input_audio' with 'data'")
    form = inner.get("format")
    label = (form if "/" in form else f"audio/{form}") if isinstance(form, str) else None
    place = "url" if isinstance(data, str) and _is_address(data) else "data"
    return _located("audio", {**block, "mime_type": label}, **{place: data})


def _input_file(block: Block) -> Part:
    """The Responses route's file part."""
    place = block.get("file_data") or block.get("file_url")
    return _located("file", block, url=place, file_id=block.get("file_id"))


def _document(block: Block) -> Part:
    return _anthropic_source("file", block)


def _anthropic_source(kind: Kind, block: Block) -> Part:
    source = block.get("source")
    if not isinstance(source, Mapping):
        raise _UnreadableBlockError("it has no 'source'")
    data = source.get("data")
    if source.get("type") == "text":
        return _plain_text({**block, "text": data})
    if source.get("type") == "content":
        return _plain_text({**block, "text": _text_of(source.get("content"))})
    named = {**block, "mime_type": source.get("media_type")}
    if title := block.get("title"):
        named["filename"] = title
    return _located(kind, named, data=data, url=source.get("url"), file_id=source.get("file_id"))


def _text_of(content: object) -> str:
    """The text of a document that is made of blocks of its own."""
    blocks = content if isinstance(content, list) else [content]
    texts = [block.get("text") if isinstance(block, Mapping) else block for block in blocks]
    if not all(isinstance(text, str) for text in texts):
        raise _UnreadableBlockError("of the blocks in a document only text can be sent")
    return "\n".join(map(str, texts))


def _raw(block: Block) -> Raw:
    value = block.get("value")
    if not isinstance(value, Mapping):
        raise _UnreadableBlockError("a non-standard block needs a dict under 'value'")
    return Raw(value)


_READERS: Mapping[str, Callable[[Block], Part]] = {
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


# --- where media are, and what they are ---------------------------------------------------------


def _located(
    kind: Kind, block: Block, *, data: object = None, url: Any = None, file_id: Any = None
) -> Part:
    """Media whose place is known: bytes as base64, with the type that they really have.

    Args:
        kind: The kind that the block says it is.
        block: What else is said of it: `mime_type`, `filename`, `detail`, `cache_control`.
        data: Base64, a `data:` address, or bytes.
        url: An address; base64 and bytes are taken here too.
        file_id: Id of a file that the service has.
    """
    label, charset = read_type(block.get("mime_type"))
    _refuse_paths(url, data)
    if url and not (isinstance(url, str) and _is_address(url)):
        data, url = data or url, None
    place = url or data
    if isinstance(place, str) and place.lstrip()[:5].lower() == "data:":
        read, data = _taken_apart(place.lstrip())
        url, label, charset = None, read.name or label, read.charset or charset
    else:
        data = _base64(data)
    if not (data or url or file_id):
        raise _UnreadableBlockError("it needs one of 'url', 'base64' or 'file_id'")
    filename = _extra(block, "filename") or _extra(block, "name")
    if data:
        label = settled_type(label, data, filename) or _USUAL_TYPE[kind]
    if kind == "file" and data and _is_text(label):
        told = {"filename": filename, "cache_control": _cache_mark(block)}
        return _plain_text({"base64": data, **told}, charset)
    if not file_id:
        kind = _kind(kind, label, has_bytes=bool(data))
    return Media(
        kind,
        mime_type=label,
        data=data or None,
        url=url,
        file_id=file_id,
        filename=filename,
        detail=_extra(block, "detail"),
        cache_control=_cache_mark(block),
    )


def _refuse_paths(*places: object) -> None:
    for place in places:
        if isinstance(place, str) and is_path(place):
            raise _UnreadableBlockError(
                f"{place[:80]!r} is no URL. The service cannot read files of this machine: pass the "
                "file itself, as 'base64': Path(…).read_bytes()"
            )


def _is_text(label: str | None) -> bool:
    """Whether files of a type are text, which goes inline: file parts are documented for PDF."""
    return label is not None and (label.startswith("text/") or label in _TEXTS)


_TEXTS = frozenset({"application/json", "application/xml"})


def _kind(kind: Kind, label: str | None, *, has_bytes: bool) -> Kind:
    """The kind that a type belongs to: `file` is for documents; audio, images and video have their own."""
    if kind == "file":
        return _KIND_OF_FAMILY.get(str(label).partition("/")[0], kind)
    return "file" if has_bytes and label == "application/pdf" else kind


_KIND_OF_FAMILY: Mapping[str, Kind] = {"audio": "audio", "image": "image", "video": "video"}

_USUAL_TYPE: Mapping[Kind, str] = {
    "image": "image/png",
    "audio": "audio/wav",
    "video": "video/mp4",
    "file": "application/pdf",
}


def _base64(data: Any) -> str | None:
    """Data as base64 in one line."""
    if data is None or isinstance(data, str):
        cleaned = clean_base64(data) if data else None
        if cleaned and not is_base64(cleaned):
            raise _UnreadableBlockError(f"its data is no base64: {cleaned[:40]!r}")
        return cleaned
    if _is_bytes(data):
        return encode_bytes(data)
    raise _UnreadableBlockError(
        f"its data is a {type(data).__name__}; base64 text or bytes are taken"
    )


def _taken_apart(address: str) -> tuple[MediaType, str]:
    try:
        label, data = read_data_address(address)
    except ValueError as error:
        raise _UnreadableBlockError(str(error)) from None
    return read_type(label), data


def _is_address(text: str) -> bool:
    """Whether a text is an address: base64 has neither a colon nor a dot."""
    return ":" in text[:32] or "." in text[:200]


def _is_bytes(data: object) -> bool:
    return isinstance(data, bytes | bytearray | memoryview)


def _extra(block: Block, key: str) -> Any:
    """A field of a block, which LangChain's carry under `extras` (v1) or `metadata` (v0) too.

    LangChain turns v0 blocks into v1 on the way and puts their `metadata` under `extras`.
    """
    extras, metadata = _mapping(block.get("extras")), _mapping(block.get("metadata"))
    places = (block, extras, metadata, _mapping(extras.get("metadata")))
    return next((fields[key] for fields in places if fields.get(key)), None)


def _cache_mark(block: Block) -> Any:
    mark = _extra(block, "cache_control")
    if mark is not None and not isinstance(mark, Mapping):
        raise _UnreadableBlockError("its 'cache_control' is no dict, such as {'type': 'ephemeral'}")
    return mark


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
