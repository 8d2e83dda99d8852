"""A minimal HTTP client: the tests see what is on the wire, and nothing else."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

USER = [{"role": "user", "content": "I love programming."}]
TEXT = 'Hello from the AI/ML API sandbox. You said: "I love programming."'


@dataclass(frozen=True)
class Reply:
    """A whole reply, or a whole stream."""

    status: int
    headers: dict
    content: bytes

    @property
    def text(self):
        """The body as text."""
        return self.content.decode()

    @property
    def json(self):
        """The body, decoded."""
        return json.loads(self.text)

    @property
    def message(self):
        """The message of the first choice."""
        return self.json["choices"][0]["message"]

    @property
    def chunks(self):
        """The JSON of the events, without the end marker."""
        lines = self.text.splitlines()
        return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]

    @property
    def deltas(self):
        """The deltas of all choices of all events."""
        return [choice["delta"] for chunk in self.chunks for choice in chunk["choices"]]

    def joined(self, key="content"):
        """The text of a stream."""
        return "".join(delta.get(key) or "" for delta in self.deltas)


def request(sandbox, method, path, body=None, *, key="k", prefix="/v1", headers=()):
    """Send a request of any kind; `body` is bytes or goes as JSON."""
    address = urlsplit(sandbox.base_url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    sent = {"Authorization": f"Bearer {key}"} if key is not None else {}
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    try:
        connection.request(method, prefix + path, body, {**sent, **dict(headers)})
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, names, response.read())
    finally:
        connection.close()


def fetch(sandbox, url):
    """Fetch a file from its address, which is the sandbox's, without a key."""
    address = urlsplit(url)
    assert address.netloc == urlsplit(sandbox.base_url).netloc
    try:
        return request(sandbox, "GET", address.path, key=None, prefix="")
    except http.client.IncompleteRead as error:
        raise OSError(f"IncompleteRead: {error}") from error


def chat(sandbox, messages=None, *, headers=(), key="k", **options):
    """Ask for a chat completion."""
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    body = {"model": "gpt-4o", "messages": messages or USER, **options}
    return request(sandbox, "POST", "/chat/completions", body, key=key, headers=headers)


def function(name="get_weather", description="Get the weather.", **properties):
    """A function tool; its properties are all required."""
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    inner = {"name": name, "description": description, "parameters": schema}
    return {"type": "function", "function": inner}


def calls(reply):
    """The tool calls of a whole reply, as names with arguments."""
    made = reply.message.get("tool_calls") or []
    return [(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in made]
