"""What a request tells of who sends it: the package and its version, and nothing where not even that."""

from __future__ import annotations

import asyncio

import pytest

from langchain_aimlapi import (
    Account,
    AimlapiEmbeddings,
    AimlapiImages,
    AimlapiVideos,
    ChatAimlapi,
    ConfigurationError,
    __version__,
)

OF_HTTP = {
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
}
"""Headers that any request has, whoever sends it."""
OF_THE_CALL = {"authorization", "idempotency-key", "x-client-request-id"}
NONE: dict[str, str | None] = {
    "User-Agent": None,
    "Idempotency-Key": None,
    "X-Client-Request-Id": None,
}


def sync_chat(**settings):
    """A call, and a stream."""
    ChatAimlapi(model="gpt-4o", **settings).invoke("Hi")
    list(ChatAimlapi(model="gpt-4o", **settings).stream("Hi"))


def async_chat(**settings):
    """The same in a loop."""

    async def call():
        await ChatAimlapi(model="gpt-4o", **settings).ainvoke("Hi")
        async for _ in ChatAimlapi(model="gpt-4o", **settings).astream("Hi"):
            pass

    asyncio.run(call())


def embeddings(**settings):
    """Both worlds."""
    model = AimlapiEmbeddings(model="text-embedding-3-small", **settings)
    model.embed_query("Hi")
    asyncio.run(model.aembed_query("Hi"))


def images(**settings):
    """A picture, and its file, which stands at another address."""
    model = AimlapiImages(model="flux/dev", allow_private_urls=True, **settings)
    model.invoke("a cat").file.read()

    async def call():
        made = await model.ainvoke("a cat")
        await made.file.aread()

    asyncio.run(call())


def videos(**settings):
    """A job, and the looks at it."""
    AimlapiVideos(model="alibaba/happyhorse-1-0", poll_interval=0.01, **settings).invoke("a cat")


def account(**settings):
    """Figures."""
    Account(**settings).balance()


@pytest.mark.parametrize("call", [sync_chat, async_chat, embeddings, images, videos, account])
class TestSent:
    """Every endpoint, sync and async."""

    def test_no_more_than_the_package_and_its_version(self, aimlapi_sandbox, call):
        """No application, partner, machine or Python is named."""
        call()

        for request in aimlapi_sandbox.requests:
            headers = request.headers
            assert headers["user-agent"] == f"langchain-aimlapi/{__version__}"
            assert set(headers) - OF_HTTP - OF_THE_CALL == {"user-agent"}

    def test_nothing_where_nothing_is_wanted(self, aimlapi_sandbox, call):
        """Nor what the HTTP libraries say by themselves; the key alone is left."""
        call(default_headers=NONE)

        assert aimlapi_sandbox.requests
        for request in aimlapi_sandbox.requests:
            assert set(request.headers) - OF_HTTP <= {"authorization"}


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", ""])
def test_a_header_that_would_break_the_request_is_refused(ask, model, aimlapi_sandbox, name):
    """A length of one's own would make a second request of the rest of the body."""
    before = len(aimlapi_sandbox.requests)

    with pytest.raises(ConfigurationError, match="header"):
        ask(model(default_headers={name: "5"}), "Hi")

    assert len(aimlapi_sandbox.requests) == before
