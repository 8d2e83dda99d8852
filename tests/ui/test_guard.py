"""Who is answered: this machine's browser, at the address that was printed, and nobody else."""

from __future__ import annotations

import hmac
import socket

import pytest

from langchain_aimlapi.ui import guard

EVERY_PATH = ("", "static/app.js", "api/about", "api/models", "api/run", "nothing")


@pytest.mark.parametrize("path", EVERY_PATH)
@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1:1", "127.0.0.1.evil.example:{port}", ""],
)
def test_foreign_hosts(page, host, path):
    """A name that was made to point here (DNS rebinding) is refused with the token, too."""
    answered = page.ask(page.path(path), headers={"Host": host.format(port=page.port)})

    assert answered.status == 421
    assert b"<" not in answered.body


def test_a_missing_host(page):
    assert page.ask(page.path(), headers={"Host": None}).status in {400, 421}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_own_hosts(page, host):
    assert page.ask(page.path(), headers={"Host": f"{host}:{page.port}"}).status == 200


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "PUT", "HEAD"])
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1:{port}"]
)
def test_foreign_origins(page, origin, method, sandbox):
    """No call is made, and no header of CORS allows one."""
    answered = page.ask(
        page.path("api/run"), method=method, headers={"Origin": origin.format(port=page.port)}
    )

    assert answered.status == 403
    assert not [name for name in answered.headers if name.startswith("access-control")]
    assert sandbox.requests == []


def test_the_own_origin(page):
    answered = page.run(headers={"Origin": f"http://127.0.0.1:{page.port}"})

    assert answered.status == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_requests_of_other_sites(page, site):
    """The page may be opened by a link in a terminal within a page, nothing else."""
    headers = {"Sec-Fetch-Site": site}

    assert page.ask(page.path(), headers=headers).status == 200
    assert page.ask(page.path("api/models"), headers=headers).status == 403
    assert page.ask(page.path("static/app.js"), headers=headers).status == 403
    assert page.run(headers=headers).status == 403


@pytest.mark.parametrize("path", EVERY_PATH)
@pytest.mark.parametrize("token", ["", "wrong", "%00", "%C3%A9", "%FF", "static", "start"])
def test_wrong_tokens(page, path, token):
    prefix = f"/{token}/" if token else "/"
    answered = page.ask(prefix + path)

    assert answered.status in ({403, 404} if token == "start" else {403})
    assert page.guard.token.encode() not in answered.body


def test_nearly_the_token(page):
    """Neither a part of it, nor another case, nor more than it."""
    token = page.guard.token
    for wrong in (token[:-1], token.swapcase(), token + "a", f"{token}%20"):
        assert page.ask(f"/{wrong}/").status == 403


def test_tokens_are_compared_in_constant_time(page, monkeypatch):
    """What a wrong token shares with the right one cannot be measured."""
    compared = []
    real = hmac.compare_digest

    def spy(given, wanted):
        compared.append(given)
        return real(given, wanted)

    monkeypatch.setattr(guard.hmac, "compare_digest", spy)
    page.ask("/wrong/")

    assert compared == [b"wrong"]


def test_tokens_are_new_each_time():
    tokens = {guard.Guard(1).token for _ in range(50)}

    assert len(tokens) == 50
    assert min(map(len, tokens)) >= 32


def test_the_start_address_works_once(page):
    """Other users of the machine see the words of a browser's command line."""
    path = page.guard.start_address.partition(f":{page.port}")[2]
    wrong = page.ask("/start/wrong")
    first, second = page.ask(path), page.ask(path)

    assert (wrong.status, first.status, second.status) == (403, 303, 403)
    assert first.headers["location"] == page.address
    assert page.guard.token.encode() not in second.body


def test_a_foreign_host_does_not_use_it_up(page):
    path = page.guard.start_address.partition(f":{page.port}")[2]

    assert page.ask(path, headers={"Host": "evil.example"}).status == 421
    assert page.ask(path).status == 303


def test_loopback_alone(page):
    """Another address of this machine, if it has one, is not served."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has loopback alone")
        own = probe.getsockname()[0]
    if own.startswith("127."):
        pytest.skip("this machine has loopback alone")

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((own, page.port), timeout=5)


@pytest.mark.parametrize(
    ("path", "status"), [("", 200), ("static/app.css", 200), ("nothing", 404), ("api/run", 405)]
)
def test_headers_of_every_response(page, path, status):
    """Nothing runs, frames, stores or names it."""
    answered = page.ask(page.path(path))
    policy = answered.headers["content-security-policy"]

    assert answered.status == status
    assert {name.lower() for name in guard.HEADERS} <= answered.headers.keys()
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answered.headers["cache-control"] == "no-store"
    assert answered.headers["server"] == "aimlapi"
    assert "set-cookie" not in answered.headers


def test_headers_of_refusals_and_streams(page):
    refused = page.ask("/wrong/")
    streamed = page.run()

    for answered in (refused, streamed):
        assert {name.lower() for name in guard.HEADERS} <= answered.headers.keys()


@pytest.mark.parametrize(
    "name",
    [
        "../server.py",
        "../../../../etc/passwd",
        "..%2fserver.py",
        "..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/server.py",
        "....//server.py",
        "%2fetc%2fpasswd",
        "..\\server.py",
        "app.js/../../server.py",
        "app.js%00.css",
        "",
        ".",
    ],
)
def test_no_other_file_is_read(page, name):
    """Names are looked up among the page's own files, never on the disk."""
    answered = page.ask(page.path(f"static/{name}"))

    assert answered.status in {400, 403, 404}
    assert b"root:" not in answered.body
    assert b"import" not in answered.body
