"""The bytes of a file that a request names or holds, as far as the sandbox can know them."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from langchain_aimlapi.sandbox.checks.schema import is_file
from langchain_aimlapi.sandbox.replies import validation_error

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.files.store import FileStore


def bytes_of(given: Any, name: str, files: FileStore) -> bytes | None:
    """Return the content of a file of a form, a `data:` address, or an address of the sandbox.

    Nothing is fetched: other addresses are None.

    Args:
        given: The file or its address.
        name: The parameter, for the message.
        files: The sandbox's own files.

    Raises:
        ApiError: 400, a `data:` address cannot be read.
    """
    if is_file(given):
        return base64.b64decode(given["base64"])
    if not isinstance(given, str):
        return None
    if given[:5].lower() != "data:":
        own = files.at(given)
        return own.data if own else None
    head, found, content = given.partition(",")
    if found and not head.lower().endswith(";base64"):
        return unquote_to_bytes(content)
    try:
        return base64.b64decode(unquote_to_bytes(content), validate=True)
    except binascii.Error as error:
        raise validation_error(f"{name}: Invalid data URL") from error
