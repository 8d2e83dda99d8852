"""`aimlapi chat`: one prompt and its answer, or without a prompt on a terminal a conversation."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from langchain_aimlapi.cli._failures import FAILED, INTERRUPTED
from langchain_aimlapi.cli._output import plain_warnings, show_json
from langchain_aimlapi.cli._parameters import without_none
from langchain_aimlapi.cli._prompt import whole_prompt
from langchain_aimlapi.cli._service import service
from langchain_aimlapi.cli.chat import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.messages import HumanMessage
    from langchain_core.tools import BaseTool

    from langchain_aimlapi.cli.chat.recording import Recorder
    from langchain_aimlapi.cli.chat.session import Session, Turn
    from langchain_aimlapi.cli.log.database import Entry

_DEFAULT_MODEL = "gpt-4o-mini"
_CONTINUE = ("--continue", "-c")
_LAST = "last"


class ChatCommand(TyperCommand):
    """The command; `--continue` may stand alone, and only a number behind it is its value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line."""
        return super().parse_args(ctx, with_last_conversation(args))


def with_last_conversation(arguments: list[str]) -> list[str]:
    """Write out what `--continue` means where no number follows it."""
    written: list[str] = []
    for place, argument in enumerate(arguments):
        if argument == "--":
            return [*written, *arguments[place:]]
        written.append(argument)
        following = arguments[place + 1 : place + 2]
        if argument in _CONTINUE and not "".join(following).isdecimal():
            written.append(_LAST)
    return written


def chat(
    context: typer.Context,
    prompt: Annotated[
        str | None,
        typer.Argument(
            help="The prompt. What is piped in is added below it, or is the prompt if none is given."
        ),
    ] = None,
    *,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            envvar="AIMLAPI_MODEL",
            help="Id of the model.",
            autocompletion=options.known_models,
        ),
    ] = _DEFAULT_MODEL,
    system: Annotated[
        str | None, typer.Option("--system", "-s", help="Instructions for the model.")
    ] = None,
    image: options.Image = None,
    file: Annotated[
        list[str] | None,
        typer.Option("--file", "-f", help="A PDF, audio, video or text; may be repeated."),
    ] = None,
    schema: Annotated[
        str | None,
        typer.Option(
            help="Answer with an object: a file of JSON schema, or fields as in 'name, age int'."
        ),
    ] = None,
    schema_multi: Annotated[
        str | None, typer.Option(help="The same for a list of such objects, under `items`.")
    ] = None,
    tool: Annotated[
        list[str] | None,
        typer.Option(
            help="MODULE:FUNCTION, or file.py:FUNCTION, that the model may call; may be repeated."
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(help="Most rounds of tool calls.", min=1)] = 10,
    param: options.Param = None,
    stream: Annotated[bool, typer.Option(help="Show the answer while it streams.")] = True,
    markdown: Annotated[
        bool, typer.Option(help="Render Markdown; only on a terminal in any case.")
    ] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of text.")
    ] = False,
    temperature: Annotated[
        float | None, typer.Option(help="Randomness; the model's default if not given.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(help="Maximum number of tokens of the answer.", min=1)
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds for the whole call.", min=0.001)] = 120,
    log: Annotated[
        bool | None,
        typer.Option(
            "--log/--no-log",
            help="Keep prompt and answer for `aimlapi log`; AIMLAPI_LOG, if not given.",
        ),
    ] = None,
    continued: Annotated[
        str | None,
        typer.Option(
            *_CONTINUE,
            metavar="[ID]",
            help="Go on with the last conversation of the log, or with that of an entry.",
        ),
    ] = None,
) -> None:
    """Ask a model. Without a key and an address the local sandbox answers, and says so.

    Without a prompt, on a terminal, it is a conversation; /help there tells what can be done. Exit
    codes: 0 for an answer, 1 for an error, 2 for wrong use, 130 after Ctrl-C; what came until then
    is shown.
    """
    from langchain_aimlapi.cli.chat.attachments import (  # noqa: PLC0415  # not for --help
        blocks_of,
        make_message,
    )
    from langchain_aimlapi.cli.chat.recording import recording  # noqa: PLC0415
    from langchain_aimlapi.cli.chat.session import Session  # noqa: PLC0415

    is_conversation = prompt is None and not as_json and _is_on_a_terminal()
    blocks = blocks_of(image or (), file or ())
    text = None if is_conversation else whole_prompt(prompt, may_be_empty=bool(blocks))
    own = without_none(temperature=temperature, max_tokens=max_tokens)
    asked = Session(
        model,
        system,
        parameters={**own, **options.read_parameters(param or ())},
        tools=_tools(tool or (), schema or schema_multi),
        schema=_schema(schema, schema_multi),
        streams=stream and not as_json,
        timeout=timeout,
        most_rounds=rounds,
    )
    with plain_warnings(), recording(log, continued) as recorder, service() as place:
        if recorder and recorder.earlier:
            _take_over(asked, recorder.earlier, context)
        options.name_others(asked.model)
        asked.service = place
        if text is None:
            from langchain_aimlapi.cli.chat.conversation import converse  # noqa: PLC0415

            converse(asked, blocks, recorder, markdown=markdown)
        else:
            prompt_message = make_message(text, blocks)
            _answer_one(asked, prompt_message, recorder, markdown=markdown, as_json=as_json)


# --- one prompt -----------------------------------------------------------------------------------


def _answer_one(
    session: Session,
    prompt: HumanMessage,
    recorder: Recorder | None,
    *,
    markdown: bool,
    as_json: bool,
) -> None:
    """Ask, show what came, and end with the exit code that tells of it."""
    from langchain_aimlapi.cli.chat.display import make_display  # noqa: PLC0415  # not for --help
    from langchain_aimlapi.cli.chat.summary import show_outcome  # noqa: PLC0415

    display = make_display(markdown=markdown, silent=as_json)
    earlier = recorder.messages if recorder else []
    turn = session.ask([*earlier, prompt], display)
    log_id = recorder.record(session, turn) if recorder else None
    if as_json:
        _print_json(session, turn, log_id)
    else:
        show_outcome(session, turn)
    if turn.error:
        raise typer.Exit(FAILED)
    if turn.interrupted:
        raise typer.Exit(INTERRUPTED)


def _print_json(session: Session, turn: Turn, log_id: int | None) -> None:
    from langchain_aimlapi.cli.chat.summary import as_json, show_problem  # noqa: PLC0415

    if turn.messages:
        shown = as_json(session, turn)
        show_json(shown if log_id is None else {**shown, "log_id": log_id})
    show_problem(turn)


def _take_over(session: Session, earlier: Entry, context: typer.Context) -> None:
    """Go on with the model and the system prompt of before, where none was given."""
    source = context.get_parameter_source("model")
    if source is None or source.name != "COMMANDLINE":
        session.model = earlier.model
    if session.system is None:
        session.system = earlier.system


# --- the options ----------------------------------------------------------------------------------


def _schema(one: str | None, many: str | None) -> dict[str, object] | None:
    if one is None and many is None:
        return None
    if one is not None and many is not None:
        raise typer.BadParameter("give --schema or --schema-multi, not both")
    from langchain_aimlapi.cli.chat.schema import read_schema  # noqa: PLC0415  # not for --help

    return read_schema(one or many or "", many=many is not None)


def _tools(given: Sequence[str], schema: str | None) -> list[BaseTool]:
    if not given:
        return []
    if schema is not None:
        raise typer.BadParameter("an object is answered without tools: give --schema or --tool")
    from langchain_aimlapi.cli.chat.tools import load_tool  # noqa: PLC0415  # not for --help

    return list(map(load_tool, given))


def _is_on_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()
