"""A batch of texts that the service refuses for its size is halved: the steps, as a generator.

What the estimate of tokens got wrong, the service refuses; sync and async callers send what the
steps yield, and hand in what came of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from langchain_aimlapi._codec.decode.embeddings import EmbeddingsReply
from langchain_aimlapi.errors import AimlapiError, ContextOverflowError, InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Generator

    from langchain_aimlapi._codec.encode.embeddings import Batch

__all__ = ["Outcome", "Part", "embed_batch"]

Part = list[EmbeddingsReply]
"""What the requests of one batch brought: one, or several where it was halved."""
Outcome = EmbeddingsReply | InvalidRequestError


def embed_batch(batch: Batch) -> Generator[Batch, Outcome, Part]:
    """Make the steps that embed a batch: halve what the service refuses for its size.

    Yields:
        Texts to send in one request; it is sent what came of it.

    Raises:
        AimlapiError: The request was refused for another reason, or for one text alone.
    """
    outcome = yield batch
    if not isinstance(outcome, AimlapiError):
        return [outcome]
    if not _is_about_size(outcome):
        raise outcome
    if len(batch.texts) == 1:
        outcome.hint = f"texts[{batch.start}] is too long for the model: shorten or split it."
        raise outcome
    first, second = batch.halves()
    return [*(yield from embed_batch(first)), *(yield from embed_batch(second))]


_SIZE = re.compile(
    r"tokens?[ _]per[ _]request|too (?:many|large|long)|array must contain|batch size"
    r"|max(?:imum)?\b[^.]{0,40}\b(?:tokens|inputs|texts|items|elements)"
    r"|at most \d+ (?:tokens|inputs|texts|items|elements)",
    re.IGNORECASE,
)


def _is_about_size(error: InvalidRequestError) -> bool:
    if isinstance(error, ContextOverflowError):
        return True
    return _SIZE.search(f"{error.code} {error.message}") is not None
