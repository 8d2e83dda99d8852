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
import json
import math
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.__main__ import _machine, _present, _versions
from benchmarks.figures import BURST_TOKENS, FIGURES
from benchmarks.peers import FLOOR, MISTRAL, OPENAI, OURS, PEERS
from benchmarks.report import _markdown
from benchmarks.run import _ROOT, _environment, server
from benchmarks.workloads import COUNTED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.figures import Figure
    from benchmarks.peers import Peer
    from benchmarks.workloads import Amounts

Row = dict[str, Any]
"""One figure as it is written to JSON."""

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
    peers = _present(options.peers)
    rows: list[Row] = []
    for figure in _figures(options.only):
        rows.append(count(figure, peers))
        print(table(rows[-1:]), flush=True)
    if len(rows) > 1:
        print(table(rows))
    print(_NOTE)
    if options.json:
        result = {"machine": _machine(), "versions": _versions(), "note": _NOTE, "rows": rows}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(result, indent=1) + "\n")


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
    with server() as address:
        for peer in peers:
            try:
                counts[peer.name] = [
                    process(figure, peer, address, amounts) for amounts in AMOUNTS[figure.name]
                ]
            except RuntimeError as error:
                print(f"left out: {figure.name} with {peer.name}: {error}", file=sys.stderr)
    return row(figure, counts)


def process(figure: Figure, peer: Peer, address: str, amounts: Amounts) -> Count:
    """Count what one process does.

    Raises:
        RuntimeError: If it fails, with the end of what it said.
    """
    work = ["benchmarks.measure", figure.workload, peer.name, address, json.dumps(amounts)]
    with tempfile.TemporaryDirectory() as directory:
        profile = pathlib.Path(directory, "callgrind.out")
        try:
            subprocess.run(
                [*_VALGRIND, f"--callgrind-out-file={profile}", sys.executable, "-m", *work],
                cwd=_ROOT,
                env={**_environment(), "PYTHONHASHSEED": "0", COUNTED: "1"},
                capture_output=True,
                text=True,
                timeout=_SECONDS_PER_COUNT,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            said = error.stderr.strip().splitlines()[-1:]
            raise RuntimeError(" ".join(said)) from None
        except subprocess.TimeoutExpired:
            raise RuntimeError("no end in sight") from None
        return Count(math.prod(amounts.values()), total(profile.read_text()))


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
    names: list[str] = []
    for found in rows:
        names += [name for name in found["instructions"] if name not in names]
    others = [name for name in names if name != OURS.name]
    titles = [name.removeprefix("langchain-") for name in names]
    ratios = [f"to {name.removeprefix('langchain-')}" for name in others]
    lines = [["figure", *titles, *ratios]]
    for found in rows:
        values = found["instructions"]
        shown = [_thousands(values.get(name)) for name in names]
        lines.append([found["title"], *shown, *(_ratio(values, name) for name in others)])
    return _markdown(lines) + "\n"


def _thousands(value: float | None) -> str:
    return "" if value is None else f"{value / 1000:,.1f}"


def _ratio(values: Mapping[str, float], other: str) -> str:
    if OURS.name not in values or other not in values:
        return ""
    return f"{values[OURS.name] / values[other]:.2f}"


if __name__ == "__main__":
    main()
