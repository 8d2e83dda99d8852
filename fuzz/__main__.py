"""Fuzz all targets, one process each, and print how it went.

python -m fuzz --runs 5000000                    in all, shared out among the targets
python -m fuzz --runs 100000 --target stream     one target
python -m fuzz --keep DIRECTORY                  go on from the inputs of an earlier run

An input that breaks a rule is left in the directory as `TARGET-crash-…`: move it to `corpus`, so
that it is tried for ever after. Exit status 1 if there was one.
"""

from __future__ import annotations

import argparse
import re
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
WEIGHTS = {"sse": 2, "refused": 2}
"""Shares of the runs: those that make no LangChain message are faster."""
MOST_BYTES = {"sse": 768}
USUAL_MOST_BYTES = 4_096
"""Lengths of inputs."""
SLOW_SECONDS = 5
"""An input that takes so long counts as hanging."""
_DONE = re.compile(r"Done (\d+) in (\d+) second")
_TAIL = 3_000


class Run(NamedTuple):
    """How the fuzzing of one target ended."""

    target: str
    inputs: int
    seconds: float
    corpus: int
    """Inputs kept, as each reached something new."""
    trouble: str
    """The end of what the fuzzer said, if it found something."""


def fuzz(target: str, runs: int, folder: Path) -> Run:
    """Fuzz one target for so many inputs."""
    grown = folder / target
    grown.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "fuzz.one", target]
    options = [
        f"-atheris_runs={runs}",
        f"-timeout={SLOW_SECONDS}",
        f"-max_len={MOST_BYTES.get(target, USUAL_MOST_BYTES)}",
        "-rss_limit_mb=1024",
        f"-artifact_prefix={folder}/{target}-",
    ]
    started = time.monotonic()
    done = subprocess.run(  # noqa: S603  # our own command
        [*command, *options, str(grown), str(CORPUS / target)],
        capture_output=True,
        text=True,
        check=False,
        errors="replace",
    )
    said = done.stdout + done.stderr
    counted = _DONE.search(said)
    # The fuzzer's own timer may go off while Python ends, after the last input.
    well = done.returncode == 0 or (counted and done.returncode == -signal.SIGALRM)
    return Run(
        target,
        int(counted[1]) if counted else 0,
        time.monotonic() - started,
        len(list(grown.iterdir())),
        "" if well else f"exit status {done.returncode}\n{said[-_TAIL:]}\n",
    )


def shares(targets: list[str], runs: int) -> dict[str, int]:
    """Share out the runs."""
    weights = {target: WEIGHTS.get(target, 1) for target in targets}
    return {target: runs * weight // sum(weights.values()) for target, weight in weights.items()}


def main(arguments: list[str]) -> int:
    """Fuzz, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--target", choices=TARGETS, action="append")
    parser.add_argument("--jobs", type=int, default=1, help="targets at a time")
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args(arguments)
    folder = given.keep or Path(tempfile.mkdtemp(prefix="fuzz-"))
    with ThreadPoolExecutor(given.jobs) as pool:
        shared = shares(given.target or list(TARGETS), given.runs)
        made = pool.map(lambda share: fuzz(*share, folder), shared.items())
        runs = [_told(run) for run in made]
    sys.stdout.write(f"{sum(run.inputs for run in runs):,} inputs; folder {folder}\n")
    return int(any(run.trouble for run in runs))


def _told(run: Run) -> Run:
    speed = run.inputs / run.seconds
    sys.stdout.write(
        f"{run.target}: {run.inputs:,} inputs, {run.seconds:.0f} s, {speed:,.0f} a second, "
        f"{run.corpus} kept{' FOUND SOMETHING' if run.trouble else ''}\n{run.trouble}"
    )
    sys.stdout.flush()
    return run


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
