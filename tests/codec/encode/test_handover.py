"""A conversation fitted to the model that is asked: ids, names, reasoning and extras."""

from __future__ import annotations

import re

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from langchain_aimlapi._catalogue import vendor
from langchain_aimlapi._catalogue.lookup import model_spec
from langchain_aimlapi._codec.encode.handover import Recipient
from langchain_aimlapi._codec.encode.names import legal_id, legal_name, legal_names

from ..samples import OPEN, turns
from .test_messages import call, wire_call


def sent_to(model, *messages, **how):
    """The messages that a model gets."""
    return turns(*messages, model=model, vendor_of=vendor, **how)


@pytest.mark.parametrize(
    ("identity", "made_by", "kept"),
    [
        ("call_1", None, True),
        ("functions.f:0", "OpenAI", True),
        ("functions.f:0", "Moonshot", True),
        ("functions.f:0", "Anthropic", False),
        ("x" * 40, "OpenAI", True),
        ("x" * 41, "OpenAI", False),
        ("x" * 41, None, False),
        ("x" * 90, "Moonshot", True),
        ("abcDEF123", "Mistral AI", True),
        ("call_1", "Mistral AI", False),
        ("abcDEF12", "Mistral AI", False),
        ("ü", "Anthropic", False),
    ],
)
def test_ids_that_a_vendor_takes_are_kept(identity, made_by, kept):
    """Others are mapped, always alike, into what the vendor takes."""
    mapped = legal_id(identity, made_by)

    assert (mapped == identity) is kept
    assert mapped == legal_id(identity, made_by)
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}" if not kept else r".+", mapped)
    assert made_by != "Mistral AI" or re.fullmatch(r"[a-zA-Z0-9]{9}", mapped)


def test_mapped_ids_do_not_meet_others():
    """Two ids that differ are sent as two."""
    ids = [f"call:{number}" for number in range(1000)]

    assert len({legal_id(identity, "Anthropic") for identity in ids}) == 1000
    assert len({legal_id(identity, "Mistral AI") for identity in ids}) == 1000


def test_two_calls_under_one_id_get_ids_of_their_own():
    """And each its own result and signature, in their order."""
    blocks = [
        {"type": "tool_call", **call(city=city), "extras": {"extra_content": {"google": city}}}
        for city in ("Rome", "Oslo")
    ]
    found = sent_to(
        "google/gemini-3-5-flash",
        HumanMessage("h"),
        AIMessage(content_blocks=blocks),
        ToolMessage("hot", tool_call_id="call_1"),
        ToolMessage("cold", tool_call_id="call_1"),
    )

    assert found[1]["tool_calls"] == [
        wire_call("call_1", arguments='{"city":"Rome"}', extra_content={"google": "Rome"}),
        wire_call("call_1_2", arguments='{"city":"Oslo"}', extra_content={"google": "Oslo"}),
    ]
    assert [(turn["tool_call_id"], turn["content"]) for turn in found[2:]] == [
        ("call_1", "hot"),
        ("call_1_2", "cold"),
    ]


def test_ids_are_unique_over_turns():
    """Some back ends count from zero in every turn; Claude refuses an id that came before."""
    turn = [AIMessage("", tool_calls=[call("call_0")]), ToolMessage("t", tool_call_id="call_0")]

    found = sent_to("claude-opus-9", HumanMessage("h"), *turn, *turn)

    assert [one["tool_calls"][0]["id"] for one in found if "tool_calls" in one] == [
        "call_0",
        "call_0_2",
    ]
    assert [one["tool_call_id"] for one in found if "tool_call_id" in one] == ["call_0", "call_0_2"]


KEPT = {"reasoning_content": "hm"}


