"""`AimlapiVideos`: videos from a prompt, from pictures, or from other videos."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from langchain_aimlapi.media.jobs import JobModel

if TYPE_CHECKING:
    from langchain_aimlapi._catalogue.media import Kind
    from langchain_aimlapi._client.arguments import GivenKey

__all__ = ["AimlapiVideos"]


class AimlapiVideos(JobModel):
    """Video models of AI/ML API.

    Examples:
        >>> from langchain_aimlapi.media import AimlapiVideos
        >>> videos = AimlapiVideos(model="alibaba/happyhorse-1-0", duration=5)
        >>> job = videos.submit("A red fox runs through the snow")  # doctest: +SKIP
        >>> job.download("fox.mp4")  # doctest: +SKIP

    `invoke` submits, waits and returns the result; `submit` returns a job that survives this
    process. The input is a prompt, or a dict with `prompt` and what the model documents: `image`,
    `last_image`, `images`, `video` and `audio` may be paths, bytes, URLs or content blocks.
    """

    if TYPE_CHECKING:
        # Pydantic's own: keys as texts too, and whatever parameters the model documents.
        def __init__(
            self, *, model: str, api_key: GivenKey | None = None, **arguments: Any
        ) -> None: ...

    kind: ClassVar[Kind] = "video"
    tool_name: ClassVar[str] = "make_video"
    tool_description: ClassVar[str] = "Make a short video from a description. Takes some minutes."
    makes: ClassVar[str] = "video"
    default_path: ClassVar[str] = "/v2/video/generations"
    media_inputs: ClassVar[frozenset[str]] = frozenset(
        {"image", "images", "last_image", "mask", "video", "audio", "image_url", "audio_url"}
    )

    duration: int | str | None = None
    """Length in seconds, of those the model documents."""
    resolution: str | None = None
    """Such as "720p", in the model's own words."""
    aspect_ratio: str | None = None
    """Width to height, as "16:9"."""
    seed: int | None = None
    """Ask for repeatable videos."""
    negative_prompt: str | None = None
    """What is not to be seen."""
    generate_audio: bool | None = None
    """Whether the video has audio, for models that can."""
    image: Any = None
    """The first frame."""
    last_image: Any = None
    """The last frame."""
