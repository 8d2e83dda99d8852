"""The list of models."""

from __future__ import annotations

import pytest

from tests.sandbox.http_client import request


def _list(sandbox, query="", **options):
    return request(sandbox, "GET", f"/models{query}", key=None, **options)


def _ids(sandbox, query):
    return [item["id"] for item in _list(sandbox, query).json["data"]]


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_the_list(shared_sandbox, prefix):
    """Hundreds of models, each once, to anyone who asks."""
    reply = _list(shared_sandbox, prefix=prefix)
    ids = [item["id"] for item in reply.json["data"]]

    assert reply.json["object"] == "list"
    assert len(ids) == len(set(ids)) > 200
    assert "text-embedding-3-small" in ids


def test_items_are_short_unless_more_is_asked_for(shared_sandbox):
    """By default an item has no modalities, capabilities or prices."""
    item = _list(shared_sandbox).json["data"][0]

    assert set(item) == {"id", "aliases", "type", "info", "tags"}


@pytest.mark.parametrize(
    ("query", "more"),
    [
        ("?include=pricing", {"pricing"}),
        ("?include=Pricing,modalities", {"pricing", "modalities"}),
        ("?include=pricing&include=capabilities", {"pricing", "capabilities"}),
        ("?include=all", {"pricing", "modalities", "capabilities"}),
        ("?details=true", {"pricing", "modalities", "capabilities"}),
        ("?details=1", {"pricing", "modalities", "capabilities"}),
        ("?details=no", set()),
        ("?include=nonsense", set()),
    ],
)
def test_include(shared_sandbox, query, more):
    """More of each item can be asked for; unknown words are ignored."""
    item = _list(shared_sandbox, query).json["data"][0]

    assert set(item) - {"id", "aliases", "type", "info", "tags"} == more


def test_filters(shared_sandbox):
    """Commas and repeats mean or, different filters mean and, and case does not matter."""
    both = _ids(shared_sandbox, "?id=TEXT-embedding-3-small,text-embedding-3-large")
    repeated = _ids(shared_sandbox, "?id=text-embedding-3-small&id=text-embedding-3-large")
    chat = _ids(shared_sandbox, "?type=openai/chat-completions")

    assert both == repeated == ["text-embedding-3-large", "text-embedding-3-small"]
    assert len(chat) > 200
    assert not set(both) & set(chat)
    assert _ids(shared_sandbox, "?id=text-embedding-3-small&type=openai/chat-completions") == []


@pytest.mark.parametrize(
    ("query", "key", "word"),
    [
        ("capabilities=tools", "capabilities", "tools"),
        ("input_modalities=image", "input", "image"),
        ("output_modalities=text", "output", "text"),
        ("input_modalities=audio", "input", "audio"),
        ("output_modalities=video", "output", "video"),
    ],
)
def test_filters_by_ability(shared_sandbox, query, key, word):
    """Models can be found by what they take and give."""
    items = _list(shared_sandbox, f"?include=all&{query}").json["data"]
    have = [
        item["capabilities"] if key == "capabilities" else item["modalities"][key] for item in items
    ]

    assert have
    assert all(word in words for words in have)


def test_etag(shared_sandbox):
    """Who has the current list gets 304 and no body; another list has another tag."""
    tag = _list(shared_sandbox).headers["etag"]
    again = _list(shared_sandbox, headers={"If-None-Match": tag})
    weak = _list(shared_sandbox, headers={"If-None-Match": f'"x", W/{tag}'})
    other = _list(shared_sandbox, "?include=all", headers={"If-None-Match": tag})

    assert (again.status, again.text, again.headers["etag"]) == (304, "", tag)
    assert (weak.status, other.status) == (304, 200)


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_one_model(shared_sandbox, prefix):
    """One model is found by its id, slashes and all, whatever the case."""
    name = next(item["id"] for item in _list(shared_sandbox).json["data"] if "/" in item["id"])
    reply = request(shared_sandbox, "GET", f"/model/{name.upper()}?include=all", prefix=prefix)

    assert (reply.json["object"], reply.json["data"]["id"]) == ("model", name)
    assert "pricing" in reply.json["data"]


def test_an_unlisted_model(shared_sandbox):
    """An id that is not listed is 404 in the envelope."""
    reply = request(shared_sandbox, "GET", "/model/no/such-model")

    assert (reply.status, "no/such-model" in reply.json["message"]) == (404, True)


def test_media(shared_sandbox):
    """Each id of media is listed once, with its type, its modalities and the price charged."""
    items = {item["id"]: item for item in _list(shared_sandbox, "?include=all").json["data"]}
    image, video = items["openai/gpt-image-1"], items["alibaba/happyhorse-1-0"]

    assert image["type"] == "openai/image-generations"
    assert image["modalities"]["output"] == ["image"]
    assert image["pricing"]["units"] == [
        {"name": "image", "measure": "output", "price": 0.01, "per": 1}
    ]
    assert video["type"] == "internal/video-generations/submit"
    assert {"image", "text"} <= set(video["modalities"]["input"])
    assert "text_to_video" in video["capabilities"]
    assert "audio" in _list(shared_sandbox, "?modalities=audio&include=all").text
