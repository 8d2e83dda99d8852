"""Proxies of the environment and of our own, and certificates."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import dataclasses
import ssl
import subprocess
import threading

import pytest

from langchain_aimlapi import errors
from langchain_aimlapi._transport import aio, pool
from langchain_aimlapi._transport.proxies import Origin, is_loopback, proxies_for, split_proxy
from langchain_aimlapi._transport.request import ClientOptions

from .callers import KEY, ONCE, OURS, Caller
from .callers import request as made
from .service import GREETING, OK, Service, abort_all, whole


@pytest.fixture(params=OURS)
def way(request):
    """Both worlds take the same way."""
    return request.param


ELSEWHERE = "gateway.test"
"""A name that only the proxy knows: loopback addresses go by no proxy."""


def elsewhere(service, **timeouts):
    """A request to a service by the name that the proxy knows."""
    sent = made(service, **timeouts)
    return dataclasses.replace(sent, url=sent.url.replace("127.0.0.1", ELSEWHERE))


class Proxy:
    """A proxy that tunnels and forwards, and remembers what it was asked."""

    def __init__(self, refusal=b"", context=None):
        self.refusal = refusal
        self.context = context
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
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self.context)
        self.url = (
            f"http{'s' if self.context else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        )
        ready.set()
        await self._stop.wait()
        for listening in server.sockets:
            self._loop.remove_reader(listening)
        await asyncio.sleep(0.01)  # what is being accepted comes to have a task
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        abort_all(self._loop)
        await asyncio.sleep(0.01)

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
        host = host.replace(ELSEWHERE, "127.0.0.1")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Established\r\n\r\n")
        else:
            far_writer.write(head)
        pipes = [
            asyncio.ensure_future(_pipe(reader, far_writer)),
            asyncio.ensure_future(_pipe(far_reader, writer, 0.05 if self.context else 0.0)),
        ]
        try:
            await asyncio.wait(pipes, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pipe in pipes:
                pipe.cancel()
            far_writer.close()


async def _pipe(reader, writer, pause=0.0):
    with contextlib.suppress(OSError):
        # With a pause, what comes in two packets is passed on in one.
        while await asyncio.sleep(pause, True) and (data := await reader.read(65536)):
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
    """A wrong path is the caller's to fix."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))

    with pytest.raises(errors.ConfigurationError, match="certificates from"):
        Caller(way, ClientOptions(verify=verify)).send(made(secure))


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_the_environments_proxy_tunnels(secure, certificate, proxy, way, name, monkeypatch):
    """The proxy learns the host and no more: neither key nor prompt."""
    monkeypatch.setenv(name, proxy.url)
    caller = Caller(way, ClientOptions(verify=str(certificate / "cert.pem")))

    assert caller.send(elsewhere(secure)).status == 200
    assert proxy.heads[0].startswith(f"CONNECT {ELSEWHERE}:{secure.port} HTTP/1.1\r\n")
    assert KEY not in "".join(proxy.heads)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
def test_a_loopback_address_goes_by_no_proxy(service, proxy, way, name, monkeypatch):
    """Behind a company's proxy, too, the first command reaches the sandbox on this machine."""
    monkeypatch.setenv(name, proxy.url)
    service.will(whole(OK))

    assert Caller(way).send(made(service)).status == 200
    assert proxy.heads == []


def test_a_proxy_on_this_machine_is_asked_where_nothing_listens(proxy, way, monkeypatch):
    """Another proxy would look on a machine of its own."""
    with Service() as gone:
        pass
    monkeypatch.setenv("HTTP_PROXY", proxy.url)

    with contextlib.suppress(errors.AimlapiError):
        Caller(way).send(made(gone, ONCE))

    assert len(proxy.heads) == 1


def test_a_proxy_that_is_set_after_a_failure_is_used(service, proxy, way, monkeypatch):
    """In the same process and the same loop: a notebook that learns of its proxy late."""
    service.will(whole(OK))
    if way == "sync":
        with pytest.raises(errors.AimlapiConnectionError):
            Caller(way).send(elsewhere(service, retry=ONCE))
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert Caller(way).send(elsewhere(service)).status == 200
    else:

        async def main():
            with pytest.raises(errors.AimlapiConnectionError):
                await aio.asend(elsewhere(service, retry=ONCE), ClientOptions())
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            return await aio.asend(elsewhere(service), ClientOptions())

        assert asyncio.run(main()).status == 200
    assert len(proxy.heads) == 1


