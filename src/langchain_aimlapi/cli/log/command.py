"""`aimlapi log`: list and search what was asked and answered, or show one entry."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from langchain_aimlapi.cli._failures import FAILED
from langchain_aimlapi.cli._output import note, show_json, show_table

if TYPE_CHECKING:
    from langchain_aimlapi.cli.log.database import Entry

_COLUMNS = ("Id", "Created (UTC)", "Model", "In", "Out", "USD", "Prompt", "Answer")
_SHOWN = 60
_NONE = "-"
_HOW = "To keep one: export AIMLAPI_LOG=1, or aimlapi chat --log."


def log(
    query: Annotated[
        str | None,
        typer.Argument(
            help='Words of prompt and answer, "several words" as they stand, or wor* for the '
            "beginning of a word."
        ),
    ] = None,
    *,
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="Only this id; may be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="Most rows; 0 for all.", min=0)] = 20,
    id_: Annotated[int | None, typer.Option("--id", help="Show this entry, whole.", min=1)] = None,
    path: Annotated[bool, typer.Option("--path", help="Say where the file is.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Search the prompts and answers of `aimlapi chat`, the newest first.

    They are kept only if AIMLAPI_LOG is set (1, or a file), or by --log of `aimlapi chat`.
    """
    from langchain_aimlapi.cli.log.database import (  # noqa: PLC0415  # not for --help
        Log,
        LogError,
        default_path,
        log_path,
    )

    place = log_path() or default_path()
    if path:
        typer.echo(place)
        return
    if not place.exists():
        if as_json and id_ is None:
            show_json([])
        note(f"There is no log at {place}. {_HOW}", "yellow")
        raise typer.Exit(0 if id_ is None else FAILED)
    try:
        with Log(place) as opened:
            if id_ is not None:
                _show(opened.entry(id_), id_, as_json=as_json)
            else:
                _list(opened.find(query or "", model or (), limit), limit, as_json=as_json)
    except LogError as error:
        note(str(error), "red")
        raise typer.Exit(FAILED) from None


def _list(found: list[Entry], limit: int, *, as_json: bool) -> None:
    if as_json:
        show_json([_without_messages(entry) for entry in found])
        return
    show_table(_COLUMNS, map(_row, found))
    counted = f"{len(found)} {'entry' if len(found) == 1 else 'entries'}"
    more = "; --limit 0 shows all" if limit and len(found) == limit else ""
    note(f"{counted}{more}", "dim")


def _without_messages(entry: Entry) -> dict[str, object]:
    shown = dataclasses.asdict(entry)
    del shown["messages"]
    return shown


def _row(entry: Entry) -> tuple[str, ...]:
    return (
        str(entry.id),
        _time(entry),
        entry.model,
        _NONE if entry.input_tokens is None else str(entry.input_tokens),
        _NONE if entry.output_tokens is None else str(entry.output_tokens),
        _NONE if entry.usd is None else f"{entry.usd:.6f}",
        _shortened(entry.prompt),
        _outcome(entry),
    )


def _outcome(entry: Entry) -> str:
    text = _shortened(entry.answer or entry.error or "")
    return text if entry.status == "done" else f"({entry.status}) {text}"


def _time(entry: Entry) -> str:
    return entry.created[:19].replace("T", " ")


def _shortened(text: str) -> str:
    from langchain_aimlapi.cli.chat.display import printable  # noqa: PLC0415  # not for --help

    line = printable(" ".join(text.split()))
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


# --- one entry ------------------------------------------------------------------------------------


def _show(entry: Entry | None, id_: int, *, as_json: bool) -> None:
    if entry is None:
        note(f"The log has no entry {id_}.", "red")
        raise typer.Exit(FAILED)
    if as_json:
        show_json(dataclasses.asdict(entry))
        return
    rows = _rows_of(entry)
    width = max(map(len, rows))
    for label, value in rows.items():
        typer.echo(f"{label:<{width}}  {_safe(value)}")
    for title, text in _texts(entry).items():
        typer.echo(f"\n{title}\n\n{_safe(text)}")


def _rows_of(entry: Entry) -> dict[str, str]:
    served = f" (served by {entry.served_by})" if entry.served_by not in {None, entry.model} else ""
    tokens = (
        "not reported"
        if entry.input_tokens is None
        else f"{entry.input_tokens} in, {entry.output_tokens} out"
    )
    known = {
        "Id": str(entry.id),
        "Conversation": str(entry.conversation),
        "Created (UTC)": _time(entry),
        "Model": f"{entry.model}{served}",
        "Status": entry.status + (", replaced by another answer" if entry.replaced else ""),
        "Tokens": tokens,
        "USD": "not reported" if entry.usd is None else f"{entry.usd:.6f}",
        "Seconds": f"{entry.seconds:.2f}",
        "Finish reason": entry.finish_reason,
        "Inference id": entry.inference_id,
        "Parameters": ", ".join(f"{name}={value}" for name, value in entry.parameters.items()),
        "Answered by": "the sandbox" if entry.sandbox else "",
    }
    return {label: value for label, value in known.items() if value}


def _texts(entry: Entry) -> dict[str, str]:
    known = {
        "System prompt": entry.system,
        "Prompt": entry.prompt,
        "Reasoning": entry.reasoning,
        "Answer": entry.answer,
        "Error": entry.error,
    }
    return {title: text for title, text in known.items() if text}


def _safe(text: str) -> str:
    from langchain_aimlapi.cli.chat.display import printable  # noqa: PLC0415  # not for --help

    return printable(text) if sys.stdout.isatty() else text
