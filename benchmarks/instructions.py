"""The command: `python -m benchmarks.instructions [--only FIGURE …] [--peers PEER …] [--json FILE]`.

Instructions instead of seconds: they depend far less on what else the machine does. Valgrind
counts them, and makes a process some fifty times slower. Each value is the difference between two
fresh processes that do different amounts of the same work, divided by the difference of the
amounts, so what both do once (imports, connections, the exit) cancels out.

The garbage collector's full collections come seldom and cost as much as hundreds of calls, so that
one more or less would be all one sees. Hence the process freezes what there is when the counted
work begins, as a server may with `gc.freeze()`. Collections of what the work makes are counted.
"""

from __future__ import annotations

import argparse
import math
import pathlib
import re
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from benchmarks import run
from benchmarks.__main__ import present, write
from benchmarks.figures import BURST_TOKENS, FIGURES
from benchmarks.peers import FLOOR, MISTRAL, OPENAI, OURS, PEERS
from benchmarks.report import Row, columns, markdown
from benchmarks.workloads import COUNTED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.figures import Figure
    from benchmarks.peers import Peer
    from benchmarks.workloads import Amounts

AMOUNTS: dict[str, tuple[Amounts, Amounts]] = {
    "invoke": ({"calls": 20}, {"calls": 120}),
    "stream": ({"tokens": BURST_TOKENS, "streams": 1}, {"tokens": BURST_TOKENS, "streams": 4}),
    "events": ({"tokens": BURST_TOKENS, "streams": 1}, {"tokens": BURST_TOKENS, "streams": 4}),
    "ainvoke": ({"at_once": 100, "rounds": 1}, {"at_once": 100, "rounds": 5}),
    "astream": (
        {"tokens": 100, "at_once": 20, "rounds": 1},
        {"tokens": 100, "at_once": 20, "rounds": 2},
    ),
}
"""Less and more work of each figure, of which the product is the number of calls or chunks."""

_PEERS = (OURS, FLOOR, OPENAI, MISTRAL)
_VALGRIND = ("valgrind", "--quiet", "--tool=callgrind", "--instr-atstart=no")
_SECONDS_PER_COUNT = 600
_NOTE = (
    "Thousands of instructions per call or chunk, without full collections of what was imported."
)
_TOTAL = re.compile(r"^totals: (\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Count:
    """What one process did, and the instructions it took."""

    units: int
    instructions: int


def main() -> None:
    """Count, print the table, and write what was asked for."""
    options = _options()
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is not installed, and nothing else here counts instructions.")
    peers = present(options.peers)
    rows: list[Row] = []
    for figure in _figures(options.only):
        rows.append(count(figure, peers))
        print(table(rows[-1:]), flush=True)
    if len(rows) > 1:
        print(table(rows))
    print(_NOTE)
    if options.json:
        write(options.json, note=_NOTE, rows=rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instructions", description=__doc__)
    names = [peer.name for peer in _PEERS]
    parser.add_argument(
        "--only", nargs="+", choices=list(AMOUNTS), default=list(AMOUNTS), help="these figures"
    )
    parser.add_argument(
        "--peers", nargs="+", choices=list(PEERS), default=names, help="beside these peers"
    )
    parser.add_argument("--json", type=pathlib.Path, help="write all counts to this file")
    return parser.parse_args()


def _figures(names: Sequence[str]) -> list[Figure]:
    return [figure for figure in FIGURES if figure.name in names]


def count(figure: Figure, peers: Sequence[Peer]) -> Row:
    """Count one figure; a peer that fails is left out with a line saying so."""
    counts: dict[str, list[Count]] = {}
    with run.server() as address:
        for peer in peers:
            try:
                counts[peer.name] = [
                    process(figure, peer, address, amounts) for amounts in AMOUNTS[figure.name]
                ]
            except RuntimeError as error:
                print(f"left out: {error}", file=sys.stderr)
    return row(figure, counts)


def process(figure: Figure, peer: Peer, address: str, amounts: Amounts) -> Count:
    """Count what one process does.

    Raises:
        RuntimeError: If it fails, with the end of what it said.
    """
    with tempfile.TemporaryDirectory() as directory:
        profile = pathlib.Path(directory, "callgrind.out")
        run.process(
            figure,
            peer,
            address,
            amounts,
            seconds=_SECONDS_PER_COUNT,
            under=(*_VALGRIND, f"--callgrind-out-file={profile}"),
            PYTHONHASHSEED="0",
            **{COUNTED: "1"},
        )
        try:
            instructions = total(profile.read_text())
        except RuntimeError as error:
            raise run.failed(figure, peer, error) from None
    return Count(math.prod(amounts.values()), instructions)


def total(profile: str) -> int:
    """The instructions in what callgrind wrote.

    Raises:
        RuntimeError: If there are none.
    """
    found = _TOTAL.search(profile)
    if found is None or found[1] == "0":
        raise RuntimeError("callgrind counted nothing")
    return int(found[1])


def row(figure: Figure, counts: dict[str, list[Count]]) -> Row:
    """A figure with its instructions per call or chunk, and the counts they are from."""
    return {
        "name": figure.name,
        "title": figure.title,
        "instructions": {name: per_unit(*both) for name, both in counts.items()},
        "counts": {name: [asdict(one) for one in both] for name, both in counts.items()},
    }


def per_unit(less: Count, more: Count) -> float:
    """Instructions of one unit, without those that both processes need."""
    return (more.instructions - less.instructions) / (more.units - less.units)


def table(rows: Sequence[Row]) -> str:
    """Thousands of instructions, and ours divided by the others', in Markdown."""
    names = columns(rows, "instructions")
    others = [name for name in names if name != OURS.name]
    titles = [name.removeprefix("langchain-") for name in names]
    ratios = [f"to {name.removeprefix('langchain-')}" for name in others]
    lines = [["figure", *titles, *ratios]]
    for found in rows:
        values = found["instructions"]
        shown = [_thousands(values.get(name)) for name in names]
        lines.append([found["title"], *shown, *(_ratio(values, name) for name in others)])
    return markdown(lines) + "\n"


def _thousands(value: float | None) -> str:
    return "" if value is None else f"{value / 1000:,.1f}"


def _ratio(values: Mapping[str, float], other: str) -> str:
    if OURS.name not in values or other not in values:
        return ""
    return f"{values[OURS.name] / values[other]:.2f}"


if __name__ == "__main__":
    main()
