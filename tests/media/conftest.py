"""What the tests of media share: a service of their own, and models that ask it."""

from __future__ import annotations

import asyncio
import functools

import pytest

from langchain_aimlapi.media import AimlapiImages, AimlapiVideos
from tests.media.service import Service


@pytest.fixture
def service():
    """A service that answers by a function."""
    server = Service()
    yield server
    server.stop()


@pytest.fixture
def made(service):
    """A function that makes models which ask the service."""
    return functools.partial(_made, service)


def _made(service, kind, model, **options):
    options = {"max_retries": 0, **options}
    return kind(model=model, api_key="sk-secret", base_url=f"{service.url}/v1", **options)


@pytest.fixture
def images(made):
    """A model of pictures."""
    return made(AimlapiImages, "openai/gpt-image-1")


@pytest.fixture
def videos(made):
    """A model of videos whose jobs are looked at often."""
    return made(AimlapiVideos, "alibaba/happyhorse-1-0", poll_interval=0.01)


@pytest.fixture(params=["sync", "async"])
def ask(request):
    """A function that calls a method, as it is or its async twin."""

    def call(thing, name, *arguments, **options):
        if request.param == "sync":
            return getattr(thing, name)(*arguments, **options)
        other = {"wait": "await_"}.get(name, f"a{name}")

        async def run():
            return await getattr(thing, other)(*arguments, **options)

        return asyncio.run(run())

    return call
