"""`aimlapi video` and `aimlapi music`: jobs that end with a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from langchain_aimlapi.cli._failures import told_errors
from langchain_aimlapi.cli._output import shown_cost
from langchain_aimlapi.cli._parameters import without_none
from langchain_aimlapi.cli._service import service
from langchain_aimlapi.cli.media import options
from langchain_aimlapi.cli.media.inputs import (
    check_model,
    read_parameters,
    read_text,
)
from langchain_aimlapi.cli.media.jobs import JobRun, check_job_options
from langchain_aimlapi.cli.media.progress import Progress
from langchain_aimlapi.cli.media.results import check_formats, tell_result, write_files
from langchain_aimlapi.cli.media.targets import Target, find_target, slug

if TYPE_CHECKING:
    from langchain_aimlapi.cli._service import Service
    from langchain_aimlapi.media.jobs import JobModel

_DEFAULT_VIDEO, _DEFAULT_MUSIC = "alibaba/happyhorse-1-0", "google/lyria2"

Prompt = Annotated[
    str | None,
    typer.Argument(help="What to make; from standard input if it is - or missing."),
]
Seed = Annotated[int | None, typer.Option(help="Ask for repeatable results.")]
Negative = Annotated[str | None, typer.Option(help="What it must not contain.")]


def video(
    prompt: Prompt = None,
    *,
    model: Annotated[
        str,
        options.model_of("video"),
    ] = _DEFAULT_VIDEO,
    output: options.Output = None,
    images: Annotated[
        list[str] | None,
        typer.Option(
            "--image",
            "-i",
            metavar="FILE",
            help="The first frame: a path or an address; several are pictures to go by.",
        ),
    ] = None,
    last_image: Annotated[str | None, typer.Option(metavar="FILE", help="The last frame.")] = None,
    video_file: Annotated[
        str | None, typer.Option("--video", metavar="FILE", help="A video to start from.")
    ] = None,
    audio: Annotated[
        str | None, typer.Option(metavar="FILE", help="Audio to go with it, or to be spoken.")
    ] = None,
    duration: Annotated[
        int | None, typer.Option(help="Length in seconds, of those the model takes.", min=1)
    ] = None,
    resolution: Annotated[str | None, typer.Option(help='Such as "720p".')] = None,
    aspect_ratio: Annotated[str | None, typer.Option(help='Width to height, as "16:9".')] = None,
    seed: Seed = None,
    negative_prompt: Negative = None,
    param: options.Param = None,
    job: options.JobId = None,
    no_wait: options.NoWait = False,
    timeout: options.Timeout = None,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Make a video, wait for it and save it. The path of the file is printed.

    It takes minutes and goes on at the service whatever happens here: Ctrl-C, a timeout or a full
    disk leave the job's id and the command that picks it up.
    """
    named = without_none(
        last_image=last_image,
        video=video_file,
        audio=audio,
        duration=duration,
        resolution=resolution,
        aspect_ratio=aspect_ratio,
        seed=seed,
        negative_prompt=negative_prompt,
    )
    if images:
        named |= {"images": images} if len(images) > 1 else {"image": images[0]}
    order = _Order("video", model, prompt, named, output, job, timeout)
    order.run(param, no_wait=no_wait, force=force, as_json=as_json)


def music(
    prompt: Prompt = None,
    *,
    model: Annotated[
        str,
        options.model_of("music"),
    ] = _DEFAULT_MUSIC,
    output: options.Output = None,
    lyrics: Annotated[
        str | None, typer.Option(help="The words of the song, for models that sing.")
    ] = None,
    audio: Annotated[
        str | None, typer.Option(metavar="FILE", help="What a cover is made of.")
    ] = None,
    seed: Seed = None,
    negative_prompt: Negative = None,
    param: options.Param = None,
    job: options.JobId = None,
    no_wait: options.NoWait = False,
    timeout: options.Timeout = None,
    force: options.Force = False,
    as_json: options.AsJson = False,
) -> None:
    """Make music, wait for it and save it. The path of the file is printed.

    As with `video`, whatever ends the command early leaves the job's id and how to pick it up.
    """
    named = without_none(lyrics=lyrics, audio=audio, seed=seed, negative_prompt=negative_prompt)
    order = _Order("music", model, prompt, named, output, job, timeout)
    order.run(param, no_wait=no_wait, force=force, as_json=as_json)


@dataclass(frozen=True)
class _Order:
    """What was asked for."""

    command: str
    model: str
    prompt: str | None
    named: dict[str, Any]
    output: str | None
    job: str | None
    timeout: float | None

    def run(self, param: list[str] | None, *, no_wait: bool, force: bool, as_json: bool) -> None:
        """Submit or pick up, wait, write."""
        with told_errors():
            check_formats(self.output, as_json=as_json)
            check_model(self.model, self.command)
            has_input = bool(self.prompt or self.named or param)
            with service() as place:
                check_job_options(self.job, place, has_input=has_input, no_wait=no_wait)
                given = self.job or self._given(param)
                stem = slug(given if isinstance(given, str) else given["prompt"], self.command)
                target = find_target(self.output, stem, force=force)
                words = (self.command, "-m", self.model, *self._output_words(force=force))
                with Progress("looking" if self.job else "submitting") as progress:
                    run = JobRun(self._maker(place), place, progress, words)
                    self._finish(run, given, target, no_wait=no_wait, as_json=as_json)

    def _finish(
        self,
        run: JobRun,
        given: dict[str, Any] | str,
        target: Target,
        *,
        no_wait: bool,
        as_json: bool,
    ) -> None:
        with run.left_behind():
            run.start(given, self.timeout)
            if no_wait:
                run.progress.stop()
                run.tell_id(as_json=as_json)
                return
            result = run.wait(self.timeout)
            run.progress.show_live(f"saving · {shown_cost(result.cost)}")
            places = write_files(result, target)
            run.progress.stop()
            seconds, sandbox = run.progress.seconds, run.place.is_sandbox
            identity = run.job.id if run.job else None
            tell_result(result, places, seconds, as_json=as_json, job=identity, sandbox=sandbox)

    def _given(self, param: list[str] | None) -> dict[str, Any]:
        text = read_text(self.prompt, "PROMPT")
        return {"prompt": text, **self.named, **read_parameters(param)}

    def _maker(self, place: Service) -> JobModel:
        from langchain_aimlapi.media import AimlapiMusic, AimlapiVideos  # noqa: PLC0415

        kind = AimlapiVideos if self.command == "video" else AimlapiMusic
        return kind(model=self.model, **place.arguments)

    def _output_words(self, *, force: bool) -> tuple[str, ...]:
        return (*(("-o", self.output) if self.output else ()), *(("--force",) if force else ()))
