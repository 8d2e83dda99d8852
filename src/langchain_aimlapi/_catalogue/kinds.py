"""Which class serves an id, for errors about ids of another kind.

The catalogue of media is read for ids alone that the chat models' catalogue lacks.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from langchain_aimlapi._catalogue import media
from langchain_aimlapi._catalogue.embeddings import is_documented
from langchain_aimlapi._catalogue.lookup import entry
from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_aimlapi._catalogue.media import Kind

CHAT, EMBEDDINGS = "ChatAimlapi", "AimlapiEmbeddings"
CLASSES: Mapping[Kind, str] = {
    "image": "AimlapiImages",
    "image_edit": "AimlapiImages",
    "video": "AimlapiVideos",
    "music": "AimlapiMusic",
    "speech": "AimlapiSpeech",
    "transcription": "AimlapiTranscription",
    "ocr": "AimlapiOCRLoader",
    "embeddings": EMBEDDINGS,
}


def read_data() -> None:
    """Read the files of the catalogue, so that no event loop has to."""
    entry("")
    media.media_kinds("")


@lru_cache(maxsize=1024)
def classes_of(model: str) -> tuple[str, ...]:
    """Return the classes that serve an id; none if nobody documents it."""
    found = [CLASSES[kind] for kind in media.media_kinds(model)]
    if is_documented(model):
        found.append(EMBEDDINGS)
    if entry(model) is not None:
        found.append(CHAT)
    return tuple(dict.fromkeys(found))


def check_class(model: str, used: str) -> None:
    """Refuse an id of another kind, before anything is sent.

    Args:
        model: The id.
        used: The class it was given to.

    Raises:
        ConfigurationError: With the class that serves it; ids that nobody documents pass.
    """
    if (used == CHAT and entry(model) is not None) or (used == EMBEDDINGS and is_documented(model)):
        return
    known = classes_of(model)
    if known and used not in known:
        kind = "a chat model" if known[0] == CHAT else "a model of another kind"
        raise ConfigurationError(f"{model} is {kind}: use {known[0]}.")
