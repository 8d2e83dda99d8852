"""Calling what a job runs: any LangChain runnable with one row, embeddings with many.

A model of this package is asked without retries of its own, since the job's are better: they
know of the other rows, and let the pace adapt to each error response.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import orjson
from langchain_core.callbacks import AsyncCallbackManager
from langchain_core.embeddings import Embeddings
from langchain_core.globals import get_llm_cache
from langchain_core.language_models import BaseChatModel
from langchain_core.load import dumpd
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_json_schema
from pydantic import TypeAdapter

from langchain_aimlapi._chat import stream
from langchain_aimlapi._chat.repeated import RepeatedRequests
from langchain_aimlapi._client.key import aresolve_key
from langchain_aimlapi.bulk.errors import BulkError
from langchain_aimlapi.bulk.outcome import Outcome, outcome_of
from langchain_aimlapi.bulk.rows import Prompt, Row, call_input
from langchain_aimlapi.chat_models import ChatAimlapi

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.runnables import RunnableConfig
    from pydantic import SecretStr

    from langchain_aimlapi._chat.repeated import Turns

__all__ = ["Caller", "caller_for", "identity_of", "nobody_listens"]


class Caller(Protocol):
    """Something that answers rows."""

    size: int
    """Rows of one call."""

    async def call(self, rows: Sequence[Row]) -> list[Outcome]:
        """Answer rows; an outcome per row."""
        ...


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
    if schema is not None:
        if not isinstance(runnable, BaseChatModel):
            raise BulkError(
                "schema=… goes with a chat model. Give a chain that has its own structured "
                "output, made with include_raw=True, without it."
            )
        runnable = runnable.with_structured_output(schema, include_raw=True)
    if isinstance(runnable, ChatAimlapi) and not config and nobody_listens(runnable):
        return _Direct(runnable, prompt)
    return _Each(runnable, prompt, config)


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


class _Direct:
    """A chat model of this package that nobody listens to: its request is sent without LangChain.

    What `ainvoke` does beside is to tell callbacks, ask caches and wait for rate limiters, in four
    times the work of the call. Where there are none, the answer is the same.
    """

    size = 1

    def __init__(self, model: ChatAimlapi, prompt: Prompt) -> None:
        self._model = model
        self._prompt = prompt
        self._requests = RepeatedRequests(model) if _has_own_hook(model) else None
        self._key: SecretStr | None = None

    async def call(self, rows: Sequence[Row]) -> list[Outcome]:
        return [await self._answer(call_input(row, self._prompt)) for row in rows]

    async def _answer(self, given: Any) -> Outcome:
        turns = _turns(given)
        if turns is None or self._requests is None:
            messages = self._model._convert_input(given).to_messages()  # noqa: SLF001  # LangChain's
            result = await self._model._agenerate(messages)  # noqa: SLF001  # ours
        else:
            request = self._requests.request(turns, self._key or await self._resolved_key())
            options, client = self._model._client_options, self._model.http_async_client  # noqa: SLF001
            result = await stream.acomplete(request, options, client)
        return outcome_of(result.generations[0].message)

    async def _resolved_key(self) -> SecretStr:
        """The key; only a function is asked for it at each call."""
        key = await aresolve_key(self._model, {})
        if not callable(self._model.aimlapi_api_key):
            self._key = key
        return key


def _has_own_hook(model: ChatAimlapi) -> bool:
    """Tell whether a class of somebody's own that is derived of ours leaves calls as they are."""
    kind = type(model)
    return (
        kind._agenerate is ChatAimlapi._agenerate  # noqa: SLF001
        and kind._request is ChatAimlapi._request  # noqa: SLF001
    )


def _turns(given: Any) -> Turns | None:
    """What a prompt made of a row, if it is texts and their roles."""
    if isinstance(given, str):
        return [("human", given)]
    if isinstance(given, list) and all(map(_is_turn, given)):
        return given or None
    return None


def _is_turn(given: object) -> bool:
    return isinstance(given, tuple) and len(given) == 2 and all(map(_is_text, given))  # noqa: PLR2004


def _is_text(given: object) -> bool:
    return isinstance(given, str)


def nobody_listens(model: BaseChatModel) -> bool:
    """Tell whether a model's calls are seen by no callback, tracer, cache or rate limiter.

    Args:
        model: The model; callbacks of this context count as well.
    """
    manager = AsyncCallbackManager.configure(None, model.callbacks, verbose=model.verbose)
    cache = get_llm_cache() if model.cache in {None, True} else model.cache
    plain = not (
        model.rate_limiter or model.disable_streaming or getattr(model, "streaming", False)
    )
    return not manager.handlers and not cache and plain and model.output_version in {None, "v0"}


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
