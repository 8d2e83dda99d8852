"""`AimlapiMusic`: music and songs from a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from langchain_aimlapi.media.jobs import JobModel

if TYPE_CHECKING:
    from langchain_aimlapi._catalogue.media import Kind
    from langchain_aimlapi._client.arguments import GivenKey

__all__ = ["AimlapiMusic"]


class AimlapiMusic(JobModel):
    """Music models of AI/ML API.

    Examples:
        >>> from langchain_aimlapi.media import AimlapiMusic
        >>> music = AimlapiMusic(model="google/lyria2")
        >>> music.invoke("Slow piano, rain").save("rain.mp3")  # doctest: +SKIP

    `invoke` submits, waits and returns the result; `submit` returns a job that survives this
    process.
    """

    if TYPE_CHECKING:
        # Pydantic's own: keys as texts too, and whatever parameters the model documents.
        def __init__(
            self, *, model: str, api_key: GivenKey | None = None, **arguments: Any
        ) -> None: ...

    kind: ClassVar[Kind] = "music"
    tool_name: ClassVar[str] = "make_music"
    tool_description: ClassVar[str] = "Make music from a description. Takes some minutes."
    makes: ClassVar[str] = "audio"
    default_path: ClassVar[str] = "/v2/generate/audio"
    media_inputs: ClassVar[frozenset[str]] = frozenset({"audio", "reference_audio_url"})

    lyrics: str | None = None
    """The words of the song, for models that sing."""
    seed: int | None = None
    """Ask for repeatable music."""
    negative_prompt: str | None = None
    """What the music must not contain."""
    audio_setting: dict[str, Any] | None = None
    """Sample rate, bit rate and format, as the model documents them."""
