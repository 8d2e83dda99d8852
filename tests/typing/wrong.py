"""Mistakes that a type checker has to catch: every line that ends in `# wrong`, and no other."""

from __future__ import annotations

from langchain_aimlapi import (
    Account,
    AimlapiEmbeddings,
    ChatAimlapi,
    StreamInterruptedError,
    Timeouts,
)

ChatAimlapi(model="gpt-4o", temprature=0.5)  # wrong
ChatAimlapi(modle="gpt-4o")  # wrong
ChatAimlapi(model=4)  # wrong
ChatAimlapi(model="gpt-4o", api_key=7)  # wrong
ChatAimlapi(model="gpt-4o", api_key=lambda: 7)  # wrong
ChatAimlapi(model="gpt-4o", max_retries="two")  # wrong
ChatAimlapi(model="gpt-4o", dialect="gemini")  # wrong
ChatAimlapi("gpt-4o")  # wrong
AimlapiEmbeddings(model="text-embedding-3-small", dimension=3)  # wrong
Timeouts(first=3)  # wrong
Account(token="key")  # wrong

llm = ChatAimlapi(model="gpt-4o")
llm.with_structured_output({"type": "object"}, method="tools")  # wrong
llm.with_structured_output({"type": "object"}).invoke("Hi").title  # wrong


def text_of(error: StreamInterruptedError) -> str:
    """Forget that nothing may have come."""
    return error.partial.text  # wrong
