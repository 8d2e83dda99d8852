"""The Ray engine, on real clusters: slow, and only where Ray is installed.

Run by hand with `pytest -m slow tests/bulk/test_ray.py`.
"""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from langchain_aimlapi import ChatAimlapi, ConfigurationError, bulk
from langchain_aimlapi.bulk import staging
from langchain_aimlapi.bulk.journal import Entry
from langchain_aimlapi.bulk.outcome import Outcome
from langchain_aimlapi.bulk.rows import Row

from .test_kill import Counted
from .world import lines, read_lines

try:
    import ray
except ImportError:
    ray = None

needs_ray = pytest.mark.skipif(ray is None, reason="Ray is not installed (extra `ray`)")
slow = [pytest.mark.slow, pytest.mark.timeout(900), needs_ray]


def test_rows_and_outcomes_travel_as_tables(tmp_path):
    """What is laid down is what is read, and a second run finds it there."""
    import pyarrow.parquet as pq

    rows = [Row(4, {"text": "a", "n": 2**70}), Row(7, problem="no JSON")]
    staging.stage(iter(rows), tmp_path / "in")
    staging.stage(iter([]), tmp_path / "in")
    (path,) = (tmp_path / "in").iterdir()
    assert staging.staged_rows(pq.read_table(path)) == rows

    entries = [Entry(4, Outcome({"answer": "A", "parsed": [2**70]}), {"text": "a"})]
    entries.append(Entry(7, Outcome({"error": "no JSON"}, failed=True)))
    pq.write_table(staging.packed(entries), tmp_path / "out.parquet")
    assert list(staging.entries_of([tmp_path / "out.parquet"])) == entries
    assert staging.packed([]).schema == staging.packed(entries).schema


def test_columns_beside_the_inputs():
    """Rows that were not asked are left out; the types are always the same."""
    import pyarrow as pa

    table = pa.table({"text": ["a", "b", "c"]})
    entries = [Entry(2, Outcome({"answer": "C"})), Entry(0, Outcome({"parsed": {"n": 1}}))]
    found = staging.with_columns(table, entries)
    assert found["text"].to_pylist() == ["a", "c"]
    assert found["answer"].to_pylist() == [None, "C"]
    assert found["parsed"].to_pylist() == ['{"n":1}', None]
    assert str(found.schema.field("error").type) == "string"


@pytest.mark.skipif(ray is not None, reason="Ray is installed")
def test_without_ray_it_says_what_to_install(tmp_path):
    """Before a row is asked."""
    source = lines(tmp_path / "in.jsonl", [{"text": "a"}])
    llm = ChatAimlapi(model="gpt-4o", api_key="k")
    with pytest.raises(ConfigurationError, match=r"langchain-aimlapi\[ray\]"):
        bulk.run(source, llm, tmp_path / "o.jsonl", prompt="{text}", engine="ray")


@pytest.fixture
def cluster():
    """Two raylets of one CPU each, and a node to kill."""
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    made.second = made.add_node(num_cpus=2)
    ray.init(address=made.address, log_to_driver=False)
    yield made
    ray.shutdown()
    made.shutdown()


class TestOnTwoNodes:
    """Nothing is lost, whatever is killed."""

    pytestmark = slow

    @pytest.mark.parametrize("kill", ["nothing", "worker", "node"])
    def test_a_kill_in_mid_job(self, tmp_path, cluster, kill):
        """Each row is there once, in the input's order; a kill costs blocks of 256 rows twice."""
        total = 8_192
        source = lines(tmp_path / "in.jsonl", [{"text": f"t{i}"} for i in range(total)])
        began = time.monotonic()
        with Counted(0.02) as service:
            killer = threading.Thread(target=self._kill, args=(cluster, service, kill, total))
            killer.start()
            llm = ChatAimlapi(model="gpt-4o", api_key="k", base_url=service.url)
            report = bulk.run(
                source, llm, tmp_path / "o.jsonl", prompt="{text}", engine="ray", concurrency=16
            )
            killer.join()
        rows = read_lines(tmp_path / "o.jsonl")
        assert [row["text"] for row in rows] == [f"t{i}" for i in range(total)]
        assert all(row["answer"] == row["text"].upper() for row in rows)
        assert (report.done, report.failed) == (total, 0)
        assert not (tmp_path / "o.jsonl.journal.ray").exists()
        again = service.asked.total() - total
        figures = (
            f"{kill}: {again} rows paid twice, {total / (time.monotonic() - began):.0f} rows/s"
        )
        print(figures)  # noqa: T201  # for who runs it by hand
        # Each worker has up to 4 blocks under way and Ray keeps some more on their way to the disk.
        assert again <= (0 if kill == "nothing" else 3 * 16 * 256)

    @staticmethod
    def _kill(cluster, service, kill, total):
        while service.asked.total() < total // 3:
            time.sleep(0.01)
        if kill == "node":
            cluster.remove_node(cluster.second, allow_graceful=False)
        elif kill == "worker":
            # Ray's public list of actors needs its dashboard.
            actors = ray._private.state.actors().values()
            victims = [
                each
                for each in actors
                if "MapWorker" in each["ActorClassName"] and each["State"] == "ALIVE"
            ]
            os.kill(victims[0]["Pid"], signal.SIGKILL)
