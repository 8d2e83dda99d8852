"""What the service documents of its embedding models (API docs, embedding models).

Few ids and few differences, so a table by hand: the base64 form of replies, and the parameters that
tell documents and queries apart. An id that does not stand here gets nothing but what was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_REQUEST_TOKENS = 300_000
"""Tokens of all texts of a request together, as OpenAI limits them."""


@dataclass(frozen=True, slots=True)
class EmbeddingSpec:
    """The documented differences of one embedding model."""

    base64: bool = False
    """Whether `encoding_format="base64"` is taken."""
    document_parameters: tuple[tuple[str, str], ...] = ()
    """Parameters, with their values, that mark texts as documents to be found."""
    query_parameters: tuple[tuple[str, str], ...] = ()
    """The same for what is searched by."""


_OPENAI = EmbeddingSpec(base64=True)
_GOOGLE = EmbeddingSpec(
    document_parameters=(("task_type", "RETRIEVAL_DOCUMENT"),),
    query_parameters=(("task_type", "RETRIEVAL_QUERY"),),
)
# Voyage's models document the input type "document" alone, and it is their default.

_SPECS: Mapping[str, EmbeddingSpec] = {
    "text-embedding-3-small": _OPENAI,
    "text-embedding-3-large": _OPENAI,
    "text-embedding-ada-002": _OPENAI,
    "text-embedding-004": _GOOGLE,
    "text-multilingual-embedding-002": _GOOGLE,
}
_UNKNOWN = EmbeddingSpec()


def is_documented(model: str) -> bool:
    """Whether something is documented of an embedding model, by its id with or without its vendor."""
    return model.rpartition("/")[2].lower() in _SPECS


def embedding_spec(model: str) -> EmbeddingSpec:
    """Return what is documented of an embedding model, by its id with or without its vendor."""
    return _SPECS.get(model.rpartition("/")[2].lower(), _UNKNOWN)
