"""Texts -> the bodies of embeddings requests: checked, and split by number and by tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_TOKENS_PER_ASCII_CHAR = 0.4
_TOKENS_PER_OTHER_BYTE = 0.67
"""Errs high: prose in English takes 0.25 tokens a character, code 0.35; Chinese, Hindi and emoji
take up to 0.6 a byte of UTF-8."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The texts of one request."""

    start: int
    """The place of the first among all texts of the call."""
    texts: Sequence[str] = field(repr=False)

    def halves(self) -> tuple[Batch, Batch]:
        """Split it in two."""
        middle = len(self.texts) // 2
        return (
            Batch(self.start, self.texts[:middle]),
            Batch(self.start + middle, self.texts[middle:]),
        )


def check_texts(texts: Iterable[str]) -> list[str]:
    """Return the texts as a list.

    Raises:
        TypeError: For one text instead of several, or for something else than texts; says how to
            pass it.
        ConfigurationError: For an empty text, by its place: the service refuses a request for one.
    """
    if isinstance(texts, str | bytes):
        raise TypeError(
            "embed_documents takes a list of texts, and each letter of a text would be embedded "
            "alone: pass [text], or use embed_query(text)."
        )
    checked = list(texts)
    for index, text in enumerate(checked):
        if not isinstance(text, str):
            raise TypeError(_not_text(index, text))
        if not text:
            raise ConfigurationError(
                f"texts[{index}] is empty, which the service refuses: leave it out."
            )
    return checked


def _not_text(index: int, value: object) -> str:
    kind = type(value).__name__
    if hasattr(value, "page_content"):
        return f"texts[{index}] is a {kind}: pass its page_content."
    return f"texts[{index}] is of type {kind}, not text."


def estimate_tokens(text: str) -> int:
    """Estimate how many tokens a text has, for any model; rather too many than too few."""
    if text.isascii():
        return int(len(text) * _TOKENS_PER_ASCII_CHAR) + 1
    other = len(text.encode("utf-8", "replace")) - (ascii_chars := sum(map(str.isascii, text)))
    return int(ascii_chars * _TOKENS_PER_ASCII_CHAR + other * _TOKENS_PER_OTHER_BYTE) + 1


def split_texts(texts: Sequence[str], *, max_texts: int, max_tokens: int) -> Iterator[Batch]:
    """Split texts into requests, in their order.

    Args:
        texts: Checked.
        max_texts: Most texts of one request.
        max_tokens: Most tokens of one request, by estimate; a text that has more goes alone.
    """
    start, tokens = 0, 0
    for index, text in enumerate(texts):
        more = estimate_tokens(text)
        if index > start and (index - start >= max_texts or tokens + more > max_tokens):
            yield Batch(start, texts[start:index])
            start, tokens = index, 0
        tokens += more
    if start < len(texts):
        yield Batch(start, texts[start:])


def encode_embeddings(
    model: str, texts: Sequence[str], settings: Mapping[str, object]
) -> dict[str, object]:
    """Write the body of an embeddings request; settings that are `None` are not sent."""
    given = {name: value for name, value in settings.items() if value is not None}
    return {"model": model, "input": list(texts), **given}
