"""Comparisons beside peers: `python -m benchmarks`, or `make bench`.

Client CPU, not wall time: the servers run in a process of their own, every sample is taken in a
fresh process, peers take turns within each round, and medians and ratios are quoted, since the
machine is never quiet. Nothing here decides whether the tests pass.
"""
