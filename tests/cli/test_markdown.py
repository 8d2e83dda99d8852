"""Markdown while it streams: what is printed for good, and that nothing is lost or doubled."""

from __future__ import annotations

import io

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.markdown import Markdown

from langchain_aimlapi.cli.chat.markdown import MarkdownStream, _shortened, complete_until

TEXT = """\
# Title

A paragraph with **bold** words
over two lines.

1. one

2. two

   a second paragraph of two

```python
def f():

    return "a blank line in a fence"
```

| a | b |
|---|---|
| 1 | 2 |

End.
"""


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("", ""),
        ("one line", ""),
        ("one\n\n", ""),
        ("one\n\nt", "one\n\n"),
        ("one\n\n  indented", ""),
        ("```\na\n\nb", ""),
        ("```\na\n\nb\n```\n\nc", "```\na\n\nb\n```\n\n"),
        ("~~~\n```\n\nb\n~~~\n\nc", "~~~\n```\n\nb\n~~~\n\n"),
        ("````\n```\n\nb\n````\n\nc", "````\n```\n\nb\n````\n\n"),
        ("```a`b`\n\nc", "```a`b`\n\n"),
        ("a\n\nb\n\nc", "a\n\nb\n\n"),
    ],
)
def test_where_blocks_end(text, complete):
    assert text[: complete_until(text)] == complete


def shown(pieces, *, height=40, width=60):
    """What stands on a terminal when all has come, with what scrolled off above."""
    screen = pyte.HistoryScreen(width, height, history=1000, ratio=1)
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=width, height=height, highlight=False)
    stream = MarkdownStream(console)
    for piece in pieces:
        stream.add(piece)
        if stream._live is not None:
            stream._live.refresh()
    stream.end()
    pyte.Stream(screen).feed(file.getvalue().replace("\n", "\r\n"))
    above = ["".join(line[x].data for x in range(width)) for line in screen.history.top]
    return [line.rstrip() for line in (*above, *screen.display)]


def words(lines):
    return " ".join(" ".join(lines).split())


def as_one(text, width=60):
    file = io.StringIO()
    Console(file=file, width=width, highlight=False).print(Markdown(text))
    return words(file.getvalue().splitlines())


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_screen_at_the_end(size):
    """However it was cut, the same stands there as if it had come at once, and only once."""
    pieces = [TEXT[start : start + size] for start in range(0, len(TEXT), size)]

    assert words(shown(pieces)) == as_one(TEXT)


def test_more_than_the_terminal_holds():
    """What scrolled away was printed once: a block that is drawn anew leaves no copies behind."""
    rows = "".join(f"- row {number}\n" for number in range(30))
    lines = shown([rows[start : start + 9] for start in range(0, len(rows), 9)], height=10)
    found = [line.split("row ")[1] for line in lines if "row " in line]

    assert found == [str(number) for number in range(30)]


@given(st.lists(st.text(alphabet="a`~ \n*#-|1.", max_size=12), max_size=12))
def test_nothing_is_lost(pieces):
    """What was printed and what is pending is what came."""
    text, taken, pending = "".join(pieces), "", ""
    for piece in pieces:
        pending += piece
        end = complete_until(pending)
        taken, pending = taken + pending[:end], pending[end:]

    assert taken + pending == text


def test_a_long_fence_keeps_its_first_line():
    """Only the end of a long block is drawn, still as code."""
    text = "```python\n" + "x = 1\n" * 1000

    assert _shortened(text).startswith("```python\nx = 1\n")
    assert len(_shortened(text).splitlines()) == 201
    assert _shortened("a\n" * 1000) == "a\n" * 200
