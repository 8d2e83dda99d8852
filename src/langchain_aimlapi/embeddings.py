"""`AimlapiEmbeddings`: embeddings of texts, over the same connections as the chat models.

A list of texts becomes requests that keep the service's limits, of which a few are under way at a
time. What the estimate of tokens got wrong, the service refuses: then the request is halved
(`embed_batch`, a generator of steps that sync and async calls carry out).
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, Unpack

from langchain_core.embeddings import Embeddings
from langchain_core.runnables.config import ContextThreadPoolExecutor
from pydantic import Field, SecretStr

from langchain_aimlapi._catalogue.embeddings import MAX_REQUEST_TOKENS, embedding_spec
from langchain_aimlapi._catalogue.kinds import EMBEDDINGS, check_class
from langchain_aimlapi._client.clients import require_asyncio
from langchain_aimlapi._client.halving import Outcome, Part, embed_batch
from langchain_aimlapi._client.key import aresolve_key, resolve_key
from langchain_aimlapi._client.metering import Used, metered
from langchain_aimlapi._client.request import CallScope, Endpoint, build_request
from langchain_aimlapi._client.send import asend, send
from langchain_aimlapi._client.settings import Connection
from langchain_aimlapi._codec.decode.embeddings import EmbeddingsReply, decode_embeddings
from langchain_aimlapi._codec.encode.embeddings import (
    Batch,
    check_texts,
    encode_embeddings,
    split_texts,
)
from langchain_aimlapi._transport.deadline import deadline_in
from langchain_aimlapi._transport.request import Reply, ReplyRules, Request, Timeouts
from langchain_aimlapi.errors import ConfigurationError, InvalidRequestError, ResponseFormatError

if TYPE_CHECKING:
    import numpy as np

    from langchain_aimlapi._client.arguments import EmbeddingsArguments

    NumPyArray: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float32]]
else:
    NumPyArray = Any  # NumPy is optional

__all__ = ["AimlapiEmbeddings", "EmbeddingsResult"]

_EMBEDDINGS = Endpoint("/embeddings", reply=ReplyRules(content_key=b'"embedding"'))


@dataclass(frozen=True, slots=True)
class EmbeddingsResult:
    """Embeddings, and what they took."""

    embeddings: list[list[float]] = field(repr=False)
    """One per text, in their order."""
    tokens: int | None
    """Tokens of all texts, as billed; None if a reply did not say."""
    cost: float | None
    """In US dollars, as billed; None if a reply did not say."""
    responses: list[dict[str, Any]]
    """Per request: the model's name, ids for the service's support, and details of the cost."""


class AimlapiEmbeddings(Connection, Embeddings):
    """An embedding model of AI/ML API.

    Examples:
        >>> from langchain_aimlapi import AimlapiEmbeddings
        >>> embeddings = AimlapiEmbeddings(model="text-embedding-3-small")
        >>> embeddings.embed_query("I love programming.")  # doctest: +SKIP

    Key, address, headers, time, retries and clients are set as on `ChatAimlapi`.
    """

    model: str
    """Id of the model, such as `"text-embedding-3-small"` or `"voyage-large-2-instruct"`."""
    dimensions: int | None = Field(default=None, ge=1)
    """Length of the embeddings, for models that can shorten them."""
    encoding_format: Literal["float", "base64"] | None = None
    """How embeddings are transferred; if not given, "base64" for the models that document it, which
    is a quarter of the bytes, and numbers for others. The result is the same lists of floats."""
    input_type: str | None = None
    """What the texts are, for models that distinguish it (Voyage: "document")."""
    query_input_type: str | None = None
    """The same for `embed_query`; `input_type` if not given."""
    task_type: str | None = None
    """What the embeddings are for, for Google's models. If not given, these are told documents and
    queries apart ("RETRIEVAL_DOCUMENT", "RETRIEVAL_QUERY")."""
    chunk_size: int = Field(default=256, ge=1)
    """Maximum number of texts in one request; longer lists are split."""
    max_request_tokens: int = Field(default=MAX_REQUEST_TOKENS, ge=1)
    """Maximum number of tokens in one request, by an estimate that is rather too high."""
    max_concurrency: int = Field(default=4, ge=1)
    """Maximum number of requests of one call at a time; 1 sends them one after the other."""
    on_progress: Callable[[int, int], object] | None = Field(default=None, exclude=True, repr=False)
    """Called after each request with the number of texts that are done and of all texts."""

    _written_here: ClassVar = {
        "input": "The texts are what embed_documents and the like are given."
    }

    if TYPE_CHECKING:
        # Pydantic's own, with every field by both of its names and keys as texts too.
        def __init__(self, **arguments: Unpack[EmbeddingsArguments]) -> None: ...

    def model_post_init(self, context: object, /) -> None:
        """Refuse an id of another kind, with the class that serves it."""
        super().model_post_init(context)
        check_class(self.model, EMBEDDINGS)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts.

        Args:
            texts: The texts; a long list is sent in several requests.

        Returns:
            One embedding per text, in their order.

        Raises:
            TypeError: For one text instead of a list, or for something else than texts.
            ConfigurationError: For an empty text, by its place.
            AimlapiError: For a request that is refused, or a reply that cannot be read.
        """
        return self.embed_with_usage(texts).embeddings

    def embed_query(self, text: str) -> list[float]:
        """Embed one text, such as a question.

        Args:
            text: The text.

        Returns:
            Its embedding.

        Raises:
            AimlapiError: As for `embed_documents`.
        """
        return self.embed_with_usage([text], query=True).embeddings[0]

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts; the async form of `embed_documents`.

        Args:
            texts: The texts; a long list is sent in several requests.

        Returns:
            One embedding per text, in their order.

        Raises:
            AimlapiError: As for `embed_documents`.
        """
        return (await self.aembed_with_usage(texts)).embeddings

    async def aembed_query(self, text: str) -> list[float]:
        """Embed one text; the async form of `embed_query`.

        Args:
            text: The text.

        Returns:
            Its embedding.

        Raises:
            AimlapiError: As for `embed_documents`.
        """
        return (await self.aembed_with_usage([text], query=True)).embeddings[0]

    def embed_with_usage(self, texts: list[str], *, query: bool = False) -> EmbeddingsResult:
        """Embed texts, and tell the tokens and the cost.

        Args:
            texts: The texts; a long list is sent in several requests.
            query: Whether they are what is searched by, not what is to be found.

        Returns:
            The embeddings in the order of the texts, with the sums of all requests.

        Raises:
            AimlapiError: As for `embed_documents`.
        """
        return _sum_up(self._gathered(texts, query=query))

    async def aembed_with_usage(self, texts: list[str], *, query: bool = False) -> EmbeddingsResult:
        """Embed texts, and tell the tokens and the cost; see `embed_with_usage`."""
        return _sum_up(await self._agathered(texts, query=query))

    def embed_numpy(self, texts: list[str], *, query: bool = False) -> NumPyArray:
        """Embed texts into one NumPy array; takes less time and an eighth of the memory of lists.

        Args:
            texts: The texts; a long list is sent in several requests.
            query: Whether they are what is searched by, not what is to be found.

        Returns:
            Single-precision numbers: a row per text, in their order.

        Raises:
            ConfigurationError: If NumPy is not installed; nothing was sent.
            AimlapiError: As for `embed_documents`.
        """
        _require_numpy()
        return _as_matrix(self._gathered(texts, query=query, arrays=True))

    async def aembed_numpy(self, texts: list[str], *, query: bool = False) -> NumPyArray:
        """Embed texts into one NumPy array; see `embed_numpy`."""
        _require_numpy()
        return _as_matrix(await self._agathered(texts, query=query, arrays=True))

    # --- several requests -------------------------------------------------------------------------

    def _gathered(self, texts: list[str], *, query: bool, arrays: bool = False) -> list[Part]:
        checked, batches = self._batches(texts)
        progress = _Progress(len(checked), self.on_progress)
        embed = partial(self._embed, query=query, arrays=arrays, deadline=self._deadline())
        if self.max_concurrency == 1 or len(batches) < 2:  # noqa: PLR2004  # nothing beside it
            return [progress.add(embed(batch)) for batch in batches]
        with ContextThreadPoolExecutor(self.max_concurrency) as pool:
            try:
                futures = [pool.submit(embed, batch) for batch in batches]
                for future in as_completed(futures):
                    progress.add(future.result())
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return [future.result() for future in futures]

    async def _agathered(
        self, texts: list[str], *, query: bool, arrays: bool = False
    ) -> list[Part]:
        require_asyncio()
        checked, batches = self._batches(texts)
        progress = _Progress(len(checked), self.on_progress)
        deadline = self._deadline()
        parts: dict[int, Part] = {}
        pending = iter(batches)

        async def work() -> None:
            for batch in pending:
                part = await self._aembed(batch, query=query, arrays=arrays, deadline=deadline)
                parts[batch.start] = progress.add(part)

        workers = [
            asyncio.ensure_future(work()) for _ in range(min(self.max_concurrency, len(batches)))
        ]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return [parts[batch.start] for batch in batches]

    # --- one request ------------------------------------------------------------------------------

    def _embed(self, batch: Batch, *, query: bool, arrays: bool, deadline: float | None) -> Part:
        steps = embed_batch(batch)
        step = next(steps)
        try:
            while True:
                try:
                    request = self._request(step, resolve_key(self, {}), query=query)
                    with metered(sum(map(len, step.texts)), self.model) as call:
                        reply = send(
                            request,
                            self._client_options,
                            self.http_client,
                            partial(_decode, step, arrays=arrays),
                            deadline,
                        )
                        call.used = _used(reply, self.model)
                    outcome: Outcome = reply
                except InvalidRequestError as error:
                    outcome = error
                step = steps.send(outcome)
        except StopIteration as done:
            part: Part = done.value
            return part

    async def _aembed(
        self, batch: Batch, *, query: bool, arrays: bool, deadline: float | None
    ) -> Part:
        steps = embed_batch(batch)
        step = next(steps)
        try:
            while True:
                try:
                    key = await aresolve_key(self, {})
                    request = self._request(step, key, query=query)
                    with metered(sum(map(len, step.texts)), self.model) as call:
                        reply = await asend(
                            request,
                            self._client_options,
                            self.http_async_client,
                            partial(_decode, step, arrays=arrays),
                            deadline,
                            in_thread=len(step.texts) > 1,  # long replies take milliseconds to read
                        )
                        call.used = _used(reply, self.model)
                    outcome: Outcome = reply
                except InvalidRequestError as error:
                    outcome = error
                step = steps.send(outcome)
        except StopIteration as done:
            part: Part = done.value
            return part

    def _batches(self, texts: Iterable[str]) -> tuple[list[str], list[Batch]]:
        checked = check_texts(texts)
        batches = split_texts(
            checked, max_texts=self.chunk_size, max_tokens=self.max_request_tokens
        )
        return checked, list(batches)

    def _deadline(self) -> float | None:
        """One for all requests of a call if a timeout was set; else each has the default timeout."""
        timeout = self.timeout
        return deadline_in(timeout.total if isinstance(timeout, Timeouts) else timeout)

    def _request(self, batch: Batch, key: SecretStr, *, query: bool) -> Request:
        spec = embedding_spec(self.model)
        settings: dict[str, Any] = dict(
            spec.query_parameters if query else spec.document_parameters
        )
        own = {
            "dimensions": self.dimensions,
            "encoding_format": self.encoding_format or ("base64" if spec.base64 else None),
            "input_type": (self.query_input_type if query else None) or self.input_type,
            "task_type": self.task_type,
            **self.model_kwargs,
        }
        settings |= {name: value for name, value in own.items() if value is not None}
        body = encode_embeddings(self.model, batch.texts, settings)
        return build_request(self, _EMBEDDINGS, body, CallScope(key))


# --- what requests brought ------------------------------------------------------------------------


def _decode(batch: Batch, reply: Reply, *, arrays: bool) -> EmbeddingsReply:
    return decode_embeddings(reply.body, len(batch.texts), reply.headers, arrays=arrays)


def _used(reply: EmbeddingsReply, model: str) -> Used:
    return Used(
        str(reply.metadata.get("model_name") or model),
        input_tokens=reply.tokens or 0,
        cost_usd=reply.cost,
    )


class _Progress:
    """Counts the texts that are done."""

    def __init__(self, total: int, report: Callable[[int, int], object] | None) -> None:
        self._done = 0
        self._total = total
        self._report = report

    def add(self, part: Part) -> Part:
        self._done += sum(len(reply.embeddings) for reply in part)
        if self._report is not None:
            self._report(self._done, self._total)
        return part


def _sum_up(parts: Sequence[Part]) -> EmbeddingsResult:
    replies = [reply for part in parts for reply in part]
    return EmbeddingsResult(
        embeddings=[embedding for reply in replies for embedding in reply.embeddings],
        tokens=_total([reply.tokens for reply in replies]),
        cost=_total([reply.cost for reply in replies]),
        responses=[reply.metadata for reply in replies],
    )


def _require_numpy() -> None:
    if importlib.util.find_spec("numpy") is None:
        raise ConfigurationError("embed_numpy needs NumPy: pip install numpy")


def _as_matrix(parts: Sequence[Part]) -> NumPyArray:
    """The embeddings as rows; requests whose embeddings differ in length are an error."""
    import numpy as np  # noqa: PLC0415  # optional, and only here

    rows = [embedding for part in parts for reply in part for embedding in reply.embeddings]
    if len(lengths := sorted(set(map(len, rows)))) > 1:
        raise ResponseFormatError(f"The replies hold embeddings of different lengths: {lengths}.")
    joined = np.frombuffer(bytearray().join(rows), np.float32)
    return joined.reshape(len(rows), -1 if rows else 0)


def _total(amounts: Sequence[object]) -> Any:
    return None if None in amounts else sum(amounts)
