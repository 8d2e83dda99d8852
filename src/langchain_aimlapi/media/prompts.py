"""What a media model may be asked with: a text, a dict of parameters, or what a chain hands on.

A prompt template hands on a `PromptValue`, a chat model a message: the text of the last message
is the prompt, and its pictures go with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.prompt_values import PromptValue, StringPromptValue

from langchain_aimlapi.errors import ConfigurationError

__all__ = ["read_input"]


def read_input(given: object, name: str, pictures: str | None = None) -> dict[str, Any]:
    """The parameters that an input comes to.

    Args:
        given: A text, a dict of parameters, a `PromptValue`, a message or a list of them.
        name: What the text is called.
        pictures: What the pictures of a message are called; `None` if they are refused.

    Raises:
        ConfigurationError: For anything else, or a message with what the model cannot take.
    """
    if isinstance(given, Mapping):
        return dict(given)
    if isinstance(given, str):
        return {name: given}
    if isinstance(given, StringPromptValue):
        return {name: given.text}
    if isinstance(given, PromptValue):
        given = given.to_messages()
    if isinstance(given, list) and given:
        given = given[-1]
    if isinstance(given, BaseMessage):
        return _of_message(given, name, pictures)
    raise ConfigurationError(
        f"A {type(given).__name__} is no input: give a text, or a dict with {name!r}."
    )


def _of_message(message: BaseMessage, name: str, pictures: str | None) -> dict[str, Any]:
    found = {name: str(message.text)}
    blocks = [block for block in message.content_blocks if block["type"] != "text"]
    images = [block for block in blocks if block["type"] == "image"]
    if images and pictures:
        return {**found, pictures: images}
    if images or any(block["type"] in {"audio", "video", "file"} for block in blocks):
        kinds = ", ".join(sorted({block["type"] for block in blocks}))
        raise ConfigurationError(f"A message with {kinds} is no input: give a dict of parameters.")
    return found
