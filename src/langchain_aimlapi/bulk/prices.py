"""What tokens cost by the service's price list, where it has been fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_aimlapi import catalogue
from langchain_aimlapi.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["by_price_list"]


def by_price_list(runnable: object, tokens: Iterable[tuple[int, int]]) -> list[float]:
    """USD of rows by the tokens of their prompts and answers.

    Args:
        runnable: What answered them; its model's id is looked up.
        tokens: Of the prompt and of the answer, for each row.

    Returns:
        A price for each row; none at all if the list says none, or several.
    """
    id = getattr(runnable, "model_name", None) or getattr(runnable, "model", None)  # noqa: A001
    if not isinstance(id, str):
        return []
    try:
        price = catalogue.price(id)
    except NotFoundError:
        return []
    usd_in, usd_out = (price.usd("input"), price.usd("output")) if price else (None, None)
    if usd_in is None or (usd_out is None and any(answer for _, answer in tokens)):
        return []
    return [given * usd_in + answer * (usd_out or 0.0) for given, answer in tokens]
