"""Ends a blocked read of a client that was passed in, whose sockets know nothing of our deadline.

httpx2 and httpx take one read timeout for a whole request. So a thread watches the clock while such
a client reads a body, and shuts its socket down when the time is over: the read then ends at once.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from langchain_aimlapi._transport.locks import holding


class SocketWatchdog:
    """Guards the reads of one reply.

    Args:
        sock: The socket that the reply comes from.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._changed = threading.Condition()
        self._deadline: float | None = None
        self._over = False
        self._thread: threading.Thread | None = None
        self.expired = False
        """Whether time ran out, and the socket was shut down."""

    def set(self, deadline: float | None) -> None:
        """Set the deadline of the read, by the monotonic clock; None for no deadline."""
        with holding, self._changed:
            self._deadline = deadline
            if deadline is not None and self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
            self._changed.notify()

    def stop(self) -> None:
        """End no read any more, and let the thread end.

        It is not waited for: this may be the garbage collector, inside a lock of `threading`.
        """
        with holding, self._changed:
            self._over = True
            self._changed.notify()

    def _run(self) -> None:
        with holding, self._changed:
            while not self._over:
                left = None if self._deadline is None else self._deadline - time.monotonic()
                if left is not None and left <= 0:
                    self._expire()
                    return
                self._changed.wait(left)

    def _expire(self) -> None:
        self.expired = True
        with contextlib.suppress(OSError):
            # Not the method of an encrypted socket: that would pull the state from under the reader.
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
