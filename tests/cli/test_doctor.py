"""`aimlapi doctor` against what goes wrong on real machines, played by servers of this one.

Nothing here needs a network: names end in .invalid, and proxies, services and certificates are local.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from langchain_aimlapi.cli.doctor import finding, installation, network

KEY = "b747e891aaaabbbbccccddddeeeeffff"


@pytest.fixture
def examine(aimlapi):
    """Run the command; return its exit code and what each check found, by name."""

    def run(*arguments):
        result = aimlapi("doctor", "--json", *arguments)
        assert KEY not in result.output
        shown = json.loads(result.stdout)
        assert shown["ok"] == (result.exit_code == 0)
        return result.exit_code, {each["check"]: each for each in shown["checks"]}

    return run


@pytest.fixture
def at(monkeypatch):
    """Set address and key."""

    def put(base_url, key=KEY):
        monkeypatch.setenv("AIMLAPI_API_BASE", base_url)
        monkeypatch.setenv("AIMLAPI_API_KEY", key)

    return put


@pytest.fixture
def server():
    """A server of any replies: a function of `reply(handler)`, and a TLS context if need be."""
    running = []

    def start(reply, context=None):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                reply(self)

            do_POST = do_CONNECT = do_GET  # noqa: N815  # http.server's names

            def date_time_string(self, timestamp=None):
                del timestamp
                return formatdate(time.time() + self.server.clock, usegmt=True)

            def log_message(self, *_):
                pass

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, *_):
                """Clients that turn away from a certificate are the point of a test."""

        made = Quiet(("127.0.0.1", 0), Handler)
        made.daemon_threads, made.clock = True, 0
        if context:
            made.socket = context.wrap_socket(made.socket, server_side=True)
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((made, thread))
        made.url = f"http{'s' if context else ''}://127.0.0.1:{made.server_port}"
        return made

    yield start
    for made, thread in running:
        made.shutdown()
        thread.join()
        made.server_close()


def answering(status, body=None, **headers):
    def reply(handler):
        data = json.dumps(body or {}).encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("content-length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return reply


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Make a certificate that no authority knows, for a host and a number of days."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make a certificate")
    folder = tmp_path_factory.mktemp("tls")

    def make(name, days):
        paths = folder / f"{name}.{days}.key", folder / f"{name}.{days}.pem"
        kind = "IP" if name[0].isdigit() else "DNS"
        command = [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days)),
            *("-subj", "/O=Test authority", "-addext", f"subjectAltName={kind}:{name}"),
            *("-keyout", paths[0], "-out", paths[1]),
        ]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603  # a fixed command
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(paths[1], paths[0])
        return context, paths[1]

    return make


class TestAllRight:
    def test_the_sandbox(self, aimlapi_sandbox, monkeypatch, examine):
        """It has an account and a clock, so that every check but TLS has something to look at."""
        monkeypatch.setenv("AIMLAPI_API_BASE", aimlapi_sandbox.base_url)
        monkeypatch.setenv("AIMLAPI_API_KEY", KEY)
        status, found = examine("-m", "gpt-4o")

        assert status == 0, found
        assert {name for name, each in found.items() if each["status"] != "ok"} <= {"Extras"}
        assert found["Call"]["data"]["usage"]["total_tokens"] > 0
        assert found["Balance"]["data"]["amount"] > 0
        asked = [each.body for each in aimlapi_sandbox.requests if each.body]
        assert [(body["model"], body["max_tokens"]) for body in asked] == [("gpt-4o", 16)]

    def test_what_is_said_at_the_end(self, aimlapi, aimlapi_sandbox, at, monkeypatch):
        """All is right, or what is worth a look; a warning alone is no failure."""
        monkeypatch.setattr(installation, "check_extras", lambda _: finding.Finding("ok", ""))
        at(aimlapi_sandbox.base_url)
        right = aimlapi("doctor", "--no-call")
        monkeypatch.setenv("AIMLAPI_BASE_URL", "http://127.0.0.1:9/v1")
        warned = aimlapi("doctor", "--no-call")

        assert (right.exit_code, right.stderr) == (0, "All is right.\n")
        assert (warned.exit_code, warned.stderr) == (0, "It works; worth a look: Base URL.\n")

    def test_no_call(self, aimlapi_sandbox, at, examine):
        at(aimlapi_sandbox.base_url)
        status, found = examine("--no-call")

        assert (status, found["Call"]["status"]) == (0, "skipped")
        assert [each for each in aimlapi_sandbox.requests if each.body] == []

    def test_in_a_pipe(self, aimlapi, aimlapi_sandbox, at):
        """A check a line: what became of it, its name, what was found, and how to fix it."""
        at(aimlapi_sandbox.base_url)
        result = aimlapi("doctor")
        rows = [line.split("\t") for line in result.stdout.splitlines()]

        assert result.exit_code == 0
        assert {len(row) for row in rows} == {4}
        assert [row[1] for row in rows][:3] == ["Python", "Packages", "Extras"]
        assert KEY not in result.output

    def test_a_server_on_this_machine_needs_no_key(self, aimlapi_sandbox, monkeypatch, examine):
        monkeypatch.setenv("AIMLAPI_API_BASE", aimlapi_sandbox.base_url)
        monkeypatch.delenv("AIMLAPI_API_KEY", raising=False)
        status, found = examine()

        assert status == 0
        assert (found["Key"]["status"], found["Account"]["status"]) == ("ok", "skipped")
        assert found["Call"]["status"] == "ok"


class TestWithoutNetworkAndKey:
    def test_what_cannot_be_checked_is_said(self, aimlapi, monkeypatch):
        """The sandbox is offered, and each line that is left out says why."""
        monkeypatch.setenv("AIMLAPI_API_BASE", "https://service.invalid/v1")
        result = aimlapi("doctor")
        rows = {row[1]: row for row in (line.split("\t") for line in result.stdout.splitlines())}

        assert result.exit_code == 1
        assert rows["Key"][0] == rows["DNS"][0] == "failed"
        assert "service.invalid" in rows["DNS"][2]
        for name in ("Connection", "TLS", "Service", "Clock", "Account", "Balance", "Call"):
            assert rows[name][0] == "skipped"
            assert "DNS" in rows[name][2]
        assert "aimlapi sandbox" in rows["Key"][3]
        assert "aimlapi sandbox" in result.stderr

    def test_a_key_under_another_name(self, monkeypatch, examine):
        monkeypatch.setenv("AIMLAPI_API_BASE", "https://service.invalid/v1")
        monkeypatch.setenv("AIML_API_KEY", KEY)
        _, found = examine()

        assert 'AIMLAPI_API_KEY="$AIML_API_KEY"' in found["Key"]["fix"]

    @pytest.mark.parametrize(
        ("key", "status", "words"),
        [
            (f'"{KEY}"', "failed", "quotes"),
            (f"Bearer {KEY}", "failed", "Bearer"),
            (f"{KEY}é", "failed", "characters"),
            (f"{KEY} b", "failed", "blanks"),
            ("<YOUR_AIMLAPI_KEY>", "warning", "placeholder"),
            ("sk-proj-0123456789abcdef", "warning", "another service"),
            ("b747e891", "warning", "short"),
            (KEY, "ok", "32 characters"),
        ],
    )
    def test_the_form_of_the_key(self, at, aimlapi, key, status, words):
        """What is wrong with it is said without a part of it."""
        at("https://service.invalid/v1", key)
        result = aimlapi("doctor", "--json")
        shown = {each["check"]: each for each in json.loads(result.stdout)["checks"]}["Key"]

        assert shown["status"] == status
        assert words in shown["detail"]
        assert key not in result.output
        assert KEY not in result.output


class TestAddress:
    @pytest.mark.parametrize(
        ("address", "status", "fix"),
        [
            ("https://api.aimlapi.com", "warning", "https://api.aimlapi.com/v1"),
            ("https://service.invalid/v1/v1", "warning", "https://service.invalid/v1"),
            ("http://service.invalid/v1", "warning", "https://service.invalid/v1"),
            ("nowhere", "failed", "https://api.aimlapi.com/v1"),
            ("https://a:b@service.invalid/v1", "failed", "https://api.aimlapi.com/v1"),
            ("https://service.invalid/v1", "ok", None),
        ],
    )
    def test_its_form(self, at, examine, monkeypatch, address, status, fix):
        monkeypatch.setattr(socket, "getaddrinfo", _no_names)
        at(address)
        shown = examine()[1]["Base URL"]

        assert shown["status"] == status
        assert shown["fix"] == (fix and f"export AIMLAPI_API_BASE={fix}")

    def test_two_addresses(self, at, examine, monkeypatch):
        """Which one is taken is said."""
        at("https://service.invalid/v1")
        monkeypatch.setenv("AIMLAPI_BASE_URL", "https://other.invalid/v1")
        shown = examine()[1]["Base URL"]

        assert shown["data"]["base_url"] == "https://service.invalid/v1"
        assert shown["fix"] == "unset AIMLAPI_BASE_URL"

    def test_a_404_without_v1(self, server, at, examine):
        """The list is looked for with the version, and the address to set is told."""

        def reply(handler):
            answering(200 if handler.path.startswith("/v1/") else 404, {"data": []})(handler)

        at(server(reply).url)
        status, found = examine()

        assert (status, found["Service"]["status"]) == (1, "failed")
        assert found["Service"]["fix"].endswith(f"{os.environ['AIMLAPI_API_BASE']}/v1")
        assert found["Call"]["status"] == "skipped"

    def test_a_path_that_is_not_there(self, server, at, examine):
        """It may be a service without a list of models: the call decides."""
        at(f"{server(answering(404)).url}/other/v1")
        status, found = examine()

        assert found["Service"]["status"] == "warning"
        assert (status, found["Call"]["status"]) == (1, "failed")

    def test_a_redirect(self, server, at, examine):
        """It is not followed, and the address behind it is told."""
        asked = []

        def reply(handler):
            asked.append(handler.headers.get("authorization"))
            answering(301, location="https://other.invalid/v1/models")(handler)

        at(f"{server(reply).url}/v1")
        status, found = examine()

        assert (status, found["Service"]["status"]) == (1, "failed")
        assert "redirected to https://other.invalid/v1/models" in found["Service"]["detail"]
        assert "AIMLAPI_API_BASE=https://other.invalid/v1 " in found["Service"]["fix"]
        assert asked == [None]

    @pytest.mark.parametrize(
        ("status", "outcome", "words"),
        [
            (401, "ok", "lists no models without a key (401)"),
            (403, "ok", "lists no models without a key (403)"),
            (418, "failed", "InvalidRequestError"),
            (500, "failed", "500"),
        ],
    )
    def test_other_answers(self, server, at, examine, status, outcome, words):
        at(f"{server(answering(status)).url}/v1")
        _, found = examine("--no-call")

        assert found["Service"]["status"] == outcome
        assert words in found["Service"]["detail"]

    def test_a_web_page(self, server, at, examine):
        """The page of a hotel's network, for one."""

        def reply(handler):
            handler.send_response(200)
            handler.send_header("content-type", "text/html")
            handler.end_headers()
            handler.wfile.write(b"<html>Welcome")

        at(f"{server(reply).url}/v1")
        status, found = examine()

        assert status == 1
        assert "a web page" in found["Service"]["detail"]


