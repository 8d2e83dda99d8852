"""A world to refresh the catalogue from: the script as a module, and a service on loopback."""

from __future__ import annotations

import importlib.util
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from langchain_aimlapi._catalogue import lookup, twins

SCRIPTS = Path(__file__).parents[2] / "scripts"


def load(name):
    """Import a script of the repository, which is on no path."""
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def refresh():
    """The refresh script, as a module."""
    return load("refresh_catalogue")


@pytest.fixture(scope="session")
def model_pages():
    """The script that writes the models page, as a module."""
    return load("model_pages")


class Listing(ThreadingHTTPServer):
    """A service that lists `items` and notes what it was asked for."""

    daemon_threads = True

    def __init__(self, items):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.items, self.asked = items, []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        body = json.dumps({"object": "list", "data": self.server.items}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Keep quiet."""


@pytest.fixture
def listing():
    """Start a service that lists the given models; it ends with the test."""
    servers = []

    def start(*items):
        server = Listing(list(items))
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def forget():
    """Forget what was read of the catalogue, now and when the test ends."""

    def now():
        for cached in (
            lookup._data,
            lookup._documented,
            lookup._other_spellings,
            lookup._prefixes,
            lookup.entry,
            twins._by_base,
        ):
            cached.cache_clear()

    now()
    yield now
    now()


@pytest.fixture
def refreshed(refresh, tmp_path, capsys):
    """Run the refresh script on model specs and a URL; give the file it wrote, decoded."""

    def run(*specs, live=None, to=tmp_path / "models.json"):
        arguments = ["--to", str(to)]
        if specs:
            source = tmp_path / "specs.json"
            source.write_text(json.dumps(specs), "utf-8")
            arguments += ["--from", str(source)]
        if live:
            arguments += ["--live", live]
        assert refresh.main(arguments) == 0
        assert "models" in capsys.readouterr().out
        return json.loads(to.read_text("utf-8"))

    return run


@pytest.fixture
def catalogue_of(refreshed, listing, monkeypatch, tmp_path, forget):
    """Put a catalogue of these model specs, and of these listed models, in the place of the shipped."""

    def install(*specs, live=()):
        refreshed(*specs, live=listing(*live).url if live else None)
        written = (tmp_path / "models.json").read_bytes
        monkeypatch.setattr(lookup, "read_file", lambda _: json.loads(written()))
        forget()

    return install
