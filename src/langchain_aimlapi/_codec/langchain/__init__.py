"""Deltas to LangChain's chunks, messages, content blocks and events."""