class TestNetwork:
    def test_nobody_listens(self, at, examine):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        at(f"http://127.0.0.1:{port}/v1")
        status, found = examine()

        assert (status, found["Connection"]["status"]) == (1, "failed")
        assert f"127.0.0.1:{port}" in found["Connection"]["detail"]
        assert found["TLS"]["status"] == "skipped"

    @pytest.mark.parametrize(
        ("status", "reason", "fix"),
        [(403, "Forbidden", "allow this host"), (407, "Proxy wants more", "user and password")],
    )
    def test_a_proxy_that_refuses(self, server, at, examine, monkeypatch, status, reason, fix):
        """The proxy, what it said and which variable names it, without its password."""

        def reply(handler):
            asked.append((handler.path, handler.headers.get("proxy-authorization")))
            handler.send_response(status, reason)
            handler.end_headers()

        asked = []
        place = server(reply).url.removeprefix("http://")
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass-word@{place}")
        at("https://service.invalid/v1")
        code, found = examine()

        assert code == 1
        assert found["Proxy"]["detail"] == f"{place} (HTTPS_PROXY)"
        assert found["DNS"]["data"]["host"] == "127.0.0.1"
        assert found["Connection"]["status"] == "failed"
        assert (
            f"{place} refuses service.invalid:443: {status} {reason}"
            in (found["Connection"]["detail"])
        )
        assert fix in found["Connection"]["fix"]
        assert asked == [("service.invalid:443", "Basic dXNlcjpwYXNzLXdvcmQ=")]
        assert "pass-word" not in json.dumps(found)

    def test_a_proxy_that_is_not_there(self, at, examine, monkeypatch):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{port}")
        at("https://service.invalid/v1")
        _, found = examine()

        assert f"the proxy 127.0.0.1:{port} cannot be reached" in found["Connection"]["detail"]

    def test_no_proxy(self, at, examine, monkeypatch):
        """Why none is taken though one is set."""
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", ".invalid")
        at("https://service.invalid/v1")
        _, found = examine()

        assert "NO_PROXY excepts service.invalid" in found["Proxy"]["detail"]
        assert found["DNS"]["status"] == "failed"

    def test_a_proxy_of_another_kind(self, at, examine, monkeypatch):
        monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:9")
        at("https://service.invalid/v1")
        _, found = examine()

        assert found["Proxy"]["status"] == "failed"
        assert "socks5" in found["Proxy"]["detail"]

    def test_what_hangs_is_left_behind(self, at, examine, monkeypatch):
        """A look-up that takes for ever does not hold the command up."""
        ended = threading.Event()
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ended.wait(60))
        monkeypatch.setattr(finding, "_GRACE", 0.05)
        at("https://service.invalid/v1")
        _, found = examine("--timeout", "0.05")
        ended.set()

        assert found["DNS"]["status"] == "failed"
        assert "not done within 0.05 s" in found["DNS"]["detail"]
        assert found["DNS"]["seconds"] < 30

    def test_a_service_that_is_silent(self, at, examine):
        """It takes connections and says nothing."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            at(f"http://127.0.0.1:{silent.getsockname()[1]}/v1")
            _, found = examine("--timeout", "0.2")

        assert found["Connection"]["status"] == "ok"
        assert "AimlapiTimeoutError" in found["Service"]["detail"]


class TestTLS:
    def test_an_unknown_authority(self, server, certificate, at, examine):
        context, _ = certificate("127.0.0.1", 365)
        at(f"{server(answering(200, {'data': []}), context).url}/v1")
        status, found = examine()

        assert (status, found["TLS"]["status"]) == (1, "failed")
        assert "signed by an authority that is unknown here" in found["TLS"]["detail"]
        assert "SSL_CERT_FILE" in found["TLS"]["fix"]
        assert found["Service"]["status"] == "skipped"

    @pytest.mark.parametrize(("days", "status"), [(365, "ok"), (2, "warning")])
    def test_an_authority_of_ones_own(
        self, server, certificate, at, examine, monkeypatch, days, status
    ):
        """The fix that is offered helps; a certificate that ends soon is worth a word."""
        context, path = certificate("127.0.0.1", days)
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        at(f"{server(answering(200, {'data': []}), context).url}/v1")
        _, found = examine("--no-call")

        assert found["TLS"]["status"] == status
        assert found["TLS"]["data"]["issuer"] == "Test authority"
        assert found["Service"]["status"] == "ok"

    def test_another_name(self, server, certificate, at, examine, monkeypatch):
        context, path = certificate("other.invalid", 365)
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        at(f"{server(answering(200), context).url}/v1")
        _, found = examine()

        assert "is not one for 127.0.0.1" in found["TLS"]["detail"]

    def test_no_encryption_behind_https(self, server, at, examine):
        url = server(answering(200)).url
        at(f"{url.replace('http:', 'https:')}/v1")
        _, found = examine()

        assert "does not encrypt" in found["TLS"]["detail"]

    def test_authorities_that_are_not_there(self, server, certificate, at, examine, monkeypatch):
        context, _ = certificate("127.0.0.1", 365)
        monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
        at(f"{server(answering(200), context).url}/v1")
        _, found = examine()

        assert found["TLS"]["status"] == "failed"
        assert "SSL_CERT_FILE" in found["TLS"]["fix"]

    @pytest.mark.parametrize(
        ("code", "words"), [(10, "has expired"), (9, "is not valid yet"), (23, "is not trusted")]
    )
    def test_what_a_clock_does_to_certificates(self, code, words):
        error = ssl.SSLCertVerificationError("no")
        error.verify_code, error.verify_message = code, "why"
        detail, fix = network._untrusted("service.invalid", error)

        assert words in detail
        assert ("clock" in fix) == (code in {9, 10})


class TestService:
    @pytest.mark.parametrize(
        ("seconds", "status", "words"),
        [
            (0, "ok", "within a minute"),
            (7200, "warning", "2 hours behind"),
            (-90, "warning", "ahead"),
        ],
    )
    def test_the_clock(self, server, at, examine, seconds, status, words):
        """Held against the service's, whatever it answers."""
        service = server(answering(503))
        service.clock = seconds
        at(f"{service.url}/v1")
        _, found = examine()

        assert found["Service"]["status"] == "failed"
        assert found["Clock"]["status"] == status
        assert words in found["Clock"]["detail"]

    def test_a_401(self, json_service, at, examine):
        """The list is open to all; the key is what is refused."""
        at(f"http://127.0.0.1:{json_service.server_port}/v1")
        json_service.reply = lambda _, path, *__: (
            (200, {"data": []}) if path == "/v1/models" else (401, {"message": f"no key {KEY}"})
        )
        status, found = examine()

        assert (status, found["Account"]["status"]) == (1, "failed")
        assert "aimlapi.com/app/keys" in found["Account"]["fix"]
        assert found["Balance"]["status"] == found["Call"]["status"] == "skipped"

    @pytest.mark.parametrize(
        ("key", "status", "words"),
        [
            ({}, "ok", "may call everything, no limit"),
            (
                {"scopes": ["model:chat"], "limit": {"retention": "day", "threshold": 5}},
                "ok",
                "may call model:chat, limit $5 a day",
            ),
            ({"scopes": ["model:image"]}, "warning", "may call model:image"),
            ({"disabled": True}, "failed", "disabled"),
        ],
    )
    def test_scope_and_limit(self, json_service, at, examine, key, status, words):
        at(f"http://127.0.0.1:{json_service.server_port}/v1")
        replies = {
            "/v1/models": {"data": []},
            "/v1/key": {"data": {"prefix": KEY[:8], "key": KEY, **key}},
            "/v2/billing": {"current_balance": 0.5},
        }
        json_service.reply = lambda _, path, *__: (200, replies[path])
        _, found = examine("--no-call")

        assert found["Account"]["status"] == status
        assert words in found["Account"]["detail"]
        if status != "failed":
            assert found["Balance"]["status"] == "warning"

    def test_an_empty_account(self, json_service, at, examine):
        at(f"http://127.0.0.1:{json_service.server_port}/v1")
        replies = {"/v2/billing": {"current_balance": 0}, "/v1/models": {"data": []}}
        json_service.reply = lambda _, path, *__: (
            (200, replies[path]) if path in replies else (404, {})
        )
        status, found = examine("--no-call")

        assert found["Account"]["status"] == "skipped"  # not every service has one
        assert (status, found["Balance"]["status"]) == (1, "failed")
        assert "Add credits" in found["Balance"]["fix"]

    def test_a_call_that_fails(self, json_service, at, examine):
        """The error by its name, and its own hint as what to do."""
        at(f"http://127.0.0.1:{json_service.server_port}/v1")
        json_service.reply = lambda _, path, *__: {
            "/v1/models": (200, {"data": []}),
            "/v1/chat/completions": (402, {"message": "no credits"}),
        }.get(path, (404, {}))
        status, found = examine()

        assert (status, found["Service"]["status"]) == (1, "ok")
        assert "OutOfCreditsError: no credits" in found["Call"]["detail"]
        assert "Add credits" in found["Call"]["fix"]


