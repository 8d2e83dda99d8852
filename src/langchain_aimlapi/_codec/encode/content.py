"""What a message's content consists of, as values: text, media, and parts written by the caller.

`blocks` reads them out of the many forms in which they arrive; `parts`, `anthropic` and
`responses_input` write them, each in its dialect.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["image", "audio", "video", "file"]


class Text(NamedTuple):
    """Text, with the cache mark it came with."""

    text: str
    cache_control: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """An image, audio, a video or a document: by value, by address or by id."""

    kind: Kind
    mime_type: str | None = None
    data: str | None = None
    """Base64."""
    url: str | None = None
    file_id: str | None = None
    filename: str | None = None
    detail: str | None = None
    cache_control: Mapping[str, object] | None = None
    where: str = field(default="", compare=False)
    """The block's place in the conversation, for error messages."""

    @property
    def data_url(self) -> str:
        """The address, or the bytes as a `data:` address."""
        if self.url is not None:
            return self.url
        return f"data:{self.mime_type};base64,{self.data}"


class Raw(NamedTuple):
    """A part that the caller has already written in the service's own words."""

    part: Mapping[str, Any]


Part = Text | Media | Raw


def joined_text(parts: tuple[Part, ...]) -> str:
    """All text, run together as it was streamed."""
    return "".join(part.text for part in parts if isinstance(part, Text))
