"""What cannot be beaten: reading with no LangChain, LangChain with no reading, and both together.

`Raw` reads the socket and decodes JSON. `Core` is langchain-core with a model that yields chunks
made beforehand. `Floor` is the two at once: every byte is read, every event decoded, and a chunk
made beforehand is yielded for it, so whatever a real client costs more than this is its own doing.
`Plain` is the floor with a chunk of its own for each event, as LangChain's tutorial makes them: the
least that a model without any features costs, garbage collection of what it makes included.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import orjson
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from benchmarks.replies import MODEL, WORD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import aiohttp
    import httpx2

_BODY = orjson.dumps({"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]})
_HEADERS = {"content-type": "application/json", "authorization": "Bearer bench"}
_DONE = b"[DONE]"


class Raw:
    """Plain httpx2 and aiohttp with orjson."""

    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url}/chat/completions"

    @functools.cached_property
    def _client(self) -> httpx2.Client:
        import httpx2  # noqa: PLC0415 - not part of every figure

        return httpx2.Client(timeout=None)

    @functools.cached_property
    def _session(self) -> aiohttp.ClientSession:
        import aiohttp  # noqa: PLC0415 - not part of every figure

        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
            read_bufsize=2**17,
        )

    def invoke(self, _: str) -> str:
        """Send once and return the answer's text."""
        reply = self._client.post(self._url, content=_BODY, headers=_HEADERS)
        return _answer_text(reply.content)

    async def ainvoke(self, _: str) -> str:
        """Send once and return the answer's text."""
        async with self._session.post(self._url, data=_BODY, headers=_HEADERS) as reply:
            return _answer_text(await reply.read())

    def stream(self, _: str) -> Iterator[str]:
        """Yield the text of each event that has some."""
        with self._client.stream("POST", self._url, content=_BODY, headers=_HEADERS) as reply:
            lines = _Lines()
            for data in reply.iter_raw():
                yield from lines.texts(data)

    async def astream(self, _: str) -> AsyncIterator[str]:
        """Yield the text of each event that has some."""
        async with self._session.post(self._url, data=_BODY, headers=_HEADERS) as reply:
            lines = _Lines()
            async for data in reply.content.iter_any():
                for text in lines.texts(data):
                    yield text

    async def aclose(self) -> None:
        """Close the session."""
        await self._session.close()


def _answer_text(body: bytes) -> str:
    text: str = orjson.loads(body)["choices"][0]["message"]["content"]
    return text


class _Lines:
    """The least that reads our server's events: no comments, no CR, no joined lines."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def texts(self, data: bytes) -> list[str]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        found: list[str] = []
        for line in lines:
            if line and line[6:] != _DONE:
                choices = orjson.loads(line[6:])["choices"]
                if choices and (text := choices[0]["delta"].get("content")):
                    found.append(text)
        return found


def _ready_chunk() -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content=WORD))


def _last_chunk() -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content="", chunk_position="last"))


def _ready_result() -> ChatResult:
    return ChatResult(generations=[ChatGeneration(message=AIMessage(content=WORD * 20))])


def _ready_event(index: int = 0) -> dict[str, Any]:
    delta = {"type": "text-delta", "text": WORD}
    return {"event": "content-block-delta", "index": index, "delta": delta}


def _opening_events() -> list[dict[str, Any]]:
    block = {"type": "text", "text": ""}
    return [
        {"event": "message-start", "role": "ai", "id": "run", "metadata": {}},
        {"event": "content-block-start", "index": 0, "content": block},
    ]


def _closing_events(texts: list[str]) -> list[dict[str, Any]]:
    block = {"type": "text", "text": "".join(texts)}
    return [
        {"event": "content-block-finish", "index": 0, "content": block},
        {"event": "message-finish", "metadata": {}},
    ]


class Core(BaseChatModel):
    """langchain-core alone: as many ready chunks as the address says."""

    base_url: str

    @property
    def _llm_type(self) -> str:
        return "bench-core"

    def _texts(self) -> Iterator[str]:
        return iter((WORD,) * int(self.base_url.split("/")[4]))

    async def _atexts(self) -> AsyncIterator[str]:
        for text in self._texts():
            yield text

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        return _ready_result()

    async def _agenerate(self, *_: Any, **__: Any) -> ChatResult:
        return _ready_result()

    def _stream(self, *_: Any, **__: Any) -> Iterator[ChatGenerationChunk]:
        chunk = _ready_chunk()
        for _text in self._texts():
            yield chunk
        yield _last_chunk()

    async def _astream(self, *_: Any, **__: Any) -> AsyncIterator[ChatGenerationChunk]:
        chunk = _ready_chunk()
        async for _text in self._atexts():
            yield chunk
        yield _last_chunk()

    def _stream_chat_model_events(self, *_: Any, **__: Any) -> Iterator[Any]:
        yield from _opening_events()
        texts = []
        event = _ready_event()
        for text in self._texts():
            texts.append(text)
            yield event
        yield from _closing_events(texts)


class Floor(Core):
    """langchain-core over the raw reading."""

    raw: Any = None

    def model_post_init(self, context: Any, /) -> None:
        """Make the reader."""
        super().model_post_init(context)
        self.raw = Raw(self.base_url)

    def _texts(self) -> Iterator[str]:
        texts: Iterator[str] = self.raw.stream("Hi")
        return texts

    def _atexts(self) -> AsyncIterator[str]:
        texts: AsyncIterator[str] = self.raw.astream("Hi")
        return texts

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        self.raw.invoke("Hi")
        return _ready_result()

    async def _agenerate(self, *_: Any, **__: Any) -> ChatResult:
        await self.raw.ainvoke("Hi")
        return _ready_result()

    async def aclose(self) -> None:
        """Close the reader."""
        await self.raw.aclose()


class Plain(Floor):
    """The floor, with a chunk for each text."""

    def _stream(self, *_: Any, **__: Any) -> Iterator[ChatGenerationChunk]:
        for text in self._texts():
            yield ChatGenerationChunk(message=AIMessageChunk(content=text))
        yield _last_chunk()

    async def _astream(self, *_: Any, **__: Any) -> AsyncIterator[ChatGenerationChunk]:
        async for text in self._atexts():
            yield ChatGenerationChunk(message=AIMessageChunk(content=text))
        yield _last_chunk()
