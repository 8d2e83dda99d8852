"""`aimlapi bulk`: a table of rows through a model; the same command goes on after an end."""

from __future__ import annotations

import dataclasses
import json
import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from langchain_aimlapi.cli._failures import FAILED, WRONG_USE, told_errors
from langchain_aimlapi.cli._output import is_plain, note
from langchain_aimlapi.cli._service import service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_aimlapi.bulk import Estimate, Report

_ENDINGS = {".txt", ".md", ".prompt"}


class Engine(StrEnum):
    """What runs the job."""

    LOCAL = "local"
    RAY = "ray"
    SERVICE = "service"


class Durability(StrEnum):
    """What a finished row survives."""

    NORMAL = "normal"
    FULL = "full"


def bulk(
    source: Annotated[
        str, typer.Argument(help="Input: .jsonl, .csv, .tsv, .parquet or .arrow; a glob too.")
    ],
    sink: Annotated[Path, typer.Argument(help="Output, by the same endings.")],
    *,
    model: Annotated[
        str,
        typer.Option(
            "--model", "-m", envvar="AIMLAPI_MODEL", help="Id of a chat or embedding model."
        ),
    ],
    prompt: Annotated[
        str | None,
        typer.Option(
            "--prompt", "-p", help="A template with {column} in it, or a file that holds one."
        ),
    ] = None,
    system: Annotated[
        str | None,
        typer.Option("--system", "-s", help="Instructions; a template or a file as well."),
    ] = None,
    schema: Annotated[
        Path | None, typer.Option(help="A JSON schema that answers are to keep to.")
    ] = None,
    temperature: Annotated[float | None, typer.Option(help="Randomness of the answers.")] = None,
    max_tokens: Annotated[
        int | None, typer.Option(help="Maximum number of tokens of an answer.", min=1)
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds for one call.", min=0.001)] = 120,
    concurrency: Annotated[
        str, typer.Option(help='Calls at once; "auto" finds out what the service bears.')
    ] = "auto",
    budget_usd: Annotated[
        float | None,
        typer.Option(help="No new call once the run has cost this many USD; those under way end."),
    ] = None,
    engine: Annotated[
        Engine,
        typer.Option(help="This process, a Ray cluster, or the service's batches (Claude ids)."),
    ] = Engine.LOCAL,
    requests_per_minute: Annotated[int | None, typer.Option(help="Calls a minute.", min=1)] = None,
    tokens_per_minute: Annotated[
        int | None, typer.Option(help="Tokens of prompts and answers a minute.", min=1)
    ] = None,
    redis_url: Annotated[
        str | None, typer.Option(help="Redis server that keeps the rates for several jobs.")
    ] = None,
    journal: Annotated[
        Path | None, typer.Option(help="Where finished rows are kept; OUTPUT.journal by default.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Ask failed rows again.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Go on though prompt, model or input have changed.")
    ] = False,
    durability: Annotated[
        Durability, typer.Option(help="full: finished rows survive a power cut too.")
    ] = Durability.NORMAL,
    status: Annotated[
        bool, typer.Option("--status", help="Say how far the job is; also while it runs.")
    ] = False,
    export: Annotated[
        Path | None, typer.Option(help="Write the finished rows there; also while the job runs.")
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Ask a sample of the rows and tell what all will cost."),
    ] = False,
    sample: Annotated[int, typer.Option(help="Rows of the dry run.", min=1)] = 20,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON object.")
    ] = False,
) -> None:
    """Bring a table of rows through a model.

    Finished rows are kept in a journal: after a crash, Ctrl-C or an empty account the same command
    goes on where it was. After Ctrl-C the calls under way have 10 seconds to end; a second Ctrl-C
    ends at once. Exit codes: 0 if each row has an answer, 1 if rows failed or the job ended
    early, 2 for wrong use, 130 after Ctrl-C.
    """
    place = journal or Path(f"{sink}.journal")
    options = {
        "prompt": _prompt(prompt, system),
        "schema": _schema(schema),
        "concurrency": _concurrency(concurrency),
        "engine": engine.value,
        "durability": durability.value,
        "journal": place,
        "budget_usd": budget_usd,
        "requests_per_minute": requests_per_minute,
        "tokens_per_minute": tokens_per_minute,
        "redis_url": redis_url,
        "retry_failed": retry_failed,
        "force": force,
    }
    settings = {"temperature": temperature, "max_tokens": max_tokens, "timeout": timeout}
    job = _Command(source, sink, place, model, settings, options, as_json=as_json)
    _guarded(job, status=status, export=export, sample=sample if dry_run else None)


