"""The reply of an embeddings request -> embeddings, usage and cost.

Embeddings are asked for as base64 where the model documents it (single-precision numbers, a quarter
of the bytes and a third of the time of numbers written out), and read in either form: a service may
ignore the wish. They are read with `array`, since NumPy is no faster at making lists of floats.
"""

from __future__ import annotations

import array
import base64
import binascii
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

from langchain_aimlapi._codec.decode.cost import cost_metadata
from langchain_aimlapi._codec.json_text import parse_object
from langchain_aimlapi.errors import ResponseFormatError

_FLOAT_BYTES = 4


class EmbeddingsReply(NamedTuple):
    """What one request brought."""

    embeddings: list[Any]
    """Lists of floats, or arrays of them."""
    tokens: int | None
    """Tokens of the texts; None if the reply did not say."""
    cost: float | None
    """In US dollars; None if the reply did not say."""
    metadata: dict[str, Any]
    """Model, ids and details of the cost, as far as reported."""


def decode_embeddings(
    body: bytes,
    count: int,
    headers: Mapping[str, str] | None = None,
    *,
    arrays: bool = False,
) -> EmbeddingsReply:
    """Read a reply; the embeddings are in the order of the texts.

    Args:
        body: The reply.
        count: How many texts were sent.
        headers: Of the reply, by lower-case names.
        arrays: Whether to leave embeddings as arrays of single-precision numbers, an eighth of the
            memory of lists.

    Raises:
        ResponseFormatError: If the reply is not JSON, or does not hold one embedding per text.
    """
    headers = headers or {}
    reply = parse_object(body, apart="data")
    usage = reply.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    costs = cost_metadata(reply.get("meta"), headers, usage)
    named = {
        "model_name": reply.get("model"),
        "id": reply.get("id"),
        "request_id": headers.get("x-request-id"),
        "inference_id": headers.get("x-inference-id"),
        "token_usage": dict(usage),
        "cost_details": costs["cost_details"],
    }
    return EmbeddingsReply(
        embeddings=_embeddings(reply.get("data"), count, arrays=arrays),
        tokens=_tokens(usage),
        cost=costs["cost"],
        metadata={name: value for name, value in named.items() if value},
    )


def _tokens(usage: Mapping[str, Any]) -> int | None:
    # Voyage's models report the total alone.
    found = (usage.get(name) for name in ("prompt_tokens", "total_tokens"))
    return next((value for value in found if isinstance(value, int)), None)


def _embeddings(data: Any, count: int, *, arrays: bool) -> list[Any]:
    items = [item for item in data or () if isinstance(item, Mapping)]
    if len(items) != count:
        raise ResponseFormatError(f"The reply holds {len(items)} embeddings for {count} texts.")
    places = [item.get("index") for item in items]
    if sorted(place for place in places if isinstance(place, int)) == list(range(count)):
        items.sort(key=lambda item: item["index"])
    read = _array if arrays else _numbers
    embeddings = [read(item.get("embedding")) for item in items]
    if len(lengths := sorted(set(map(len, embeddings)))) > 1:
        raise ResponseFormatError(f"The reply holds embeddings of different lengths: {lengths}.")
    return embeddings


def _array(embedding: object) -> array.array[float]:
    if isinstance(embedding, str):
        return _from_base64(embedding)
    return array.array("f", _numbers(embedding))


def _numbers(embedding: object) -> list[float]:
    if isinstance(embedding, str):
        return _from_base64(embedding).tolist()
    numbers: list[Any] = embedding if isinstance(embedding, list) else [None]
    kinds = set(map(type, numbers))
    if kinds == {float}:
        return numbers
    if not kinds or not kinds <= {float, int}:
        raise ResponseFormatError("An embedding of the reply holds something else than numbers.")
    return [float(number) for number in numbers]


def _from_base64(text: str) -> array.array[float]:
    """Single-precision numbers, little-endian."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ResponseFormatError(
            "An embedding of the reply is neither numbers nor base64."
        ) from None
    if not data or len(data) % _FLOAT_BYTES:
        raise ResponseFormatError("An embedding of the reply ends in the middle of a number.")
    numbers = array.array("f", data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
