"""A service of the tests' own: answers by a function, keeps what it was asked, serves files."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
)
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(64)
MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(64)
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(64)
META = {"usage": {"credits_used": 120000, "usd_spent": 0.06}}


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    data: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.data)

    @property
    def form(self) -> dict[str, list[tuple[str | None, str, bytes]]]:
        """A multipart form: of each name the file names, types and contents."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        parts = BytesParser(policy=HTTP).parsebytes(head + self.data)
        found: dict[str, list[tuple[str | None, str, bytes]]] = {}
        for part in parts.iter_parts():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            found.setdefault(str(name), []).append(
                (part.get_filename(), part.get_content_type(), content)
            )
        return found


@dataclass
class Reply:
    """An answer: JSON, or bytes as they are."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    said_length: int | None = None
    """A Content-Length that is not that of the body."""
    cut: bool = False
    """Whether the connection breaks without an answer."""


class Service(ThreadingHTTPServer):
    """Answers with what `reply` returns."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[Asked] = []
        self.reply: Any = lambda _: Reply({}, 404)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self._thread.start()

    def handle_error(self, *_):
        """A client that goes away is none."""

    def stop(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def count(self, method: str, path: str = "") -> int:
        """How often a method was used."""
        return sum(one.method == method and one.path.startswith(path) for one in self.asked)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Service

    def answer(self):
        parts = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        asked = Asked(
            self.command,
            parts.path,
            {name: values[0] for name, values in parse_qs(parts.query).items()},
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
        )
        self.server.asked.append(asked)
        reply = self.server.reply(asked)
        reply = reply if isinstance(reply, Reply) else Reply(reply)
        if reply.cut:
            self.close_connection = True
            return
        is_bytes = isinstance(reply.body, bytes)
        data = reply.body if is_bytes else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        kind = "application/octet-stream" if is_bytes else "application/json"
        for name, value in {"content-type": kind, **reply.headers}.items():
            self.send_header(name, value)
        length = len(data) if reply.said_length is None else reply.said_length
        self.send_header("content-length", str(length))
        self.end_headers()
        self.wfile.write(data)
        if reply.said_length is not None:
            self.close_connection = True

    do_GET = do_POST = answer  # noqa: N815  # http.server's names

    def log_message(self, *_):
        pass


class Jobs:
    """A service of jobs: each goes through states, one a look."""

    def __init__(self, service, states=("queued", "generating", "completed"), key="video"):
        self.states, self.key, self.service = states, key, service
        self.looks = {}
        self.file = f"{service.url}/files/1.mp4"

    def __call__(self, asked):
        if asked.path.startswith("/files/"):
            return Reply(MP4)
        if asked.method == "POST":
            job = f"job-{len(self.looks) + 1}"
            self.looks[job] = 0
            return {"id": job, "status": self.states[0]}
        job = asked.query["generation_id"]
        if job not in self.looks:
            return Reply({"message": "no such job"}, 404)
        self.looks[job] += 1
        return self.state(job, self.states[min(self.looks[job], len(self.states) - 1)])

    def state(self, job, status):
        if isinstance(status, Reply):
            return status
        reply = {"id": job, "status": status}
        if status == "completed":
            reply |= {self.key: {"url": self.file}, "meta": META}
        if status == "error":
            reply |= {"error": {"name": "NSFW", "message": "refused"}}
        return reply
