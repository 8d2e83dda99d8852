"""What goes from a turn into the log, and from the log into a conversation."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import typer
from langchain_core.messages import messages_from_dict, messages_to_dict

from langchain_aimlapi.cli._failures import FAILED
from langchain_aimlapi.cli._output import note
from langchain_aimlapi.cli.chat.content import refusal_of
from langchain_aimlapi.cli.chat.summary import cost_of, usage_of
from langchain_aimlapi.cli.log.database import Entry, Log, LogError, default_path, log_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_core.messages import BaseMessage

    from langchain_aimlapi.cli.chat.session import Session, Turn

LAST = "last"


class Recorder:
    """Writes the turns of one conversation.

    Args:
        log: Where.
        earlier: An entry whose conversation goes on; None for a new one.
        writes: Whether turns are written, or earlier ones only read.

    Attributes:
        messages: What was said in the conversation before.
        earlier: Its last entry.
    """

    def __init__(self, log: Log, earlier: Entry | None = None, *, writes: bool = True) -> None:
        self._log = log
        self._writes = writes
        self._conversation = earlier.conversation if earlier else 0
        entries = log.conversation(self._conversation) if earlier else []
        self.earlier = entries[-1] if entries else earlier
        self._last = self.earlier.id if self.earlier else None
        self.messages: list[BaseMessage] = messages_from_dict(
            [dict(each) for entry in entries for each in entry.messages]
        )

    def record(self, session: Session, turn: Turn, *, is_retry: bool = False) -> int | None:
        """Write a turn, and return its id; one that cannot be written is no error of the answer."""
        if not self._writes:
            return None
        entry = entry_of(session, turn, self._conversation)
        try:
            written = self._log.add(entry, replaces=self._last if is_retry else None)
        except LogError as error:
            note(str(error), "yellow")
            return None
        self._conversation, self._last = written.conversation, written.id
        return written.id


def entry_of(session: Session, turn: Turn, conversation: int) -> Entry:
    """Return what is kept of a turn."""
    answer, usage, kept = turn.answer, usage_of(turn), turn.kept()
    metadata, prompt = answer.response_metadata, turn.prompt[-1]
    status = "failed" if turn.error else "interrupted" if turn.interrupted else "done"
    return Entry(
        model=session.model,
        prompt=prompt.text,
        answer=answer.text or refusal_of(answer) or "",
        status=status,
        served_by=metadata.get("model_name"),
        system=session.system,
        reasoning=answer.additional_kwargs.get("reasoning_content"),
        input_tokens=usage["input_tokens"] if usage else None,
        output_tokens=usage["output_tokens"] if usage else None,
        usd=cost_of(turn),
        seconds=round(turn.seconds, 3),
        finish_reason=metadata.get("finish_reason"),
        inference_id=metadata.get("inference_id"),
        error=turn.error,
        sandbox=session.service.is_sandbox,
        parameters=session.parameters,
        messages=messages_to_dict([prompt, *kept]) if kept else [],
        conversation=conversation,
    )


@contextlib.contextmanager
def recording(wanted: bool | None, continued: str | None) -> Iterator[Recorder | None]:
    """Open the log, if there is to be one.

    Args:
        wanted: `--log` or `--no-log`; None for what the environment says.
        continued: An id of the log, or the last one; what goes on is logged.

    Raises:
        typer.Exit: It cannot be opened, or there is nothing to go on with.
        typer.BadParameter: The id is none.
    """
    path = log_path()
    if continued is None and (wanted is False or (wanted is None and path is None)):
        yield None
        return
    with contextlib.ExitStack() as opened:
        try:
            log = opened.enter_context(Log(path or default_path()))
            earlier = None if continued is None else _earlier(log, continued)
            recorder = Recorder(log, earlier, writes=wanted is not False)
        except LogError as error:
            note(str(error), "red")
            raise typer.Exit(FAILED) from None
        yield recorder


def _earlier(log: Log, continued: str) -> Entry:
    if continued != LAST and not continued.isdecimal():
        raise typer.BadParameter(f"{continued!r} is no id of the log", param_hint="--continue")
    found = log.last() if continued == LAST else log.entry(int(continued))
    if found is None:
        what = "is empty" if continued == LAST else f"has no entry {continued}"
        raise LogError(f"The log {log.path} {what}: there is nothing to go on with.")
    return found
