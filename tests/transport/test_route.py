"""The way to a host: proxies of the environment and of our own, and certificates."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
import threading

import pytest

from langchain_aimlapi import errors
from langchain_aimlapi._transport.request import ClientOptions
from langchain_aimlapi._transport.route import proxy_for, split_proxy

from .callers import KEY, OURS, Caller
from .callers import request as made
from .service import GREETING, OK, Service, whole


@pytest.fixture(params=OURS)
def way(request):
    """Both worlds take the same way."""
    return request.param


class Proxy:
    """A proxy that tunnels and forwards, and remembers what it was asked."""

    def __init__(self, refusal=b""):
        self.refusal = refusal
        self.heads = []

    def __enter__(self):
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)))
        self._thread.start()
        ready.wait()
        return self

    def __exit__(self, *exc_info):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self, ready):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._tasks = set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await self._stop.wait()
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        with contextlib.suppress(OSError, asyncio.CancelledError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head.decode())
            if self.refusal:
                writer.write(self.refusal)
                await writer.drain()
            else:
                await self._pass_on(head, reader, writer)
        writer.close()
        self._tasks.discard(task)

    async def _pass_on(self, head, reader, writer):
        method, target, _ = head.decode().split(" ", 2)
        place = target if method == "CONNECT" else target.split("/")[2]
        host, _, port = place.partition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Established\r\n\r\n")
        else:
            far_writer.write(head)
        pipes = [
            asyncio.ensure_future(_pipe(reader, far_writer)),
            asyncio.ensure_future(_pipe(far_reader, writer)),
        ]
        try:
            await asyncio.wait(pipes, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pipe in pipes:
                pipe.cancel()
            far_writer.close()


async def _pipe(reader, writer):
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


@pytest.fixture
def proxy():
    """A proxy at work."""
    with Proxy() as running:
        yield running


def test_a_certificate_nobody_signed_is_refused(secure, way):
    """At once, as it will not become trusted by trying again; the way out is named."""
    with pytest.raises(errors.AimlapiConnectionError, match="certificate") as caught:
        Caller(way).send(made(secure))

    assert "SSL_CERT_FILE" in caught.value.hint
    assert not caught.value.is_retryable
    assert (secure.hits, secure.connections <= 1) == ([], True)


@pytest.mark.parametrize("form", ["file", "folder", "context", "environment", "off"])
def test_a_private_authority_can_be_trusted(secure, certificate, way, form, monkeypatch):
    """By path, by context, by SSL_CERT_FILE, or by trusting anybody."""
    cert = certificate / "cert.pem"
    verify = {
        "file": str(cert),
        "folder": str(certificate),
        "context": ssl.create_default_context(cafile=cert),
        "environment": True,
        "off": False,
    }[form]
    if form == "environment":
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    if form == "folder":
        command = ["openssl", "x509", "-hash", "-noout", "-in", cert]
        name = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
        (certificate / f"{name.stdout.strip()}.0").write_bytes(cert.read_bytes())

    secure.will(whole(OK), GREETING, whole(OK))
    caller = Caller(way, ClientOptions(verify=verify))

    assert caller.send(made(secure)).status == 200
    assert len(caller.stream(made(secure))) == 3


@pytest.mark.parametrize("verify", ["/no/such/file.pem", True])
def test_authorities_that_cannot_be_read_are_named(secure, way, verify, monkeypatch, tmp_path):
    """A wrong path is the caller's to mend."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))

    with pytest.raises(errors.ConfigurationError, match="certificates from"):
        Caller(way, ClientOptions(verify=verify)).send(made(secure))


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_the_environments_proxy_tunnels(secure, certificate, proxy, way, name, monkeypatch):
    """The proxy learns the host and no more: neither key nor prompt."""
    monkeypatch.setenv(name, proxy.url)
    caller = Caller(way, ClientOptions(verify=str(certificate / "cert.pem")))

    assert caller.send(made(secure)).status == 200
    assert proxy.heads[0].startswith(f"CONNECT 127.0.0.1:{secure.port} HTTP/1.1\r\n")
    assert KEY not in "".join(proxy.heads)


@pytest.mark.parametrize("hosts", ["127.0.0.1", "*", "example.org,127.0.0.1"])
def test_no_proxy_goes_straight(service, proxy, way, hosts, monkeypatch):
    """NO_PROXY names who is not to be reached by way of the proxy."""
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", hosts)
    service.will(whole(OK))

    assert Caller(way).send(made(service)).status == 200
    assert proxy.heads == []


