"""Files that a reply names or holds: fetched, checked, and written in one step.

The address comes from a service, and by way of it from a model, so it is not trusted: only
`http(s)`, no key, no private address of this network unless that is allowed, and no more bytes
than said. A file is written beside its target and moved there when it is whole; what stands there
already is only replaced on request.
"""

from __future__ import annotations

import base64
import errno
import ipaddress
import mimetypes
import os
import socket
import threading
import uuid
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self
from urllib.parse import urljoin, urlsplit

from langchain_core.runnables.config import run_in_executor
from pydantic import SecretStr

from langchain_aimlapi._client.request import CallScope, build_download
from langchain_aimlapi._codec.encode.mime import clean_base64, read_data_address
from langchain_aimlapi._lazy import load_for_async
from langchain_aimlapi._transport.request import ReplyRules
from langchain_aimlapi.errors import (
    AimlapiError,
    ConfigurationError,
    ResponseFormatError,
)
from langchain_aimlapi.media.inputs import kind_of_bytes

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping

    from langchain_aimlapi._client.settings import Connection
    from langchain_aimlapi._codec.decode.media import FileRef
    from langchain_aimlapi._transport.request import ClientOptions, Request

_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FILE = ReplyRules(is_json=False)


def content_of(ref: FileRef) -> bytes | None:
    """The bytes of a file that the reply itself holds.

    Raises:
        ResponseFormatError: If its base64 cannot be read.
    """
    text = ref.base64 if ref.base64 is not None else ref.url
    if text is None or (text is ref.url and text[:5].lower() != "data:"):
        return None
    try:
        if text[:5].lower() == "data:":
            text = read_data_address(text).data
        return base64.b64decode(clean_base64(text), validate=True)
    except ValueError:
        raise ResponseFormatError("The reply holds a file whose base64 cannot be read.") from None


def download(
    connection: Connection, options: ClientOptions, url: str, *, allow_private: bool
) -> Generator[bytes]:
    """Yield the bytes of a file as they come.

    Raises:
        ConfigurationError: For an address that is not to be asked.
        AimlapiError: If it cannot be fetched, or ends early.
    """
    from langchain_aimlapi._transport import sync  # noqa: PLC0415  # on first use

    for _ in range(_MOST_REDIRECTS):
        request = _request(connection, url, allow_private=allow_private)
        reader = FileReader()
        try:
            with sync.open_stream(request, options, None, make=reader.make) as stream:
                for batch in stream:
                    yield from batch
                return
        except AimlapiError as error:
            url = _redirected(error, url)
    raise ResponseFormatError("The file's address leads from one redirect to the next.")


async def adownload(
    connection: Connection, options: ClientOptions, url: str, *, allow_private: bool
) -> AsyncGenerator[bytes]:
    """Yield the bytes of a file as they come; the same for the running event loop."""
    from langchain_aimlapi._transport import aio  # noqa: PLC0415  # on first use

    await load_for_async()
    for _ in range(_MOST_REDIRECTS):
        request = await _arequest(connection, url, allow_private=allow_private)
        reader = FileReader()
        try:
            async with await aio.aopen_stream(
                request,
                options,
                None,
                make=reader.make,
            ) as stream:
                async for batch in stream:
                    for piece in batch:
                        yield piece
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
    return next((str(one) for one in addresses if not one.is_global or one.is_multicast), None)


def _redirected(error: AimlapiError, url: str) -> str:
    """Where a redirect leads.

    Raises:
        AimlapiError: The error, if it is none.
    """
    headers = error.response.headers if error.response is not None else {}
    if error.status_code not in _REDIRECTS or not headers.get("location"):
        raise error
    return urljoin(url, headers["location"])


