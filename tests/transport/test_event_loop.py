"""Nothing blocks the event loop, names that move are found, and open files are respected."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import textwrap

import pytest
from blockbuster import blockbuster_ctx

from langchain_aimlapi import errors
from langchain_aimlapi._transport import aio, pool
from langchain_aimlapi._transport.open_files import most_connections
from langchain_aimlapi._transport.request import ClientOptions, Request

from .callers import OURS, SWIFT, Caller
from .callers import request as made
from .service import GREETING, OK, stream, whole

BUSY = whole("{}", 503, retry_after_ms="1")


def unblocked(act):
    """Run something in an event loop that refuses to be blocked, as `langgraph dev` does."""

    async def main():
        with blockbuster_ctx():
            return await act()

    return asyncio.run(main())


def test_a_blocked_loop_would_be_noticed(tmp_path):
    """The guard bites."""

    async def reads():
        return (tmp_path / "missing").exists()

    with pytest.raises(Exception, match="Blocking call to os.stat"):
        unblocked(reads)


@pytest.mark.parametrize("trust", ["context", "file", "folder", "environment", "off"])
def test_the_first_encrypted_call_reads_no_file(secure, certificate, trust, monkeypatch):
    """The authorities are read in a thread, however they are named."""
    cert = str(certificate / "cert.pem")
    if trust == "environment":
        monkeypatch.setenv("SSL_CERT_FILE", cert)
    verify = {"file": cert, "folder": str(certificate), "off": False}.get(trust, True)
    if trust == "context":
        verify = pool.context_for(ClientOptions(verify=cert))
    secure.will(BUSY, whole(OK))

    async def act():
        try:
            return (await aio.asend(made(secure), ClientOptions(verify=verify))).status
        except errors.AimlapiConnectionError:
            return trust == "folder"  # it holds no hash of the certificate

    assert unblocked(act) in {200, True}


def test_many_first_calls_read_the_authorities_once(secure, certificate, monkeypatch):
    """A hundred calls at once do not read them a hundred times."""
    reads = []
    real = pool.ssl_context
    monkeypatch.setattr(pool, "ssl_context", lambda verify: reads.append(verify) or real(verify))
    secure.will(whole(OK))
    options = ClientOptions(verify=str(certificate / "cert.pem"))

    async def act():
        await asyncio.gather(*(aio.asend(made(secure), options) for _ in range(20)))

    asyncio.run(act())

    assert len(reads) == 1


@pytest.mark.parametrize("answers", [[whole(OK)], [BUSY, whole(OK)]], ids=["plain", "retried"])
def test_no_plain_call_blocks(service, answers):
    """Nor one by name, nor one that is tried again."""
    service.will(*answers)
    by_name = Request(service.url.replace("127.0.0.1", "localhost"), b"{}", retry=SWIFT)

    async def act():
        await aio.asend(made(service), ClientOptions())
        return (await aio.asend(by_name, ClientOptions())).status

    assert unblocked(act) == 200


def test_no_stream_blocks(service):
    """From its first event to its end, and when it is dropped."""
    service.will(GREETING, stream(*GREETING[1:-1], end=False))

    async def act():
        async with await aio.aopen_stream(made(service), ClientOptions()) as events:
            seen = [batch async for batch in events]
        async with await aio.aopen_stream(made(service), ClientOptions()) as events:
            await anext(events)
        return seen

    assert unblocked(act)


IMPORTS = """
    import asyncio, importlib.machinery, sys
    from langchain_aimlapi import AimlapiEmbeddings, ChatAimlapi

    imported = []
    execute = importlib.machinery.SourceFileLoader.exec_module

    def noting(self, module):
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            pass
        else:
            imported.append(module.__name__)
        return execute(self, module)

    importlib.machinery.SourceFileLoader.exec_module = noting
    how, place = sys.argv[1], {"base_url": sys.argv[2], "api_key": sys.argv[3]}

    async def main():
        if how == "embed":
            await AimlapiEmbeddings(model="text-embedding-3-small", **place).aembed_query("Hi")
        elif how == "ainvoke":
            await ChatAimlapi(model="gpt-4o", **place).ainvoke("Hi")
        else:
            async for _ in ChatAimlapi(model="gpt-4o", **place).astream("Hi"):
                pass

    asyncio.run(main())
    ours = ("langchain_aimlapi", "aiohttp", "httpx2", "httpcore2", "yarl", "multidict")
    print([name for name in imported if name.startswith(ours)])
"""


@pytest.mark.parametrize("how", ["ainvoke", "astream", "embed"])
def test_the_first_call_imports_in_a_thread(shared_sandbox, how):
    """In a process that has done nothing yet; what LangChain imports itself is not ours."""
    place = (shared_sandbox.base_url, shared_sandbox.api_key)

    assert said_by(IMPORTS, how, *place) == "[]"


MADE_WITHIN = """
    import asyncio, sys
    from blockbuster import blockbuster_ctx
    from langchain_aimlapi import AimlapiEmbeddings, ChatAimlapi

    base_url, key, model = sys.argv[1:]
    place = {"base_url": base_url, "api_key": key}
    schema = {"title": "place", "type": "object", "properties": {"city": {"type": "string"}}}

    async def main():
        with blockbuster_ctx():
            llm = ChatAimlapi(model=model, **place)
            said = [(await llm.ainvoke("Hi")).text, *[c.text async for c in llm.astream("Hi")]]
            bound = llm.with_structured_output(schema, include_raw=True)
            answer = await bound.ainvoke("Where?")
            embedded = await AimlapiEmbeddings(model=model, **place).aembed_query("Hi")
        print(bool("".join(said)), answer["parsing_error"], bool(embedded))

    asyncio.run(main())
