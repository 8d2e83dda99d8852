"""Counting tokens: an estimate that needs no network and works for every model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from langchain_core.messages import BaseMessage
from langchain_core.messages.utils import count_tokens_approximately

from langchain_aimlapi._lazy import LazyModule

if TYPE_CHECKING:
    from langchain_core import tools as core_tools
else:
    core_tools = LazyModule("langchain_core.tools")


class TokenCounting:
    """The methods of a chat model that count tokens."""

    if TYPE_CHECKING:
        custom_get_token_ids: Callable[[str], list[int]] | None

    def get_num_tokens_from_messages(
        self,
        messages: list[BaseMessage],
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | core_tools.BaseTool]
        | None = None,
    ) -> int:
        """Estimate the tokens of a prompt, offline, at four characters per token.

        Args:
            messages: The prompt.
            tools: Tools that are sent with it; everything that `bind_tools` takes.

        Returns:
            The number of tokens.
        """
        return count_tokens_approximately(messages, tools=cast("Any", list(tools or [])) or None)

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
