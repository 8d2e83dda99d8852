"""Forms with files (`multipart/form-data`) -> the same objects as from JSON.

A file becomes an object with `filename`, `content_type` and its content in `base64`. A name that
comes several times, or ends in `[]`, becomes a list. Texts that are numbers, `true` or `false`
become what they say, for all but the names that hold prose.
"""

from __future__ import annotations

import base64
from email.message import Message
from email.parser import BytesHeaderParser
from typing import Any

import orjson

Json = dict[str, Any]

_PROSE = frozenset({"prompt", "text", "model", "language", "user"})


class FormError(ValueError):
    """The body is not the form that its header announces."""


def parse_form(raw: bytes, content_type: str) -> Json:
    """Parse a form.

    Raises:
        FormError: It is none.
    """
    head = Message()
    head["content-type"] = content_type
    boundary = head.get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise FormError("multipart: Boundary not found")
    first, *pieces = (b"\r\n" + raw).split(b"\r\n--" + boundary.encode())
    if first.strip() or not pieces or not pieces[-1].startswith(b"--"):
        raise FormError("multipart: Unexpected end of form")
    body: Json = {}
    for piece in pieces[:-1]:
        name, value = _part(piece)
        _add(body, name, value)
    return body


def _part(piece: bytes) -> tuple[str, object]:
    head, found, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    parsed = BytesHeaderParser().parsebytes(head)
    name = parsed.get_param("name", header="content-disposition")
    filename = parsed.get_filename()
    if not found or not isinstance(name, str):
        raise FormError("multipart: Malformed part header")
    if filename is None:
        return name, _value(name, content.decode(errors="replace"))
    return name, {
        "filename": filename,
        "content_type": parsed.get_content_type(),
        "base64": base64.b64encode(content).decode(),
    }


def _value(name: str, text: str) -> object:
    if name in _PROSE:
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _add(body: Json, name: str, value: object) -> None:
    plain = name.removesuffix("[]")
    if plain in body:
        before = body[plain]
        body[plain] = [*(before if isinstance(before, list) else [before]), value]
    else:
        body[plain] = [value] if plain != name else value