def test_plain_requests_are_forwarded(service, proxy, way, monkeypatch):
    """Without TLS the proxy is asked for the whole URL."""
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    service.will(whole(OK))

    assert Caller(way).send(made(service)).status == 200
    assert proxy.heads[0].startswith(f"POST {service.url} HTTP/1.1\r\n")


def test_a_proxy_of_our_own_wins(service, proxy, way, monkeypatch):
    """What is configured is used, whatever the environment says."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "*")
    service.will(whole(OK))

    assert Caller(way, ClientOptions(proxy=proxy.url)).send(made(service)).status == 200
    assert len(proxy.heads) == 1


@pytest.mark.parametrize("secured", [False, True])
def test_a_proxy_gets_its_own_credentials(certificate, proxy, way, secured, request):
    """User and password of the proxy's URL go to the proxy, and to nobody else."""
    target = request.getfixturevalue("secure" if secured else "service")
    target.will(whole(OK))
    with_user = proxy.url.replace("//", "//us%40er:pass%3Aword@")
    options = ClientOptions(proxy=with_user, verify=str(certificate / "cert.pem"))

    assert Caller(way, options).send(made(target)).status == 200
    expected = "Basic dXNAZXI6cGFzczp3b3Jk"
    assert f"proxy-authorization: {expected}" in proxy.heads[0].replace("Proxy-A", "proxy-a")
    assert not secured or "proxy-authorization" not in target.hits[0].headers


@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_proxy_that_refuses_is_a_connection_error(secure, way, status):
    """The status is named, the proxy's password is not."""
    with Proxy(f"HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n".encode()) as proxy:
        options = ClientOptions(proxy=proxy.url.replace("//", "//user:canary@"), verify=False)
        with pytest.raises(errors.AimlapiConnectionError, match=str(status)) as caught:
            Caller(way, options).send(made(secure))

    assert "canary" not in f"{caught.value!s} {caught.value.__dict__}"


def test_a_proxy_that_is_not_there_is_a_connection_error(secure, way):
    """It is not the service that is down."""
    with Proxy() as proxy:
        pass

    with pytest.raises(errors.AimlapiConnectionError):
        Caller(way, ClientOptions(proxy=proxy.url, verify=False)).send(made(secure))


@pytest.mark.parametrize("kind", ["socks5", "socks5h", "ftp"])
def test_an_unknown_kind_of_proxy_is_refused(service, way, kind):
    """Better an error than a request that goes straight."""
    options = ClientOptions(proxy=f"{kind}://127.0.0.1:1080")

    with pytest.raises(errors.ConfigurationError, match=kind):
        Caller(way, options).send(made(service))


@pytest.mark.parametrize(
    ("proxies", "scheme", "expected"),
    [
        ({}, "https", None),
        ({"HTTPS_PROXY": "http://p:1"}, "https", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, "http", None),
        ({"HTTPS_PROXY": "p:1"}, "https", "http://p:1"),
        ({"HTTPS_PROXY": ""}, "https", None),
        ({"ALL_PROXY": "http://p:1", "HTTP_PROXY": "http://q:1"}, "http", "http://q:1"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "aimlapi.com"}, "https", None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".aimlapi.com"}, "https", None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "other.com"}, "https", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "api.aimlapi.com:443"}, "https", "http://p:1"),
    ],
)
def test_the_environment_is_read_as_others_read_it(proxies, scheme, expected, monkeypatch):
    """By scheme, then for all, but for the hosts excepted."""
    for name, value in proxies.items():
        monkeypatch.setenv(name, value)

    assert proxy_for(scheme, "api.aimlapi.com", None, None) == expected


def test_a_proxys_user_is_taken_out_of_its_url():
    """Percent signs stand for what a URL cannot hold."""
    assert split_proxy("http://u%40:p%3A@host:1") == ("http://host:1", ("u@", "p:"))
    assert split_proxy("http://host:1") == ("http://host:1", None)


def test_a_redirect_to_another_origin_gets_no_key(service, way):
    """Neither followed, nor asked."""
    with Service() as other:
        other.will(whole(OK))
        service.will(whole("", 308, location=other.url))

        with pytest.raises(errors.InvalidRequestError):
            Caller(way).send(made(service))

        assert other.connections == 0
