"""Texts -> the body of an embeddings request, and its reply -> vectors.

Vectors are asked for as base64 where the model documents it, a quarter of the bytes of numbers
written out, and read in either form: a service may ignore the wish.
"""

from __future__ import annotations

import array
import base64
import binascii
import sys
from collections.abc import Mapping
from typing import Any

from langchain_aimlapi._codec.json_text import parse_object
from langchain_aimlapi.errors import ResponseFormatError

_FLOAT_BYTES = 4


def decode_embeddings(body: bytes, count: int) -> list[list[float]]:
    """Read the vectors, in the order of the texts.

    Args:
        body: The reply.
        count: How many texts were sent.

    Raises:
        ResponseFormatError: If the reply is not JSON, or does not hold one vector per text.
    """
    reply = parse_object(body)
    data = [item for item in reply.get("data") or () if isinstance(item, Mapping)]
    if len(data) != count:
        raise ResponseFormatError(f"The reply holds {len(data)} vectors for {count} texts.")
    places = [item.get("index") for item in data]
    if sorted(place for place in places if isinstance(place, int)) == list(range(count)):
        data = sorted(data, key=lambda item: item["index"])
    return [_vector(item.get("embedding")) for item in data]


def _vector(embedding: Any) -> list[float]:
    if isinstance(embedding, str):
        return _from_base64(embedding)
    numbers: list[Any] = embedding if isinstance(embedding, list) else [None]
    if not all(isinstance(number, int | float) for number in numbers):
        raise ResponseFormatError("A vector of the reply holds something else than numbers.")
    return [float(number) for number in numbers]


def _from_base64(text: str) -> list[float]:
    """Single-precision numbers, little-endian."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ResponseFormatError("A vector of the reply is neither numbers nor base64.") from None
    if len(data) % _FLOAT_BYTES:
        raise ResponseFormatError("A vector of the reply ends in the middle of a number.")
    numbers = array.array("f", data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()
