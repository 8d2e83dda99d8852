"""Parameters of media: named, written and checked as each id documents them."""

from __future__ import annotations

import pytest

from langchain_aimlapi._catalogue.media import MediaSpec
from langchain_aimlapi._codec.encode.media import encode_media, violation
from langchain_aimlapi.errors import ConfigurationError

URL = {"type": "string", "format": "uri"}


def spec(required=(), **parameters):
    """An id that documents parameters."""
    return MediaSpec(
        "vendor/one", "image", "/v1/images/generations", frozenset(required), parameters
    )


def body(spec, unsupported="drop", **values):
    """The body without its model."""
    encoded = encode_media(spec, "vendor/one", values, unsupported, {"image", "images"})
    assert encoded.body.pop("model") == "vendor/one"
    return encoded.body


SIZE = {"type": "object", "properties": {"width": {"type": "integer"}, "height": {}}}
WAYS = [
    ({"num_images": {"type": "integer"}}, {"n": 2}, {"num_images": 2}),
    ({"size": {"type": "string"}}, {"size": "64x32"}, {"size": "64x32"}),
    ({"image_size": {"anyOf": [{"enum": ["square"]}, SIZE]}}, {"size": "64x32"},
     {"image_size": {"width": 64, "height": 32}}),
    ({"image_size": {"anyOf": [{"enum": ["square"]}, SIZE]}}, {"size": "square"},
     {"image_size": "square"}),
    ({"size": {"enum": ["64*32"], "type": "string"}}, {"size": "64x32"}, {"size": "64*32"}),
    ({"ratio": {"enum": ["64:32"], "type": "string"}}, {"aspect_ratio": "64:32"}, {"ratio": "64:32"}),
    ({"duration": {"enum": ["5", "10"], "type": "string"}}, {"duration": 5}, {"duration": "5"}),
    ({"duration": {"type": "integer"}}, {"duration": 5.0}, {"duration": 5}),
    ({"image_url": URL}, {"image": "https://a/b"}, {"image_url": "https://a/b"}),
    ({"image_url": URL}, {"images": ["https://a/b"]}, {"image_url": "https://a/b"}),
    ({"image_urls": {"type": "array", "items": URL}}, {"image": "https://a"},
     {"image_urls": ["https://a"]}),
    ({"image_url": URL, "image_urls": {"type": "array", "items": URL}}, {"image": ["a:", "b:"]},
     {"image_urls": ["a:", "b:"]}),
    ({"tail_image_url": URL}, {"last_image": "https://a"}, {"tail_image_url": "https://a"}),
    ({"output_format": {"enum": ["png"]}}, {"format": "png"}, {"output_format": "png"}),
    ({"own": {"type": "boolean"}}, {"own": True, "seed": None}, {"own": True}),
]  # fmt: skip


@pytest.mark.parametrize(("parameters", "given", "sent"), WAYS, ids=lambda each: str(each)[:40])
def test_written_as_documented(parameters, given, sent):
    """Our name or the id's own, in the form that it takes."""
    assert body(spec(**parameters), **given) == sent


def test_ids_that_nobody_documents():
    """Everything is sent as given, files by their usual names."""
    given = {"prompt": "x", "image": "https://a", "images": ["b"], "strength": 0.5, "video": ["v"]}
    assert body(None, **given) == {
        "prompt": "x",
        "image_url": "https://a",
        "image_urls": ["b"],
        "strength": 0.5,
        "video_urls": ["v"],
    }


class TestUnsupported:
    """Parameters that the id does not document."""

    KNOWN = spec(prompt={"type": "string"}, guidance_scale={"type": "number"})

    def test_drop(self):
        """They are left out, and named."""
        encoded = encode_media(self.KNOWN, "x", {"prompt": "a", "seed": 1})
        assert encoded.body == {"model": "vendor/one", "prompt": "a"}
        assert encoded.dropped == ("seed",)

    def test_send(self):
        """They are sent."""
        assert body(self.KNOWN, "send", prompt="a", seed=1) == {"prompt": "a", "seed": 1}

    def test_error(self):
        """They are named, with what is near."""
        with pytest.raises(ConfigurationError, match=r"takes no guidance.*Near it: guidance_scale"):
            body(self.KNOWN, "error", guidance=3)

    def test_a_file_is_never_left_out(self):
        """A picture that is ignored would be paid for."""
        with pytest.raises(ConfigurationError, match="takes no image"):
            body(self.KNOWN, prompt="a", image="https://a")

    def test_the_gateways_own(self):
        """Every id takes the provider."""
        assert body(self.KNOWN, "error", prompt="a", provider="p") == {
            "prompt": "a",
            "provider": "p",
        }


def test_what_is_needed():
    """An error before anything is sent."""
    with pytest.raises(ConfigurationError, match="needs image_url and prompt"):
        body(spec(("prompt", "image_url"), prompt={}, image_url=URL))


REFUSED = [
    ({"type": "string"}, {"a": 1}, "not of type string"),
    ({"type": "integer"}, True, "not of type integer"),
    ({"type": "boolean"}, 1, "not of type boolean"),
    ({"type": "integer", "minimum": 3}, 2, "below 3"),
    ({"type": "number", "maximum": 1}, 1.5, "above 1"),
    ({"type": "number", "minimum": 0, "exclusiveMinimum": True}, 0, "not above 0"),
    ({"type": "string", "maxLength": 2}, "abc", "more than 2 characters"),
    ({"type": "string", "minLength": 1}, "", "fewer than 1 characters"),
    ({"type": "array", "maxItems": 1}, ["a", "b"], "more than 1 items"),
    ({"type": "array", "items": {"type": "integer"}}, ["a"], "not of type integer"),
    ({"enum": ["a", "b"]}, "c", "none of 'a', 'b'"),
    ({"const": 5}, 6, "none of 5"),
    ({"type": "string"}, None, "null"),
    ({"type": "object", "required": ["x"]}, {}, "lacks 'x'"),
    ({"type": "object", "properties": {"x": {"type": "integer"}}}, {"x": "y"}, "has a x that is not"),
    ({"anyOf": [{"enum": ["a"]}, {"type": "integer"}]}, "b", "none of 'a'"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "value", "words"), REFUSED, ids=lambda each: str(each)[:40])
def test_values_that_are_refused(schema, value, words):
    """Named, with what would do."""
    assert words in str(violation(schema, value))
    if value is not None:
        with pytest.raises(ConfigurationError, match="vendor/one: own="):
            body(spec(own=schema), own=value)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "nullable": True}, None),
        ({"type": "number"}, 3),
        ({"format": "binary"}, ""),
        ({"type": "array", "items": {"type": "string"}}, ("a",)),
        ({"type": "object", "properties": {"x": {"type": "integer"}}}, {"y": 1}),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, 5),
    ],
    ids=str,
)
def test_values_that_fit(schema, value):
    """Nothing is said of them."""
    assert violation(schema, value) is None


def test_long_values_are_not_shown():
    """An error is no place for a picture."""
    with pytest.raises(ConfigurationError) as failed:
        body(spec(own={"type": "string", "maxLength": 5}), own="secret" * 100)
    assert "secret" not in str(failed.value)
