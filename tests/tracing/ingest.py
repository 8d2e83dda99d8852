"""A stand-in for the place where traces are sent: it keeps what it is sent, on loopback."""

from __future__ import annotations

import gzip
import json
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler
from typing import Any

import zstandard

from tests.http_server import HttpServer


class Ingest(HttpServer):
    """Takes every POST; answers GET with a fixed JSON object.

    Args:
        info: What GET answers.
    """

    def __init__(self, info: dict[str, Any] | None = None) -> None:
        self.posted: list[tuple[str, str, bytes]] = []
        """Path, content type and the body, unpacked."""
        self._info = json.dumps(info or {}).encode()
        super().__init__(self._handler())

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.address

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        ingest = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(ingest._info)

            def do_POST(self) -> None:
                body = _unpacked(self._body(), self.headers.get("content-encoding"))
                ingest.posted.append((self.path, self.headers["content-type"], body))
                self._answer(b"{}")

            def _body(self) -> bytes:
                if self.headers.get("transfer-encoding") != "chunked":
                    return self.rfile.read(int(self.headers["content-length"]))
                parts = []
                while size := int(self.rfile.readline(), 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Keep quiet."""

        return Handler


def _unpacked(body: bytes, encoding: str | None) -> bytes:
    if encoding == "gzip":
        return gzip.decompress(body)
    if encoding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(body)
    return body


def form_parts(content_type: str, body: bytes) -> dict[str, Any]:
    """The JSON parts of a multipart form, by their names."""
    whole = message_from_bytes(b"content-type: " + content_type.encode() + b"\r\n\r\n" + body)
    return {
        str(part.get_param("name", header="content-disposition")): json.loads(
            part.get_payload(decode=True)  # type: ignore[arg-type]
        )
        for part in whole.walk()
        if not part.is_multipart()
    }