def test_authorities_that_are_set_after_a_failure_are_trusted(
    secure, certificate, way, monkeypatch
):
    """As the hint of the failure says; and no more once they are taken away."""
    caller = Caller(way)
    for _ in range(2):
        with pytest.raises(errors.AimlapiConnectionError, match="certificate"):
            caller.send(made(secure))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
        assert caller.send(made(secure)).status == 200
        monkeypatch.delenv("SSL_CERT_FILE")


def test_nothing_is_kept_for_each_url(service, way):
    """A query that differs per call (a tenant, a trace) leaves nothing behind."""
    service.will(whole(OK))
    requests = [
        dataclasses.replace(made(service), url=f"{service.url}?trace={number}")
        for number in range(30)
    ]

    async def main():
        for sent in requests:
            await aio.asend(sent, ClientOptions())
        (shared,) = pool._state.sessions.values()
        return len(shared.ways)

    if way == "async":
        assert asyncio.run(main()) == 1
        return
    for sent in requests:
        Caller(way).send(sent)
    (shared,) = pool._state.clients.values()
    assert len(shared.client._pools) == 1


def test_plain_requests_are_forwarded(service, proxy, way, monkeypatch):
    """Without TLS the proxy is asked for the whole URL."""
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    service.will(whole(OK))

    assert Caller(way).send(elsewhere(service)).status == 200
    assert proxy.heads[0].startswith(f"POST http://{ELSEWHERE}:{service.port}/v1/")


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


@pytest.mark.parametrize("status", [403, 502])
def test_a_proxy_that_refuses_is_a_connection_error(secure, way, status):
    """The status is named, the proxy's password is not."""
    with Proxy(f"HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n".encode()) as proxy:
        options = ClientOptions(proxy=proxy.url.replace("//", "//user:canary@"), verify=False)
        with pytest.raises(errors.AimlapiConnectionError, match=str(status)) as caught:
            Caller(way, options).send(made(secure))

    assert "canary" not in f"{caught.value!s} {caught.value.__dict__}"


@pytest.mark.parametrize("target", ["secure", "service"])
def test_a_proxy_that_wants_a_password_is_asked_once(way, target, request):
    """In CONNECT and in plain http; it is named, and the way out too."""
    refusal = (
        b"HTTP/1.1 407 Proxy Authentication Required\r\n"
        b"proxy-authenticate: Basic realm=corp\r\ncontent-length: 2\r\n\r\nno"
    )
    with Proxy(refusal) as proxy:
        options = ClientOptions(proxy=proxy.url.replace("//", "//user:canary@"), verify=False)
        with pytest.raises(errors.AimlapiConnectionError, match="407") as caught:
            Caller(way, options).send(made(request.getfixturevalue(target)))
        place = proxy.url.removeprefix("http://")
        asked = len(proxy.heads)

    assert (asked, caught.value.is_retryable) == (1, False)
    assert place in str(caught.value)
    assert "user:password@" in caught.value.hint
    assert "canary" not in f"{caught.value!s} {caught.value.__dict__}"


@pytest.mark.parametrize("url", ["http://user:pa/ss@host:port", "http://host:port", "http://"])
def test_an_address_that_is_none_is_refused_without_being_shown(service, way, url):
    """A password with a slash in it is a usual mistake."""
    with pytest.raises(errors.ConfigurationError, match="proxy") as caught:
        Caller(way, ClientOptions(proxy=url)).send(made(service))

    assert "pa/ss" not in str(caught.value)


def test_a_proxy_that_is_not_there_is_a_connection_error(secure, way):
    """It is not the service that is down."""
    with Proxy() as proxy:
        pass

    with pytest.raises(errors.AimlapiConnectionError, match="through the proxy") as caught:
        Caller(way, ClientOptions(proxy=proxy.url, verify=False)).send(made(secure))

    assert proxy.url.rpartition(":")[2] in str(caught.value)


def test_a_proxys_password_may_have_any_characters(service, proxy, way):
    """They are sent in UTF-8; blanks around the address are none of it."""
    service.will(whole(OK))
    with_user = proxy.url.replace("//", "//jürgen:5€@")

    assert Caller(way, ClientOptions(proxy=f" {with_user} ")).send(made(service)).status == 200
    expected = base64.b64encode("jürgen:5€".encode()).decode()
    assert f"proxy-authorization: basic {expected}".lower() in proxy.heads[0].lower()


