"""A call over the wire: its whole reply, or its stream as batches of deltas.

What arrived together stays together: everything above (chunks, events, callbacks) works on these
lists, so the cost of crossing from the transport is paid once per read and not once per token.
The last item of the last batch is the `Final`. An error comes after the deltas that came before
it, and carries them as `partial`. The HTTP libraries are imported by the first call.

A field of another type than documented may make a decoder stumble anywhere; here, at its one door,
that becomes an error of ours, with Python's own as its cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, cast

from langchain_aimlapi import _catalogue
from langchain_aimlapi._chat.build import learn_shape, other_shape
from langchain_aimlapi._codec.decode.reply import decode_reply
from langchain_aimlapi._codec.decode.responses_reply import decode_response
from langchain_aimlapi._codec.decode.responses_stream import ResponsesDecoder
from langchain_aimlapi._codec.decode.stream import Delta, Final, StreamDecoder
from langchain_aimlapi._codec.langchain.chunks import partial_message
from langchain_aimlapi._codec.langchain.coalescing import coalesced
from langchain_aimlapi._errors.redaction import without
from langchain_aimlapi._transport.deadline import deadline_in
from langchain_aimlapi._transport.refusal import shown
from langchain_aimlapi.errors import (
    AimlapiError,
    ErrorResponse,
    NotFoundError,
    ResponseFormatError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection, Generator, Mapping

    from langchain_core.messages import AIMessageChunk
    from langchain_core.outputs import ChatResult

    from langchain_aimlapi._catalogue.spec import Route
    from langchain_aimlapi._chat.build import Call
    from langchain_aimlapi._transport.request import ClientOptions, Reply

Batch = Sequence[Delta | Final]
Decoder = StreamDecoder | ResponsesDecoder

_STUMBLES = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)

_REPLIES = {"chat": decode_reply, "responses": decode_response}
_STREAMS: Mapping[Route, type[Decoder]] = {"chat": StreamDecoder, "responses": ResponsesDecoder}


def complete(
    call: Call, options: ClientOptions, client: object, deadline: float | None = None
) -> ChatResult:
    """Send a call and read its reply.

    Raises:
        AimlapiError: For a reply that did not come, says no, or cannot be read.
    """
    from langchain_aimlapi._transport import sync  # noqa: PLC0415  # on first use

    if deadline is None:
        deadline = deadline_in(call.request.timeouts.total)
    try:
        reply = sync.send(call.request, options, client, deadline)
    except AimlapiError as error:
        if (other := other_shape(call, error)) is None:
            raise _explained(error, call) from error.__cause__
    else:
        return _decoded(reply, call)
    result = complete(other, options, client, deadline)
    learn_shape(other)
    return result


async def acomplete(
    call: Call, options: ClientOptions, client: object, deadline: float | None = None
) -> ChatResult:
    """Send a call and read its reply; the same for the running event loop.

    Raises:
        AimlapiError: For a reply that did not come, says no, or cannot be read.
    """
    from langchain_aimlapi._transport import aio  # noqa: PLC0415  # on first use

    if deadline is None:
        deadline = deadline_in(call.request.timeouts.total)
    try:
        reply = await aio.asend(call.request, options, client, deadline)
    except AimlapiError as error:
        if (other := other_shape(call, error)) is None:
            raise _explained(error, call) from error.__cause__
    else:
        return _decoded(reply, call)
    result = await acomplete(other, options, client, deadline)
    learn_shape(other)
    return result


def stream_deltas(
    call: Call, options: ClientOptions, client: object, deadline: float | None = None
) -> Generator[Batch]:
    """Stream a call.

    Raises:
        AimlapiError: With what had come as `partial`.
    """
    from langchain_aimlapi._transport import sync  # noqa: PLC0415  # on first use

    if deadline is None:
        deadline = deadline_in(call.request.timeouts.total)
    reader: _Reader | None = None
    try:
        make = partial(_Reader, call)
        with sync.open_stream(call.request, options, client, deadline, make) as source:
            reader = cast("_Reader", source.reader)
            yield from source
    except AimlapiError as error:
        other = other_shape(call, error) if reader is None else None
        if other is None:
            raise _explained(error, call, reader) from error.__cause__
    else:
        return
    yield from stream_deltas(other, options, client, deadline)
    learn_shape(other)


async def astream_deltas(
    call: Call, options: ClientOptions, client: object, deadline: float | None = None
) -> AsyncGenerator[Batch]:
    """Stream a call; the same for the running event loop. Close it, best with `aclosing`.

    Raises:
        AimlapiError: With what had come as `partial`.
    """
    from langchain_aimlapi._transport import aio  # noqa: PLC0415  # on first use

    if deadline is None:
        deadline = deadline_in(call.request.timeouts.total)
    reader: _Reader | None = None
    try:
        make = partial(_Reader, call)
        async with await aio.aopen_stream(call.request, options, client, deadline, make) as source:
            reader = cast("_Reader", source.reader)
            async for batch in source:
                yield batch
    except AimlapiError as error:
        other = other_shape(call, error) if reader is None else None
        if other is None:
            raise _explained(error, call, reader) from error.__cause__
    else:
        return
    async with aclosing(astream_deltas(other, options, client, deadline)) as second:
        async for batch in second:
            yield batch
    learn_shape(other)


def _decoded(reply: Reply, call: Call) -> ChatResult:
    try:
        return _REPLIES[call.route](reply.body, call.context(reply.headers))
    except AimlapiError as error:
        failed = error
    except _STUMBLES as error:
        failed = _unfit(error)
    failed.response = failed.response or shown(reply, call.request.secrets())
    raise _identified(failed, call, reply.status, reply.headers) from failed.__cause__


class _Reader:
    """Makes deltas of one stream; an error in it waits until what came before it is out."""

    def __init__(self, call: Call, status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        self.headers = headers
        self.decoder: Decoder = _STREAMS[call.route](call.context(headers))
        self.ended = False
        self._call = call
        self._error: AimlapiError | None = None

    @property
    def complete(self) -> bool:
        """Whether only the end of the reply is still to come."""
        return self.decoder.done

    def read(self, events: list[bytes]) -> Sequence[Delta]:
        """Decode events; the result is empty where none of them adds to the message."""
        batch: list[Delta] = []
        feed = self.decoder.feed
        try:
            for data in events:
                delta = feed(data)
                if delta is not None:
                    batch.append(delta)
        except AimlapiError as error:
            # Its frames hold what was read, and a service may repeat the key.
            self._error = error.with_traceback(None)
        except _STUMBLES as error:
            self._error = _unfit(error)
        self.ended = self.decoder.done or self._error is not None
        return coalesced(batch) if self._call.coalesce else batch

    def finish(self) -> Batch:
        """Return what is known at the end.

        Raises:
            AimlapiError: With the reply's ids and without the key, but without what had come.
        """
        try:
            if self._error is not None:
                raise self._error
            late = self.decoder.late()
            final = self.decoder.end()
        except AimlapiError as error:
            raise self.described(error) from error.__cause__
        except _STUMBLES as error:
            raise self.described(_unfit(error)) from error
        return [final] if late is None else [late, final]

    def described(self, error: AimlapiError) -> AimlapiError:
        """Add the reply's ids to an error of it, and take the key out."""
        _identified(error, self._call, self.status, self.headers)
        _cleaned(error, tuple(self._call.request.secrets()))
        return error

    def partial(self) -> AIMessageChunk:
        """What had come, with as much of the rest as can be read."""
        try:
            return partial_message(self.decoder)
        except _STUMBLES:
            from langchain_core.messages import AIMessageChunk  # noqa: PLC0415  # hardly ever

            return AIMessageChunk(content="".join(self.decoder.texts))


