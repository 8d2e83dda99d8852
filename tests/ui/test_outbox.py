"""What waits for the page: in order, and with a limit that holds up the streams."""

from __future__ import annotations

import asyncio

import pytest

from langchain_aimlapi.ui import outbox as outboxes
from langchain_aimlapi.ui.outbox import Outbox


async def test_lines_come_together_and_in_order():
    outbox = Outbox()
    outbox.add({"n": 1})
    outbox.add({"n": 2})

    assert await outbox.take() == b'{"n":1}\n{"n":2}\n'


async def test_taking_waits_for_news():
    outbox = Outbox()
    taking = asyncio.create_task(outbox.take())
    await asyncio.sleep(0)
    assert not taking.done()
    outbox.add({})

    assert await taking == b"{}\n"


async def test_the_end_comes_after_what_waits():
    outbox = Outbox()
    outbox.add({})
    outbox.close()

    assert [await outbox.take(), await outbox.take(), await outbox.take()] == [b"{}\n", b"", b""]


async def test_a_full_box_holds_up_who_adds(monkeypatch):
    """Until somebody takes."""
    monkeypatch.setattr(outboxes, "_MOST_WAITING", 10)
    outbox = Outbox()
    await outbox.room()
    outbox.add({"text": "long enough"})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(outbox.room(), 0.01)
    await outbox.take()
    await asyncio.wait_for(outbox.room(), 5)
