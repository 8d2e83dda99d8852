"""Files that a reply names or holds: fetched, checked, and written in one step.

The address comes from a service, and by way of it from a model, so it is not trusted: only
`http(s)`, no key, no private address of this network unless that is allowed, and no more bytes
than said. A file is written beside its target and moved there when it is whole; what stands there
already is only replaced on request.
"""

from __future__ import annotations

import base64
import ipaddress
import mimetypes
import os
import socket
import tempfile
import uuid
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self
from urllib.parse import urljoin, urlsplit

from langchain_core.runnables.config import run_in_executor
from pydantic import SecretStr

from langchain_aimlapi._client.request import CallScope, build_download
from langchain_aimlapi._lazy import load_for_async
from langchain_aimlapi._transport.request import ReplyRules
from langchain_aimlapi.errors import (
    AimlapiError,
    ConfigurationError,
    ResponseFormatError,
    StreamInterruptedError,
)
from langchain_aimlapi.media.inputs import kind_of_bytes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from langchain_aimlapi._client.settings import Connection
    from langchain_aimlapi._codec.decode.media import FileRef
    from langchain_aimlapi._transport.request import ClientOptions, Request

_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FILE = ReplyRules(is_json=False)


def content_of(ref: FileRef) -> bytes | None:
    """The bytes of a file that the reply itself holds."""
    if ref.base64 is not None:
        return base64.b64decode(ref.base64)
    if ref.url is not None and ref.url.startswith("data:"):
        return base64.b64decode(ref.url.partition(",")[2])
    return None


def download(
    connection: Connection, options: ClientOptions, url: str, *, allow_private: bool
) -> Iterator[bytes]:
    """Yield the bytes of a file as they come.

    Raises:
        ConfigurationError: For an address that is not to be asked.
        AimlapiError: If it cannot be fetched, or ends early.
    """
    from langchain_aimlapi._transport import sync  # noqa: PLC0415  # on first use

    for _ in range(_MOST_REDIRECTS):
        request = _request(connection, url, allow_private=allow_private)
        check = _Length()
        try:
            with sync.open_stream(request, options, None, make=check.make) as stream:
                for batch in stream:
                    yield from batch
                check.end()
                return
        except AimlapiError as error:
            url = _redirected(error, url)
    raise ResponseFormatError("The file's address leads from one redirect to the next.")


async def adownload(
    connection: Connection, options: ClientOptions, url: str, *, allow_private: bool
) -> AsyncIterator[bytes]:
    """Yield the bytes of a file as they come; the same for the running event loop."""
    from langchain_aimlapi._transport import aio  # noqa: PLC0415  # on first use

    await load_for_async()
    for _ in range(_MOST_REDIRECTS):
        request = await _arequest(connection, url, allow_private=allow_private)
        check = _Length()
        try:
            async with await aio.aopen_stream(
                request,
                options,
                None,
                make=check.make,
            ) as stream:
                async for batch in stream:
                    for piece in batch:
                        yield piece
                check.end()
                return
        except AimlapiError as error:
            url = _redirected(error, url)
    raise ResponseFormatError("The file's address leads from one redirect to the next.")


def is_private(url: str) -> bool:
    """Whether an address is within this network."""
    host = urlsplit(url).hostname
    return bool(host and _private_address(host))


def _request(connection: Connection, url: str, *, allow_private: bool) -> Request:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError("The file's address is not http or https; it is not fetched.")
    if not allow_private and (address := _private_address(parts.hostname)):
        raise ConfigurationError(
            f"The file's address leads to {parts.hostname} ({address}), within this network. "
            "It is not fetched, since a model may have named it; allow_private_urls=True does."
        )
    # The download's own key is none: `build_download` sends no header of the caller's.
    return build_download(connection, url, CallScope(SecretStr("")), rules=_FILE)


async def _arequest(connection: Connection, url: str, *, allow_private: bool) -> Request:
    """The same; looking a name up blocks, so it is done in a thread."""
    return await run_in_executor(
        None, partial(_request, connection, url, allow_private=allow_private)
    )


