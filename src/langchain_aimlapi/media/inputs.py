"""Files that go into a request: a path, bytes, a URL, a data URL, an open file, a LangChain block.

What a file is, its first bytes tell; its name only where they do not. A path is read when the
request is made, so that a missing file is an error before anything is sent.
"""

from __future__ import annotations

import base64
import binascii
import mimetypes
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeAlias

from langchain_aimlapi._codec.encode.mime import clean_base64, read_data_address, read_type
from langchain_aimlapi.errors import ConfigurationError

__all__ = ["Media", "MediaFile", "kind_of_bytes", "read_media", "source_of"]

Media: TypeAlias = str | bytes | bytearray | os.PathLike[str] | IO[bytes] | Mapping[str, Any]
"""What a file may be given as."""

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypmif1", "image/heic"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf2", "audio/mpeg"),
    (0, b"\xff\xf1", "audio/aac"),
    (0, b"\xff\xf9", "audio/aac"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"glTF", "model/gltf-binary"),
)
"""Where the first bytes of a file stand, what they are, and what kind of file that makes."""


def kind_of_bytes(data: bytes) -> str | None:
    """The MIME type of a file by its first bytes, or `None` if they tell nothing."""
    return next((kind for at, magic, kind in _MAGIC if data[at : at + len(magic)] == magic), None)


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file of a request: its address, or its content.

    Attributes:
        url: Where the service finds it.
        data: Its bytes.
        mime_type: What it is.
        name: Its name.
    """

    url: str | None = None
    data: bytes | None = field(default=None, repr=False)
    mime_type: str = "application/octet-stream"
    name: str = "file"

    def as_url(self) -> str:
        """Its address, or its content as a `data:` URL."""
        if self.url is not None:
            return self.url
        return f"data:{self.mime_type};base64,{base64.b64encode(self.data or b'').decode()}"


def read_media(media: Media, what: str = "file") -> MediaFile:
    """Read a file that is to go into a request.

    Args:
        media: A path, bytes, an `http(s)` or `data:` URL, an open binary file, or a content block
            of LangChain.
        what: What it is, for errors.

    Raises:
        ConfigurationError: For a file that is not there, or something that is none.
    """
    if isinstance(media, Mapping):
        return _from_block(media, what)
    if isinstance(media, bytes | bytearray):
        return _from_bytes(bytes(media))
    if isinstance(media, str):
        return _from_text(media, what)
    if isinstance(media, os.PathLike):
        return _from_path(Path(media), what)
    if hasattr(media, "read"):
        return _from_bytes(_bytes_of(media, what), str(getattr(media, "name", "file")))
    raise ConfigurationError(f"{what}: {type(media).__name__} is no path, bytes or URL.")


def _from_text(text: str, what: str) -> MediaFile:
    scheme = text[:8].lower()
    if scheme.startswith(("http://", "https://")):
        return MediaFile(url=text, name=text.partition("?")[0].rpartition("/")[2] or "file")
    if scheme.startswith("data:"):
        return _from_data_url(text, what)
    return _from_path(Path(text), what)


def _from_path(path: Path, what: str) -> MediaFile:
    try:
        path = path.expanduser()
        return _from_bytes(path.read_bytes(), path.name)
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "it is no path, no URL and no data URL"
        shown = str(path) if len(str(path)) <= _LONGEST_NAME else f"{str(path)[:_LONGEST_NAME]}…"
        raise ConfigurationError(f"{what}: {shown} cannot be read: {reason}.") from None


_LONGEST_NAME = 120


def _bytes_of(file: Any, what: str) -> bytes:
    data = file.read()
    if not isinstance(data, bytes):
        raise ConfigurationError(f"{what}: the file is open as text; open it with mode 'rb'.")
    return data


def _from_bytes(data: bytes, name: str = "file", kind: str | None = None) -> MediaFile:
    if not data:
        raise ConfigurationError(f"{name} is empty, or an open file that was read to its end.")
    found = (
        kind_of_bytes(data) or kind or mimetypes.guess_type(name)[0] or "application/octet-stream"
    )
    if name == "file":
        name += mimetypes.guess_extension(found) or ""
    return MediaFile(data=data, mime_type=found, name=Path(name).name)


def _from_data_url(text: str, what: str) -> MediaFile:
    try:
        label, data = read_data_address(text)
    except ValueError as error:
        raise ConfigurationError(f"{what}: {error}.") from None
    return _from_bytes(_decoded(data, what), kind=read_type(label).name)


def _decoded(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(clean_base64(text), validate=True)
    except (binascii.Error, ValueError):
        raise ConfigurationError(f"{what}: its base64 cannot be read.") from None


def _from_block(block: Mapping[str, object], what: str) -> MediaFile:
    """A standard block (`url`, `base64`), one of version 0, or one of a vendor's."""
    found = _held(block)
    kind = read_type(block.get("mime_type") or found.get("media_type")).name
    url, content = _first(found, "url", "file_uri"), _first(found, "base64", "data", "file_data")
    if found.get("source_type") == "url" or found.get("type") == "url":
        url = url or content
    if isinstance(url, str):
        return _from_text(url, what)
    if isinstance(content, bytes | bytearray):
        return _from_bytes(bytes(content), kind=kind)
    if isinstance(content, str):
        is_url = content[:5].lower() == "data:"
        return (
            _from_data_url(content, what)
            if is_url
            else _from_bytes(_decoded(content, what), kind=kind)
        )
    raise ConfigurationError(f"{what}: the block of type {block.get('type')!r} holds no file.")


def _held(block: Mapping[str, object]) -> Mapping[str, object]:
    """The part of a block that names its file: OpenAI and Anthropic nest it."""
    nested = _first(block, "image_url", "video_url", "input_audio", "source", "file")
    if isinstance(nested, str):
        return {"url": nested}
    return nested if isinstance(nested, Mapping) else block


def _first(block: Mapping[str, object], *names: str) -> object:
    return next((block[name] for name in names if block.get(name)), None)


def source_of(media: Media) -> str:
    """What a file is called in the metadata of documents: its path, its address or its name."""
    if isinstance(media, str | os.PathLike):
        text = os.fspath(media)
        return text if text[:5].lower() != "data:" else text.partition(",")[0]
    if isinstance(media, Mapping):
        url = _first(_held(media), "url", "file_uri")
        return source_of(url) if isinstance(url, str) else str(media.get("filename") or "data")
    return str(getattr(media, "name", "data"))
