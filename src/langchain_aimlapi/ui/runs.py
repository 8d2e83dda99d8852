"""One run: several models answer the same question at once, and all they do goes to the page."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import TYPE_CHECKING, Any

from langchain_aimlapi import ChatAimlapi
from langchain_aimlapi._errors.secrets import Redactor
from langchain_aimlapi.compare import Answer, Comparison, Finished, Picture
from langchain_aimlapi.ui.shown import ShownAnswer, blanked, shown_wire
from langchain_aimlapi.wire import watch_wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_aimlapi.compare import Event
    from langchain_aimlapi.ui.outbox import Outbox
    from langchain_aimlapi.ui.question import Question


class Run:
    """One question to several models.

    Args:
        question: What to ask.
        arguments: What a model object is made with: key and address.
        key: What must not be shown.
        outbox: Where the events go, each with `index`, the place of its model.
        is_sandbox: Whether the sandbox answers, for readers of the report.
        endpoint: Base URL of the service, for readers of the report.
    """

    def __init__(
        self,
        question: Question,
        arguments: Mapping[str, Any],
        key: str,
        outbox: Outbox,
        *,
        is_sandbox: bool,
        endpoint: str,
    ) -> None:
        self.id = secrets.token_urlsafe(9)
        self._question = question
        self._arguments = arguments
        self._key = key
        self._outbox = outbox
        without_key = Redactor([key]).text
        self.comparison = Comparison(
            without_key(question.prompt),
            question.models,
            system=without_key(question.system),
            pictures=[Picture(each.url, each.name) for each in question.pictures],
            parameters=question.parameters,
            is_sandbox=is_sandbox,
            endpoint=without_key(endpoint),
        )
        """What the report is made of: results as they come, also of a run that was stopped."""

    async def ask_all(self) -> None:
        """Ask all models at once, until each has answered or failed."""
        self._outbox.add({"type": "run", "id": self.id})
        async with asyncio.TaskGroup() as tasks:
            for index, model in enumerate(self._question.models):
                tasks.create_task(self._ask(index, model))

    async def _ask(self, index: int, model: str) -> None:
        answer, shown = Answer(model, column=index), ShownAnswer(self._key)
        try:
            with watch_wire(lambda event: self._outbox.add({**shown_wire(event), "index": index})):
                llm = self._model(model)
                async with contextlib.aclosing(
                    answer.astream(llm, self._question.messages)
                ) as all_:
                    async for event in all_:
                        self._take(index, event, shown)
                        await self._outbox.room()
        except asyncio.CancelledError:
            self.comparison.add(blanked(answer.result(is_interrupted=True), self._key))
            raise
        except Exception as error:  # noqa: BLE001  # such as tools that are none: nothing was sent
            failed = answer.result(error=f"{type(error).__name__}: {error}")
            self._take(index, Finished(index, 1, failed), shown)

    def _model(self, model: str) -> Any:
        chat = ChatAimlapi(model=model, **self._arguments, **self._question.parameters)
        return chat.bind_tools(self._question.tools) if self._question.tools else chat

    def _take(self, index: int, event: Event, shown: ShownAnswer) -> None:
        if isinstance(event, Finished):
            self.comparison.add(blanked(event.result, self._key))
        for told in shown.events(event):
            self._outbox.add({**told, "index": index})
