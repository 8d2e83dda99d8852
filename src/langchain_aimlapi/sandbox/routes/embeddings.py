"""`/embeddings`: vectors computed from the words of a text, so that similar texts are near.

Each word and each of its trigrams adds to one component of the vector, chosen by its hash
(feature hashing). Texts that share words have a high cosine similarity, so a search over a few
documents finds the right one, although no meaning is involved.
"""

from __future__ import annotations

import base64
import math
import re
import struct
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_aimlapi.sandbox.answers.script import Script
    from langchain_aimlapi.sandbox.inference import Inference

from langchain_aimlapi.sandbox.answers.script import Asked
from langchain_aimlapi.sandbox.answers.tokens import Usage, count_tokens
from langchain_aimlapi.sandbox.checks import check_model
from langchain_aimlapi.sandbox.checks.values import Number, OneOf
from langchain_aimlapi.sandbox.replies import (
    ApiError,
    Reply,
    reply_with_cost,
    validation_error,
)

_WORD = re.compile(r"\w+")
_DEFAULT_SIZE, _LARGE = 1536, 3072
_MAX_DIMENSIONS, _MAX_TEXTS = 8192, 2048


class EmbeddingsRoute:
    """Answers embeddings requests.

    Args:
        script: Scripted vectors, used before computed ones.
    """

    def __init__(self, script: Script) -> None:
        self._script = script

    async def reply(self, inference: Inference) -> Reply:
        """Answer `/embeddings`.

        Raises:
            ApiError: The service would reject the body, or the script does not fit it.
        """
        body = inference.body
        texts = _texts(body)
        inference.usage = Usage(prompt=sum(map(count_tokens, texts)), completion=0)
        asked = Asked(inference.record, body["model"], "\n".join(texts), embeds=True)
        scripted = await self._script.answer_to(asked)
        if scripted is None:
            size = body.get("dimensions") or (_LARGE if "large" in body["model"] else _DEFAULT_SIZE)
            return reply_with_cost(_reply(body, texts, [embed_text(text, size) for text in texts]))
        inference.source = "script"
        inference.fault = scripted.fault or inference.fault
        vectors = [list(vector) for vector in scripted.embeddings or ()]
        if len(vectors) == 1:
            vectors *= len(texts)
        if len(vectors) != len(texts):
            raise ApiError(500, f"The script has {len(vectors)} embeddings for {len(texts)} texts")
        return reply_with_cost(_reply(body, texts, vectors))


def _reply(body: Any, texts: list[str], vectors: list[list[float]]) -> dict[str, object]:
    tokens = sum(map(count_tokens, texts))
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    if "voyage" in body["model"]:
        del usage["prompt_tokens"]  # those models report the total only
    written = _as_base64 if body.get("encoding_format") == "base64" else list
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": written(numbers)}
            for index, numbers in enumerate(vectors)
        ],
        "model": body["model"],
        "usage": usage,
        "meta": Usage(prompt=tokens, completion=0).as_meta(),
    }


def _texts(body: Any) -> list[str]:
    check_model(body)
    lines = []
    given = body.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        lines.append("input: Expected string or array of strings")
    elif not 1 <= len(texts) <= _MAX_TEXTS:
        lines.append(f"input: Array must contain 1 to {_MAX_TEXTS} element(s)")
    for name, check in _PARAMETERS.items():
        if body.get(name) is not None and (problem := check(body[name])):
            lines.append(f"{name}: {problem}")
    if lines:
        raise validation_error(*lines)
    return list(texts)


_PARAMETERS: dict[str, Callable[[object], str]] = {
    "dimensions": Number(1, _MAX_DIMENSIONS, whole=True),
    "encoding_format": OneOf(("float", "base64")),
}


def embed_text(text: str, dimensions: int) -> list[float]:
    """Return the unit vector of a text."""
    numbers = [0.0] * dimensions
    for word in _WORD.findall(text.lower()):
        for feature in (word, *(word[at : at + 3] for at in range(len(word) - 2))):
            digest = zlib.crc32(feature.encode())
            numbers[digest // 2 % dimensions] += 1.0 if digest % 2 else -1.0
    length = math.sqrt(sum(number * number for number in numbers))
    if not length:
        numbers[0] = length = 1.0
    return [number / length for number in numbers]


def _as_base64(numbers: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
