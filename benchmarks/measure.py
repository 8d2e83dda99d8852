"""One sample in a process of its own: `python -m benchmarks.measure FIGURE PEER ADDRESS AMOUNTS`.

Prints the value, and nothing else, on the last line.
"""

from __future__ import annotations

import json
import resource
import sys

from benchmarks import workloads
from benchmarks.peers import PEERS


def main() -> None:
    """Take the sample that the arguments ask for."""
    workload, peer, address, amounts = sys.argv[1:]
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    value = getattr(workloads, workload)(PEERS[peer], address, json.loads(amounts))
    print(repr(value))


if __name__ == "__main__":
    main()
