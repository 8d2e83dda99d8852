"""The command: `python -m benchmarks [--only FIGURE …] [--quick] [--json FILE] [--plot FILE]`."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import pathlib
import platform
import sys
from typing import TYPE_CHECKING

from benchmarks.figures import FIGURES
from benchmarks.peers import PEERS, Peer
from benchmarks.plot import plot
from benchmarks.report import Row, row, table
from benchmarks.run import measure

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROUNDS, _QUICK_ROUNDS = 7, 1
_VERSIONS = ("aiohttp", "httpx2", "langchain-core", "orjson", "pydantic")


def main() -> None:
    """Measure, print the table, and write what was asked for."""
    options = _options()
    peers = present(options.peers or list(PEERS))
    figures = [figure for figure in FIGURES if not options.only or figure.name in options.only]
    rounds = options.rounds or (_QUICK_ROUNDS if options.quick else _ROUNDS)
    rows: list[Row] = []
    for figure, samples in measure(figures, peers, rounds=rounds, quick=options.quick):
        rows.append(row(figure, samples))
        print(table(rows[-1:]), flush=True)
    if len(rows) > 1:
        print(table(rows))
    if options.json:
        write(options.json, rounds=rounds, rows=rows)
    if options.plot:
        plot(rows, options.plot)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [figure.name for figure in FIGURES]
    parser.add_argument("--only", nargs="+", choices=names, help="measure these figures only")
    parser.add_argument("--peers", nargs="+", choices=list(PEERS), help="beside these peers only")
    parser.add_argument("--rounds", type=int, help=f"samples per peer (default {_ROUNDS})")
    parser.add_argument("--quick", action="store_true", help="one round of little work")
    parser.add_argument("--json", type=pathlib.Path, help="write all samples to this file")
    parser.add_argument("--plot", type=pathlib.Path, help="draw the result into this PNG")
    return parser.parse_args()


def present(names: Sequence[str]) -> list[Peer]:
    """The peers of these names that are installed; of the others it is said that they are not."""
    wanted = [PEERS[name] for name in names]
    for peer in wanted:
        if not peer.installed:
            print(f"left out: {peer.name} is not installed", file=sys.stderr)
    return [peer for peer in wanted if peer.installed]


def write(path: pathlib.Path, **found: object) -> None:
    """Write what was found, and on what machine, as JSON."""
    result = {"machine": _machine(), "versions": _versions(), **found}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")


def _machine() -> dict[str, str | int | None]:
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def _versions() -> dict[str, str]:
    partners = [name for name, peer in PEERS.items() if "-" in name and peer.installed]
    return {name: importlib.metadata.version(name) for name in (*partners, *_VERSIONS)}


if __name__ == "__main__":
    main()
