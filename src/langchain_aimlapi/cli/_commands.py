"""Commands by name: the lines of `aimlapi --help` are known here, the rest is imported when called.

Most of the time that `--help`, a completion or a short command took went into the other commands.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

if TYPE_CHECKING:
    from collections.abc import Mapping


class Entry(NamedTuple):
    """Where a command is, and what the list of commands says of it."""

    module: str
    """Below `langchain_aimlapi.cli`."""
    name: str
    """Of the function, or of the `Typer` with the commands of a group."""
    summary: str
    """The first paragraph of its help."""
    kind: str = ""
    """Name of its class, if it has one of its own."""


COMMANDS: Mapping[str, Entry] = {
    "chat": Entry(
        "chat.command",
        "chat",
        "Ask a model. Without a key and an address the local sandbox answers, and says so.",
        "ChatCommand",
    ),
    "compare": Entry(
        "compare.command",
        "compare",
        "Ask several models the same at once: time to first token, speed, tokens, USD and answers.",
    ),
    "bulk": Entry("bulk", "bulk", "Bring a table of rows through a model."),
    "image": Entry(
        "media.image",
        "image",
        "Make a picture, or edit pictures. The paths of the files are printed.",
    ),
    "video": Entry(
        "media.video",
        "video",
        "Make a video, wait for it and save it. The path of the file is printed.",
    ),
    "music": Entry(
        "media.video",
        "music",
        "Make music, wait for it and save it. The path of the file is printed.",
    ),
    "speak": Entry("media.speak", "speak", "Read a text aloud. The path of the file is printed."),
    "transcribe": Entry(
        "media.transcribe", "transcribe", "Write down what is said in an audio file."
    ),
    "ocr": Entry("media.ocr", "ocr", "Read PDFs and pictures: Markdown, page by page."),
    "embed": Entry(
        "media.embed",
        "embed",
        "Embed texts: a line of JSON for each, with its `index`, `text` and `embedding`.",
    ),
    "models": Entry(
        "models",
        "models",
        "List models, from the catalogue of this package or (--refresh) the service's own list.",
    ),
    "model": Entry(
        "models", "model", "Show all that is known of a model, and a program that uses it."
    ),
    "balance": Entry("account", "balance", "Show what the account holds."),
    "usage": Entry("account", "usage", "Show what the key spent."),
    "logs": Entry("account", "logs", "List requests, the newest first."),
    "doctor": Entry(
        "doctor.command", "doctor", "Find out what stands between this machine and an answer."
    ),
    "log": Entry(
        "log.command",
        "log",
        "Search the prompts and answers of `aimlapi chat`, the newest first.",
    ),
    "ui": Entry(
        "ui",
        "ui",
        "Compare up to four models on a page in the browser, and see what went over the wire.",
    ),
    "sandbox": Entry(
        "sandbox",
        "sandbox",
        "Run a local emulator of the service: no key, no network, no cost.",
    ),
    "keys": Entry("account", "keys", "List, make and delete keys; needs a management key."),
}
"""In the order in which they are listed."""


class Commands(TyperGroup):
    """The group of all commands: lists them without importing them, and imports the one called."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, entry in COMMANDS.items():
            self.commands[name] = TyperCommand(name, help=entry.summary)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that the first argument names, as itself."""
        if args and args[0] in COMMANDS:
            self.commands[args[0]] = load(args[0], self.rich_markup_mode)
        return super().resolve_command(ctx, args)


def load(name: str, markup: Any = None) -> Any:
    """Import a command.

    Args:
        name: As it is called.
        markup: How its help is shown; see typer's `rich_markup_mode`.
    """
    entry = COMMANDS[name]
    module = import_module(f"langchain_aimlapi.cli.{entry.module}")
    found = getattr(module, entry.name)
    holder = typer.Typer(add_completion=False, rich_markup_mode=markup)
    holder.callback()(_group)
    if isinstance(found, typer.Typer):
        holder.add_typer(found, name=name)
    else:
        holder.command(name, cls=getattr(module, entry.kind) if entry.kind else None)(found)
    group: Any = get_command(holder)
    return group.commands[name]


def _group() -> None:
    """Be what makes typer keep a single command below a name."""
