"""A service that says one reply word for word: whole when asked for it whole, else as events."""

from __future__ import annotations

import json

from langchain_aimlapi import ChatAimlapi
from tests.scripted import Scripted


class Said(Scripted):
    """Says `whole`, or where a request streams `events` and `[DONE]`."""

    def __init__(self, whole, events):
        super().__init__(reply=whole)
        self._said = events

    def answer(self, body, headers):
        """The reply in the form that was asked for."""
        whole = super().answer(body, headers)
        if not body.get("stream"):
            return whole
        lines = [*map(json.dumps, self._said), "[DONE]"]
        return "text/event-stream", "".join(f"data: {line}\n\n" for line in lines).encode()

    def model(self, **settings):
        """A model that it answers."""
        given = {"model": "m", "api_key": "k", "base_url": self.url, "max_retries": 0}
        return ChatAimlapi(**(given | settings))
