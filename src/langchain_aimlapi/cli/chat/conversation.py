"""A conversation on a terminal: prompts and answers, until it is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_core.messages import HumanMessage

from langchain_aimlapi.callbacks import AimlapiUsageHandler
from langchain_aimlapi.cli._output import note
from langchain_aimlapi.cli.chat import slash_commands
from langchain_aimlapi.cli.chat.attachments import make_message
from langchain_aimlapi.cli.chat.display import make_display
from langchain_aimlapi.cli.chat.line_editor import make_editor
from langchain_aimlapi.cli.chat.summary import show_outcome

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from langchain_aimlapi.cli.chat.attachments import Block
    from langchain_aimlapi.cli.chat.recording import Recorder
    from langchain_aimlapi.cli.chat.session import Session

_WELCOME = "/help tells what can be done, /exit or Ctrl-D leaves."


class Conversation:
    """What was said so far, and what goes with the next prompt.

    Attributes:
        session: Who is asked.
        messages: Prompts and answers; no system prompt.
        attached: Blocks that go with the next prompt.
        usage: What all calls took.
    """

    def __init__(
        self,
        session: Session,
        attached: list[Block],
        recorder: Recorder | None = None,
        *,
        markdown: bool,
    ) -> None:
        self.session = session
        self.messages: list[BaseMessage] = recorder.messages if recorder else []
        self._recorder = recorder
        self.attached = attached
        self.usage = AimlapiUsageHandler()
        self.session.callbacks.append(self.usage)
        self._markdown = markdown
        self._unanswered: HumanMessage | None = None

    def say(self, text: str) -> None:
        """Send a prompt with what is attached, and show the answer."""
        prompt = make_message(text, self.attached)
        self.attached = []
        self._ask(prompt)

    def retry(self) -> bool:
        """Ask the last prompt again, in place of its answer; tell whether there is one."""
        prompt = self._unanswered
        if prompt is None:
            place = next(
                (
                    index
                    for index in range(len(self.messages) - 1, -1, -1)
                    if isinstance(self.messages[index], HumanMessage)
                ),
                None,
            )
            if place is None:
                return False
            found = self.messages[place]
            assert isinstance(found, HumanMessage)  # noqa: S101  # as was looked for
            prompt = found
            del self.messages[place:]
        self._ask(prompt, is_retry=True)
        return True

    def _ask(self, prompt: HumanMessage, *, is_retry: bool = False) -> None:
        """Ask; a prompt without an answer is not part of the conversation, but can be asked again."""
        self._unanswered = prompt  # whatever happens from here on, it can be asked again
        turn = self.session.ask([*self.messages, prompt], make_display(markdown=self._markdown))
        if self._recorder:
            self._recorder.record(self.session, turn, is_retry=is_retry)
        kept = turn.kept()
        self._unanswered = None if kept else prompt
        if kept:
            self.messages += [prompt, *kept]
        show_outcome(self.session, turn)
        if not kept:
            note("The prompt was not answered; /retry asks it again.", "dim")
        elif turn.interrupted:
            note("What came is kept; /retry asks again.", "dim")


def converse(
    session: Session,
    attached: list[Block],
    recorder: Recorder | None = None,
    *,
    markdown: bool,
) -> None:
    """Read prompts and show answers until there are no more."""
    conversation = Conversation(session, attached, recorder, markdown=markdown)
    editor = make_editor()
    earlier = len(conversation.messages)
    told = f", going on after {earlier} messages" if earlier else ""
    note(f"{session.model}{told}. {_WELCOME}", "dim")
    while True:
        try:
            text = editor.read()
        except KeyboardInterrupt:
            note(_WELCOME, "dim")
            continue
        except EOFError:
            return
        try:
            if not _take(conversation, text):
                return
        except KeyboardInterrupt:  # pressed once more, while what came was being shown
            note(_WELCOME, "dim")


def _take(conversation: Conversation, text: str) -> bool:
    """Do what a line says; tell whether the conversation goes on."""
    if text.startswith("//"):
        text = text[1:]
    elif text.startswith("/"):
        return slash_commands.run(conversation, text)
    if text.strip():
        conversation.say(text)
    return True