class TestInstallation:
    def test_a_package_that_is_too_old(self, monkeypatch):
        real = installation._version
        monkeypatch.setattr(
            installation,
            "_version",
            lambda name: "0.3.1" if name == "langchain-core" else real(name),
        )
        shown = installation.check_packages(finding.State(1, "m"))

        assert shown.status == "failed"
        assert "needed langchain-core<2,>=1.7" in shown.detail
        assert shown.fix == "pip install 'langchain-core<2,>=1.7'"

    def test_an_extra_that_is_not_there(self, monkeypatch):
        """Nothing is wrong with that; another version than needed is."""
        real = installation._version
        monkeypatch.setattr(
            installation, "_version", lambda name: None if name == "pyarrow" else real(name)
        )
        missing = installation.check_extras(finding.State(1, "m"))
        monkeypatch.setattr(
            installation, "_version", lambda name: "1.0" if name == "rich" else real(name)
        )
        old = installation.check_extras(finding.State(1, "m"))

        assert (missing.status, missing.data["bulk"], missing.data["cli"]) == (
            *("ok", "missing", "installed"),
        )
        assert (old.status, old.fix) == ("warning", "pip install 'rich>=14'")

    def test_a_check_that_breaks(self):
        """The others go on."""

        def broken(_):
            raise LookupError("oops")

        shown = finding.within(1, broken, finding.State(1, "m"))

        assert (shown.status, "LookupError" in shown.detail) == ("failed", True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_on_a_terminal(aimlapi_sandbox, at):
    """Words in columns, the fix below its line."""
    from tests.test_cli import COMMAND, on_a_terminal

    at("https://service.invalid/v1")
    shown = on_a_terminal([*COMMAND, "doctor"], {})

    assert "\x1b[" in shown
    assert "Fix: Check the spelling" in shown
    assert "\t" not in shown
    assert KEY not in shown


@pytest.mark.parametrize("wrong", [["--timeout", "0"], ["more"]])
def test_wrong_use(aimlapi, wrong):
    assert aimlapi("doctor", *wrong).exit_code == 2


def _no_names(*_, **__):
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
