"""The list of commands, which is known without importing them."""

from __future__ import annotations

import inspect

import pytest

from langchain_aimlapi.cli._commands import COMMANDS, load


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_says(name):
    """Its summary is the first paragraph of its help."""
    command = load(name)
    first = inspect.cleandoc(command.help).split("\n\n")[0]

    assert command.name == name
    assert COMMANDS[name].summary == " ".join(first.split())


def test_help_lists_all_of_them(aimlapi):
    """In their order, each with the beginning of its summary."""
    lines = [line.strip("│ ").split() for line in aimlapi("--help").stdout.splitlines()]
    listed = [words[:4] for words in lines if words and words[0] in COMMANDS]

    assert listed == [[name, *entry.summary.split()[:3]] for name, entry in COMMANDS.items()]


def test_a_word_that_is_no_command(aimlapi):
    """The nearest one is named."""
    result = aimlapi("chta")

    assert result.exit_code == 2
    assert "No such command 'chta'. Did you mean 'chat'?" in result.stderr
