"""`/files/…`: what the sandbox made, to whoever has the address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_aimlapi.sandbox.faults.effects import HangUpError
from langchain_aimlapi.sandbox.replies import ApiError, Reply, StreamReply

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.faults.effects import Frames
    from langchain_aimlapi.sandbox.files.store import FileStore

_EXPIRED = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"


def serve_file(files: FileStore, name: str) -> Reply | StreamReply:
    """Answer `GET /files/{name}`.

    Raises:
        ApiError: 404, there is no such file.
    """
    file = files.get(name)
    if file is None:
        raise ApiError(404, f"File {name} not found")
    if file.outcome == "file_expired":
        return Reply(_EXPIRED, 403, "application/xml")
    if file.outcome == "file_cut_off":
        length = {"content-length": str(len(file.data))}
        return StreamReply(_half(file.data), content_type=file.content_type, headers=length)
    return Reply(file.data, content_type=file.content_type)


async def _half(data: bytes) -> Frames:
    yield data[: len(data) // 2]
    raise HangUpError(reset=False)
