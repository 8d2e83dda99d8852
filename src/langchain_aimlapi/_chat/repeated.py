"""Chat requests that differ in their texts alone, as the rows of a table make them.

The first of its kind is written as any other, with marks for texts, and cut at the marks; each
further one is put together of the pieces. That is as good as writing it, since of a text in a
message of the user or the system nothing but its being blank changes what else is written.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from langchain_core.messages import HumanMessage, SystemMessage, convert_to_messages

from langchain_aimlapi._chat.build import ChatRequest, build_chat_request
from langchain_aimlapi._client.ids import new_id

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from pydantic import SecretStr

    from langchain_aimlapi._chat.settings import ChatSettings

__all__ = ["RepeatedRequests", "Turns"]

Turns = Sequence[tuple[str, str]]
"""Texts with the roles they are said in, such as `[("system", "…"), ("human", "…")]`."""
_MOST_KINDS = 16
_PLAIN = frozenset({HumanMessage, SystemMessage})


class RepeatedRequests:
    """Requests of one model.

    Args:
        settings: The chat model; what is changed in it later is not seen.
        arguments: Of each call.
    """

    def __init__(self, settings: ChatSettings, arguments: Mapping[str, Any]) -> None:
        self._settings = settings
        self._arguments = {"stop": None, **arguments}
        self._key = ""
        self._pieces: dict[tuple[str, ...], _Pieces | None] = {}

    def request(self, turns: Turns, key: SecretStr) -> ChatRequest:
        """Make the request of one call.

        Args:
            turns: The conversation.
            key: The API key.

        Raises:
            ConfigurationError: As `build_chat_request` does.
        """
        roles = tuple(role for role, _ in turns)
        if key.get_secret_value() != self._key or len(self._pieces) > _MOST_KINDS:
            self._key, self._pieces = key.get_secret_value(), {}
        if roles not in self._pieces:
            self._pieces[roles] = self._cut(roles, key)
        pieces = self._pieces[roles]
        joined = None if pieces is None else pieces.joined([text for _, text in turns])
        return joined or self._written(convert_to_messages(list(turns)), key)

    def _written(
        self, messages: Sequence[BaseMessage], key: SecretStr, run_id: uuid.UUID | None = None
    ) -> ChatRequest:
        return build_chat_request(
            self._settings, messages, self._arguments, key=key, stream=False, run_id=run_id
        )

    def _cut(self, roles: tuple[str, ...], key: SecretStr) -> _Pieces | None:
        marks, run_id = [uuid.uuid4().hex for _ in roles], uuid.uuid4()
        messages = convert_to_messages(list(zip(roles, marks, strict=True)))
        if not {type(message) for message in messages} <= _PLAIN:
            return None
        return _Pieces.of(self._written(messages, key, run_id), marks)


class _Pieces(NamedTuple):
    """A request without its texts and its id."""

    whole: ChatRequest
    around: tuple[bytes, ...]
    """The body before, between and after the texts."""
    order: tuple[int, ...]
    """Which text comes where: a dialect may have the system's elsewhere."""
    named_by_id: tuple[str, ...]
    """Headers that hold the id of the call."""

    @classmethod
    def of(cls, whole: ChatRequest, marks: Sequence[str]) -> _Pieces | None:
        """Cut a request at its marks; None for one that has to be written anew each time."""
        request = whole.request
        parts = re.split(f"({'|'.join(marks)})".encode(), request.body or b"")
        found = [part.decode() for part in parts[1::2]]
        if sorted(found) != sorted(marks) or request.alternative or whole.held:
            return None
        named = tuple(name for name, value in request.headers.items() if value == whole.id)
        order = tuple(map(marks.index, found))
        return cls(whole, tuple(parts[::2]), order, named)

    def joined(self, texts: Sequence[str]) -> ChatRequest | None:
        """The request for these texts; None if one is blank or not whole, which is for the writer."""
        if not all(map(str.strip, texts)):
            return None
        body = [self.around[0]]
        try:
            for place, after in zip(self.order, self.around[1:], strict=True):
                body += (orjson.dumps(texts[place])[1:-1], after)
        except orjson.JSONEncodeError:
            return None
        call_id = new_id()
        sent = self.whole.request
        headers = dict(sent.headers)
        for name in self.named_by_id:
            headers[name] = call_id
        request = sent.repeated(b"".join(body), headers)
        return self.whole._replace(request=request, id=call_id)
