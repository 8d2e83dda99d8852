"""Chat models of this package, asked without the work of LangChain that nobody would see.

What `ainvoke` does beside the call is to tell callbacks, ask caches and wait for rate limiters, in
four times the work of the call; a chain of a model and a parser does it for each of its steps.
Where there are none, the answer is the same. The requests of a job differ in their texts alone, so
all else of them is written once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from langchain_core.callbacks import AsyncCallbackManager
from langchain_core.globals import get_llm_cache
from langchain_core.messages import AIMessage

from langchain_aimlapi._chat import stream
from langchain_aimlapi._chat.repeated import RepeatedRequests
from langchain_aimlapi._chat.structured import AskedForm, asked_form
from langchain_aimlapi._client.key import aresolve_key
from langchain_aimlapi.bulk.outcome import Outcome, outcome_of
from langchain_aimlapi.bulk.rows import Prompt, Row, call_input
from langchain_aimlapi.bulk.values import jsonable
from langchain_aimlapi.chat_models import ChatAimlapi
from langchain_aimlapi.errors import UnsupportedFormatError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.language_models import BaseChatModel
    from langchain_core.outputs import ChatResult
    from langchain_core.runnables import Runnable
    from pydantic import SecretStr

    from langchain_aimlapi._chat.repeated import Turns
    from langchain_aimlapi._codec.decode.plain import PlainReply

__all__ = ["Caller", "direct_caller", "nobody_listens"]


def _hooks(kind: type[ChatAimlapi]) -> tuple[object, object]:
    """What makes a call, and may be changed: in a derived class, or in ours by who watches it."""
    return kind._agenerate, kind._request  # noqa: SLF001  # ours


_OWN_HOOKS = _hooks(ChatAimlapi)


class Caller(Protocol):
    """Something that answers rows."""

    size: int
    """Rows of one call."""

    async def call(self, rows: Sequence[Row]) -> list[Outcome]:
        """Answer rows; an outcome per row."""
        ...


def direct_caller(
    model: ChatAimlapi, prompt: Prompt, asked: Runnable[Any, Any], each: Caller
) -> Caller | None:
    """What asks a model itself; None where its calls have to go through LangChain.

    Args:
        model: The model; nobody listens to it.
        prompt: Makes the call's input of a row; see `call_input`.
        asked: The model, or what `with_structured_output` made of it.
        each: What answers a row by way of LangChain, for rows that cannot be asked so.
    """
    changed = _hooks(type(model)) != _OWN_HOOKS
    form = None if asked is model else asked_form(asked, model)
    if changed or (form is None and asked is not model):
        return None
    return _Direct(model, prompt, form, each)


class _Direct:
    """A chat model, one row a call."""

    size = 1

    def __init__(
        self, model: ChatAimlapi, prompt: Prompt, form: AskedForm | None, each: Caller
    ) -> None:
        self._model = model
        self._prompt = prompt
        self._form = form
        self._each = each
        self._refused = False
        self._arguments = dict(form.arguments) if form else {}
        self._requests = RepeatedRequests(model, self._arguments)
        self._key: SecretStr | None = None
        self._options, self._client = model._client_options, model.http_async_client  # noqa: SLF001  # ours

    async def call(self, rows: Sequence[Row]) -> list[Outcome]:
        if self._refused:
            return await self._each.call(rows)
        (row,) = rows
        given = call_input(row, self._prompt)
        turns = _turns(given)
        try:
            if turns is None:
                return [self._outcome(await self._answer(given))]
            request = self._requests.request(turns, self._key or await self._resolved_key())
            found = await stream.acomplete_plain(request, self._options, self._client, self._plain)
        except UnsupportedFormatError:
            if self._form is None or not self._form.has_others:
                raise
            self._refused = True  # what comes next is for LangChain's chain of fallbacks
            return await self._each.call(rows)
        return [found if isinstance(found, Outcome) else self._outcome(found)]

    async def _answer(self, given: Any) -> ChatResult:
        messages = self._model._convert_input(given).to_messages()  # noqa: SLF001  # LangChain's
        return await self._model._agenerate(messages, **self._arguments)  # noqa: SLF001

    def _outcome(self, result: ChatResult) -> Outcome:
        message = result.generations[0].message
        if self._form is None or not isinstance(message, AIMessage):
            return outcome_of(message)
        return outcome_of(self._form.read(message))

    def _plain(self, plain: PlainReply) -> Outcome | None:
        """The columns of a reply that is one text; None where the whole message is needed."""
        values: dict[str, Any] = {**plain}
        if self._form is not None:
            try:
                parsed = self._form.read_text(plain.get("answer", ""), plain.get("finish_reason"))
                values["parsed"] = jsonable(parsed)
            except Exception:  # noqa: BLE001  # read once more, for an error that says all of it
                return None
        return Outcome(values)

    async def _resolved_key(self) -> SecretStr:
        """The key; only a function is asked for it at each call."""
        key = await aresolve_key(self._model, {})
        if not callable(self._model.aimlapi_api_key):
            self._key = key
        return key


def _turns(given: object) -> Turns | None:
    """What a prompt made of a row, if it is texts and their roles."""
    if isinstance(given, str):
        return [("human", given)]
    if isinstance(given, list) and given and all(map(_is_turn, given)):
        return given
    return None


def _is_turn(given: object) -> bool:
    return isinstance(given, tuple) and [type(part) for part in given] == [str, str]


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
