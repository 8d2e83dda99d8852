"""`aimlapi`: the package from the command line. A user of the public API, one file per command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; the extra `cli` brings what it needs."""
    try:
        import rich  # noqa: F401, PLC0415  # the extra may be missing

        from langchain_aimlapi.cli._output import one_line_for_lost_output  # noqa: PLC0415
        from langchain_aimlapi.cli.app import app  # noqa: PLC0415  # typer may be missing
    except ModuleNotFoundError as missing:
        if missing.name not in {"typer", "rich"}:
            raise
        sys.exit("The command line needs its extra: pip install 'langchain-aimlapi[cli]'")
    with one_line_for_lost_output():
        app()
