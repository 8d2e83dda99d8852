"""What can be done in a conversation beside talking: `/model`, `/save` and the like."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage, messages_to_dict

from langchain_aimlapi.cli._output import note
from langchain_aimlapi.cli.chat.attachments import file_block, image_block
from langchain_aimlapi.cli.chat.content import blocks_of
from langchain_aimlapi.cli.chat.options import name_others
from langchain_aimlapi.cli.chat.tools import calls_of, shown_call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from langchain_core.messages import BaseMessage

    from langchain_aimlapi.cli.chat.conversation import Conversation

_LEAVE = ("/exit", "/quit")
_NO_SYSTEM = "off"


class _Command(NamedTuple):
    usage: str
    help: str
    run: Callable[[Conversation, str], None]


def run(conversation: Conversation, line: str) -> bool:
    """Do what a line says that begins with a slash; tell whether the conversation goes on."""
    name, _, argument = line.strip().partition(" ")
    if name in _LEAVE:
        return False
    command = _COMMANDS.get(name)
    if command is None:
        near = difflib.get_close_matches(name, NAMES, n=1)
        hint = f"Is it {near[0]}?" if near else "/help lists them all."
        note(f"There is no {name}. {hint} Two slashes send a text that begins with one.", "red")
        return True
    try:
        command.run(conversation, argument.strip())
    except typer.BadParameter as error:
        note(error.message, "red")
    return True


# --- the commands ---------------------------------------------------------------------------------


def _model(conversation: Conversation, argument: str) -> None:
    if argument:
        name_others(argument)
        conversation.session.model = argument
    note(f"Model: {conversation.session.model}")


def _system(conversation: Conversation, argument: str) -> None:
    if argument:
        conversation.session.system = None if argument == _NO_SYSTEM else argument
    note(f"System prompt: {conversation.session.system or 'none'}")


def _image(conversation: Conversation, argument: str) -> None:
    name = _needed(argument, "/image")
    conversation.attached.append(image_block(name))
    note(f"{name} goes with the next prompt.")


def _file(conversation: Conversation, argument: str) -> None:
    name = _needed(argument, "/file")
    conversation.attached.append(file_block(name))
    note(f"{name} goes with the next prompt.")


def _save(conversation: Conversation, argument: str) -> None:
    replaces = argument.startswith("-f ")
    name = _needed(argument.removeprefix("-f ").strip(), "/save")
    path = Path(name).expanduser()
    text = _as_json(conversation) if path.suffix.lower() == ".json" else _as_markdown(conversation)
    try:
        with path.open("w" if replaces else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise typer.BadParameter(f"{name} is there already; /save -f {name} replaces it") from None
    except OSError as error:
        raise typer.BadParameter(f"{name}: {error.strerror or error}") from None
    note(f"Saved to {path} ({len(conversation.messages)} messages).")


def _cost(conversation: Conversation, _: str) -> None:
    note(str(conversation.usage))


def _retry(conversation: Conversation, _: str) -> None:
    if not conversation.retry():
        raise typer.BadParameter("there is no prompt yet")


def _help(*_: object) -> None:
    width = max(len(command.usage) for command in _COMMANDS.values())
    for command in _COMMANDS.values():
        note(f"{command.usage:<{width}}  {command.help}")
    note(f"{'/exit':<{width}}  Leave (Ctrl-D too).")
    note(
        'Enter sends; Alt-Enter, a backslash at the end of a line, or """ before and after the text '
        "make several lines. Ctrl-C stops an answer; what came is kept."
    )


_COMMANDS = {
    "/model": _Command("/model [ID]", "Show the model, or ask another one from now on.", _model),
    "/system": _Command(
        "/system [TEXT]", f"Show or set the system prompt; {_NO_SYSTEM} for none.", _system
    ),
    "/image": _Command(
        "/image FILE", "Attach an image (or its address) to the next prompt.", _image
    ),
    "/file": _Command("/file FILE", "Attach a PDF, audio, video or text likewise.", _file),
    "/retry": _Command("/retry", "Ask the last prompt again, in place of its answer.", _retry),
    "/cost": _Command("/cost", "Show calls, tokens and USD so far, by model.", _cost),
    "/save": _Command(
        "/save [-f] FILE", "Write the conversation as Markdown, or JSON (.json).", _save
    ),
    "/help": _Command("/help", "Show this.", _help),
}


NAMES = (*_COMMANDS, *_LEAVE)
"""What a line may begin with."""


def _needed(argument: str, command: str) -> str:
    """The name of a file; without the quotes that terminals put around what is dropped on them."""
    for quote in ("'", '"'):
        if argument[:1] == argument[-1:] == quote:
            argument = argument[1:-1]
    if not argument:
        raise typer.BadParameter(f"{command} needs a file")
    return argument


# --- files ----------------------------------------------------------------------------------------


def _as_json(conversation: Conversation) -> str:
    session = conversation.session
    shown = {
        "model": session.model,
        "system": session.system,
        "messages": messages_to_dict(conversation.messages),
    }
    return json.dumps(shown, ensure_ascii=False, indent=2, default=str) + "\n"


def _as_markdown(conversation: Conversation) -> str:
    session = conversation.session
    parts = [f"# Conversation with {session.model}"]
    if session.system:
        parts.append(f"System prompt: {session.system}")
    for message in conversation.messages:
        parts += _sections(message)
    return "\n\n".join(parts) + "\n"


def _sections(message: BaseMessage) -> Iterable[str]:
    if isinstance(message, HumanMessage):
        yield "## Prompt"
        yield from _content(message)
    elif isinstance(message, ToolMessage):
        yield f"Result: {message.text}"
    elif isinstance(message, AIMessage):
        name = message.response_metadata.get("model_name")
        yield f"## Answer ({name})" if name else "## Answer"
        yield from _content(message)
        yield from map(shown_call, calls_of(message))


def _content(message: BaseMessage) -> Iterable[str]:
    for block in blocks_of(message):
        if block["type"] == "text":
            yield block["text"]
        elif block["type"] == "refusal":
            yield f"Refused: {block.get('refusal')}"
        elif block["type"] not in {"reasoning", "tool_call", "invalid_tool_call"}:
            yield f"({block['type']})"
