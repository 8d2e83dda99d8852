"""Modules that wait until they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from langchain_aimlapi._codec.decode import usage
from langchain_aimlapi._lazy import LazyModule


def test_it_gives_what_the_module_holds():
    """A name is the module's own, the first time and after."""
    late = LazyModule("._codec.decode.usage")
    assert late.usage_metadata is usage.usage_metadata
    assert late.usage_metadata is usage.usage_metadata


def test_a_name_that_is_not_there_is_an_attribute_error():
    """A wrong name fails as it does on a module."""
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = LazyModule("._codec.decode.usage").nothing


LATE = ["_codec.encode.chat", "_codec.decode.stream", "_chat.structured", "_chat.stream"]


def test_a_model_is_made_without():
    """Import and construction load neither codec nor parsers; the first call does."""
    code = """
        import sys
        from langchain_aimlapi import ChatAimlapi
        ChatAimlapi(model="gpt-4o", api_key="k")
        print(*sys.modules)
    """
    lines = "\n".join(line.strip() for line in code.splitlines())
    command = [sys.executable, "-c", lines]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    loaded = done.stdout.split()
    assert "langchain_aimlapi.chat_models" in loaded
    assert [name for name in LATE if f"langchain_aimlapi.{name}" in loaded] == []
