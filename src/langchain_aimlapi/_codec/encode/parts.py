"""Parts of content -> content parts of the OpenAI dialect (API reference, chat completions).

Images, audio and videos go by address or as a `data:` address; a file goes with a name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_aimlapi._codec.encode.content import Kind, Media, Part, Raw, Text
from langchain_aimlapi._codec.encode.mime import usual_ending
from langchain_aimlapi.errors import UnsupportedContentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_AUDIO_FORMATS: Mapping[str, str] = {
    "audio/aac": "audio/x-aac",
    "audio/mpeg": "mp3",
    "audio/mpga": "mp3",
    "audio/wav": "wav",
    "audio/x-m4a": "audio/m4a",
}
"""Two formats go by a bare name and are taken by every model that hears; the rest are documented
as media types, for the newer models."""


def openai_part(part: Part) -> dict[str, object]:
    """One part of content as a content part of the OpenAI dialect."""
    if isinstance(part, Raw):
        return dict(part.part)
    if isinstance(part, Text):
        written: dict[str, object] = {"type": "text", "text": part.text}
    else:
        written = _OPENAI_MEDIA[part.kind](part)
    if part.cache_control:
        written["cache_control"] = dict(part.cache_control)
    return written


def _refuse_ids(media: Media) -> None:
    """Ids of uploaded files are documented for files alone."""
    if media.url is None and media.data is None:
        raise UnsupportedContentError(
            f"{media.where}: content of type {media.kind!r} can be sent by 'url' or 'base64', not by "
            "'file_id'; nothing was sent."
        )


def _openai_image(media: Media) -> dict[str, object]:
    _refuse_ids(media)
    image = {"url": media.data_url}
    if media.detail:
        image["detail"] = media.detail
    return {"type": "image_url", "image_url": image}


def _openai_audio(media: Media) -> dict[str, object]:
    """Newer models take an address in `data`; the format is then optional."""
    _refuse_ids(media)
    audio = {"data": media.data or media.url}
    if media.mime_type:
        audio["format"] = _AUDIO_FORMATS.get(media.mime_type, media.mime_type)
    return {"type": "input_audio", "input_audio": audio}


def _openai_video(media: Media) -> dict[str, object]:
    _refuse_ids(media)
    return {"type": "video_url", "video_url": {"url": media.data_url}}


def _openai_file(media: Media) -> dict[str, object]:
    if media.file_id:
        return {"type": "file", "file": {"file_id": media.file_id}}
    filename = media.filename or _file_name(media)
    return {"type": "file", "file": {"file_data": media.data_url, "filename": filename}}


def _file_name(media: Media) -> str:
    """The service wants a name with every file; an address has one, bytes get a plain one."""
    if media.url:
        return media.url.partition("?")[0].rstrip("/").rpartition("/")[2] or "document"
    return f"document.{usual_ending(media.mime_type)}"


_OPENAI_MEDIA: Mapping[Kind, Callable[[Media], dict[str, object]]] = {
    "image": _openai_image,
    "audio": _openai_audio,
    "video": _openai_video,
    "file": _openai_file,
}