@pytest.mark.parametrize(
    ("model", "metadata", "goes"),
    [
        ("deepseek/deepseek-v4-pro", {}, True),
        ("gpt-4o", {}, False),
        ("claude-opus-9", {}, False),
        ("google/gemini-2.5-flash", {}, False),
        ("mistralai/mistral-nemo", {}, False),
        ("acme/model", {}, True),
        ("gpt-4o", {"model_name": "gpt-5", "model_provider": "openai"}, False),
        ("gpt-4o", {"model_name": "gpt-5", "model_provider": "aimlapi"}, True),
        ("mistralai/mistral-nemo", {"model_name": "mistralai/mistral-nemo"}, False),
        ("deepseek/deepseek-v4-pro", {"model_provider": "deepseek"}, True),
        ("acme/model", {"model_name": "acme/model"}, True),
        ("acme/model", {"model_name": "else", "model_provider": "aimlapi"}, True),
        ("acme/model", {"model_name": "else", "model_provider": "elsewhere"}, False),
        ("gpt-4o", {"model_provider": "anthropic"}, False),
        ("claude-opus-9", {"model_provider": "anthropic"}, False),
        ("gpt-4o", {"model_name": "deepseek-v4"}, False),
        ("gpt-4o", {"model": "deepseek-v4"}, False),
        ("openai/gpt-5-5", {"model_name": "gpt-oss-120b"}, True),
    ],
)
def test_reasoning_goes_to_its_own_vendor_alone(model, metadata, goes):
    """What nobody can place is own if it came by us, or if the vendor's models reason in the open."""
    said = AIMessage("a", additional_kwargs=KEPT, response_metadata=metadata)

    (turn,) = sent_to(model, said)

    assert (turn.get("reasoning_content") == "hm") is goes


def test_signatures_of_claude_need_no_name():
    """A thread that lost its metadata keeps what Claude has signed, and nothing else goes to it."""
    signed = {"type": "thinking", "thinking": "hm", "signature": "sig"}
    said = AIMessage([signed, {"type": "text", "text": "a"}], additional_kwargs=KEPT)

    claude = sent_to("claude-sonnet-4-5", HumanMessage("h"), said, dialect="anthropic")

    assert claude[1]["content"] == [signed, {"type": "text", "text": "a"}]
    assert "reasoning_content" not in sent_to("claude-opus-9", said)[0]


def test_deepseek_gets_an_empty_reasoning_with_turns_of_others():
    """While it thinks it refuses an assistant's turn without that key."""
    foreign = AIMessage("a", additional_kwargs=KEPT, response_metadata={"model_name": "gpt-5"})
    spec = model_spec("deepseek/deepseek-v4-pro")

    def sent(said, **how):
        return sent_to("deepseek/deepseek-v4-pro", said, spec=spec, **how)[0]

    assert sent(foreign)["reasoning_content"] == ""
    assert sent(AIMessage("a"))["reasoning_content"] == ""
    assert sent(AIMessage("a", additional_kwargs=KEPT))["reasoning_content"] == "hm"
    assert "reasoning_content" not in sent(AIMessage("a"), echo_reasoning=False)
    for name in ("deepseek/deepseek-r1", "moonshot/kimi-k2-preview", "qwen-max"):
        said = AIMessage("a")
        assert "reasoning_content" not in sent_to(name, said, spec=model_spec(name))[0]
    kimi = {"spec": model_spec("moonshot/kimi-k2-6"), "reasons_unasked": True}
    assert sent_to("moonshot/kimi-k2-6", AIMessage("a"), **kimi)[0]["reasoning_content"] == ""


SPOKEN = {"id": "audio_1", "data": "AAAA", "transcript": "Said aloud."}


@pytest.mark.parametrize(
    ("model", "provider", "by_id"),
    [
        ("gpt-4o-audio-preview", "aimlapi", True),
        ("gpt-4o-audio-preview", "openai", False),
        ("gpt-4o", "aimlapi", False),
        ("deepseek/deepseek-v4-pro", "aimlapi", False),
    ],
)
@pytest.mark.parametrize("form", ["kwargs", "block"])
def test_what_was_said_aloud_goes_in_words_where_its_id_is_not_known(model, provider, by_id, form):
    """Ids of audio hold for one account, and for models that speak."""
    metadata = {"model_name": "gpt-4o-audio-preview", "model_provider": provider}
    extras = {"id": "audio_1", "transcript": "Said aloud."}
    said = AIMessage(
        [] if form == "kwargs" else [{"type": "audio", "base64": "AAAA", "extras": extras}],
        additional_kwargs={"audio": SPOKEN} if form == "kwargs" else {},
        response_metadata=metadata,
    )

    (turn,) = sent_to(model, said, spec=model_spec(model))

    assert (turn.get("audio") == {"id": "audio_1"}) is by_id
    assert turn["content"] == ("" if by_id else "Said aloud.")


