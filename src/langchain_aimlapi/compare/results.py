"""What is asked, what came of it, and the figures over several runs. Plain values, no calls."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, asdict, dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from langchain_aimlapi._errors.redaction import redacted
from langchain_aimlapi._version import __version__

FIGURES: Mapping[str, str] = MappingProxyType(
    {
        "ttft": "s",
        "seconds": "s",
        "tokens_per_second": "tokens/s",
        "input_tokens": "tokens",
        "output_tokens": "tokens",
        "reasoning_tokens": "tokens",
        "usd": "USD",
    }
)
"""The figures of a result that `Comparison.spread` knows, and their units."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that goes with the prompt.

    Attributes:
        url: Its address, or a `data:` address that holds it.
        name: What people call it, such as the name of its file.
    """

    url: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a model answered in one run. All times are in seconds from the call.

    Attributes:
        model: The model that was asked.
        run: Which run, from 1.
        text: The answer, as far as it came.
        reasoning: The reasoning, if the model shows it.
        refusal: Why the model declined, empty if it did not say; `None` if it did not decline.
        tool_calls: Calls with `name` and `args`; arguments that are no JSON object are a text.
        sources: What the answer cites, each with `url` and `title`.
        other_content: Types of what else the answer holds, such as `image`.
        ttft: Time to the first token, be it of reasoning, text or a tool call; `None` if none came.
        first_text: Time to the first token of the text; later than `ttft` after reasoning.
        seconds: Time of the whole call, with retries and pauses between them.
        tokens_per_second: Tokens after the first by the time they took. Reasoning that is not
            shown comes before the first token and does not count. `None` for what arrived at once.
        input_tokens: Tokens of the prompt, as the service counted them.
        output_tokens: Tokens of the answer with its reasoning, as the service counted them.
        reasoning_tokens: Those of the reasoning among them.
        usd: USD, as billed; `None` if the service did not tell.
        finish_reason: Why the answer ended, in the service's own word.
        served_by: The model that answered, as the service names it.
        inference_id: The id that billing and logs use.
        error: Why there is no answer, or not the whole one.
        is_interrupted: Whether the caller stopped it.
    """

    model: str
    run: int = 1
    text: str = ""
    reasoning: str = ""
    refusal: str | None = None
    tool_calls: Sequence[Mapping[str, Any]] = ()
    sources: Sequence[Mapping[str, str]] = ()
    other_content: Sequence[str] = ()
    ttft: float | None = None
    first_text: float | None = None
    seconds: float = 0.0
    tokens_per_second: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    usd: float | None = None
    finish_reason: str | None = None
    served_by: str | None = None
    inference_id: str | None = None
    error: str | None = None
    is_interrupted: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether the whole answer came."""
        return self.error is None and not self.is_interrupted


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over the runs that have it.

    Attributes:
        median: The median.
        least: The smallest.
        most: The largest.
        count: How many runs have the figure.
    """

    median: float
    least: float
    most: float
    count: int


@dataclass(slots=True)
class Comparison:
    """One prompt for several models, and their results as they come.

    Attributes:
        prompt: The prompt.
        models: Ids of the models; each is asked once per run.
        runs: How often each model is asked.
        system: Instructions for the models.
        pictures: Pictures below the prompt.
        parameters: Parameters of the requests, for readers of the results; secrets in them are hidden.
        is_sandbox: Whether the sandbox answers instead of models.
        endpoint: Base URL of the service, for readers of the results; its query, which may hold a
            key, is left out.
        date: When it began.
        results: What came so far, by model and run.
    """

    prompt: str
    models: Sequence[str]
    runs: int = 1
    _: KW_ONLY
    system: str = ""
    pictures: Sequence[Picture] = ()
    parameters: Mapping[str, object] = field(default_factory=dict)
    is_sandbox: bool = False
    endpoint: str = ""
    date: datetime = field(default_factory=lambda: datetime.now(UTC))
    results: list[Result] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.parameters = redacted(dict(self.parameters))
        self.endpoint = self.endpoint.partition("?")[0]

    @property
    def messages(self) -> list[BaseMessage]:
        """What the models are sent."""
        content: Any = self.prompt
        if self.pictures:
            texts = [{"type": "text", "text": self.prompt}] if self.prompt else []
            content = [*texts, *({"type": "image", "url": each.url} for each in self.pictures)]
        system = [SystemMessage(self.system)] if self.system else []
        return [*system, HumanMessage(content)]

    def add(self, result: Result) -> None:
        """Keep a result, in the order of models and runs.

        Args:
            result: Of one of the models.
        """
        self.results.append(result)
        places = {model: place for place, model in enumerate(self.models)}
        self.results.sort(key=lambda one: (places.get(one.model, len(places)), one.run))

    def results_of(self, model: str) -> list[Result]:
        """Return the results of a model, by run.

        Args:
            model: Its id.
        """
        return [result for result in self.results if result.model == model]

    def spread(self, model: str, figure: str) -> Spread | None:
        """Return a figure over the runs of a model.

        Args:
            model: Its id.
            figure: One of `FIGURES`.

        Returns:
            Median, least and most over whole answers that have the figure; `None` if none has.
        """
        whole = (result for result in self.results_of(model) if result.is_whole)
        found = [value for each in whole if (value := getattr(each, figure)) is not None]
        if not found:
            return None
        return Spread(statistics.median(found), min(found), max(found), len(found))

    def as_dict(self) -> dict[str, object]:
        """Return all of it as JSON-ready values; pictures by name or address, without their bytes."""
        return {
            "date": self.date.isoformat(),
            "version": __version__,
            "sandbox": self.is_sandbox,
            "endpoint": self.endpoint,
            "prompt": self.prompt,
            "system": self.system or None,
            "images": [each.name or each.url for each in self.pictures],
            "parameters": dict(self.parameters),
            "runs": self.runs,
            "models": [self._model_as_dict(model) for model in self.models],
        }

    def _model_as_dict(self, model: str) -> dict[str, object]:
        spreads = {figure: self.spread(model, figure) for figure in FIGURES}
        return {
            "model": model,
            "figures": {name: each and asdict(each) for name, each in spreads.items()},
            "results": [asdict(result) for result in self.results_of(model)],
        }
