"""Clients and timeouts of other libraries."""

from __future__ import annotations

import asyncio
import pickle
import signal

import aiohttp
import httpx
import httpx2
import pytest

from langchain_aimlapi import AimlapiEmbeddings, ChatAimlapi, Timeouts, errors
from langchain_aimlapi._client.clients import as_timeouts
from tests.transport.service import HANG, OK, Service, whole


@pytest.fixture
def service():
    """A service that waits for its script."""
    with Service() as running:
        yield running


def llm_at(service, **settings):
    """A model whose calls are sent once."""
    base_url = service.url.removesuffix("/chat/completions")
    given = {"model": "gpt-4o", "api_key": "test-key-1234", "base_url": base_url, "max_retries": 0}
    return ChatAimlapi(**{**given, **settings})


# --- timeouts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (httpx.Timeout(30, connect=5), Timeouts(connect=5, read=30)),
        (httpx2.Timeout(None), Timeouts(connect=None, read=None)),
        ((5, 30), Timeouts(connect=5, read=30)),
        ([5, None], Timeouts(connect=5, read=None)),
        (Timeouts(total=3), Timeouts(total=3)),
        (12, 12),
        (None, None),
    ],
)
def test_timeouts_of_other_packages_are_read(given, expected):
    """Those of httpx, and the pair of requests."""
    assert as_timeouts(given) == expected
    llm = ChatAimlapi(model="gpt-4o", timeout=given)
    assert llm.timeout == expected
    assert pickle.loads(pickle.dumps(llm)).timeout == expected  # noqa: S301 - our own


@pytest.mark.parametrize("given", [(1,), (1, 2, 3), (0, 5), (-1, 5), (5, "long"), httpx.Timeout(0)])
def test_timeouts_that_are_none_are_refused(given):
    """At construction."""
    with pytest.raises(errors.ConfigurationError, match="timeout"):
        ChatAimlapi(model="gpt-4o", timeout=given)


def test_request_timeout_is_another_name(service):
    """Of the object and of a call; both names at once must agree."""
    service.will([HANG])

    assert ChatAimlapi(model="gpt-4o", request_timeout=7).timeout == 7
    with pytest.raises(errors.ConfigurationError, match="request_timeout"):
        ChatAimlapi(model="gpt-4o", request_timeout=7, timeout=8)
    with pytest.raises(errors.AimlapiTimeoutError, match=r"0\.2 s"):
        llm_at(service).invoke("Hi", request_timeout=0.2)


@pytest.mark.parametrize("timeout", [httpx.Timeout(0.2), (5, 0.2)])
def test_a_read_that_takes_too_long_ends(ask, service, timeout):
    """With the pool's clients."""
    service.will([HANG])

    with pytest.raises(errors.AimlapiTimeoutError, match=r"0\.2 s"):
        ask(llm_at(service, timeout=timeout), "Hi")


# --- clients of one's own -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "make", "says"),
    [
        ("http_client", httpx.AsyncClient, "http_async_client"),
        ("http_client", httpx2.AsyncClient, "http_async_client"),
        ("http_client", object, "builtins.object"),
        ("http_client", lambda: httpx.Client, "the class httpx.Client"),
        ("http_async_client", httpx.Client, "goes to http_client"),
        ("http_async_client", httpx2.Client, "goes to http_client"),
        ("http_async_client", object, "builtins.object"),
        ("http_async_client", lambda: "a session", "builtins.str"),
    ],
)
def test_a_client_of_the_wrong_kind_is_refused_at_once(field, make, says):
    """Not at the first call, by an AttributeError."""
    with pytest.raises(errors.ConfigurationError, match=says):
        ChatAimlapi(model="gpt-4o", **{field: make()})


async def test_clients_of_the_right_kind_are_taken():
    """And those that are made of them."""

    class Own(httpx.Client):
        pass

    with Own() as sync_client:
        assert ChatAimlapi(model="gpt-4o", http_client=sync_client).http_client is sync_client
    async with httpx2.AsyncClient() as client, aiohttp.ClientSession() as session:
        for each in (client, session):
            assert ChatAimlapi(model="gpt-4o", http_async_client=each).http_async_client is each


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_the_clients_own_timeout_holds_where_ours_is_not_set(service, library):
    """But not the five seconds that nobody chose, which are too short for a model."""
    service.will([HANG])
    with library.Client(timeout=0.2) as client:
        with pytest.raises(errors.AimlapiTimeoutError, match=r"0\.2 s"):
            llm_at(service, http_client=client).invoke("Hi")
        with pytest.raises(errors.AimlapiTimeoutError, match=r"0\.3 s"):
            llm_at(service, http_client=client, timeout=0.3).invoke("Hi")


