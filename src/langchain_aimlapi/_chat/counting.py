"""Counting tokens: an estimate that needs no network and works for every model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from langchain_core.messages import BaseMessage
from langchain_core.messages.utils import count_tokens_approximately

from langchain_aimlapi._lazy import LazyModule

if TYPE_CHECKING:
    from langchain_core import tools as core_tools

    from langchain_aimlapi._codec.encode import tools as toolbox
else:
    core_tools = LazyModule("langchain_core.tools")
    toolbox = LazyModule("._codec.encode.tools")

_PICTURE = 85
"""Tokens of a picture: OpenAI's price at low resolution, as LangChain counts it too."""
_PIECE = 258
"""Tokens of any other piece: Gemini's price of a page. What a piece really costs depends on its
length and on the model, and neither is known without reading it."""
_PRICES = {
    "audio": _PIECE,
    "document": _PIECE,
    "file": _PIECE,
    "image": _PICTURE,
    "image_url": _PICTURE,
    "input_audio": _PIECE,
    "input_file": _PIECE,
    "input_image": _PICTURE,
    "input_video": _PIECE,
    "media": _PIECE,
    "video": _PIECE,
    "video_url": _PIECE,
}
_SOURCES = frozenset(
    {"audio_url", "base64", "bytes", "data", "file", "file_data", "file_id", "file_uri", "file_url"}
    | {"id", "image", "image_url", "input_audio", "source", "url", "video_url"}
)
"""Keys of which a piece of media has one; an object that only looks like one is counted as text."""
_INNER = ("content", "output")
"""Keys of results of tools, as some vendors write them, under which media may stand."""


class TokenCounting:
    """The methods of a chat model that count tokens."""

    if TYPE_CHECKING:
        custom_get_token_ids: Callable[[str], list[int]] | None

    def get_num_tokens_from_messages(
        self,
        messages: list[BaseMessage],
        tools: Sequence[dict[str, object] | type | Callable[..., object] | core_tools.BaseTool]
        | None = None,
    ) -> int:
        """Estimate the tokens of a prompt, offline, at four characters per token.

        Pictures count 85 tokens each, other media 258, whatever their size.

        Args:
            messages: The prompt.
            tools: Tools that are sent with it; everything that `bind_tools` takes.

        Returns:
            The number of tokens.
        """
        price = 0
        plain: list[BaseMessage] = []
        for message in messages:
            if isinstance(message.content, list):
                content, cost = _without_media(message.content)
                price += cost
                plain.append(message.model_copy(update={"content": content}) if cost else message)
            else:
                plain.append(message)
        converted = [toolbox.convert_tool(tool) for tool in tools or ()]
        return price + count_tokens_approximately(plain, tools=cast("Any", converted) or None)

    def get_num_tokens(self, text: str) -> int:
        """Count the tokens of a text: exactly with `custom_get_token_ids`, else an estimate.

        Args:
            text: The text.

        Returns:
            The number of tokens.
        """
        return len(self.get_token_ids(text))

    def get_token_ids(self, text: str) -> list[int]:
        """Split a text into tokens.

        Args:
            text: The text.

        Returns:
            What `custom_get_token_ids` returns, if it is set; else stand-in ids, one for each four
            characters, which are good for counting only.
        """
        if self.custom_get_token_ids is not None:
            return self.custom_get_token_ids(text)
        return list(range(-(-len(text) // 4)))


def _without_media(blocks: list[Any]) -> tuple[list[object], int]:
    """Content without its media, and what those cost."""
    kept: list[object] = []
    price = 0
    for block in blocks:
        cost = _price(block)
        if cost:
            price += cost
            continue
        within = next((key for key in _INNER if _has_list(block, key)), None)
        if within:
            inner, cost = _without_media(block[within])
            price += cost
            block = {**block, within: inner} if cost else block  # noqa: PLW2901
        kept.append(block)
    return kept, price


def _has_list(block: object, key: str) -> bool:
    return isinstance(block, dict) and isinstance(block.get(key), list)


def _price(block: object) -> int:
    """What a piece of media costs; 0 for all else, a document that is text among it."""
    if not isinstance(block, dict) or not block.keys() & _SOURCES:
        return 0
    source = block.get("source")
    if isinstance(source, dict) and source.get("type") == "text":
        return 0
    return _PRICES.get(str(block.get("type")), 0)
