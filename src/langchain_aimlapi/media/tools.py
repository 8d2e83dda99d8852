"""Media models as tools of an agent.

The chat model gets a short text and, for pictures, the picture itself; the artifact of the tool
message holds the result. A chat model names files by their address alone: it cannot make a tool
read a file of this machine.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool
from pydantic import AfterValidator, BaseModel, Field, create_model

from langchain_aimlapi.media.results import MediaResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_aimlapi._catalogue.media import MediaSpec
    from langchain_aimlapi.media.model import MediaModel

__all__ = ["make_tool"]


def make_tool(
    model: MediaModel,
    spec: MediaSpec | None,
    schema: type[BaseModel] | None,
    *,
    name: str,
    description: str,
    show_images: bool,
) -> BaseTool:
    """Make a tool of a model.

    Args:
        model: What is asked.
        spec: What its id documents.
        schema: The arguments; by default the text, and the files that the id takes.
        name: Name of the tool.
        description: What the chat model reads of it.
        show_images: Whether the chat model gets pictures, not only their addresses.
    """

    def call(config: RunnableConfig, **arguments: Any) -> tuple[Any, MediaResult]:
        return _said(model.invoke(_given(arguments), config), show_images=show_images)

    async def acall(config: RunnableConfig, **arguments: object) -> tuple[Any, MediaResult]:
        return _said(await model.ainvoke(_given(arguments), config), show_images=show_images)

    return StructuredTool(
        name=name,
        description=description,
        args_schema=schema or _arguments(model, spec),
        func=call,
        coroutine=acall,
        response_format="content_and_artifact",
    )


def _given(arguments: Mapping[str, object]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None}


def _said(result: MediaResult, *, show_images: bool) -> tuple[object, MediaResult]:
    text = result.told()
    pictures = [file.content_block for file in result.files if file.kind == "image"]
    if not (show_images and pictures):
        return text, result
    return [{"type": "text", "text": text}, *pictures], result


# --- arguments ------------------------------------------------------------------------------------


def _address(text: str) -> str:
    """Let addresses pass.

    Raises:
        ValueError: For anything else, such as a path of this machine.
    """
    if not re.match(r"(https?://|data:)", text, re.IGNORECASE):
        raise ValueError("must be an http or https address")
    return text


Address = Annotated[str, AfterValidator(_address)]


def _arguments(model: MediaModel, spec: MediaSpec | None) -> type[BaseModel]:
    """The text, what else the id needs, and the files that it takes."""
    required = set(spec.required) if spec else set()
    fields: dict[str, Any] = {}
    if not model.input_is_file and (spec is None or model.input_name in spec.parameters):
        fields[model.input_name] = (str, Field(description=model.tool_input))
    for name, is_list in model.tool_files().items():
        what = name.removesuffix("_url").removesuffix("_urls").replace("_", " ")
        is_needed = name in required or model.input_is_file
        fields[name] = _field(
            is_list=is_list,
            description=f"Address (http or https) of the {what}",
            is_needed=is_needed,
        )
    for name in sorted(required - fields.keys()):
        if getattr(model, name, None) is None and name not in model.model_kwargs:
            fields[name] = (str, Field(description=name.replace("_", " ").capitalize()))
    made: type[BaseModel] = create_model(f"{type(model).__name__}Arguments", **fields)
    return made


def _field(*, is_list: bool, description: str, is_needed: bool) -> tuple[object, object]:
    kind: Any = list[Address] if is_list else Address
    if is_needed:
        return kind, Field(description=description)
    return kind | None, Field(default=None, description=description)