@pytest.mark.parametrize(
    "make",
    [
        lambda: httpx.AsyncClient(timeout=0.2),
        lambda: httpx2.AsyncClient(timeout=0.2),
        lambda: aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(sock_read=0.2)),
        lambda: aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.2)),
    ],
)
async def test_the_async_clients_own_timeout_holds_where_ours_is_not_set(service, make):
    """The same in a loop."""
    service.will([HANG])
    async with make() as client:
        with pytest.raises(errors.AimlapiTimeoutError, match=r"0\.2 s"):
            await llm_at(service, http_async_client=client).ainvoke("Hi")
        with pytest.raises(errors.AimlapiTimeoutError, match=r"0\.3 s"):
            await llm_at(service, http_async_client=client, timeout=0.3).ainvoke("Hi")


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_a_default_of_the_library_is_nobodys_wish(service, library):
    """A client that was made for its proxy alone waits for the model as ours do."""
    service.will(whole(OK))
    seen = []

    def note(sent):
        seen.append(dict(sent.extensions["timeout"]))

    with library.Client(event_hooks={"request": [note]}) as client:
        llm_at(service, http_client=client).invoke("Hi")

    assert seen[0]["read"] > 500


@pytest.mark.parametrize("raised", [ValueError("odd"), KeyError("x"), AttributeError("x")])
def test_what_a_client_raises_is_an_error_of_ours(service, raised):
    """Whatever its hooks, auth or transport do; trying again would not help."""

    def hook(_):
        raise raised

    async def ahook(_):
        raise raised

    for library in (httpx, httpx2):
        with (
            library.Client(event_hooks={"request": [hook]}) as client,
            pytest.raises(errors.AimlapiConnectionError, match=type(raised).__name__) as caught,
        ):
            llm_at(service, http_client=client, max_retries=2).invoke("Hi")
        assert not caught.value.is_retryable


async def test_what_an_async_client_raises_is_an_error_of_ours(service):
    """Aiohttp refuses two keys by a ValueError."""

    async def middleware(request, handler):
        raise ValueError("Cannot combine AUTHORIZATION header with AUTH argument")

    async with aiohttp.ClientSession(middlewares=[middleware]) as session:
        with pytest.raises(errors.AimlapiConnectionError, match="Cannot combine"):
            await llm_at(service, http_async_client=session).ainvoke("Hi")


def test_under_another_event_loop_one_sentence_says_so():
    """What trio runs is a coroutine with no loop of asyncio around it."""
    call = AimlapiEmbeddings(model="m", api_key="test-key-1234").aembed_query("Hi")

    with pytest.raises(errors.ConfigurationError, match=r"trio\.to_thread"):
        call.send(None)
    call.close()


@pytest.mark.parametrize("way", ["ainvoke", "astream"])
def test_under_trio_one_sentence_says_so(way):
    """Before LangChain waits for a future that trio does not know."""
    trio = pytest.importorskip("trio", reason="httpx2 would load it in every other test")
    llm = ChatAimlapi(model="gpt-4o", api_key="test-key-1234")

    async def main():
        if way == "ainvoke":
            await llm.ainvoke("Hi")
        async for _ in llm.astream("Hi"):
            pass

    with pytest.raises(errors.ConfigurationError, match=r"trio\.to_thread"):
        trio.run(main)


# --- signals --------------------------------------------------------------------------------------


class OwnTimeoutError(TimeoutError):
    """What an application's handler raises, or TimeoutError itself."""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers on this system")
@pytest.mark.parametrize("kind", [TimeoutError, OwnTimeoutError, OSError])
@pytest.mark.parametrize("library", [None, httpx, httpx2])
@pytest.mark.parametrize("way", ["invoke", "stream"])
def test_what_a_signal_handler_raises_passes_through(service, kind, library, way):
    """A library takes it for its own time being up; the application waits for its own class."""
    service.will(whole(OK), [HANG])
    llm_at(service).invoke("Hi")  # so that nothing is imported when the signal comes

    class Watchdog:
        def __call__(self, *_):
            raise kind("of the application")

    before = signal.signal(signal.SIGALRM, Watchdog())
    client = library.Client() if library else None
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(kind, match="of the application") as caught:
            list(llm_at(service, http_client=client, timeout=20).stream("Hi")) if (
                way == "stream"
            ) else llm_at(service, http_client=client, timeout=20).invoke("Hi")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if client:
            client.close()

    assert type(caught.value) is kind


def test_an_async_iterator_may_be_made_before_its_loop(aimlapi_sandbox):
    """`asyncio.run(read(llm.astream(…)))` makes it outside of the loop that reads it."""

    async def read(chunks):
        return [chunk.text async for chunk in chunks]

    llm = ChatAimlapi(model="gpt-4o")

    assert "".join(asyncio.run(read(llm.astream("Hi")))).startswith("Hello")
