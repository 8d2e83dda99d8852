"""`--image` and `--file`: files and addresses -> content blocks of a prompt."""

from __future__ import annotations

import base64
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from langchain_core.messages import HumanMessage

_KINDS = ("image", "audio", "video")
_MOST_BYTES = 100 * 1024 * 1024
# Not in the tables of every system.
_TYPES = {".webp": "image/webp", ".m4a": "audio/mp4", ".flac": "audio/flac", ".opus": "audio/ogg"}

Block = dict[str, Any]


def image_block(given: str) -> Block:
    """Return the block of an image, by its path or address.

    Raises:
        typer.BadParameter: For a file that cannot be read, or is no image.
    """
    if _is_url(given):
        return {"type": "image", "url": given}
    kind = _type_of(given)
    if not kind.startswith("image/"):
        raise typer.BadParameter(f"{given} is no image ({kind})", param_hint="--image")
    return _binary("image", kind, _read(given, "--image"))


def file_block(given: str) -> Block:
    """Return the block of any file: text as text with its name, everything else by its type.

    Raises:
        typer.BadParameter: For a file that cannot be read.
    """
    data, kind = _read(given, "--file"), _type_of(given)
    family = kind.partition("/")[0]
    if family in _KINDS:
        return _binary(family, kind, data)
    name = Path(given).name
    if kind != "application/pdf" and (text := _as_text(data)) is not None:
        return {"type": "text", "text": f"{name}:\n\n{text}"}
    return {**_binary("file", kind, data), "filename": name}


def blocks_of(images: Iterable[str], files: Iterable[str]) -> list[Block]:
    """Return the blocks of all that is attached to a prompt."""
    return [*map(image_block, images), *map(file_block, files)]


def make_message(text: str, blocks: list[Block]) -> HumanMessage:
    """Return a prompt: its text, and below it what is attached."""
    from langchain_core.messages import HumanMessage  # noqa: PLC0415  # not for --help

    if not blocks:
        return HumanMessage(text)
    return HumanMessage([*([{"type": "text", "text": text}] if text else []), *blocks])


def _is_url(given: str) -> bool:
    return given.startswith(("https://", "http://", "data:"))


def _type_of(given: str) -> str:
    ending = Path(given).suffix.lower()
    return _TYPES.get(ending) or mimetypes.guess_type(given)[0] or "application/octet-stream"


def _read(given: str, option: str) -> bytes:
    path = Path(given).expanduser()
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise typer.BadParameter(
                f"{given} has {size / 2**20:.0f} MB, at most {_MOST_BYTES / 2**20:.0f} are sent",
                param_hint=option,
            )
        return path.read_bytes()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise typer.BadParameter(f"{given}: {why}", param_hint=option) from None


def _as_text(data: bytes) -> str | None:
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _binary(kind: str, mime_type: str, data: bytes) -> Block:
    return {"type": kind, "base64": base64.b64encode(data).decode(), "mime_type": mime_type}
