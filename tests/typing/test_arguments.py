"""What type checkers know of constructors is what the constructors take."""

from __future__ import annotations

import pytest

from langchain_aimlapi import AimlapiEmbeddings, ChatAimlapi
from langchain_aimlapi._chat.arguments import ChatArguments
from langchain_aimlapi._client.arguments import EmbeddingsArguments


@pytest.mark.parametrize(
    ("made", "arguments"),
    [(ChatAimlapi, ChatArguments), (AimlapiEmbeddings, EmbeddingsArguments)],
)
def test_every_field_has_a_type(made, arguments):
    """By its name and by its alias; what is missing belongs into `arguments.py`."""
    fields = made.model_fields
    names = {*fields} | {field.alias for field in fields.values() if field.alias}
    known = {name for base in arguments.__mro__ for name in getattr(base, "__annotations__", {})}
    known |= {*arguments.__required_keys__, *arguments.__optional_keys__}

    assert known == names
