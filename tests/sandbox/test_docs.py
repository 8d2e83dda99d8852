"""The page on the sandbox: its programs run, and its table of faults is complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from langchain_aimlapi.sandbox import FAULTS, MEDIA_FAULTS

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text("utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def names():
    """Each program may use what the first one imports, as in one session."""
    given = {}
    exec(PROGRAMS[0].partition("\nwith")[0], given)  # noqa: S102
    return given


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda text: text.strip().splitlines()[-1][:40])
def test_programs_run(program, names, capsys):
    """Each program does what the page says; the first prints the text that stands below it."""
    exec(program, names)  # noqa: S102

    printed = capsys.readouterr().out
    assert not printed or printed in PAGE


def test_the_fixture_example(aimlapi_sandbox, names):
    """The test shown on the page passes."""
    exec(PROGRAMS[1], names)  # noqa: S102

    names["test_my_application"](aimlapi_sandbox)


def test_the_table_of_faults():
    """Every fault stands on the page, in the words of the program."""
    rows = [
        f"| `{fault.name}` | {fault.description} | {'yes' if fault.harmless else ''} |"
        for fault in FAULTS.values()
    ]

    assert "\n".join(["| Name | What happens | Harmless |", "|---|---|---|", *rows]) in PAGE


def test_the_table_of_media_faults():
    """Likewise."""
    rows = [f"| `{fault.name}` | {fault.description} |" for fault in MEDIA_FAULTS.values()]

    assert "\n".join(["| Name | What happens |", "|---|---|", *rows]) in PAGE
