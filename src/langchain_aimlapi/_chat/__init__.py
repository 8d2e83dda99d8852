"""The chat model: its settings, the request of a call, whole replies and streams, structured output."""
