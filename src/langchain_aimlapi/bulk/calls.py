"""Calling what a job runs: any LangChain runnable with one row, embeddings with many.

A model of this package is asked without retries of its own, since the job's are better: they
know of the other rows, and let the pace adapt to each error response.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.load import dumpd
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_json_schema
from pydantic import TypeAdapter

from langchain_aimlapi.bulk.direct import Caller, direct_caller, nobody_listens
from langchain_aimlapi.bulk.errors import BulkError
from langchain_aimlapi.bulk.outcome import Outcome, outcome_of
from langchain_aimlapi.bulk.rows import Prompt, Row, call_input
from langchain_aimlapi.chat_models import ChatAimlapi

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.runnables import RunnableConfig

__all__ = ["Caller", "caller_for", "identity_of"]


def caller_for(
    runnable: object, prompt: Prompt, schema: Any, config: RunnableConfig | None = None
) -> Caller:
    """Get a runnable ready for rows.

    Args:
        runnable: A LangChain runnable or embeddings.
        prompt: Makes the call's input of a row; see `call_input`.
        schema: What answers are to be; for chat models.
        config: LangChain's configuration of each call: callbacks, tags.

    Raises:
        BulkError: For something that cannot be called, or a schema with no chat model.
    """
    if isinstance(runnable, Embeddings):
        return _Embeddings(runnable, prompt)
    if not isinstance(runnable, Runnable):
        raise BulkError(
            f"{type(runnable).__name__} is neither a LangChain runnable nor embeddings."
        )
    if isinstance(runnable, BaseChatModel) and prompt is None:
        raise BulkError(
            "A chat model takes a prompt: give prompt='… {column} …', or a function of the row."
        )
    if isinstance(runnable, ChatAimlapi):
        runnable = runnable.model_copy(update={"max_retries": 0})
    asked = runnable
    if schema is not None:
        if not isinstance(runnable, BaseChatModel):
            raise BulkError(
                "schema=… goes with a chat model. Give a chain that has its own structured "
                "output, made with include_raw=True, without it."
            )
        asked = runnable.with_structured_output(schema, include_raw=True)
    each = _Each(asked, prompt, config)
    if isinstance(runnable, ChatAimlapi) and not config and nobody_listens(runnable):
        return direct_caller(runnable, prompt, asked, each) or each
    return each


class _Each:
    """A runnable, one row a call."""

    size = 1

    def __init__(self, runnable: Runnable[Any, object], prompt: Prompt, config: Any) -> None:
        self._runnable = runnable
        self._prompt = prompt
        self._config = config

    async def call(self, rows: Sequence[Row]) -> list[Outcome]:
        return [
            outcome_of(await self._runnable.ainvoke(call_input(row, self._prompt), self._config))
            for row in rows
        ]


class _Embeddings:
    """Embeddings, many rows a call; the text is the prompt's, or the only column's."""

    def __init__(self, embeddings: Embeddings, prompt: Prompt) -> None:
        self._embeddings = embeddings
        self._prompt = prompt
        self.size = int(getattr(embeddings, "chunk_size", None) or 64)

    async def call(self, rows: Sequence[Row]) -> list[Outcome]:
        vectors = await self._embeddings.aembed_documents([self._text(row) for row in rows])
        return [Outcome({"embedding": list(map(float, vector))}) for vector in vectors]

    def _text(self, row: Row) -> str:
        given = call_input(row, self._prompt)
        if isinstance(given, dict) and len(given) == 1:
            (given,) = given.values()
        if not isinstance(given, str):
            raise BulkError(
                "Embeddings take a text a row: give prompt='{column}' with the column that holds it."
            )
        return given


def identity_of(runnable: object, prompt: Prompt, schema: Any) -> dict[str, str]:
    """What makes a job this one and no other, by the name of the field.

    Keys and addresses are not in it: a job may be finished with another key.
    """
    if callable(prompt):
        prompt = f"{prompt.__module__}.{getattr(prompt, '__qualname__', type(prompt).__qualname__)}"
    elif prompt is not None and not isinstance(prompt, str):
        prompt = _json(list(prompt))
    return {
        "prompt": prompt or "",
        "schema": "" if schema is None else _json(_described(schema)),
        "model": str(getattr(runnable, "model_name", None) or getattr(runnable, "model", "")),
        "runnable": _ADDRESS.sub("", _json(_dumped(runnable))),
    }


def _described(schema: Any) -> object:
    """A schema as JSON, also one that is no object, such as a list or a union."""
    try:
        return convert_to_json_schema(schema)
    except (KeyError, TypeError, ValueError):
        return dict(schema) if isinstance(schema, Mapping) else TypeAdapter(schema).json_schema()


_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_ASIDE = frozenset({"aimlapi_api_base", "api_key", "base_url", "max_retries", "timeout"})


def _dumped(runnable: object) -> Any:
    if isinstance(runnable, Embeddings):
        fields = runnable.model_dump(mode="json") if hasattr(runnable, "model_dump") else {}
        return [type(runnable).__qualname__, _without(fields)]
    return _without(dumpd(runnable))


def _without(value: object) -> Any:
    """Without what does not change the answers, and what LangChain numbers anew each time."""
    if isinstance(value, dict):
        aside = _ASIDE | ({"id"} if value.get("type") == "not_implemented" else set())
        kept = {k: v for k, v in value.items() if k not in aside and "api_key" not in k}
        return {key: _without(item) for key, item in kept.items() if key != "metadata"}
    return [_without(item) for item in value] if isinstance(value, list) else value


def _json(value: Any) -> str:
    options = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(value, default=str, option=options).decode()
