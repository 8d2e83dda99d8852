"""Answers that a test sets before the requests arrive, and which request gets which.

In this order: the answers for the next requests, in turn; the first rule that matches; the function
for all requests; the default answer. Answers with `embeddings` are for embeddings requests, all
others for chat requests.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from langchain_aimlapi.sandbox.answers.options import make_answer
from langchain_aimlapi.sandbox.recorder import RecordedRequest

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.answers.answer import Answer

AnswerGiven = str | Mapping[str, Any] | None
AnswerFunction = Callable[[RecordedRequest], AnswerGiven | Awaitable[AnswerGiven]]


class UnusedAnswersError(AssertionError):
    """Answers were set that no request got."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What rules look at."""

    record: RecordedRequest
    model: str
    text: str
    """The messages since the last answer: the prompt, or the results of tools."""
    tools: frozenset[str] = frozenset()
    """Names of the tools that the request offers."""
    results: frozenset[str] = frozenset()
    """Names of the tools whose results it brings."""
    embeds: bool = False


@dataclass(frozen=True, slots=True)
class Conditions:
    """When a rule matches: all that are given must hold."""

    contains: str | None = None
    model: str | None = None
    tool: str | None = None
    result_of: str | None = None
    matches: Callable[[RecordedRequest], object] | None = None

    def __post_init__(self) -> None:
        """Check the types.

        Raises:
            TypeError: A condition has the wrong type, or there is none.
        """
        texts = {name: getattr(self, name) for name in ("contains", "model", "tool", "result_of")}
        for name, value in texts.items():
            if not isinstance(value, str | None):
                raise TypeError(f"{name} is a string, not {value!r:.200}")
        if self.matches is not None and not callable(self.matches):
            raise TypeError(f"matches is a function of the request, not {self.matches!r:.200}")
        if self.matches is None and not any(text is not None for text in texts.values()):
            raise TypeError("answer_when needs a condition; answer_next has none")

    def hold(self, asked: Asked) -> bool:
        """Tell whether they hold for a request."""
        return (
            (self.contains is None or self.contains in asked.text)
            and (self.model is None or fnmatchcase(asked.model, self.model))
            and (self.tool is None or self.tool in asked.tools)
            and (self.result_of is None or self.result_of in asked.results)
            and (self.matches is None or bool(_called(self.matches, asked.record)))
        )

    def __str__(self) -> str:
        named = {name: getattr(self, name) for name in self.__slots__}
        return ", ".join(f"{name}={value!r}" for name, value in named.items() if value is not None)


@dataclass(slots=True)
class _Rule:
    conditions: Conditions
    answer: Answer
    times: int | None
    used: int = 0


@dataclass(slots=True)
class Script:
    """All scripted answers of a sandbox; used by the thread of the test and that of the server."""

    _next: dict[bool, deque[Answer]] = field(
        default_factory=lambda: {False: deque(), True: deque()}
    )
    """By whether they are for embeddings."""
    _rules: list[_Rule] = field(default_factory=list)
    _function: AnswerFunction | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add_next(self, answer: Answer, times: int = 1) -> None:
        """Set the answer to the next requests."""
        if type(times) is not int or times < 1:
            raise TypeError(f"times is an integer above zero, not {times!r}")
        self._next[answer.embeddings is not None].extend([answer] * times)

    def add_rule(self, conditions: Conditions, answer: Answer, times: int | None = None) -> None:
        """Set the answer to the requests for which conditions hold, at most so many."""
        if times is not None and (type(times) is not int or times < 1):
            raise TypeError(f"times is an integer above zero, or None, not {times!r}")
        self._rules.append(_Rule(conditions, answer, times))

    def set_function(self, function: AnswerFunction | None) -> None:
        """Set the function that is asked for all other answers."""
        if function is not None and not callable(function):
            raise TypeError(f"answers takes a function of the request, not {function!r:.200}")
        self._function = function

    async def answer_to(self, asked: Asked) -> Answer | None:
        """Return the answer to a request; None for the default one.

        Functions run in a thread of their own, so they may block and may call the sandbox.
        """
        if self._next[asked.embeds]:
            with self._lock:
                if self._next[asked.embeds]:
                    return self._next[asked.embeds].popleft()
        if not self._rules and self._function is None:
            return None
        if self._function is None and all(rule.conditions.matches is None for rule in self._rules):
            return self._looked_up(asked)
        return await asyncio.to_thread(self._looked_up, asked)

    def _looked_up(self, asked: Asked) -> Answer | None:
        for rule in self._rules:
            fits = (rule.answer.embeddings is not None) == asked.embeds
            if fits and rule.used != rule.times and rule.conditions.hold(asked):
                with self._lock:
                    if rule.used != rule.times:
                        rule.used += 1
                        return rule.answer
        return self._computed(asked) if self._function else None

    def _computed(self, asked: Asked) -> Answer | None:
        function = self._function
        given = _called(function, asked.record) if function else None
        if given is None or isinstance(given, str):
            return None if given is None or asked.embeds else make_answer(given)
        if not isinstance(given, Mapping):
            raise TypeError(f"answers() returned {given!r:.200}, not a string, a dict or None")
        options = dict(given)
        answer = make_answer(options.pop("text", ""), options)
        return answer if (answer.embeddings is not None) == asked.embeds else None

    def unused(self) -> list[str]:
        """Describe the answers that no request got; the function is not counted."""
        queued = [
            f"answer_next({one.text!r:.80})" for queue in self._next.values() for one in queue
        ]
        rules = [f"answer_when({rule.conditions})" for rule in self._rules if not rule.used]
        return queued + rules

    def check_used(self) -> None:
        """Check that every answer was used.

        Raises:
            UnusedAnswersError: Some were not.
        """
        if unused := self.unused():
            raise UnusedAnswersError("no request got these answers: " + "; ".join(unused))


def _called(function: Callable[[RecordedRequest], object], record: RecordedRequest) -> object:
    """Call a function of the test, sync or async, in the thread that was made for it."""
    given = function(record)
    return asyncio.run(_awaited(given)) if inspect.isawaitable(given) else given


async def _awaited(given: Awaitable[object]) -> object:
    return await given
