"""Reading a prompt from a terminal: several lines, a history in a file, completion.

Enter sends, Alt-Enter begins another line, and so does Enter behind a backslash or within a pair of
three double quotes. What is pasted stays together.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import typer

from langchain_aimlapi.cli._output import note
from langchain_aimlapi.cli.chat.display import is_rich

if TYPE_CHECKING:
    from prompt_toolkit.history import History
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

HISTORY_VARIABLE = "AIMLAPI_HISTORY"
_QUOTES = '"""'
_PROMPT, _MORE = "> ", ". "


class Editor(Protocol):
    """What a conversation is typed into."""

    def read(self) -> str:
        """Return the next prompt.

        Raises:
            EOFError: There is none.
            KeyboardInterrupt: It is not to be sent.
        """


def make_editor() -> Editor:
    """Return what the terminal is able to show."""
    if not is_rich():
        return PlainEditor()
    try:
        return PromptEditor()
    except ModuleNotFoundError as missing:
        if missing.name != "prompt_toolkit":
            raise
        note("Lines cannot be edited without: pip install 'langchain-aimlapi[cli]'", "yellow")
        return PlainEditor()


def goes_on(text: str) -> bool:
    """Tell whether another line belongs to a prompt."""
    if text.lstrip().startswith(_QUOTES):
        return text.count(_QUOTES) == 1
    return text.endswith("\\")


def tidy(text: str) -> str:
    """Return a prompt without the marks of its lines."""
    stripped = text.strip()
    if stripped.startswith(_QUOTES):
        return stripped.removeprefix(_QUOTES).removesuffix(_QUOTES).strip("\n")
    return text.replace("\\\n", "\n").removesuffix("\\")


class PlainEditor:
    """For terminals that take no escape codes, or are not to get any: no history, no completion."""

    def read(self) -> str:
        """Return the next prompt."""
        text = self._line(_PROMPT)
        while goes_on(text):
            text += "\n" + self._line(_MORE)
        return tidy(text)

    def _line(self, prompt: str) -> str:
        typer.echo(prompt, nl=False)
        line = sys.stdin.readline()
        if not line:
            typer.echo()
            raise EOFError
        return line.rstrip("\r\n")


class PromptEditor:
    """With prompt_toolkit: editing over lines, a history that is kept, completion by Tab."""

    def __init__(self) -> None:
        from prompt_toolkit import PromptSession  # noqa: PLC0415  # for conversations alone

        from langchain_aimlapi.cli.chat.completion import CommandCompleter  # noqa: PLC0415

        self._session: PromptSession[str] = PromptSession(
            history=_history(),
            completer=CommandCompleter(),
            complete_while_typing=False,
            key_bindings=_keys(),
            multiline=True,
            prompt_continuation=_MORE,
            enable_suspend=True,
        )

    def read(self) -> str:
        """Return the next prompt."""
        return tidy(self._session.prompt(_PROMPT))


def _keys() -> KeyBindings:
    from prompt_toolkit.enums import DEFAULT_BUFFER  # noqa: PLC0415  # for conversations alone
    from prompt_toolkit.filters import has_focus  # noqa: PLC0415
    from prompt_toolkit.key_binding import KeyBindings  # noqa: PLC0415

    keys = KeyBindings()

    def enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if goes_on(buffer.text):
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    def new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    keys.add("enter", filter=has_focus(DEFAULT_BUFFER))(enter)
    keys.add("escape", "enter", filter=has_focus(DEFAULT_BUFFER))(new_line)
    return keys


# --- the history ----------------------------------------------------------------------------------


def history_path() -> Path | None:
    """Where prompts are kept; None if they are not to be (`AIMLAPI_HISTORY=off`)."""
    named = os.environ.get(HISTORY_VARIABLE)
    if named is not None:
        return None if named.lower() in {"", "0", "off"} else Path(named).expanduser()
    import platformdirs  # noqa: PLC0415  # for conversations alone

    return Path(platformdirs.user_data_path("langchain-aimlapi")) / "chat_history"


def _history() -> History:
    from prompt_toolkit.history import FileHistory, InMemoryHistory  # noqa: PLC0415

    path = history_path()
    if path is None:
        return InMemoryHistory()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Prompts are nobody else's business.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    except OSError:
        return InMemoryHistory()  # a folder that cannot be written to costs the history alone
    return FileHistory(path)
