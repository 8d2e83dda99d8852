"""How a reply finished: said once, where LangChain keeps it, however the reply comes."""

from __future__ import annotations

import asyncio

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.outputs import ChatGenerationChunk

from langchain_aimlapi._codec.decode.stream import StreamDecoder
from langchain_aimlapi._codec.langchain.chunks import as_chunk

from .. import responses
from ..said import Said
from ..shapes import context, deltas_of, event, reply, streamed

CHAT = reply({})
RESPONSE = responses.response(responses.message("Paris."))
ROUTES = {
    "chat": (False, CHAT, streamed(CHAT), "stop"),
    "responses": (True, RESPONSE, responses.streamed(RESPONSE), "completed"),
}


class Ends(BaseCallbackHandler):
    """Notes how each call ended."""

    def __init__(self):
        self.infos = []
        self.metadata = []

    def on_llm_end(self, response, **_):
        (generation,) = response.generations[0]
        self.infos.append((generation.generation_info or {}).get("finish_reason"))
        self.metadata.append(generation.message.response_metadata.get("finish_reason"))


@pytest.mark.parametrize(
    ("responses_api", "whole", "events", "reason"), ROUTES.values(), ids=ROUTES
)
@pytest.mark.parametrize("version", ["v0", "v1"])
def test_handlers_are_told(ask, responses_api, whole, events, reason, version):
    """By the generation and by its message, the same in all ways."""
    ends = Ends()
    with Said(whole, events) as service:
        llm = service.model(use_responses_api=responses_api, output_version=version)
        message = ask(llm, "Hi", config={"callbacks": [ends]})

    assert ends.infos == [reason]
    assert ends.metadata == [reason]
    assert message.response_metadata["finish_reason"] == reason


@pytest.mark.parametrize(
    ("responses_api", "whole", "events", "reason"), ROUTES.values(), ids=ROUTES
)
@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
def test_events_tell_it(responses_api, whole, events, reason):
    """Once, with the message's end."""

    async def collected(llm):
        async with await llm.astream_events("Hi", version="v3") as stream:
            return [one async for one in stream]

    with Said(whole, events) as service:
        llm = service.model(use_responses_api=responses_api)
        told = [list(llm.stream_events("Hi", version="v3")), asyncio.run(collected(llm))]

    for listed in told:
        ends = [one["metadata"] for one in listed if one["event"] == "message-finish"]
        assert [metadata["finish_reason"] for metadata in ends] == [reason]


def test_the_last_chunk_alone_has_it():
    """LangChain adds chunks up, and would join it to itself."""
    decoder = StreamDecoder(context())
    deltas = deltas_of(decoder, streamed(CHAT))
    *before, last = [as_chunk(item) for item in [*deltas, decoder.end()]]

    assert last.generation_info == {"finish_reason": "stop"}
    assert all(chunk.generation_info is None for chunk in before)
    total = before[0] + [*before[1:], last]
    assert isinstance(total, ChatGenerationChunk)
    assert total.generation_info == {"finish_reason": "stop"}


def test_none_is_none():
    """A stream that names no reason has none."""
    decoder = StreamDecoder(context())
    deltas_of(decoder, [event({"content": "Paris."})])

    assert as_chunk(decoder.end()).generation_info is None
