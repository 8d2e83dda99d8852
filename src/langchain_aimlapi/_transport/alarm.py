"""Wakes a blocked read of a client that is not ours, whose sockets know nothing of our deadline.

httpx2 and httpx take one read timeout for a whole request. So a thread watches the clock while such
a client reads a body, and shuts its socket down when the time is over: the read then ends at once.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from langchain_aimlapi._transport.locks import holding


class Alarm:
    """Guards the reads of one reply.

    Args:
        sock: The socket that the reply comes from.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._changed = threading.Condition()
        self._until: float | None = None
        self._over = False
        self._thread: threading.Thread | None = None
        self.rang = False
        """Whether time ran out, and the socket was shut down."""

    def set(self, until: float | None) -> None:
        """Ring at this time by the monotonic clock; None for never."""
        with holding, self._changed:
            self._until = until
            if until is not None and self._thread is None:
                self._thread = threading.Thread(target=self._watch, daemon=True)
                self._thread.start()
            self._changed.notify()

    def stop(self) -> None:
        """Ring no more, and let the thread end.

        It is not waited for: this may be the garbage collector, inside a lock of `threading`.
        """
        with holding, self._changed:
            self._over = True
            self._changed.notify()

    def _watch(self) -> None:
        with holding, self._changed:
            while not self._over:
                left = None if self._until is None else self._until - time.monotonic()
                if left is not None and left <= 0:
                    self._ring()
                    return
                self._changed.wait(left)

    def _ring(self) -> None:
        self.rang = True
        with contextlib.suppress(OSError):
            # Not the method of an encrypted socket: that would pull the state from under the reader.
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
