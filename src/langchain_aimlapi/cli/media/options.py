"""Options that several commands of media have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.models import OptionInfo

    from langchain_aimlapi._catalogue.media import Kind

_OUTPUT = (
    "File or folder; - for standard output. By default a name made of the input, in this folder. "
    "The ending is that of the content if none is given."
)

Output = Annotated[str | None, typer.Option("--output", "-o", help=_OUTPUT)]
TextOutput = Annotated[
    str | None,
    typer.Option("--output", "-o", help="File to write; standard output by default, or with -."),
]
Force = Annotated[bool, typer.Option("--force", "-f", help="Write over a file that is there.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object: files, cost, ids, seconds.")
]
Param = Annotated[
    list[str] | None,
    typer.Option(
        "--param",
        "-p",
        metavar="NAME=VALUE",
        help="Any other parameter of the model; VALUE is JSON, or else a text. May be repeated.",
    ),
]
Timeout = Annotated[
    float | None, typer.Option(help="Seconds for the whole command; no limit for jobs.", min=0.001)
]
JobId = Annotated[
    str | None,
    typer.Option("--job", metavar="ID", help="Pick up a job instead of submitting one."),
]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Submit, print the job's id, and leave it to --job.")
]


def model_of(*kinds: Kind) -> OptionInfo:
    """Return `--model`, of models of these kinds."""
    option = typer.Option("--model", "-m", help="Id of the model.", autocompletion=ids_of(*kinds))
    return cast("OptionInfo", option)


def ids_of(*kinds: Kind) -> Callable[[str], list[str]]:
    """Return a function that completes ids of these kinds."""

    def known(incomplete: str) -> list[str]:
        from langchain_aimlapi._catalogue import media  # noqa: PLC0415  # for completion alone

        ids = {model for kind in kinds for model in media.media_ids(kind)}
        return sorted(model for model in ids if model.startswith(incomplete))

    return known
