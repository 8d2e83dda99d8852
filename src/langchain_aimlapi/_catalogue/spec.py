"""What is known of a model: the catalogue reads it from data, the codec obeys it.

A spec comes from the schemas that AI/ML API documents per model id. An id nobody has
documented has none (`None` wherever this type is optional), gets the plain OpenAI
shape, and nothing is dropped from what the caller asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Dialect = Literal["openai", "anthropic"]
Route = Literal["chat", "responses"]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """The documented request schema of one model, boiled down to what encoding needs."""

    id: str
    """The id as documented, with its vendor prefix where it has one."""
    dialects: frozenset[Dialect] = frozenset({"openai"})
    """Dialects the documented schema accepts on `/chat/completions`."""
    route: Route = "chat"
    """`"responses"` for the few ids that are documented on `/responses` only."""
    parameters: frozenset[str] = frozenset()
    """Top-level request parameters, beside `model` and `messages`."""
    parameters_by_dialect: Mapping[Dialect, frozenset[str]] = field(default_factory=dict)
    """The parameters of each dialect, where two contradicting schemas document the id and
    `parameters` is both together; else empty."""
    ranges: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Per parameter: `minimum`, `maximum`, `default`, as far as documented."""
    efforts: tuple[str, ...] = ()
    """Values documented for `reasoning_effort` or `reasoning.effort`, least first."""
    thinking: frozenset[str] = frozenset()
    """What `thinking.type` may be (`"enabled"`, `"disabled"`, `"adaptive"`), and `"budget_tokens"`
    where `enabled` comes with a budget (then required, at least 1024)."""
    roles: frozenset[str] = frozenset()
    """Message roles of the OpenAI dialect (of the Anthropic dialect where that is the only one)."""
    user_parts: Mapping[Dialect, frozenset[str]] = field(default_factory=dict)
    """Per dialect, the `type` of each content part a user message may hold; `"string"` for text."""
    assistant_keys: frozenset[str] = frozenset()
    """Keys of an assistant message in the OpenAI dialect."""
    assistant_parts: frozenset[str] = frozenset()
    """Part types of an assistant message's content; `"string"` for plain text."""
    max_blocks: int | None = None
    """Most content blocks a message of the Anthropic dialect may hold, where that is limited."""
    closed_messages: bool = False
    """Whether messages of the OpenAI dialect refuse keys other than those documented."""
    tool_content: frozenset[str] = frozenset()
    """What a tool message may hold: `"string"`, and `"text"` where a list of text parts is taken."""
    tool_shapes: frozenset[str] = frozenset()
    """`"openai_function"`, `"openai_custom"`, `"anthropic"`, `"anthropic_server_tools"`, …"""
    strict_tools: bool = True
    """Whether a function of the OpenAI dialect may carry `strict`."""
    tool_choice_forms: frozenset[str] = frozenset()
    """`"auto"`, `"none"`, `"required"`, `"function"`, `"anthropic:any"`, …"""
    response_formats: frozenset[str] = frozenset()
    """`"text"`, `"json_object"`, `"json_schema"`."""
    echoes_extra_content: bool = False
    """Whether `tool_calls[].extra_content` may be sent back."""
    takes_cache_control: bool = False
    """Whether content parts may carry `cache_control`."""
    context_window: int | None = None
    """Tokens of input and output together."""
    max_output: int | None = None
    """Tokens of output."""
    listing: Literal["listed", "deprecated", "unlisted"] = "unlisted"
    """Where the service's table of model ids names it."""
    generic: bool = False
    """The schema is a template shared by over a hundred ids: weak evidence of what the model does."""

    def in_dialect(self, dialect: Dialect) -> ModelSpec:
        """Return the spec that holds for a request in `dialect`."""
        parameters = self.parameters_by_dialect.get(dialect)
        if parameters is None:
            return self
        return replace(self, parameters=parameters, parameters_by_dialect={})