def test_a_turn_of_nothing_but_foreign_reasoning_is_left_out():
    """An empty turn would be refused; the last one stays, for it is what is asked."""
    said = AIMessage("", additional_kwargs=KEPT, response_metadata={"model_name": "deepseek-v4"})

    assert [turn["role"] for turn in sent_to("gpt-4o", HumanMessage("h"), said, HumanMessage("i"))]
    assert [turn["role"] for turn in sent_to("gpt-4o", HumanMessage("h"), said)] == [
        "user",
        "assistant",
    ]


def test_foreign_thinking_blocks_stay_behind_for_claude():
    """A signature that Claude cannot check is refused; its own goes back, redacted or not."""
    signed = {"type": "thinking", "thinking": "hm", "signature": "sig"}
    redacted = {"type": "redacted_thinking", "data": "EjQK"}
    content = [signed, redacted, {"type": "text", "text": "a"}]

    def sent(name):
        said = AIMessage(content, response_metadata={"model_name": name})
        asked = [HumanMessage("h"), said]
        return sent_to("claude-sonnet-4-5", *asked, dialect="anthropic")[1]["content"]

    assert sent("gemini-2.5-pro") == "a"
    assert sent("claude-opus-4-1-20250805") == content


@pytest.mark.parametrize(
    ("name", "legal"),
    [
        ("f", "f"),
        ("Page[int]", "Page_int"),
        ("look up", "look_up"),
        ("server.tool", "server_tool"),
        ("Größe", "Grosse"),
        ("x" * 64, "x" * 64),
    ],
)
def test_legal_names(name, legal):
    """Letters lose their marks, other signs become one underscore."""
    assert legal_name(name) == legal


def test_legal_names_of_many_tools_stay_apart():
    """A legal name is nobody else's, whichever stands first."""
    names = legal_names(["a b", "a_b", "a.b", "天", "気", "f"])

    assert "f" not in names
    assert "a_b" not in names
    assert len({*names.values(), "a_b", "f"}) == 6


def test_names_in_a_history_are_those_of_the_tools():
    """Also of a tool that is not bound any more."""
    found = sent_to(
        "gpt-4o",
        AIMessage("", tool_calls=[call(name="Page[int]"), call("c2", "look up")]),
        ToolMessage("t", tool_call_id="call_1"),
        ToolMessage("t", tool_call_id="c2"),
        tools=[{"type": "function", "function": {"name": "Page[int]"}}],
    )

    assert [one["function"]["name"] for one in found[0]["tool_calls"]] == ["Page_int", "look_up"]


def test_blank_text_of_an_assistant_is_left_out_for_claude():
    """Also where it is the only text, beside a call."""
    said = AIMessage([{"type": "text", "text": " "}], tool_calls=[call()])

    assert sent_to("claude-opus-9", HumanMessage("h"), said)[1]["content"] == ""
    assert sent_to("gpt-4o", HumanMessage("h"), said)[1]["content"] == " "


def emptied():
    """A message whose calls were taken away after it was made."""
    message = AIMessage([{"type": "text", "text": "a"}, call()])
    message.tool_calls = []
    return message


def test_calls_that_were_taken_away_do_not_come_back():
    """Their blocks are still in the content; a result in the conversation needs its call."""
    asked = [HumanMessage("h"), emptied()]

    assert "tool_calls" not in turns(*asked)[1]
    found = turns(*asked, ToolMessage("t", tool_call_id="call_1"))
    assert found[1]["tool_calls"] == [wire_call()]


def test_pictures_are_taken_unless_documented_otherwise():
    """Nothing is known of a model without a spec, or of one that documents no parts."""
    assert Recipient("acme/model").takes_pictures
    assert Recipient("acme/open", OPEN).takes_pictures
