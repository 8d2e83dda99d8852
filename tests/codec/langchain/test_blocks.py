"""Content blocks in streams: LangChain's own three ways to join them give the same message."""

from __future__ import annotations

import pytest
from langchain_core.language_models._compat_bridge import chunks_to_events
from langchain_core.language_models._utils import _update_message_content_to_blocks
from langchain_core.language_models.chat_model_stream import ChatModelStream
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_tests.utils.stream_lifecycle import assert_valid_event_stream

from langchain_aimlapi._codec.decode.stream import StreamDecoder
from langchain_aimlapi._codec.langchain.events import EventWriter

from ..samples import turns
from ..shapes import SHAPES, chunks_of, context, deltas_of, event, merged, read, streamed

each_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())


def as_v1(chunk):
    """A chunk as LangChain makes it with `output_version="v1"`."""
    return _update_message_content_to_blocks(chunk, "v1")


def plain(blocks):
    """Blocks without their numbers, and without empty ones."""
    numberless = [{k: v for k, v in block.items() if k != "index"} for block in blocks]
    return [block for block in numberless if block != {"type": "text", "text": ""}]


def by_kind(blocks):
    """Blocks in the order of their types: reasoning without words is known at the end only."""
    return sorted(blocks, key=lambda block: block["type"])


@each_shape
def test_v1_content(shape):
    """With v1 content each kind has one block, the same as the whole reply's, if maybe later."""
    whole = read(shape.reply)

    message = merged([as_v1(chunk) for chunk in chunks_of(streamed(shape.reply))])

    assert by_kind(plain(message.content)) == by_kind(whole.content_blocks)
    assert message.content_blocks == message.content
    assert message.tool_calls == whole.tool_calls
    assert message.invalid_tool_calls == whole.invalid_tool_calls


@each_shape
def test_v1_content_goes_back_like_v0(shape):
    """The next request is the same whether the turn is kept as v0, as v1 or as a sum of chunks."""
    whole = read(shape.reply)
    chunks = chunks_of(streamed(shape.reply))
    v1 = as_v1(whole)

    assert turns(merged(chunks)) == turns(whole)
    assert turns(merged([as_v1(chunk) for chunk in chunks])) == turns(v1)
    if "images" not in whole.additional_kwargs:
        assert turns(v1) == turns(whole)


BRIDGED = {name: shape for name, shape in SHAPES.items() if not shape.invalid}
del BRIDGED["no arguments"], BRIDGED["line breaks in arguments"]  # it reads JSON to the letter


@pytest.mark.parametrize("shape", BRIDGED.values(), ids=BRIDGED.keys())
def test_events_of_the_bridge(shape):
    """LangChain's bridge makes a valid stream of events out of our chunks."""
    chunks = [ChatGenerationChunk(message=chunk) for chunk in chunks_of(streamed(shape.reply))]

    events = list(chunks_to_events(iter(chunks), message_id="lc_run-1"))

    assert_valid_event_stream(events)
    assert [call["name"] for call in output_of(events).tool_calls] == [
        call["name"] for call in shape.calls
    ]


def events_of(events):
    """Our own events for a stream."""
    decoder = StreamDecoder(context())
    writer = EventWriter()
    written = [writer.start("lc_run-1", "asked")]
    for delta in deltas_of(decoder, events):
        written += writer.write(delta)
    return written + writer.finish(decoder.end())


def output_of(events):
    """The message that LangChain builds of events."""
    stream = ChatModelStream(message_id="lc_run-1")
    for item in events:
        stream.dispatch(item)
    return stream.output_message


@each_shape
def test_our_own_events(shape):
    """Events straight from the wire are a valid stream, and its message the whole reply's."""
    whole = read(shape.reply)
    events = events_of(streamed(shape.reply))

    assert_valid_event_stream(events)
    message = output_of(events)
    assert isinstance(message, AIMessage)
    assert message.text == whole.text
    assert message.tool_calls == whole.tool_calls
    assert message.invalid_tool_calls == whole.invalid_tool_calls
    assert message.usage_metadata == whole.usage_metadata
    assert message.additional_kwargs == whole.additional_kwargs
    metadata = {k: v for k, v in message.response_metadata.items() if k != "output_version"}
    assert metadata == whole.response_metadata


@each_shape
def test_our_own_events_go_back_like_v0(shape):
    """A turn kept from events is sent back as the whole reply is."""
    if "images" not in shape.kwargs:
        assert turns(output_of(events_of(streamed(shape.reply)))) == turns(read(shape.reply))


def test_reasoning_and_text_in_turns_are_one_block_each():
    """A model that goes back to thinking does not leave hundreds of blocks."""
    mixed = [
        event({"reasoning_content": "a"}),
        event({"content": "x"}),
        event({"reasoning_content": "b"}),
        event({"content": "y"}),
        event({}, choice={"finish_reason": "stop"}),
    ]
    expected = [{"type": "reasoning", "reasoning": "ab"}, {"type": "text", "text": "xy"}]

    assert plain(merged(chunks_of(mixed)).content_blocks) == expected
    assert plain(merged([as_v1(chunk) for chunk in chunks_of(mixed)]).content) == expected
    assert plain(output_of(events_of(mixed)).content) == expected


def test_pieces_of_calls_are_blocks_of_pieces():
    """In a single chunk a call under way is a `tool_call_chunk` with a number of its own kind."""
    function = {"name": "f", "arguments": '{"a"'}
    chunks = chunks_of(
        [
            event({"content": "x", "tool_calls": [{"index": 0, "id": "c", "function": function}]}),
            event({"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]}),
        ]
    )

    assert chunks[0].content_blocks == [
        {"type": "text", "text": "x", "index": "lc_txt_0"},
        {"type": "tool_call_chunk", "id": "c", "name": "f", "args": '{"a"', "index": "lc_tc_0"},
    ]
    assert merged(chunks[:2]).content_blocks[1] == {
        "type": "tool_call_chunk",
        "id": "c",
        "name": "f",
        "args": '{"a":1}',
        "index": "lc_tc_0",
    }


@pytest.mark.parametrize("kind", [AIMessage, AIMessageChunk])
def test_content_in_blocks_is_left_to_langchain(kind):
    """A message of ours that already holds blocks is read by LangChain itself."""
    message = kind([{"type": "text", "text": "x"}], response_metadata={"model_provider": "aimlapi"})

    assert message.content_blocks == [{"type": "text", "text": "x"}]


@pytest.mark.parametrize(
    ("image", "block"),
    [
        ({"b64_json": "iVBO"}, {"type": "image", "base64": "iVBO", "mime_type": "image/png"}),
        ("https://p.test/i", {"type": "image", "url": "https://p.test/i"}),
        ({"url": "https://p.test/i"}, {"type": "image", "url": "https://p.test/i"}),
    ],
    ids=["base64", "bare address", "address"],
)
def test_forms_of_pictures(image, block):
    """Pictures of a reply come in several forms."""
    message = AIMessage(
        "", additional_kwargs={"images": [image]}, response_metadata={"model_provider": "aimlapi"}
    )

    assert message.content_blocks == [block]
