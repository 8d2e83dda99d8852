"""A chat request over the wire: its whole reply, or its stream as batches of deltas.

What arrived together stays together: everything above (chunks, events, callbacks) works on these
lists, so the cost of crossing from the transport is paid once per read and not once per token.
The last item of the last batch is the `Final`. An error is raised after the deltas decoded before
it have been yielded, and carries them as `partial`. The HTTP libraries are imported by the first
call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

from langchain_aimlapi import _catalogue
from langchain_aimlapi._client import costs
from langchain_aimlapi._client.send import (
    DECODE_ERRORS,
    add_ids,
    asend,
    redact,
    send,
    undecodable,
)
from langchain_aimlapi._codec.decode.plain import PlainReply, plain_reply
from langchain_aimlapi._codec.decode.reply import decode_reply, read_reply
from langchain_aimlapi._codec.decode.responses_reply import decode_response
from langchain_aimlapi._codec.decode.responses_stream import ResponsesDecoder
from langchain_aimlapi._codec.decode.stream import Delta, Final, StreamDecoder
from langchain_aimlapi._codec.json_text import parse_object
from langchain_aimlapi._codec.langchain.chunks import partial_message
from langchain_aimlapi._codec.langchain.coalescing import coalesced
from langchain_aimlapi._codec.langchain.renaming import StreamRenamer, rename_message
from langchain_aimlapi.errors import AimlapiError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Mapping

    from langchain_core.messages import AIMessage, AIMessageChunk
    from langchain_core.outputs import ChatResult

    from langchain_aimlapi._catalogue.spec import Route
    from langchain_aimlapi._chat.build import ChatRequest
    from langchain_aimlapi._codec.decode.metadata import ReplyContext
    from langchain_aimlapi._transport.request import ClientOptions, Reply

T = TypeVar("T")
ReadPlain = Callable[[PlainReply], T | None]
Batch = Sequence[Delta | Final]
Decoder = StreamDecoder | ResponsesDecoder

_REPLIES: Mapping[Route, Callable[[bytes, ReplyContext], ChatResult]] = {
    "chat": decode_reply,
    "responses": partial(decode_response, partial_of=partial_message),
}
_STREAMS: Mapping[Route, type[Decoder]] = {"chat": StreamDecoder, "responses": ResponsesDecoder}


def complete(chat_request: ChatRequest, options: ClientOptions, client: object) -> ChatResult:
    """Send a request and read its reply.

    Raises:
        AimlapiError: For a reply that did not come, is an error, or cannot be read.
    """
    held = chat_request.held
    if held is not None:
        held.take()
    try:
        result = send(chat_request.request, options, client, partial(_decode, chat_request))
    except AimlapiError as error:
        _note_failure(error, chat_request)
        raise
    if held is not None:
        held.settle_result(result)
    return result


async def acomplete(
    chat_request: ChatRequest, options: ClientOptions, client: object
) -> ChatResult:
    """Send a request and read its reply; the same for the running event loop.

    Raises:
        AimlapiError: For a reply that did not come, is an error, or cannot be read.
    """
    held = chat_request.held
    if held is not None:
        await held.atake()
    try:
        result = await asend(chat_request.request, options, client, partial(_decode, chat_request))
    except AimlapiError as error:
        _note_failure(error, chat_request)
        raise
    if held is not None:
        held.settle_result(result)
    return result


async def acomplete_plain(
    chat_request: ChatRequest, options: ClientOptions, client: object, read: ReadPlain[T]
) -> T | ChatResult:
    """Send a request and read its reply without a message, if it is one text.

    Args:
        chat_request: The request.
        options: For the loop's shared session.
        client: The caller's own HTTP client, or None.
        read: Takes a reply that is one text; what it returns None for becomes a message too.

    Returns:
        What `read` returned, or the reply as `acomplete` returns it.

    Raises:
        AimlapiError: As `acomplete` does.
    """
    if chat_request.route != "chat" or chat_request.tool_names or chat_request.held is not None:
        return await acomplete(chat_request, options, client)
    decode = partial(_decode_plain, chat_request, read)
    try:
        return await asend(chat_request.request, options, client, decode)
    except AimlapiError as error:
        _note_failure(error, chat_request)
        raise


def _decode_plain(chat_request: ChatRequest, read: ReadPlain[T], reply: Reply) -> T | ChatResult:
    parsed, headers = parse_object(reply.body), reply.headers
    split = chat_request.split_think_tags
    plain = plain_reply(parsed, headers, chat_request.model, split_think_tags=split)
    if plain is not None and (found := read(plain)) is not None:
        costs.tell({"id": plain.get("request_id"), "cost": plain.get("cost_usd")})
        return found
    result = read_reply(parsed, chat_request.context(headers))
    costs.tell(result.generations[0].message.response_metadata)
    return result


def _decode(chat_request: ChatRequest, reply: Reply) -> ChatResult:
    result = _REPLIES[chat_request.route](reply.body, chat_request.context(reply.headers))
    if chat_request.tool_names:
        for generation in result.generations:
            rename_message(cast("AIMessage", generation.message), chat_request.tool_names)
    costs.tell(result.generations[0].message.response_metadata)
    return result


def stream_deltas(
    chat_request: ChatRequest, options: ClientOptions, client: object
) -> Generator[Batch]:
    """Stream a reply.

    Raises:
        AimlapiError: With what had come as `partial`.
    """
    from langchain_aimlapi._transport import sync  # noqa: PLC0415  # on first use

    reader: _Reader | None = None
    if chat_request.held is not None:
        chat_request.held.take()
    try:
        make = partial(_Reader, chat_request)
        with sync.open_stream(chat_request.request, options, client, None, make) as source:
            reader = cast("_Reader", source.reader)
            yield from source
    except AimlapiError as error:
        raise _add_context(error, chat_request, options, reader) from error.__cause__


async def astream_deltas(
    chat_request: ChatRequest, options: ClientOptions, client: object
) -> AsyncGenerator[Batch]:
    """Stream a reply; the same for the running event loop. Close it, best with `aclosing`.

    Raises:
        AimlapiError: With what had come as `partial`.
    """
    from langchain_aimlapi._transport import aio  # noqa: PLC0415  # on first use

    reader: _Reader | None = None
    if chat_request.held is not None:
        await chat_request.held.atake()
    try:
        make = partial(_Reader, chat_request)
        async with await aio.aopen_stream(
            chat_request.request, options, client, None, make
        ) as source:
            reader = cast("_Reader", source.reader)
            async for batch in source:
                yield batch
    except AimlapiError as error:
        raise _add_context(error, chat_request, options, reader) from error.__cause__


class _Reader:
    """Makes deltas of one stream; an error in it waits until what came before it is out."""

    def __init__(self, chat_request: ChatRequest, status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        self.headers = headers
        self.decoder: Decoder = _STREAMS[chat_request.route](chat_request.context(headers))
        self.ended = False
        self._chat_request = chat_request
        names = chat_request.tool_names
        self._renamer = StreamRenamer(names) if names else None
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
        except DECODE_ERRORS as error:
            self._error = undecodable(error)
        self.ended = self.decoder.done or self._error is not None
        batch = coalesced(batch) if self._chat_request.coalesce else batch
        if self._renamer:
            self._renamer.rename(batch)
        return batch

    def finish(self) -> Batch:
        """Return what is known at the end.

        Raises:
            AimlapiError: With the reply's ids, but without what had come.
        """
        try:
            if self._error is not None:
                raise self._error
            late = self.decoder.late()
            final = self.decoder.end()
        except AimlapiError as error:
            raise self.described(error) from error.__cause__
        except DECODE_ERRORS as error:
            raise self.described(undecodable(error)) from error
        if self._chat_request.held is not None:
            self._chat_request.held.settle(final.usage_metadata)
        costs.tell(final.response_metadata)
        batch: list[Delta | Final] = [final] if late is None else [late, final]
        if self._renamer:
            self._renamer.rename(batch)
            final.tools.extend(self._renamer.rest())
        return batch

    def described(self, error: AimlapiError) -> AimlapiError:
        """Add the reply's ids to an error of it."""
        return add_ids(error, self._chat_request.request, self.status, self.headers)

    def partial(self) -> AIMessageChunk:
        """What had come, with as much of the rest as can be read."""
        try:
            message = partial_message(self.decoder)
            rename_message(message, self._chat_request.tool_names)
        except DECODE_ERRORS:
            from langchain_core.messages import AIMessageChunk  # noqa: PLC0415  # hardly ever

            return AIMessageChunk(content="".join(self.decoder.texts))
        return message


def _add_context(
    error: AimlapiError, chat_request: ChatRequest, options: ClientOptions, reader: _Reader | None
) -> AimlapiError:
    """Add what only the caller's side knows: what had come, and which ids there are."""
    if reader is not None:
        reader.described(error)
        if error.partial is None:
            error.partial = reader.partial()
    _note_failure(error, chat_request)
    return redact(error, chat_request.request, options)


def _note_failure(error: AimlapiError, chat_request: ChatRequest) -> None:
    """Name ids like one that is not known, and give back the tokens that a refused call held."""
    if chat_request.held is not None:
        chat_request.held.settle_error(error)
    if isinstance(error, NotFoundError):
        error.hint = _catalogue.name_others(chat_request.model)
