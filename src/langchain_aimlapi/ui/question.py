"""What the page asks: models, prompt, pictures and options, checked before anything is sent."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Self

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

MOST_MODELS = 4
MOST_PICTURES = 4
MOST_PICTURE_BYTES = 8 * 2**20
MOST_BODY_BYTES = 48 * 2**20
"""Of a whole request: pictures in base64 need a third more than they have."""
_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}
_ModelId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class QuestionError(ValueError):
    """A question that cannot be asked, in one sentence."""


class Picture(BaseModel):
    """A picture as the page sends it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = ""
    data: str
    """Base64."""

    @property
    def mime_type(self) -> str:
        """What it is, by its first bytes; empty if it is none of the kinds that models take."""
        head = base64.b64decode(self.data[:32])
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return "image/webp"
        return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "")

    @property
    def url(self) -> str:
        """An address that holds it."""
        return f"data:{self.mime_type};base64,{self.data}"

    @field_validator("data")
    @classmethod
    def _is_picture(cls, data: str) -> str:
        try:
            size = len(base64.b64decode(data, validate=True))
        except binascii.Error:
            raise ValueError("a picture is not base64") from None
        if size > MOST_PICTURE_BYTES:
            raise ValueError(f"a picture has more than {MOST_PICTURE_BYTES // 2**20} MB")
        return data

    @model_validator(mode="after")
    def _has_known_type(self) -> Self:
        if not self.mime_type:
            raise ValueError(f"{self.name[:80]!r} is no PNG, JPEG, GIF or WebP picture")
        return self


class Question(BaseModel):
    """One prompt for several models."""

    model_config = ConfigDict(extra="forbid", strict=True)

    models: list[_ModelId] = Field(min_length=1, max_length=MOST_MODELS)
    prompt: str = ""
    system: str = ""
    pictures: list[Picture] = Field(default=[], max_length=MOST_PICTURES)
    tools: list[dict[str, Any]] = []
    """In the form of OpenAI's `tools`."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        if not self.prompt.strip() and not self.pictures:
            raise ValueError("the prompt is empty")
        if len(set(self.models)) < len(self.models):
            raise ValueError("a model is named twice")
        return self

    @property
    def parameters(self) -> dict[str, Any]:
        """What is set of the model's parameters."""
        given = {"temperature": self.temperature, "max_tokens": self.max_tokens}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def messages(self) -> list[BaseMessage]:
        """What the models are sent."""
        pictures = [
            {"type": "image", "base64": each.data, "mime_type": each.mime_type}
            for each in self.pictures
        ]
        parts = [{"type": "text", "text": self.prompt}] if self.prompt.strip() else []
        content: Any = [*parts, *pictures] if pictures else self.prompt
        system = [SystemMessage(self.system)] if self.system.strip() else []
        return [*system, HumanMessage(content)]


def read_question(body: bytes) -> Question:
    """Read what the page sent.

    Raises:
        QuestionError: It cannot be asked.
    """
    try:
        return Question.model_validate_json(body)
    except ValidationError as error:
        raise QuestionError(_sentence(error)) from None


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    what = first["msg"].removeprefix("Value error, ")
    return f"{where}: {what}" if where else what[:1].upper() + what[1:]
