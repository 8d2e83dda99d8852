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
from typing import TYPE_CHECKING

from langchain_aimlapi import _catalogue
from langchain_aimlapi._chat.build import learn_shape, other_shape
from langchain_aimlapi._codec.decode.reply import decode_reply
from langchain_aimlapi._codec.decode.responses_reply import decode_response
from langchain_aimlapi._codec.decode.responses_stream import ResponsesDecoder
from langchain_aimlapi._codec.decode.stream import Delta, Final, StreamDecoder
from langchain_aimlapi._codec.langchain.chunks import partial_message
from langchain_aimlapi._codec.langchain.coalescing import coalesced
from langchain_aimlapi._errors.redaction import without
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


def complete(call: Call, options: ClientOptions, client: object) -> ChatResult:
    """Send a call and read its reply.

    Raises:
        AimlapiError: For a reply that did not come, says no, or cannot be read.
    """
    from langchain_aimlapi._transport import sync  # noqa: PLC0415  # on first use

    try:
        reply = sync.send(call.request, options, client)
    except AimlapiError as error:
        if (other := other_shape(call, error)) is None:
            raise _explained(error, call) from error.__cause__
    else:
        return _decoded(reply, call)
    result = complete(other, options, client)
    learn_shape(other)
    return result


async def acomplete(call: Call, options: ClientOptions, client: object) -> ChatResult:
    """Send a call and read its reply; the same for the running event loop.

    Raises:
        AimlapiError: For a reply that did not come, says no, or cannot be read.
    """
    from langchain_aimlapi._transport import aio  # noqa: PLC0415  # on first use

    try:
        reply = await aio.asend(call.request, options, client)
    except AimlapiError as error:
        if (other := other_shape(call, error)) is None:
            raise _explained(error, call) from error.__cause__
    else:
        return _decoded(reply, call)
    result = await acomplete(other, options, client)
    learn_shape(other)
    return result


def stream_deltas(call: Call, options: ClientOptions, client: object) -> Generator[Batch]:
    """Stream a call.

    Raises:
        AimlapiError: With what had come as `partial`.
    """
    from langchain_aimlapi._transport import sync  # noqa: PLC0415  # on first use

    reader = None
    try:
        with sync.open_stream(call.request, options, client) as source:
            reader = _Reader(call, source.status, source.headers)
            for events in source:
                batch = reader.read(events)
                del events  # or tracebacks would show what a service says, the key maybe
                if batch:
                    yield batch
                if reader.ended:
                    source.complete = reader.decoder.done
                    break
        yield reader.finish()
    except AimlapiError as error:
        other = other_shape(call, error) if reader is None else None
        if other is None:
            raise _explained(error, call, reader) from error.__cause__
    else:
        return
    yield from stream_deltas(other, options, client)
    learn_shape(other)


async def astream_deltas(
    call: Call, options: ClientOptions, client: object
) -> AsyncGenerator[Batch]:
    """Stream a call; the same for the running event loop. Close it, best with `aclosing`.

    Raises:
        AimlapiError: With what had come as `partial`.
    """
    from langchain_aimlapi._transport import aio  # noqa: PLC0415  # on first use

    reader = None
    try:
        async with await aio.aopen_stream(call.request, options, client) as source:
            reader = _Reader(call, source.status, source.headers)
            async for events in source:
                batch = reader.read(events)
                del events  # or tracebacks would show what a service says, the key maybe
                if batch:
                    yield batch
                if reader.ended:
                    source.complete = reader.decoder.done
                    break
        yield reader.finish()
    except AimlapiError as error:
        other = other_shape(call, error) if reader is None else None
        if other is None:
            raise _explained(error, call, reader) from error.__cause__
    else:
        return
    async with aclosing(astream_deltas(other, options, client)) as second:
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
    """The decoder of one stream, and the error that waits until its forerunners are out."""

    def __init__(self, call: Call, status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        self.headers = headers
        self.decoder: Decoder = _STREAMS[call.route](call.context(headers))
        self.ended = False
        self._coalesce = call.coalesce
        self._error: AimlapiError | None = None

    def read(self, events: list[bytes]) -> Batch:
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
        return coalesced(batch) if self._coalesce else batch

    def finish(self) -> Batch:
        if self._error is not None:
            raise self._error
        try:
            late = self.decoder.late()
            final = self.decoder.end()
        except AimlapiError:
            raise
        except _STUMBLES as error:
            raise _unfit(error) from error
        return [final] if late is None else [late, final]

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
        _identified(error, call, reader.status, reader.headers)
        _cleaned(error, tuple(call.request.secrets()))
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
