"""Options of the commands that ask chat models: `--image`, `--param NAME=VALUE` and `--model`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from langchain_aimlapi.cli._output import note
from langchain_aimlapi.cli._parameters import read_pair

if TYPE_CHECKING:
    from collections.abc import Iterable

_ELSEWHERE = {
    "model": "--model",
    "model_name": "--model",
    "timeout": "--timeout",
    "messages": "the prompt",
    "input": "the prompt",
    "stream": "--no-stream",
}


Image = Annotated[
    list[str] | None,
    typer.Option("--image", help="An image, a file or an address; may be repeated."),
]
Param = Annotated[
    list[str] | None,
    typer.Option(
        "--param", "-p", help="NAME=VALUE for the request, such as top_p=0.5; may be repeated."
    ),
]


def known_models(incomplete: str) -> list[str]:
    """Complete the id of a chat model."""
    from langchain_aimlapi import _catalogue  # noqa: PLC0415  # for completion alone

    return [model for model in _catalogue.ids() if model.startswith(incomplete)]


def read_parameters(given: Iterable[str]) -> dict[str, object]:
    """Read `NAME=VALUE`; a value is JSON if it can be, and else a text.

    Raises:
        typer.BadParameter: For what is no such pair, and for what is no parameter of a request.
    """
    return dict(map(_read, given))


def _read(pair: str) -> tuple[str, object]:
    name, value = read_pair(pair)
    if not name.isidentifier():
        raise typer.BadParameter(f"{pair!r} is not NAME=VALUE", param_hint="--param")
    if name in _ELSEWHERE:
        raise typer.BadParameter(f"{name} is given by {_ELSEWHERE[name]}", param_hint="--param")
    if name in _of_connections():
        raise typer.BadParameter(
            f"{name} is no parameter of a request; key and address come from the environment",
            param_hint="--param",
        )
    return name, value


def _of_connections() -> set[str]:
    from langchain_aimlapi._client.settings import Connection  # noqa: PLC0415  # not for --help

    fields = Connection.model_fields
    return {*fields, *(field.alias for field in fields.values() if field.alias)}


def split_parameters(parameters: dict[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """Return those that the model object has a field for, and the rest, for the request's body.

    Fields that every model of LangChain has (`metadata`, `name`) are not sent; what is given by
    their name is meant for the service.
    """
    from langchain_core.language_models import BaseChatModel  # noqa: PLC0415  # not for --help

    from langchain_aimlapi import ChatAimlapi  # noqa: PLC0415  # not for --help

    own = ChatAimlapi.model_fields.keys() - BaseChatModel.model_fields.keys()
    fields = {name: value for name, value in parameters.items() if name in own}
    return fields, {name: value for name, value in parameters.items() if name not in own}


def name_others(model: str) -> None:
    """Help who mistyped an id: servers that take any id would answer without a word.

    Raises:
        BadParameter: For the id of another kind of model, with the command that is for it.
    """
    from langchain_aimlapi import _catalogue  # noqa: PLC0415  # what the call needs anyway
    from langchain_aimlapi.cli.media.inputs import refuse_another_kind  # noqa: PLC0415

    if model and _catalogue.entry(model) is None:
        refuse_another_kind(model, "chat")
        note(f"The catalogue has no model {model!r}. {_catalogue.name_others(model)}", "yellow")
