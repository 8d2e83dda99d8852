"""Completion by Tab in a conversation: commands, ids of models, paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit.completion import Completer, Completion, PathCompleter, WordCompleter
from prompt_toolkit.document import Document

from langchain_aimlapi import _catalogue
from langchain_aimlapi.cli.chat.slash_commands import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prompt_toolkit.completion import CompleteEvent

_PATHS = PathCompleter(expanduser=True)
_ARGUMENTS: dict[str, Completer] = {
    "/model": WordCompleter(list(_catalogue.ids()), sentence=True),
    "/image": _PATHS,
    "/file": _PATHS,
    "/save": _PATHS,
}


class CommandCompleter(Completer):
    """Completes the name of a command, and then what it takes."""

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Yield what the text may go on with."""
        name, blank, argument = document.text_before_cursor.partition(" ")
        if not name.startswith("/"):
            return
        if not blank:
            found = (each for each in NAMES if each.startswith(name))
            yield from (Completion(each, -len(name)) for each in found)
        elif name in _ARGUMENTS:
            yield from _ARGUMENTS[name].get_completions(Document(argument), complete_event)
