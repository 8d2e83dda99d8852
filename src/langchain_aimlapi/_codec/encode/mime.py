"""Media types, data addresses and base64: what bytes are, however they were labelled.

Labels come in many spellings (`image/jpg`, `Audio/X-WAV`, `text/plain;charset=latin-1`) and are
wrong now and then; vendors refuse a request over either. A type is brought into its registered
form, and where the first bytes prove another one, the bytes are believed.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

_REGISTERED: Mapping[str, str] = {
    "application/x-pdf": "application/pdf",
    "audio/mp3": "audio/mpeg",
    "audio/vnd.wave": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/x-flac": "audio/flac",
    "audio/x-mp3": "audio/mpeg",
    "audio/x-wav": "audio/wav",
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "text/x-markdown": "text/markdown",
}

_BY_ENDING: Mapping[str, str] = {
    "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "flac": "audio/flac",
    "gif": "image/gif",
    "htm": "text/html",
    "html": "text/html",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "m4a": "audio/mp4",
    "md": "text/markdown",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "ogg": "audio/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "txt": "text/plain",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webp": "image/webp",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "text/xml",
}

_SAYS_NOTHING = frozenset({"", "application/octet-stream", "binary/octet-stream", "*/*"})


class MediaType(NamedTuple):
    """A media type in its registered form, and the charset that came with it."""

    name: str | None
    charset: str | None = None


def read_type(label: object) -> MediaType:
    """Read a media type; a label that says nothing ("application/octet-stream") gives none."""
    if not isinstance(label, str):
        return MediaType(None)
    name, *parameters = (part.strip() for part in label.split(";"))
    charset = None
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "charset":
            charset = value.strip().strip("\"'") or None
    name = name.lower()
    return MediaType(None if name in _SAYS_NOTHING else _REGISTERED.get(name, name), charset)


def settled_type(label: str | None, data: str, filename: object) -> str | None:
    """The type of base64 data: what its bytes prove, else its label, else its name's ending.

    LangChain labels every file part of OpenAI's form as PDF, so this label needs the bytes' word.

    Args:
        label: The registered type it is said to have, if any.
        data: Base64.
        filename: Its name, if it has one.
    """
    shown, proven = _shown_type(data)
    if label == "application/pdf" and shown != label:
        label = shown or _by_ending(filename) or ("text/plain" if _is_text(data) else label)
    if shown and (proven or label is None):
        return shown
    return label or _by_ending(filename)


def _by_ending(filename: object) -> str | None:
    ending = filename.rpartition(".")[2].lower() if isinstance(filename, str) else ""
    return _BY_ENDING.get(ending)


def usual_ending(label: str | None) -> str:
    """How names of files of a type end, without the dot."""
    usual = (ending for ending, name in _BY_ENDING.items() if name == label)
    return next(usual, "") or (label or "").rpartition("/")[2]


def _is_text(data: str) -> bool:
    """Whether data is text in UTF-8."""
    try:
        text = base64.b64decode(data).decode()
    except ValueError:
        return False
    return not any(sign < " " and sign not in "\t\n\r\f" for sign in text)


class DataAddress(NamedTuple):
    """A `data:` address, taken apart."""

    label: str
    data: str
    """Base64."""


def read_data_address(address: str) -> DataAddress:
    """Take a `data:` address apart, percent-coded or in base64.

    Raises:
        ValueError: If it has no comma between its label and its data.
    """
    head, comma, payload = address[len("data:") :].partition(",")
    if not comma:
        raise ValueError("a data address needs a comma before its data")
    label, _, encoding = head.rpartition(";")
    if encoding.strip().lower() == "base64":
        return DataAddress(label, clean_base64(unquote(payload) if "%" in payload else payload))
    return DataAddress(head, base64.b64encode(unquote_to_bytes(payload)).decode("ascii"))


def clean_base64(data: str) -> str:
    """Base64 in the standard alphabet, in one line, padded."""
    if not data.isascii():
        return data
    if any(blank in data for blank in "\n\r\t "):
        data = "".join(data.split())
    if "-" in data or "_" in data:
        data = data.replace("-", "+").replace("_", "/")
    return data if not len(data) % 4 or data.endswith("=") else data + "=" * (-len(data) % 4)


def encode_bytes(data: bytes | bytearray | memoryview) -> str:
    """Bytes as base64; bytes that are a file in base64 already (`base64.b64encode`) as they are."""
    data = bytes(data)
    if _BASE64.fullmatch(head := data[:64].decode("latin-1")) and sniffed(head) and data.isascii():
        return clean_base64(data.decode("ascii"))
    return base64.b64encode(data).decode("ascii")


def is_base64(text: str) -> bool:
    """Tell whether the first characters of a text are base64, as `clean_base64` leaves it."""
    return _BASE64.fullmatch(text[:64]) is not None


_BASE64 = re.compile(r"[A-Za-z0-9+/_\s-]*=*\s*")


_MARKS: Mapping[bytes, str] = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


def decode_text(data: str, charset: str | None) -> str:
    """Text out of base64.

    Args:
        data: Base64.
        charset: The charset it was said to be in; otherwise its byte order mark tells, or else
            it is UTF-8.

    Raises:
        ValueError: With what is wrong: no base64, an unknown charset, or text in another one.
    """
    try:
        raw = base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise ValueError(f"its text is not base64 ({error})") from None
    marked = next((name for mark, name in _MARKS.items() if raw.startswith(mark)), None)
    encoding = marked or charset or "utf-8"
    try:
        return raw.decode(encoding)
    except LookupError:
        raise ValueError(f"its charset {charset!r} is unknown") from None
    except UnicodeDecodeError:
        hint = "" if charset else "; name its charset, as in 'text/plain; charset=iso-8859-1'"
        raise ValueError(f"its text is not {encoding}{hint}") from None


# --- by the first bytes -------------------------------------------------------------------------

_SIGNATURES = (
    (b"\x89PNG\r\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
)

_PROVEN = frozenset(
    {"application/pdf", "image/gif", "image/jpeg", "image/png", "image/webp", "audio/wav"}
)
"""Types whose first bytes leave no doubt; other signatures are shared by several types."""

_BRANDS: Mapping[bytes, str] = {
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"avif": "image/avif",
    b"heic": "image/heic",
    b"mif1": "image/heic",
    b"qt  ": "video/quicktime",
}


def sniffed(data: str) -> str | None:
    """The media type that base64 data shows by its first bytes, if it is a common one."""
    return _shown_type(data)[0]


def _shown_type(data: str) -> tuple[str | None, bool]:
    """The type the first bytes show, and whether they prove it."""
    try:
        head = base64.b64decode(data[:32], validate=False)
    except (binascii.Error, ValueError):
        return None, False
    if head[:4] == b"RIFF":
        shown = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12])
    elif head[4:8] == b"ftyp":
        shown = _BRANDS.get(head[8:12], "video/mp4")
    else:
        shown = next((mime for start, mime in _SIGNATURES if head.startswith(start)), None)
    return shown, shown in _PROVEN


# --- paths ----------------------------------------------------------------------------------------

_LONGEST_PATH = 1024
_PATH_START = re.compile(r"file:|~/|[A-Za-z]:[\\/]", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+-]{1,30}:")


def is_path(text: str) -> bool:
    """Tell whether a text is a path of a file, where a URL or base64 should stand.

    Base64 has no dots, and URLs begin with their scheme.
    """
    start = text[:_LONGEST_PATH].lstrip()
    if _PATH_START.match(start):
        return True
    return "." in start and not _SCHEME.match(start)
