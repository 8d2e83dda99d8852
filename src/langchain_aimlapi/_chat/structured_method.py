"""`with_structured_output` as a method, and what type checkers make of its schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, overload

from langchain_core.language_models import LanguageModelInput
from langchain_core.runnables import Runnable

from langchain_aimlapi._lazy import LazyModule

if TYPE_CHECKING:
    from types import UnionType
    from typing import _SpecialForm

    from langchain_aimlapi._chat import structured
    from langchain_aimlapi._chat.results import StructuredOutput

    Method = structured.Method | None
    Schema = dict[str, Any] | None
    Special = UnionType | _SpecialForm
    No = Literal[False]
    Yes = Literal[True]
else:
    structured = LazyModule("._chat.structured")

_Object = TypeVar("_Object")


class StructuredOutputMethod:
    """The method of a chat model that returns objects instead of messages."""

    @overload
    def with_structured_output(
        self, schema: type[_Object], *, method: Method = ..., include_raw: No = ..., **kwargs: Any
    ) -> Runnable[LanguageModelInput, _Object]: ...
    @overload
    def with_structured_output(
        self, schema: type[_Object], *, method: Method = ..., include_raw: Yes, **kwargs: Any
    ) -> Runnable[LanguageModelInput, StructuredOutput[_Object]]: ...
    @overload
    def with_structured_output(
        self, schema: Schema = ..., *, method: Method = ..., include_raw: No = ..., **kwargs: Any
    ) -> Runnable[LanguageModelInput, dict[str, Any]]: ...
    @overload
    def with_structured_output(
        self, schema: Schema = ..., *, method: Method = ..., include_raw: Yes, **kwargs: Any
    ) -> Runnable[LanguageModelInput, StructuredOutput[dict[str, Any]]]: ...
    # What is known only when the program runs: `include_raw`, or a union, an Optional, a Literal.
    @overload
    def with_structured_output(
        self, schema: type, *, method: Method = ..., include_raw: bool, **kwargs: Any
    ) -> Runnable[LanguageModelInput, Any]: ...
    @overload
    def with_structured_output(
        self, schema: Schema = ..., *, method: Method = ..., include_raw: bool, **kwargs: Any
    ) -> Runnable[LanguageModelInput, Any]: ...
    @overload
    def with_structured_output(
        self, schema: Special, *, method: Method = ..., include_raw: bool = ..., **kwargs: Any
    ) -> Runnable[LanguageModelInput, Any]: ...
    def with_structured_output(
        self,
        schema: Any = None,
        *,
        method: structured.Method | None = None,
        include_raw: bool = False,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """Get answers in the form of a schema.

        Args:
            schema: A pydantic class or a dataclass (answers are instances); a TypedDict, a JSON
                schema or an OpenAI function (answers are dicts); any other type that pydantic
                knows, such as `list[Film]`, `A | B`, an Enum or a RootModel, which is sent as the
                one key of an object; `None` with "json_mode" only.
            method: "function_calling", "json_schema" or "json_mode". By default, the methods are
                tried in the order in which the model is documented to support them; the next one
                only if the service refuses the one before.
            include_raw: Return a `StructuredOutput`, with the message beside the object, instead
                of raising for an answer that does not fit.
            strict: Whether the model must follow the schema exactly.
            **kwargs: Arguments of every call; `tools` is allowed with "json_schema".

        Returns:
            A runnable that returns objects. It raises `OutputParserException` for an answer that
            does not fit the schema.

        Raises:
            ConfigurationError: For an unknown method, or a missing schema.
        """
        model = cast("Any", self)
        return structured.structured_output(
            model,
            schema,
            model_name=model.model_name,
            method=method,
            include_raw=include_raw,
            strict=strict,
            **kwargs,
        )