def _unfit(error: Exception) -> ResponseFormatError:
    unfit = ResponseFormatError(
        f"the reply has a field of a type nobody documents ({type(error).__name__})"
    )
    unfit.__cause__ = error
    return unfit


def _explained(error: AimlapiError, call: Call, reader: _Reader | None = None) -> AimlapiError:
    """Add what only the caller's side knows: what had come, and which ids there are."""
    if reader is not None:
        reader.described(error)
        if error.partial is None:
            error.partial = reader.partial()
    if isinstance(error, NotFoundError) and (near := _catalogue.near(call.model)):
        error.hint = f"Ids near {call.model!r}: {', '.join(near)}."
    return error


def _cleaned(error: AimlapiError, secrets: Collection[str]) -> None:
    """Take the key out of an error that repeats it in the middle of a stream."""
    error.message = without(error.message, secrets)
    error.args = without(error.args, secrets)
    error.body = without(error.body, secrets)
    if error.response is not None:
        text, headers = error.response.text, error.response.headers
        error.response = ErrorResponse(
            error.response.status_code, without(headers, secrets), without(text, secrets)
        )


def _identified(
    error: AimlapiError, call: Call, status: int, headers: Mapping[str, str]
) -> AimlapiError:
    """Add the ids by which the service's support finds a reply that began well."""
    if error.status_code is None:
        error.status_code = status
    error.request_id = error.request_id or headers.get("x-request-id")
    error.inference_id = error.inference_id or headers.get("x-inference-id")
    error.client_request_id = error.client_request_id or call.request.header("x-client-request-id")
    return error
