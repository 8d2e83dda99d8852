"""`/key` and `/keys`: the keys of the account, made, changed and deleted with a management key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from langchain_aimlapi.sandbox.account.window import written
from langchain_aimlapi.sandbox.checks.schema import problems
from langchain_aimlapi.sandbox.replies import ApiError, Reply, validation_error

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.account.keys import KeyRecord
    from langchain_aimlapi.sandbox.state import State

Json = dict[str, Any]

_SCOPES = "chat responses image audio video embeddings speech ocr"
_LIMIT = {
    "type": "object",
    "nullable": True,
    "required": ["retention", "threshold"],
    "properties": {
        "retention": {"type": "string", "enum": ["no_reset", "day", "week", "month"]},
        "threshold": {"type": "number", "minimum": 0},
    },
}
_FIELDS: dict[str, Json] = {
    "name": {"type": "string", "nullable": True},
    "limit": _LIMIT,
    "scopes": {
        "type": "array",
        "nullable": True,
        "items": {"type": "string", "enum": [f"model:{word}" for word in _SCOPES.split()]},
    },
    "disabled": {"type": "boolean"},
}
_DEFAULTS: Json = {"name": None, "limit": None, "scopes": None, "disabled": False}


class KeysRoute:
    """Answers what concerns keys.

    Args:
        state: Holds the keys, and what they spent.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def own(self, owner: KeyRecord) -> Reply:
        """Answer `GET /key`."""
        return _json({"data": self._shown(owner)})

    def list_keys(self, owner: KeyRecord) -> Reply:
        """Answer `GET /keys`.

        Raises:
            ApiError: 403 without a management key.
        """
        _check_manager(owner)
        return _json({"data": [self._shown(record) for record in self._state.keys.every()]})

    def create(self, owner: KeyRecord, body: object) -> Reply:
        """Answer `POST /keys`.

        Raises:
            ApiError: 400, or 403 without a management key.
        """
        _check_manager(owner)
        given = _checked({} if body is None else body, without="disabled")
        key, record = self._state.keys.make(given.get("name"))
        _change(record, given)
        return _json({"data": {**self._shown(record), "key": key}})

    def one(self, owner: KeyRecord, prefix: str) -> Reply:
        """Answer `GET /keys/{prefix}` and `GET /key/{prefix}`.

        Raises:
            ApiError: 403 without a management key, 404 without such a key.
        """
        if prefix != owner.prefix:
            _check_manager(owner)
        return _json({"data": self._shown(self._state.keys.named(prefix))})

    def change(self, owner: KeyRecord, prefix: str, body: object, *, whole: bool) -> Reply:
        """Answer `PATCH /keys/{prefix}`, and `PUT`, which sets the rest to its defaults.

        Raises:
            ApiError: 400, 403 without a management key, 404 without such a key.
        """
        _check_manager(owner)
        record = self._state.keys.named(prefix)
        given = _checked(body)
        _change(record, {**_DEFAULTS, **given} if whole else given)
        return _json({"data": self._shown(record)})

    def delete(self, owner: KeyRecord, prefix: str) -> Reply:
        """Answer `DELETE /keys/{prefix}`.

        Raises:
            ApiError: 403 without a management key, 404 without such a key.
        """
        _check_manager(owner)
        self._state.keys.delete(prefix)
        return _json({"data": {"prefix": prefix, "deleted": True}})

    def _shown(self, record: KeyRecord) -> Json:
        month = datetime.now(UTC).date().replace(day=1)
        return {
            "name": record.name,
            "disabled": record.disabled,
            "prefix": record.prefix,
            "scopes": record.scopes,
            "limit": record.limit,
            "created_at": written(record.created),
            "updated_at": written(record.updated),
            "monthly_usage": self._state.ledger.spent_since(record.prefix, month),
        }


def _check_manager(owner: KeyRecord) -> None:
    if not owner.may_manage:
        raise ApiError(403, "Forbidden: this endpoint needs a management key")


def _checked(body: object, without: str = "") -> Json:
    if not isinstance(body, dict):
        raise validation_error("Expected object")
    fields = {name: schema for name, schema in _FIELDS.items() if name != without}
    lines = [f"{name}: Unrecognized key" for name in body if name not in fields]
    for name, schema in fields.items():
        if name in body:
            lines += problems(schema, body[name], name)
    if lines:
        raise validation_error(*lines)
    return body


def _change(record: KeyRecord, given: Json) -> None:
    for name, value in given.items():
        setattr(record, name, value)
    record.updated = datetime.now(UTC)


def _json(body: Json) -> Reply:
    return Reply(orjson.dumps(body))
