"""Takes the samples: a fresh process for each, peers in turn within every round."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.figures import Figure
    from benchmarks.peers import Peer

Samples = dict[str, list[float]]
"""By peer, in the figure's unit."""

_ROOT = pathlib.Path(__file__).resolve().parent.parent
_SILENT = {"LANGSMITH_TRACING": "false", "LANGCHAIN_TRACING_V2": "false"}
_SECONDS_PER_SAMPLE = 120


def _environment() -> dict[str, str]:
    """Ours without proxies and tracing, which would be measured too."""
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return {**kept, **_SILENT}


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The loopback server, in a process of its own; yields its address."""
    command = [sys.executable, "-m", "benchmarks.server"]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def sample(figure: Figure, peer: Peer, address: str, *, quick: bool) -> float:
    """One value of a figure, in its unit.

    Raises:
        RuntimeError: If the process that takes it fails, with the end of what it said.
    """
    amounts = (figure.quick or figure.amounts) if quick else figure.amounts
    said = process(figure, peer, address, amounts, seconds=_SECONDS_PER_SAMPLE)
    return float(said.splitlines()[-1]) * figure.scale


def process(
    figure: Figure,
    peer: Peer,
    address: str,
    amounts: Mapping[str, int],
    *,
    seconds: float,
    under: Sequence[str] = (),
    **environment: str,
) -> str:
    """Do one figure's work in a fresh process, and return what it printed.

    Args:
        figure: Whose workload to run.
        peer: With whom.
        address: The server's.
        amounts: How much of it.
        seconds: How long it may take.
        under: A command that runs the process, if there is one.
        **environment: Variables beside our own.

    Raises:
        RuntimeError: If it fails, with the end of what it said.
    """
    arguments = [figure.workload, peer.name, address, json.dumps(amounts)]
    try:
        return subprocess.run(
            [*under, sys.executable, "-m", "benchmarks.measure", *arguments],
            cwd=_ROOT,
            env=_environment() | environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=True,
        ).stdout
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines()[-1:]
        raise failed(figure, peer, " ".join(said)) from None
    except subprocess.TimeoutExpired:
        raise failed(figure, peer, "no end in sight") from None


def failed(figure: Figure, peer: Peer, why: object) -> RuntimeError:
    """An error that says which figure and which peer it is about."""
    return RuntimeError(f"{figure.name} with {peer.name}: {why}")


def measure(
    figures: Sequence[Figure], peers: Sequence[Peer], *, rounds: int, quick: bool
) -> Iterator[tuple[Figure, Samples]]:
    """Take all samples, figure by figure; a peer that fails is left out with a line saying so."""
    for figure in figures:
        with server() as address:
            taken: Samples = defaultdict(list)
            turn = [peer for peer in figure.peers if peer in peers]
            for count in range(rounds):
                # Whoever goes first finds another machine than whoever goes last.
                start = count % max(len(turn), 1)
                for peer in [*turn[start:], *turn[:start]]:
                    try:
                        taken[peer.name].append(sample(figure, peer, address, quick=quick))
                    except RuntimeError as error:
                        print(f"left out: {error}", file=sys.stderr)
                        turn.remove(peer)
                        taken.pop(peer.name, None)
            yield figure, dict(taken)


def medians(samples: Samples) -> dict[str, float]:
    """The middle of each peer's samples."""
    return {name: statistics.median(values) for name, values in samples.items() if values}
