"""What of an answer is shown beside its text."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage

from langchain_aimlapi.cli.chat.content import other_blocks, refusal_of

REFUSAL = {"type": "refusal", "refusal": "I cannot help with that."}
WRAPPED = {"type": "non_standard", "value": REFUSAL}
"""As langchain-core 1.7 hands it out."""


@pytest.mark.parametrize("block", [REFUSAL, WRAPPED])
def test_a_refusal_is_found_by_any_langchain_core(block):
    """It is no other content, either."""
    answer = AIMessage([block], response_metadata={"output_version": "v1"})

    assert refusal_of(answer) == "I cannot help with that."
    assert other_blocks(answer) == []


def test_other_content_stays_other_content():
    """A block of another kind that LangChain does not know is named, as before."""
    answer = AIMessage([{"type": "non_standard", "value": {"type": "hologram"}}])

    assert refusal_of(answer) is None
    assert [block["type"] for block in other_blocks(answer)] == ["non_standard"]
