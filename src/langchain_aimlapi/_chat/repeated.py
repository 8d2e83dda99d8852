"""Chat requests that differ in their texts alone, as the rows of a table make them.

The first of its kind is written as any other, with marks for texts, and cut at the marks; each
further one is put together of the pieces. That is as good as writing it, since of a text in a
message of the user or the system nothing but its being blank changes what else is written.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from langchain_core.messages import HumanMessage, SystemMessage, convert_to_messages

from langchain_aimlapi._chat.build import ChatRequest, build_chat_request
from langchain_aimlapi._client.ids import ids_of_many
from langchain_aimlapi._client.request import repeating

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from pydantic import SecretStr

    from langchain_aimlapi._chat.settings import ChatSettings
    from langchain_aimlapi._transport.request import Request

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
        self._ids = ids_of_many()

    def request(self, turns: Turns, key: SecretStr) -> ChatRequest:
        """Make the request of one call.

        Args:
            turns: The conversation.
            key: The API key.

        Raises:
            ConfigurationError: As `build_chat_request` does.
        """
        roles = tuple([role for role, _ in turns])
        if key.get_secret_value() != self._key or len(self._pieces) > _MOST_KINDS:
            self._key, self._pieces = key.get_secret_value(), {}
        if roles not in self._pieces:
            self._pieces[roles] = self._cut(roles, key)
        pieces = self._pieces[roles]
        if pieces is not None:
            joined = pieces.joined([text for _, text in turns], next(self._ids))
            if joined is not None:
                return joined
        return self._written(convert_to_messages(list(turns)), key)

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

    before: bytes
    """The body up to its first text."""
    texts: tuple[tuple[int, bytes], ...]
    """Which text comes next (a dialect may have the system's elsewhere), and the body behind it."""
    headers: Mapping[str, str]
    named_by_id: tuple[str, ...]
    """Headers that hold the id of the call."""
    repeated: Callable[[bytes, Mapping[str, str]], Request]
    model: str
    rest: tuple[Any, ...]
    """What a chat request holds beside the request, the model and the id."""

    @classmethod
    def of(cls, whole: ChatRequest, marks: Sequence[str]) -> _Pieces | None:
        """Cut a request at its marks; None for one that has to be written anew each time."""
        request = whole.request
        before, *parts = re.split(f"({'|'.join(marks)})".encode(), request.body or b"")
        found = [part.decode() for part in parts[::2]]
        if sorted(found) != sorted(marks) or request.alternative or whole.held:
            return None
        named = tuple(name for name, value in request.headers.items() if value == whole.id)
        texts = tuple(zip(map(marks.index, found), parts[1::2], strict=True))
        repeated = repeating(request)
        return cls(before, texts, request.headers, named, repeated, *_model_and_rest(whole))

    def joined(self, texts: Sequence[str], call_id: str) -> ChatRequest | None:
        """The request for these texts; None if one is blank or not whole, which is for the writer."""
        if not all(map(str.strip, texts)):
            return None
        body = [self.before]
        try:
            for place, after in self.texts:
                body += (orjson.dumps(texts[place])[1:-1], after)
        except orjson.JSONEncodeError:
            return None
        headers = dict(self.headers)
        for name in self.named_by_id:
            headers[name] = call_id
        request = self.repeated(b"".join(body), headers)
        return ChatRequest._make((request, self.model, call_id, *self.rest))


def _model_and_rest(whole: ChatRequest) -> tuple[str, tuple[Any, ...]]:
    _request, model, _id, *rest = whole
    return model, tuple(rest)