def _private_address(host: str) -> str | None:
    """An address of a host that is no public one.

    The name is looked up once more for the connection; whoever changes it in between gets past
    this, which a proxy with rules of its own would stop.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return None  # it cannot be fetched either
    addresses = (ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found)
    return next((str(address) for address in addresses if not address.is_global), None)


def _redirected(error: AimlapiError, url: str) -> str:
    """Where a redirect leads.

    Raises:
        AimlapiError: The error, if it is none.
    """
    headers = error.response.headers if error.response is not None else {}
    if error.status_code not in _REDIRECTS or not headers.get("location"):
        raise error
    return urljoin(url, headers["location"])


class _Length:
    """Counts the bytes of a file, and holds them against what its head said."""

    ended = False
    complete = False

    def __init__(self) -> None:
        self._said: int | None = None
        self._got = 0

    def make(self, status: int, headers: Mapping[str, str]) -> Self:
        del status
        length = headers.get("content-length", "")
        plain = not headers.get("content-encoding")
        self._said = int(length) if plain and length.isascii() and length.isdigit() else None
        self._got = 0
        return self

    def read(self, pieces: list[bytes]) -> list[bytes]:
        self._got += sum(map(len, pieces))
        return pieces

    def finish(self) -> list[bytes]:
        return []

    def end(self) -> None:
        if self._said is not None and self._got < self._said:
            raise StreamInterruptedError(f"the file ended after {self._got} of {self._said} bytes")


# --- writing --------------------------------------------------------------------------------------


def write(path: str | os.PathLike[str], pieces: Iterator[bytes], *, overwrite: bool) -> Path:
    """Write a file in one step.

    Args:
        path: Where to; without an ending it gets the one of its content, and a folder gets a file
            with a name of its own.
        pieces: Its bytes.
        overwrite: Whether to replace what stands there.

    Returns:
        Where it is.

    Raises:
        FileExistsError: If something stands there already.
        OSError: If it cannot be written; nothing is left behind then.
    """
    with _beside(path) as (file, finish):
        first = b""
        for piece in pieces:
            first = first or piece
            file.write(piece)
        return finish(first, overwrite)


async def awrite(
    path: str | os.PathLike[str], pieces: AsyncIterator[bytes], *, overwrite: bool
) -> Path:
    """Write a file in one step; writing is short beside fetching, and done between reads."""
    with _beside(path) as (file, finish):
        first = b""
        async for piece in pieces:
            first = first or piece
            file.write(piece)
        return finish(first, overwrite)


@contextmanager
def _beside(
    path: str | os.PathLike[str],
) -> Iterator[tuple[IO[bytes], Callable[[bytes, bool], Path]]]:
    """A file beside the target, and what moves it there."""
    target = Path(path).expanduser()
    folder = target if target.is_dir() else target.parent
    handle, name = tempfile.mkstemp(prefix=".download-", dir=folder)
    part = Path(name)

    def finish(first: bytes, overwrite: bool) -> Path:
        file.flush()
        place = _place(target, folder, first)
        umask = os.umask(0)
        os.umask(umask)
        part.chmod(0o666 & ~umask)  # mkstemp's files are for their owner alone
        if overwrite:
            part.replace(place)
        else:
            os.link(part, place)  # fails where something stands, in one step
            part.unlink()
        return place

    try:
        with os.fdopen(handle, "wb") as file:
            yield file, finish
    finally:
        part.unlink(missing_ok=True)


def _place(target: Path, folder: Path, first: bytes) -> Path:
    """Where a file goes, by its content where the caller did not say."""
    kind = kind_of_bytes(first)
    ending = _ENDINGS.get(kind or "") or (mimetypes.guess_extension(kind) if kind else None) or ""
    if target == folder:
        return folder / f"{uuid.uuid4().hex}{ending}"
    return target if target.suffix else target.with_name(target.name + ending)


_ENDINGS = {
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
    "image/jpeg": ".jpg",
    "model/gltf-binary": ".glb",
}
