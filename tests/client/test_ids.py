"""Ids of calls."""

from __future__ import annotations

import os
import random
import uuid

import pytest

from langchain_aimlapi._client import ids as ids_module
from langchain_aimlapi._client.ids import ids_of_many, new_id


def test_an_id_is_a_random_uuid():
    """As every tool knows it."""
    made = uuid.UUID(new_id())

    assert made.version == 4
    assert made.variant == uuid.RFC_4122


def test_ids_differ_also_in_programs_that_seed_random():
    """Two runs of one experiment are two runs."""
    random.seed(7)
    ids = {new_id() for _ in range(1000)}
    random.seed(7)

    assert new_id() not in ids
    assert len(ids) == 1000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_has_ids_of_its_own():
    """Workers of a server are forked from one process."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, new_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as said:
        assert said.read() != new_id()


def test_ids_of_many_calls():
    """Each a UUID of its own, also where their count begins anew, and none of another job's."""
    ids, others = ids_of_many(), ids_of_many()
    found = [next(ids) for _ in range(1000)]

    assert {(made.version, made.variant) for made in map(uuid.UUID, found)} == {(4, uuid.RFC_4122)}
    assert found == [str(uuid.UUID(made)) for made in found]
    assert len({*found, *(next(others) for _ in range(1000))}) == 2000


def test_the_count_of_ids_begins_anew(monkeypatch):
    """After the largest number of eight digits."""
    monkeypatch.setattr(ids_module, "new_id", lambda: "ffffffff-0000-4000-8000-000000000000")
    ids = ids_of_many()

    assert [next(ids)[:9] for _ in range(3)] == ["ffffffff-", "00000000-", "00000001-"]