class FileReader:
    """Passes on the bytes of a file, and knows when all that its head said are there.

    One that ends early is an error of the transport.
    """

    ended = False

    def __init__(self) -> None:
        self._said: int | None = None
        self._got = 0

    def make(self, status: int, headers: Mapping[str, str]) -> Self:
        """Begin with a reply."""
        del status
        length = headers.get("content-length", "")
        plain = not headers.get("content-encoding")
        self._said = int(length) if plain and length.isascii() and length.isdigit() else None
        self._got = 0
        return self

    def read(self, pieces: list[bytes]) -> list[bytes]:
        """Count, and pass on."""
        self._got += sum(map(len, pieces))
        return pieces

    @property
    def complete(self) -> bool:
        """Whether all that was said is here."""
        return self._said is not None and self._got >= self._said

    def finish(self) -> list[bytes]:
        """Nothing is held back."""
        return []


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
    part = _Part(path, overwrite=overwrite)
    try:
        part.begin()
        for piece in pieces:
            part.add(piece)
        return part.finish()
    finally:
        part.close()


async def awrite(
    path: str | os.PathLike[str], pieces: AsyncIterator[bytes], *, overwrite: bool
) -> Path:
    """Write a file in one step; the disk is written in a thread."""
    part = _Part(path, overwrite=overwrite)
    try:
        await run_in_executor(None, part.begin)
        async for piece in pieces:
            await run_in_executor(None, part.add, piece)
        return await run_in_executor(None, part.finish)
    finally:
        await run_in_executor(None, part.close)


class _Part:
    """A file under way, beside its target.

    A caller that is cancelled closes it while a thread may still be about to begin it; whichever
    comes first, nothing is left behind.

    Args:
        path: The target.
        overwrite: Whether to replace what stands there.
    """

    def __init__(self, path: str | os.PathLike[str], *, overwrite: bool) -> None:
        self._target = Path(path).expanduser()
        self._overwrite = overwrite
        self._is_folder = False
        self._opening = threading.Lock()
        self._is_over = False
        self._opened: tuple[Path, BinaryIO] | None = None
        self._first = b""

    def begin(self) -> None:
        """Open it.

        Raises:
            FileExistsError: If something stands at the target already.
            OSError: If it cannot be written.
        """
        target = self._target
        self._is_folder = target.is_dir()
        folder = target if self._is_folder else target.parent
        if not (self._is_folder or self._overwrite) and target.suffix and target.exists():
            raise _exists(target)  # before anything is fetched for it
        path = folder / f".{uuid.uuid4().hex}.part"
        with self._opening:
            if not self._is_over:
                self._opened = path, path.open("xb")

    def _open_file(self) -> tuple[Path, BinaryIO]:
        if self._opened is None:
            raise ValueError("the file was closed before it was begun")
        return self._opened

    def add(self, piece: bytes) -> None:
        """Write a piece."""
        if len(self._first) < _FIRST_BYTES:
            self._first += piece[:_FIRST_BYTES]
        self._open_file()[1].write(piece)

    def finish(self) -> Path:
        """Move the file to its target."""
        path, file = self._open_file()
        file.close()
        place = self._place()
        if self._overwrite:
            path.replace(place)
            return place
        try:
            os.link(path, place)  # fails where something stands, in one step
        except FileExistsError:
            raise _exists(place) from None
        except OSError:  # a file system without links: reserve the name, then replace it
            try:
                place.open("xb").close()
            except FileExistsError:
                raise _exists(place) from None
            path.replace(place)
        return place

    def close(self) -> None:
        """Leave nothing behind."""
        with self._opening:
            self._is_over = True
        if self._opened is not None:
            path, file = self._opened
            file.close()
            path.unlink(missing_ok=True)

    def _place(self) -> Path:
        """Where the file goes, by its content where the caller did not say."""
        kind = kind_of_bytes(self._first)
        ending = ending_of(kind) if kind else ""
        if self._is_folder:
            return self._target / f"{uuid.uuid4().hex}{ending}"
        target = self._target
        return target if target.suffix else target.with_name(target.name + ending)


def _exists(place: Path) -> FileExistsError:
    return FileExistsError(
        errno.EEXIST, "There is a file already; overwrite=True replaces it", str(place)
    )


_FIRST_BYTES = 32
"""Bytes by which a file is known."""


def ending_of(kind: str) -> str:
    """The ending of a file name for a MIME type, with its dot; nothing if there is none."""
    return _ENDINGS.get(kind) or mimetypes.guess_extension(kind) or ""


_ENDINGS = {
    "audio/aac": ".aac",
    "audio/flac": ".flac",
    "audio/mp4": ".m4a",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "model/gltf-binary": ".glb",
    "video/webm": ".webm",
}
