"""Whom the server answers: this machine's own browser, at the address that was printed.

A server on loopback can be reached by every page that a browser shows, and by every user of the
machine. Four things keep them out, each enough against its own kind:

- `Host`: a page whose name was made to point to 127.0.0.1 (DNS rebinding) still says its own name.
- `Origin` and `Sec-Fetch-Site`: a page of another origin that posts here says so.
- The token: the first part of every path, drawn anew at each start. It is no cookie, as cookies are
  shared by all ports of a machine, and all addresses in the page are relative to it.
- The headers: nothing is framed, stored, or named to another site, and no script runs but ours.
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEADERS = {
    "Server": "aimlapi",
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_OPEN = "Open the address that `aimlapi ui` printed."
_NAMES = ("127.0.0.1", "localhost", "[::1]")
_HTTP_PORT = 80


class Guard:
    """Decides about requests.

    Args:
        port: Where the server listens.
    """

    def __init__(self, port: int) -> None:
        self.token = secrets.token_urlsafe(24)
        self._start: str | None = secrets.token_urlsafe(24)
        self._host = f"{_NAMES[0]}:{port}"
        self._hosts = {f"{name}:{port}" for name in _NAMES}
        if port == _HTTP_PORT:
            self._hosts |= {*_NAMES}
        self.address = f"http://{self._host}/{self.token}/"
        """The page, for the user."""
        self.start_address = f"http://{self._host}/start/{self._start}"
        """For the browser that is started: it works once, as other users see a program's words."""

    def takes_start(self, code: str) -> bool:
        """Tell whether a code is the one for the browser; it is used up then."""
        if self._start is None or not _same(code, self._start):
            return False
        self._start = None
        return True

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer or refuse."""
        if refused := self._refusal(request):
            return refused
        try:
            return await handler(request)
        except web.HTTPException as error:
            return refusal(error.status, f"{error.reason}.")

    def _refusal(self, request: web.Request) -> web.Response | None:
        host = request.headers.get("Host", "").lower()
        if host not in self._hosts:
            return refusal(421, f"This server answers to {self._host} only.")
        origin = request.headers.get("Origin")
        if origin is not None and origin.lower() != f"http://{host}":
            return refusal(403, "Pages of other origins are not answered.")
        is_start = request.path.startswith("/start/") and request.method == "GET"
        if is_start:
            return None
        if not _same(request.path.split("/")[1], self.token):
            return refusal(403, _OPEN)
        site = request.headers.get("Sec-Fetch-Site", "none")
        is_page = request.method == "GET" and request.path == f"/{self.token}/"
        if site not in {"none", "same-origin"} and not is_page:
            return refusal(403, "Pages of other origins are not answered.")
        return None


def refusal(status: int, message: str) -> web.Response:
    """Return an error for the page to show."""
    return web.json_response({"error": message}, status=status)


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Add to every response what keeps others out; a handler for `on_response_prepare`."""
    response.headers.update(HEADERS)


def _same(given: str, wanted: str) -> bool:
    """Compare in a time that says nothing of where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())