@dataclasses.dataclass(frozen=True)
class _Command:
    """What was asked for."""

    source: str
    sink: Path
    journal: Path
    model: str
    settings: Mapping[str, Any]
    options: dict[str, Any]
    as_json: bool

    def do(self, *, status: bool, export: Path | None, sample: int | None) -> None:
        from langchain_aimlapi import bulk as jobs  # noqa: PLC0415  # pulls sqlite in

        if status:
            return self._tell(jobs.status(self.journal), ends=False)
        if export is not None:
            return self._tell(jobs.export(self.journal, self.source, export), ends=False)
        with service() as place:
            runnable = self._runnable(place.arguments)
            if sample is not None:
                found = jobs.estimate(
                    self.source, runnable, self.sink, sample=sample, **self.options
                )
                return self._tell_estimate(found)
            with jobs.ProgressDisplay(
                live=False if is_plain() or self.as_json else None
            ) as display:
                report = jobs.run(
                    self.source, runnable, self.sink, on_progress=display, **self.options
                )
        return self._tell(report)

    def _runnable(self, arguments: Mapping[str, Any]) -> Any:
        from langchain_aimlapi import (  # noqa: PLC0415  # not for --help
            AimlapiEmbeddings,
            ChatAimlapi,
            NotFoundError,
            catalogue,
        )

        try:
            kind = catalogue.model(self.model).type
        except NotFoundError as unknown:
            kind = "embeddings" if "embed" in self.model.lower() else "chat"
            note(str(unknown), "yellow")
        if kind == "embeddings":
            return AimlapiEmbeddings(
                model=self.model, timeout=self.settings["timeout"], **arguments
            )
        return ChatAimlapi(model=self.model, **self.settings, **arguments)

    def _tell(self, report: Report, *, ends: bool = True) -> None:
        if self.as_json:
            typer.echo(json.dumps(dataclasses.asdict(report), default=str, indent=2))
        else:
            note(_summary(report))
        if ends and report.failed:
            raise typer.Exit(1)

    def _tell_estimate(self, estimate: Estimate) -> None:
        if self.as_json:
            typer.echo(json.dumps(dataclasses.asdict(estimate), default=str, indent=2))
            return
        if estimate.cost_usd is None:
            note(
                f"{estimate.rows:,} rows; the cost is not known: no call and no price list says it."
            )
            return
        margin = f" ± ${estimate.margin_usd:.4f}" if estimate.margin_usd is not None else ""
        note(
            f"{estimate.rows:,} rows will cost about ${estimate.cost_usd:.4f}{margin}, told from "
            f"{estimate.sampled} of them ({estimate.basis})."
        )


def _guarded(job: _Command, **what: Any) -> None:
    """Do it, and say how to go on where it ended early."""
    from langchain_aimlapi.bulk import JobChangedError, JobStoppedError, SourceError  # noqa: PLC0415

    with told_errors():
        try:
            job.do(**what)
        except KeyboardInterrupt:
            note(f"Interrupted; {_kept(job.journal)}. Go on with:\n  {_same_command()}", "yellow")
            raise
        except JobStoppedError as error:
            note(f"{error}\nGo on with:\n  {_same_command()}", "red")
            raise typer.Exit(FAILED) from None
        except (JobChangedError, SourceError) as error:
            note(f"{type(error).__name__}: {error}", "red")
            raise typer.Exit(WRONG_USE) from None


def _kept(journal: Path) -> str:
    """What a journal holds, in words."""
    from langchain_aimlapi import bulk as jobs  # noqa: PLC0415  # pulls sqlite in

    try:
        report = jobs.status(journal)
    except jobs.BulkError:
        return "no row was finished"
    return f"{report.done + report.failed:,} rows are through and kept in {journal}"


def _same_command() -> str:
    return shlex.join(["aimlapi", *sys.argv[1:]])


# --- arguments ------------------------------------------------------------------------------------


def _prompt(prompt: str | None, system: str | None) -> Any:
    text, instructions = _text("--prompt", prompt), _text("--system", system)
    if instructions is None:
        return text
    if text is None:
        raise typer.BadParameter("--system goes with --prompt", param_hint="--system")
    return [("system", instructions), ("human", text)]


def _text(option: str, given: str | None) -> str | None:
    """The template itself, or what the file of that name holds."""
    if given is None or "\n" in given or "{" in given:
        return given
    path = Path(given)
    if path.suffix.lower() not in _ENDINGS:
        return given
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{given} cannot be read: {error}", param_hint=option) from None


def _schema(path: Path | None) -> dict[str, object] | None:
    if path is None:
        return None
    try:
        schema = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{path} is no JSON: {error}", param_hint="--schema") from None
    if not isinstance(schema, dict):
        raise typer.BadParameter(f"{path} holds no JSON object", param_hint="--schema")
    schema.setdefault("title", path.stem)
    return schema


def _concurrency(given: str) -> object:
    if given == "auto":
        return given
    try:
        return int(given)
    except ValueError:
        raise typer.BadParameter('a whole number or "auto"', param_hint="--concurrency") from None


def _summary(report: Report) -> str:
    usd = f"${report.cost_usd:.4f}" if report.cost_usd else "cost not reported"
    parts = [
        f"{report.done:,} of {report.rows:,} rows answered",
        f"{report.input_tokens:,} tokens in, {report.output_tokens:,} out",
        usd,
    ]
    if report.failed:
        named = ", ".join(f"{times:,} {name}" for name, times in report.errors.items())
        parts.insert(1, f"{report.failed:,} failed ({named})")
    if report.seconds:
        parts.append(f"{report.seconds:.1f} s")
    if report.output is not None:
        parts.append(str(report.output))
    return " · ".join(parts)
