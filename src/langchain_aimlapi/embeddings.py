"""`AimlapiEmbeddings`: embeddings of texts, over the same connections as the chat models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal, Unpack

from langchain_core.embeddings import Embeddings
from pydantic import Field, SecretStr

from langchain_aimlapi._client.key import aresolve_key, resolve_key
from langchain_aimlapi._client.request import CallScope, Endpoint, build_request
from langchain_aimlapi._client.send import asend, send
from langchain_aimlapi._client.settings import Connection
from langchain_aimlapi._codec.decode.embeddings import decode_embeddings
from langchain_aimlapi._codec.encode.embeddings import encode_embeddings
from langchain_aimlapi._transport.request import Reply, ReplyRules, Request

if TYPE_CHECKING:
    from langchain_aimlapi._client.arguments import EmbeddingsArguments

__all__ = ["AimlapiEmbeddings"]

_EMBEDDINGS = Endpoint("/embeddings", reply=ReplyRules(content_key=b'"embedding"'))


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
    """How embeddings are sent; "base64" takes a quarter of the bytes and is documented for OpenAI's
    models."""
    input_type: str | None = None
    """What the texts are, for models that distinguish it (Voyage: "document")."""
    chunk_size: int = Field(default=256, ge=1)
    """Maximum number of texts in one request; longer lists are split."""

    if TYPE_CHECKING:
        # Pydantic's own, with every field by both of its names and keys as texts too.
        def __init__(self, **arguments: Unpack[EmbeddingsArguments]) -> None: ...

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts.

        Args:
            texts: The texts; a long list is sent in several requests.

        Returns:
            One embedding per text, in their order.

        Raises:
            AimlapiError: For a request that is refused, or a reply that cannot be read.
        """
        vectors: list[list[float]] = []
        for chunk in self._chunks(texts):
            request = self._request(chunk, resolve_key(self, {}))
            decode = partial(_decode, len(chunk))
            vectors += send(request, self._client_options, self.http_client, decode)
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """Embed one text, such as a question.

        Args:
            text: The text.

        Returns:
            Its embedding.

        Raises:
            AimlapiError: As for `embed_documents`.
        """
        return self.embed_documents([text])[0]

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts; the async form of `embed_documents`.

        Args:
            texts: The texts; a long list is sent in several requests.

        Returns:
            One embedding per text, in their order.

        Raises:
            AimlapiError: As for `embed_documents`.
        """
        vectors: list[list[float]] = []
        for chunk in self._chunks(texts):
            request = self._request(chunk, await aresolve_key(self, {}))
            decode = partial(_decode, len(chunk))
            # Large vectors take milliseconds to read, during which other tasks should go on.
            vectors += await asend(
                request, self._client_options, self.http_async_client, decode, in_thread=True
            )
        return vectors

    async def aembed_query(self, text: str) -> list[float]:
        """Embed one text; the async form of `embed_query`.

        Args:
            text: The text.

        Returns:
            Its embedding.

        Raises:
            AimlapiError: As for `embed_documents`.
        """
        return (await self.aembed_documents([text]))[0]

    def _chunks(self, texts: Sequence[str]) -> Iterator[Sequence[str]]:
        for start in range(0, len(texts), self.chunk_size):
            yield texts[start : start + self.chunk_size]

    def _request(self, texts: Sequence[str], key: SecretStr) -> Request:
        settings = {
            "dimensions": self.dimensions,
            "encoding_format": self.encoding_format,
            "input_type": self.input_type,
            **self.model_kwargs,
        }
        body = encode_embeddings(self.model, texts, settings)
        return build_request(self, _EMBEDDINGS, body, CallScope(key))


def _decode(count: int, reply: Reply) -> list[list[float]]:
    return decode_embeddings(reply.body, count)
