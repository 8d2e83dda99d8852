"""The embeddings benchmark compares like with like: each way brings the same numbers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks import embeddings


@pytest.fixture(scope="module")
def url():
    """The benchmark's own server."""
    with subprocess.Popen(  # our own module
        [sys.executable, "-m", "benchmarks.embeddings", "--serve"],
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
        server.terminate()


def test_the_same_numbers(url):
    ways = embeddings._ways(url)
    texts = embeddings.make_texts(300, 60)
    wanted = ways["floor_lists"](texts)

    assert (len(wanted), len(wanted[0])) == (300, 1536)
    assert ways["ours"](texts) == ways["ours_async"](texts) == wanted
    assert ways["ours_numpy"](texts).tolist() == wanted
    # Written out, a number is read back to nine digits, as services write single precision.
    assert ways["floor_numbers"](texts)[7] == pytest.approx(wanted[7], rel=1e-7)


def test_a_sample(url):
    """A positive number, from a process of its own."""
    assert embeddings._sample("ours", url, 10, 60) > 0
