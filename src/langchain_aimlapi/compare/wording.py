"""Figures as people read them, the same in the terminal and in the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from langchain_aimlapi.compare.results import Comparison, Result, Spread

__all__ = ["best_model", "in_words", "outcome"]

_BARELY = 0.1
_LONG = 60
_FAST = 10
_LEAST_USD = 0.0000005


def _seconds(value: float) -> str:
    if value >= _LONG:
        minutes, seconds = divmod(round(value), 60)
        return f"{minutes} min {seconds} s"
    return f"{value:.3f} s" if value < _BARELY else f"{value:.2f} s"


def _tokens(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def _speed(value: float) -> str:
    return f"{value:,.0f}" if value >= _FAST else f"{value:.1f}"


def _usd(value: float) -> str:
    if 0 < value < _LEAST_USD:
        return f"${value:.2g}"
    return f"${value:.6f}"


_WRITERS: Mapping[str, Callable[[float], str]] = MappingProxyType(
    {
        "ttft": _seconds,
        "first_text": _seconds,
        "seconds": _seconds,
        "tokens_per_second": _speed,
        "input_tokens": _tokens,
        "output_tokens": _tokens,
        "reasoning_tokens": _tokens,
        "usd": _usd,
    }
)
_BETTER: Mapping[str, Callable[..., float]] = MappingProxyType(
    {"ttft": min, "seconds": min, "tokens_per_second": max, "usd": min}
)


def in_words(figure: str, value: float | None) -> str:
    """Return a figure with its unit; a hyphen for none.

    Args:
        figure: One of `FIGURES`.
        value: Its value.
    """
    return "-" if value is None else _WRITERS[figure](value)


def best_model(comparison: Comparison, figure: str) -> str | None:
    """Return the model with the best median of a figure.

    Args:
        comparison: With its results.
        figure: One of `FIGURES`.

    Returns:
        Its id; `None` if no value is better than others, or fewer than two models have one.
    """
    found: dict[str, Spread] = {
        model: spread for model in comparison.models if (spread := comparison.spread(model, figure))
    }
    medians = [spread.median for spread in found.values()]
    if figure not in _BETTER or len(set(medians)) <= 1:
        return None
    best = _BETTER[figure](medians)
    first = [model for model, spread in found.items() if spread.median == best]
    return first[0] if len(first) == 1 else None


def outcome(comparison: Comparison, model: str) -> tuple[str, bool]:
    """Say how the calls of a model ended.

    Args:
        comparison: With its results.
        model: Its id.

    Returns:
        A few words, and whether all calls were answered.
    """
    results = comparison.results_of(model)
    whole = sum(result.is_whole for result in results)
    is_good = whole == comparison.runs
    if comparison.runs > 1:
        return f"{whole} of {comparison.runs}", is_good
    return (_ending(results[0]) if results else "not asked"), is_good


def _ending(result: Result) -> str:
    if result.error:
        return "failed"
    if result.is_interrupted:
        return "stopped"
    return result.finish_reason or "answered"
