"""`AimlapiSpeech`: text read aloud, as a file or as bytes that come while it is spoken.

Models answer with the address of a file or with the audio itself; which one, the reply's head
tells.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import (
    ensure_config,
    get_async_callback_manager_for_config,
    get_callback_manager_for_config,
)

from langchain_aimlapi._client.metering import MeteredCall, Used, also_metered
from langchain_aimlapi._client.send import redact
from langchain_aimlapi._codec.decode.media import read_cost, read_speech
from langchain_aimlapi._codec.encode.media import violation
from langchain_aimlapi._codec.encode.mime import read_type
from langchain_aimlapi._lazy import load_for_async
from langchain_aimlapi._transport.request import Reply, ReplyRules, Request
from langchain_aimlapi.errors import AimlapiError, ResponseFormatError
from langchain_aimlapi.media.files import FileReader, content_of
from langchain_aimlapi.media.model import MediaModel, steering_of
from langchain_aimlapi.media.results import GeneratedFile, MediaResult
from langchain_aimlapi.media.service import characters_of

if TYPE_CHECKING:
    from langchain_aimlapi._catalogue.media import Kind
    from langchain_aimlapi._client.arguments import GivenKey

__all__ = ["AimlapiSpeech"]

_ANYTHING = ReplyRules(is_json=False)


class AimlapiSpeech(MediaModel):
    """Speech models of AI/ML API: text to audio.

    Examples:
        >>> from langchain_aimlapi.media import AimlapiSpeech
        >>> speech = AimlapiSpeech(model="inworld/tts-1", voice="Ashley", format="mp3")
        >>> speech.invoke("Good morning!").save("morning.mp3")  # doctest: +SKIP
        >>> for piece in speech.stream("A long story …"):  # doctest: +SKIP
        ...     player.write(piece)

    The input is the text, or a dict with `text` and what the model documents. `voice`, `format`,
    `speed` and `sample_rate` are written where the model has them, such as in `voice_setting`.
    """

    if TYPE_CHECKING:
        # Pydantic's own: keys as texts too, and whatever parameters the model documents.
        def __init__(
            self, *, model: str, api_key: GivenKey | None = None, **arguments: Any
        ) -> None: ...

    kind: ClassVar[Kind] = "speech"
    tool_name: ClassVar[str] = "speak"
    tool_description: ClassVar[str] = "Read a text aloud: makes an audio file of it."
    tool_input: ClassVar[str] = "The text to read aloud, word for word"
    default_path: ClassVar[str] = "/v1/tts"
    input_name: ClassVar[str] = "text"

    voice: str | None = None
    """Name or id of the voice, of those the model documents."""
    format: str | None = None
    """File format, such as "mp3" or "wav"."""
    speed: float | None = None
    """How fast, 1 is usual; for models that document it."""
    sample_rate: int | None = None
    """Samples per second."""

    def _run(self, parameters: Mapping[str, Any], steering: Mapping[str, object]) -> MediaResult:
        request = self._request(parameters, self._key(steering), steering)
        return self._metered(parameters, lambda: self._send(request, self._result))

    async def _arun(
        self, parameters: Mapping[str, object], steering: Mapping[str, object]
    ) -> MediaResult:
        request = self._request(parameters, await self._akey(steering), steering)
        return await self._ametered(parameters, lambda: self._asend(request, self._result))

    def _request(
        self,
        parameters: Mapping[str, object],
        key: Any,
        steering: Mapping[str, Any],
        *,
        streams: bool = False,
    ) -> Request:
        given = dict(parameters)
        if streams and self._can_stream():
            given.setdefault("stream", True)
        body = self._encoded("speech", given).body
        return self._post(self._path(), body, key, steering, rules=_ANYTHING, streams=streams)

    def _can_stream(self) -> bool:
        spec = self._spec("speech")
        schema = spec.parameters.get("stream") if spec else None
        return schema is not None and violation(schema, True) is None

    def _result(self, reply: Reply) -> MediaResult:
        """What a reply holds: the audio itself, or where it is.

        Raises:
            ResponseFormatError: If it holds no audio.
        """
        raw: Mapping[str, object] = {}
        if is_json(reply.headers, reply.body):
            ref, raw = read_speech(reply.body)
            file = GeneratedFile.of(ref, "audio", self)
        elif reply.body:
            file = GeneratedFile.of_bytes(reply.body, "audio", _audio_type(reply.headers))
        else:
            raise ResponseFormatError("The reply holds no audio.")
        cost = read_cost(raw, reply.headers)
        return MediaResult(
            model=self.model,
            files=[file],
            cost=cost.usd,
            cost_details=cost.details,
            inference_id=reply.headers.get("x-inference-id"),
            raw=raw,
        )

    # --- streaming --------------------------------------------------------------------------------

    def stream(  # type: ignore[override]  # audio comes as bytes, not as results
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[bytes]:
        """Stream the audio in chunks.

        Args:
            input: The text, or a dict of parameters.
            config: LangChain's configuration.
            **kwargs: As for `invoke`.

        Yields:
            Bytes of the file, in its format; from models that answer with an address, those of the
            file there.

        Raises:
            ConfigurationError: For parameters the model does not take; nothing was sent.
            AimlapiError: For a request that is refused, or audio that breaks off.
        """
        parameters, steering = self._parameters(input, kwargs), steering_of(kwargs)
        manager = get_callback_manager_for_config(ensure_config(config))
        run = manager.on_chain_start(None, self._announced(parameters), **self._named(config))
        call, spoken = MeteredCall(), _Spoken()
        try:
            with also_metered(manager.handlers):
                call.begin(characters_of(parameters), self.model)
            request = self._request(parameters, self._key(steering), steering, streams=True)
            yield from self._pieces(request, spoken)
        except BaseException as error:
            # A stream that is left early is billed all the same.
            call.end(self._used(spoken) if isinstance(error, GeneratorExit) else None)
            run.on_chain_error(error)
            raise
        call.end(self._used(spoken))
        run.on_chain_end(spoken.summary())

    async def astream(  # type: ignore[override]  # likewise
        self, input: object, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[bytes]:
        """Stream the audio in chunks; see `stream`."""
        parameters, steering = self._parameters(input, kwargs), steering_of(kwargs)
        manager = get_async_callback_manager_for_config(ensure_config(config))
        run = await manager.on_chain_start(None, self._announced(parameters), **self._named(config))
        call, spoken = MeteredCall(), _Spoken()
        try:
            with also_metered(manager.handlers):
                call.begin(characters_of(parameters), self.model)
            key = await self._akey(steering)
            request = self._request(parameters, key, steering, streams=True)
            async for piece in self._apieces(request, spoken):
                yield piece
        except BaseException as error:
            call.end(self._used(spoken) if isinstance(error, GeneratorExit) else None)
            await run.on_chain_error(error)
            raise
        call.end(self._used(spoken))
        await run.on_chain_end(spoken.summary())

    def _pieces(self, request: Request, spoken: _Spoken) -> Iterator[bytes]:
        from langchain_aimlapi._transport import sync  # noqa: PLC0415  # on first use

        options = self._client_options
        try:
            with sync.open_stream(request, options, self.http_client, make=spoken.make) as stream:
                for batch in stream:
                    yield from filter(None, batch)
            url = spoken.finished()
        except AimlapiError as error:
            raise self._add_context(redact(error, request, options), request) from error.__cause__
        if isinstance(url, bytes):
            yield url
        elif url is not None:
            yield from self.fetch(url)

    async def _apieces(self, request: Request, spoken: _Spoken) -> AsyncIterator[bytes]:
        await load_for_async()
        from langchain_aimlapi._transport import aio  # noqa: PLC0415  # on first use

        options = self._client_options
        try:
            async with await aio.aopen_stream(
                request, options, self.http_async_client, make=spoken.make
            ) as stream:
                async for batch in stream:
                    for piece in filter(None, batch):
                        yield piece
            url = spoken.finished()
        except AimlapiError as error:
            raise self._add_context(redact(error, request, options), request) from error.__cause__
        if isinstance(url, bytes):
            yield url
        elif url is not None:
            async for piece in self.afetch(url):
                yield piece

    def _used(self, spoken: _Spoken) -> Used:
        return Used(self.model, cost_usd=spoken.cost)


class _Spoken(FileReader):
    """Reads a reply that may be audio or, in JSON, tell where the audio is."""

    cost: float | None = None

    def __init__(self) -> None:
        super().__init__()
        self._headers: Mapping[str, str] = {}
        self._json: list[bytes] | None = None
        self._bytes = 0

    def make(self, status: int, headers: Mapping[str, str]) -> Self:
        """Begin with a reply."""
        self._headers = headers
        self._json = [] if is_json(headers) else None
        self.cost = read_cost({}, headers).usd
        return super().make(status, headers)

    def read(self, pieces: list[bytes]) -> list[bytes]:
        """Pass audio on, and keep JSON."""
        self._bytes += sum(map(len, pieces))
        super().read(pieces)
        if self._json is None:
            return pieces
        self._json += pieces
        return []

    def finish(self) -> list[bytes]:
        """Something, or a reply in JSON would count as one without content."""
        return [] if self._json is None else [b""]

    def finished(self) -> str | bytes | None:
        """Where the audio is, the audio itself, or `None` if it has come already.

        Raises:
            ResponseFormatError: If the reply holds no audio.
        """
        if self._json is not None:
            ref, raw = read_speech(b"".join(self._json))
            self.cost = read_cost(raw, self._headers).usd
            data = content_of(ref)
            return ref.url if data is None else data
        if not self._bytes:
            raise ResponseFormatError("The reply holds no audio.")
        return None

    def summary(self) -> dict[str, object]:
        """What a trace holds of it."""
        return {"bytes": self._bytes, "cost": self.cost}


def is_json(headers: Mapping[str, str], body: bytes = b"") -> bool:
    """Whether a reply is JSON, by its head, or where that tells nothing by its first byte."""
    kind = headers.get("content-type", "")
    return "json" in kind or (not kind and body[:1] == b"{")


def _audio_type(headers: Mapping[str, str]) -> str | None:
    kind = read_type(headers.get("content-type")).name
    return kind if kind and kind.startswith("audio/") else None
