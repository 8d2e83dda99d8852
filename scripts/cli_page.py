"""Write the tables of docs/cli.md, the arguments and options of each command, from their help.

python scripts/cli_page.py            write the page
python scripts/cli_page.py --check    exit 1 if the page in place is not what would be written

What stands between two tables is written by hand and kept; a command without a place is an error.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_aimlapi.cli._commands import COMMANDS, load

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
_PLACE = re.compile(r"(<!-- help: ([a-z ]+) -->\n).*?(<!-- end of help -->)", re.DOTALL)


def commands() -> Iterator[tuple[str, Any]]:
    """Yield each command that can be called, with the words that call it."""
    for name in COMMANDS:
        command = load(name)
        children = getattr(command, "commands", None)
        if children:
            yield from ((f"{name} {word}", child) for word, child in children.items())
        else:
            yield name, command


def table(command: Any) -> str:
    """Return a command's arguments and options as a table."""
    rows = [_row(each) for each in command.params if each.name != "help"]
    lines = ["| Argument | What it is |", "|---|---|", *rows]
    return f"{_prose(command.help)}\n\n" + "\n".join(lines) + "\n"


def _prose(text: str | None) -> str:
    paragraphs = re.split(r"\n\s*\n", (text or "").strip())
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        shown = f"`{parameter.metavar or parameter.name.upper()}`"
    else:
        shown = ", ".join(f"`{word}`" for word in (*parameter.opts, *parameter.secondary_opts))
    told = " ".join((parameter.help or "").split())
    if parameter.envvar:
        told += f" Environment: `{parameter.envvar}`."
    return f"| {shown} | {told.replace('|', chr(92) + '|')} |"


def written(page: str) -> str:
    """Return the page with its tables as they are to be.

    Raises:
        ValueError: For a command that has no place on the page.
    """
    known = dict(commands())
    placed = {found[2] for found in _PLACE.finditer(page)}
    if missing := known.keys() - placed:
        raise ValueError(f"docs/cli.md has no place for: {', '.join(sorted(missing))}")
    return _PLACE.sub(lambda found: f"{found[1]}{table(known[found[2]])}{found[3]}", page)


def main(arguments: list[str]) -> int:
    """Write or check the page; return the exit status."""
    page = PAGE.read_text("utf-8")
    wanted = written(page)
    if "--check" not in arguments:
        PAGE.write_text(wanted, "utf-8")
    elif wanted != page:
        print("docs/cli.md is stale: python scripts/cli_page.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
