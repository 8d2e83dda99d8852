"""The one door through which every endpoint's requests go out and its replies come back.

A request is sent, its reply is decoded, and whatever goes wrong leaves as one of our errors: with
the ids by which the service's support finds the call, and without the secrets of the request. A
field of another type than documented may fail anywhere in a decoder; here that becomes a
`ResponseFormatError` with Python's own error as its cause. The HTTP libraries are imported by the
first call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from langchain_core.runnables.config import run_in_executor

from langchain_aimlapi._client.clients import require_asyncio
from langchain_aimlapi._errors.secrets import redact_error
from langchain_aimlapi._lazy import load_for_async
from langchain_aimlapi._transport.error_response import response_of
from langchain_aimlapi._transport.request import Reply
from langchain_aimlapi.errors import AimlapiError, ResponseFormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_aimlapi._transport.request import ClientOptions, Request

DECODE_ERRORS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What a decoder raises at a field of an undocumented type."""

T = TypeVar("T")
Decode: TypeAlias = Callable[[Reply], T]


def send(
    request: Request,
    options: ClientOptions,
    client: object,
    decode: Decode[T],
    deadline: float | None = None,
) -> T:
    """Send a request, again if need be, and decode its reply.

    Args:
        request: What to send.
        options: For the shared client; ignored if one is passed.
        client: The caller's own HTTP client, or None.
        decode: Reads the reply.
        deadline: When the call has to be over, by the monotonic clock, where this request is one
            of several (`deadline_in` makes it); None begins a call of its own.

    Raises:
        AimlapiError: For a reply that did not come, is an error, or cannot be decoded.
    """
    from langchain_aimlapi._transport import sync  # noqa: PLC0415  # on first use

    try:
        return decode_reply(request, sync.send(request, options, client, deadline), decode)
    except AimlapiError as error:
        raise redact(error, request, options) from error.__cause__


async def asend(
    request: Request,
    options: ClientOptions,
    client: object,
    decode: Decode[T],
    deadline: float | None = None,
    *,
    in_thread: bool = False,
) -> T:
    """Send a request and decode its reply; the same for the running event loop.

    Args:
        request: What to send.
        options: For the loop's shared session; ignored if a client is passed.
        client: The caller's own HTTP client, or None.
        decode: Reads the reply.
        deadline: As for `send`.
        in_thread: Whether to decode in a thread, for replies that take milliseconds to read.
    """
    require_asyncio()
    aio = _aio or await _load_aio()
    try:
        reply = await aio.asend(request, options, client, deadline)
        if in_thread:
            return await run_in_executor(None, decode_reply, request, reply, decode)
        return decode_reply(request, reply, decode)
    except AimlapiError as error:
        raise redact(error, request, options) from error.__cause__


_aio: Any = None
"""The transport, once it is there: an `import` at each call takes longer than the rest of `asend`."""


async def _load_aio() -> Any:
    global _aio  # noqa: PLW0603  # of the process
    await load_for_async()
    from langchain_aimlapi._transport import aio  # noqa: PLC0415  # on first use

    _aio = aio
    return aio


def decode_reply(request: Request, reply: Reply, decode: Decode[T]) -> T:
    """Decode a reply.

    Raises:
        AimlapiError: If it cannot be decoded; with the reply and its ids.
    """
    try:
        return decode(reply)
    except AimlapiError as error:
        failed = error.with_traceback(None)  # its frames hold what was read
    except DECODE_ERRORS as error:
        failed = undecodable(error)
    failed.response = failed.response or response_of(reply)
    raise add_ids(failed, request, reply.status, reply.headers) from failed.__cause__


def undecodable(error: Exception) -> ResponseFormatError:
    """Return our error for what a decoder raised at a field of an undocumented type.

    It says where, since the frames of the cause are dropped: they hold what was read.
    """
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f" in {frame.tb_frame.f_code.co_name}" if frame else ""
    failed = ResponseFormatError(
        f"the reply has a field of a type nobody documents ({type(error).__name__}{where})"
    )
    failed.__cause__ = error
    return failed


def add_ids(
    error: AimlapiError, request: Request, status: int, headers: Mapping[str, str]
) -> AimlapiError:
    """Add the ids by which the service's support finds a reply that began well."""
    if error.status_code is None:
        error.status_code = status
    error.request_id = error.request_id or headers.get("x-request-id")
    error.inference_id = error.inference_id or headers.get("x-inference-id")
    error.client_request_id = error.client_request_id or request.header("x-client-request-id")
    return error


def redact(error: AimlapiError, request: Request, options: ClientOptions) -> AimlapiError:
    """Take the secrets of the request out of an error, should the service have repeated them."""
    redact_error(error, request.secrets(options.proxy))
    return error
