"""What runnables of the chat model return, where LangChain has no type for it."""

from __future__ import annotations

from typing import Generic, TypedDict, TypeVar

from langchain_core.messages import AIMessage  # noqa: TC002  # hints are read at run time

_Parsed = TypeVar("_Parsed")


class StructuredOutput(TypedDict, Generic[_Parsed]):
    """What `with_structured_output(schema, include_raw=True)` returns."""

    raw: AIMessage
    """The message of the model, with usage, cost and metadata."""
    parsed: _Parsed | None
    """The object; `None` if the answer does not fit the schema."""
    parsing_error: BaseException | None
    """Why there is no object; `None` if there is one."""