@pytest.mark.parametrize("kind", ["socks5", "socks5h", "ftp"])
def test_an_unknown_kind_of_proxy_is_refused(service, way, kind):
    """Better an error than a request that goes straight."""
    options = ClientOptions(proxy=f"{kind}://127.0.0.1:1080")

    with pytest.raises(errors.ConfigurationError, match=kind):
        Caller(way, options).send(made(service))


AIMLAPI = Origin("https", "api.aimlapi.com", None)


@pytest.mark.parametrize(
    ("proxies", "scheme", "expected"),
    [
        ({}, "https", None),
        ({"HTTPS_PROXY": "http://p:1"}, "https", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, "http", None),
        ({"HTTPS_PROXY": "p:1"}, "https", "http://p:1"),
        ({"HTTPS_PROXY": ""}, "https", None),
        ({"ALL_PROXY": "http://p:1", "HTTP_PROXY": "http://q:1"}, "http", "http://q:1"),
    ],
)
def test_the_environment_is_read_as_others_read_it(proxies, scheme, expected, monkeypatch):
    """By scheme, then for all."""
    for name, value in proxies.items():
        monkeypatch.setenv(name, value)

    assert proxies_for(AIMLAPI._replace(scheme=scheme), None) == (expected,)


@pytest.mark.parametrize(
    ("no_proxy", "host", "excepted"),
    [
        ("aimlapi.com", "api.aimlapi.com", True),
        (".aimlapi.com", "api.aimlapi.com", True),
        (".aimlapi.com", "aimlapi.com", True),
        ("aimlapi.com", "aimlapi.com", True),
        ("API.aimlapi.com.", "api.aimlapi.com", True),
        ("api.com", "notapi.com", False),
        ("other.com", "api.aimlapi.com", False),
        ("*", "api.aimlapi.com", True),
        ("*.aimlapi.com", "api.aimlapi.com", True),
        ("*.aimlapi.com", "api.other.com", False),
        ("api.*", "api.aimlapi.com", True),
        ("other.com, aimlapi.com", "api.aimlapi.com", True),
        ("other.com aimlapi.com", "api.aimlapi.com", True),
        (" , ,", "api.aimlapi.com", False),
        ("aimlapi.com:443", "api.aimlapi.com", True),
        ("aimlapi.com:8443", "api.aimlapi.com", False),
        ("*:443", "api.aimlapi.com", True),
        ("https://aimlapi.com", "api.aimlapi.com", True),
        ("all://aimlapi.com", "api.aimlapi.com", True),
        ("http://aimlapi.com", "api.aimlapi.com", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.1.2.3/8", "10.9.9.9", True),
        ("10.0.0.0/8", "api.aimlapi.com", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("1.2.3", "0.1.2.3", False),
        ("10.1.*", "10.1.2.3", True),
        ("[fd00::1]", "fd00::1", True),
        ("fd00::1", "fd00:0::1", True),
        ("[fd00::1]:443", "fd00::1", True),
        ("[fd00::1]:80", "fd00::1", False),
        ("fd00::/8", "fd12::1", True),
        ("[fd00::]/8", "fd12::1", True),
        ("fd00::/8", "2001:db8::1", False),
        ("10.0.0.0/99", "10.0.0.1", False),
        ("[", "api.aimlapi.com", False),
    ],
)
def test_no_proxy_has_all_forms_of_the_others(no_proxy, host, excepted, monkeypatch):
    """Those of httpx, of requests and of the standard library."""
    monkeypatch.setenv("HTTPS_PROXY", "http://p:1")
    monkeypatch.setenv("NO_PROXY", no_proxy)

    expected = None if excepted else "http://p:1"
    assert proxies_for(Origin("https", host, None), None) == (expected,)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("sandbox.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", True),
        ("notlocalhost", False),
        ("localhost.example.com", False),
        ("128.0.0.1", False),
        ("10.0.0.1", False),
        ("fe80::1%eth0", False),
    ],
)
def test_this_machine_is_known_by_all_its_names(host, expected):
    """Names and addresses of the loopback interface."""
    assert is_loopback(host) is expected


def test_a_loopback_address_by_a_proxy_given_in_code(monkeypatch):
    """Then it is wanted; one of the environment on another machine is not."""
    here = Origin("http", "127.0.0.1", 8000)
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.corp:3128")

    assert proxies_for(here, None) == (None,)
    assert proxies_for(here, "http://proxy.corp:3128") == ("http://proxy.corp:3128",)


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