"""


@pytest.mark.parametrize("model", ["gpt-4o", "acme/unheard-of"])
def test_a_model_may_be_made_within_the_loop(shared_sandbox, model):
    """As nodes of a graph make theirs; the catalogue is read before the loop needs it."""
    if model == "gpt-4o":
        script = MADE_WITHIN.replace("AimlapiEmbeddings(model=model", "AimlapiEmbeddings(model=EMB")
        script = script.replace("EMB", '"text-embedding-3-small"')
    else:
        script = MADE_WITHIN

    said = said_by(script, shared_sandbox.base_url, shared_sandbox.api_key, model)

    assert said == "True None True"


def said_by(script, *arguments):
    """What a script of ours prints in a process of its own."""
    command = [sys.executable, "-c", textwrap.dedent(script), *arguments]
    done = subprocess.run(  # noqa: S603 - our own script
        command, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# --- names that move ------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is this machine on Linux only")
@pytest.mark.parametrize("way", OURS)
def test_a_name_that_moves_is_looked_up_again(way, service, monkeypatch):
    """After a failover the next attempt goes where the name leads now."""
    real = socket.getaddrinfo
    ways = ["127.0.0.2"]  # where nobody listens

    def moved(host, *args, **kwargs):
        if host in {"moved.test", b"moved.test"} and not kwargs.get("flags"):
            host = ways.pop() if ways else "127.0.0.1"
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", moved)
    service.will(whole(OK))
    sent = Request(f"http://moved.test:{service.port}/", b"{}", retry=SWIFT)

    assert Caller(way).send(sent).status == 200
    assert ways == []


def test_names_are_kept_for_a_minute_at_most():
    """By aiohttp, which never looks up a name again while a connection can be made."""

    async def act():
        shared = await pool.aborrow(ClientOptions())
        ttl = shared.client.connector._cached_hosts._ttl
        await pool.agive_back(shared)
        return ttl

    assert 0 < asyncio.run(act()) <= 60


# --- open files -----------------------------------------------------------------------------------

FEW_FILES = """
    import asyncio, resource, sys, threading
    from langchain_aimlapi import ChatAimlapi

    way, base_url = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    llm = ChatAimlapi(model="gpt-4o", base_url=base_url, api_key="key", max_retries=0)
    answers = []

    async def together():
        answers.extend(await asyncio.gather(*(llm.ainvoke("Hi") for _ in range(150))))

    if way == "async":
        asyncio.run(together())
    else:
        threads = [
            threading.Thread(target=lambda: answers.append(llm.invoke("Hi"))) for _ in range(150)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    print(len(answers))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sockets are no files there")
@pytest.mark.parametrize("way", OURS)
def test_calls_wait_where_files_run_out(service, way):
    """Of 150 calls at once in a process of 64 files, none fails."""
    service.will([0.2, *whole(OK)])

    assert said_by(FEW_FILES, way, service.url.removesuffix("/chat/completions")) == "150"


@pytest.mark.parametrize(
    ("soft", "most"), [(1_024, 768), (256, 192), (64, 32), (40, 8), (8, 1), (-1, None)]
)
def test_the_limit_leaves_files_for_others(monkeypatch, soft, most):
    """Three quarters at most, and never none."""
    resource = pytest.importorskip("resource", reason="not on Windows")
    limit = resource.RLIM_INFINITY if soft < 0 else soft
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))

    assert most_connections() == most


@pytest.mark.parametrize("end", ["answered", "failed", "cancelled", "dropped"])
def test_a_place_in_the_queue_is_given_back(service, end):
    """However a call ends, the next may have its connection."""
    slow = [0.2, *whole(OK)]
    script = {"failed": whole("{}", 400), "cancelled": slow, "dropped": GREETING}
    service.will(script.get(end, whole(OK)))
    options = ClientOptions(max_connections=1)

    async def one():
        match end:
            case "answered":
                await aio.asend(made(service), options)
            case "failed":
                with pytest.raises(errors.InvalidRequestError):
                    await aio.asend(made(service), options)
            case "cancelled":
                task = asyncio.create_task(aio.asend(made(service), options))
                await asyncio.sleep(0.01)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            case _:
                async with await aio.aopen_stream(made(service), options) as events:
                    await anext(events)

    async def act():
        for _ in range(3):
            await one()
        # One holds the place, one waits for it and gives up, and a third gets it.
        first = asyncio.create_task(aio.asend(made(service), options))
        second = asyncio.create_task(aio.asend(made(service), options))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        service.will(whole(OK))
        return (await aio.asend(made(service), options)).status

    assert asyncio.run(asyncio.wait_for(act(), 60)) == 200
