"""docs/cli.md: its tables are the commands' own help."""

from __future__ import annotations

import pytest

from scripts import cli_page


def test_the_page_is_what_the_commands_say(capsys):
    assert cli_page.main(["--check"]) == 0, capsys.readouterr().out


def test_a_stale_page_is_noticed(tmp_path, monkeypatch, capsys):
    """One word changed is enough."""
    page = tmp_path / "cli.md"
    page.write_text(cli_page.PAGE.read_text("utf-8").replace("Id of the model", "Name"), "utf-8")
    monkeypatch.setattr(cli_page, "PAGE", page)

    assert cli_page.main(["--check"]) == 1
    assert "stale" in capsys.readouterr().out


def test_a_command_without_a_place_is_noticed():
    with pytest.raises(ValueError, match="no place for: .*models"):
        cli_page.written("# Command line\n")


def test_every_option_has_a_word_on_it():
    for name, command in cli_page.commands():
        assert command.help, name
        for parameter in command.params:
            assert parameter.help, (name, parameter.name)
