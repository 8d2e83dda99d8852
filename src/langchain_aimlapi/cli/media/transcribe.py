"""`aimlapi transcribe`: what is said in an audio file, as text, JSON or subtitles."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from langchain_aimlapi.cli._failures import FAILED, told_errors
from langchain_aimlapi.cli._output import note
from langchain_aimlapi.cli._parameters import without_none
from langchain_aimlapi.cli._service import service
from langchain_aimlapi.cli.media import options
from langchain_aimlapi.cli.media.inputs import (
    check_model,
    read_file,
    read_parameters,
)
from langchain_aimlapi.cli.media.jobs import JobRun, check_job_options
from langchain_aimlapi.cli.media.progress import Progress
from langchain_aimlapi.cli.media.results import result_as_json, summary
from langchain_aimlapi.cli.media.subtitles import as_srt, as_vtt, make_cues
from langchain_aimlapi.cli.media.targets import Target, find_text_target, write_text

if TYPE_CHECKING:
    from langchain_aimlapi.media import Transcript

_DEFAULT_MODEL = "aai/universal"


def transcribe(
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="The audio: a path, an address, or - for a pipe."),
    ] = None,
    *,
    model: Annotated[
        str,
        options.model_of("transcription"),
    ] = _DEFAULT_MODEL,
    output: options.TextOutput = None,
    language: Annotated[
        str | None, typer.Option(help='What is spoken, such as "en"; detected otherwise.')
    ] = None,
    diarize: Annotated[
        bool, typer.Option("--diarize", help="Tell speakers apart, a line for each turn.")
    ] = False,
    srt: Annotated[bool, typer.Option("--srt", help="Write subtitles, as SubRip.")] = False,
    vtt: Annotated[bool, typer.Option("--vtt", help="Write subtitles, as WebVTT.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write one JSON object: text, words with times, cost.")
    ] = False,
    param: options.Param = None,
    job: options.JobId = None,
    no_wait: options.NoWait = False,
    timeout: options.Timeout = None,
    force: options.Force = False,
) -> None:
    """Write down what is said in an audio file.

    It is a job: whatever ends the command early leaves its id and how to pick it up.
    """
    forms = [form for form, wanted in (("json", as_json), ("srt", srt), ("vtt", vtt)) if wanted]
    with told_errors():
        if len(forms) > 1:
            raise typer.BadParameter("choose one form", param_hint=f"--{forms[1]}")
        check_model(model, "transcribe")
        named = without_none(language=language, diarize=diarize or None)
        words = (*(f"--{form}" for form in forms), *(("-o", output) if output else ()))
        with service() as place, Progress("looking" if job else "submitting") as progress:
            has_input = bool(file or named or param)
            check_job_options(job, place, has_input=has_input, no_wait=no_wait)
            target = find_text_target(output, force=force)
            given = job or {**_audio(file), **named, **read_parameters(param)}
            from langchain_aimlapi.media import AimlapiTranscription  # noqa: PLC0415

            maker = AimlapiTranscription(model=model, **place.arguments)
            again = (*words, *(("--force",) if force else ()))
            run = JobRun(maker, place, progress, ("transcribe", "-m", model, *again))
            _Writing(run, target, "".join(forms) or "text", timeout).finish(given, leave=no_wait)


def _audio(file: str | None) -> dict[str, Any]:
    if file is None:
        raise typer.BadParameter("no audio file was given", param_hint="FILE")
    return {"audio": read_file(file)}


@dataclass(frozen=True)
class _Writing:
    """A transcript that is waited for, and the form in which it is written."""

    run: JobRun
    target: Target
    form: str
    timeout: float | None

    def finish(self, given: dict[str, Any] | str, *, leave: bool) -> None:
        """Submit or pick up, wait, write."""
        run = self.run
        with run.left_behind():
            run.start(given, self.timeout)
            if leave:
                run.progress.stop()
                return run.tell_id(as_json=self.form == "json")
            result: Any = run.wait(self.timeout)
            run.progress.stop()
            path = write_text(self.target, iter([self._written(result)]))
        if path is not None:
            typer.echo(path)
        if self.form != "json" or path is not None:
            note(summary(result.model, result.cost, run.progress.seconds), "dim")
        return None

    def _written(self, result: Transcript) -> str:
        if self.form == "json":
            shown = self._as_json(result)
            return json.dumps(shown, ensure_ascii=False, indent=2, default=str) + "\n"
        if self.form == "text":
            return result.told() + "\n"
        cues = make_cues(result)
        if not cues:
            note(f"{result.model} gave no times, which subtitles need. The text:", "red")
            note(result.told())
            raise typer.Exit(FAILED)
        return as_srt(cues) if self.form == "srt" else as_vtt(cues)

    def _as_json(self, result: Transcript) -> dict[str, object]:
        return {
            "text": result.text,
            "words": [dataclasses.asdict(word) for word in result.words],
            "segments": [dataclasses.asdict(one) for one in result.segments],
            "speakers": result.speakers,
            "language": result.language,
            "duration": result.duration,
            **result_as_json(result, self.run.progress.seconds),
            "job": self.run.job.id if self.run.job else None,
            "sandbox": self.run.place.is_sandbox,
        }
