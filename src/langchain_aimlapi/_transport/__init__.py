"""Requests out, bytes in. Knows nothing of chat, and imports no HTTP library until the first call.

What to do next is decided in `exchange`, `retry`, `error_response` and `sse`, which touch nothing of the
world; `sync` and `aio` do it, with clients from `pool`.
"""
