"""What waits to be sent to the page: many tasks add to it, one request writes it out."""

from __future__ import annotations

import asyncio

import orjson

_MOST_WAITING = 4 * 2**20
"""Bytes that may wait for a page that reads slowly, before the models' streams wait as well."""


class Outbox:
    """Lines of JSON on their way."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._size = 0
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._is_closed = False

    def add(self, event: object) -> None:
        """Add one event, whatever waits already."""
        line = orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)
        self._lines.append(line)
        self._size += len(line)
        self._news.set()
        if self._size > _MOST_WAITING:
            self._room.clear()

    def close(self) -> None:
        """Say that nothing will be added."""
        self._is_closed = True
        self._news.set()

    async def room(self) -> None:
        """Wait until not too much waits."""
        await self._room.wait()

    async def take(self) -> bytes:
        """Wait for events and return all that wait; nothing after the last one."""
        await self._news.wait()
        if not self._is_closed:
            self._news.clear()
        taken = b"".join(self._lines)
        self._lines.clear()
        self._size = 0
        self._room.set()
        return taken
