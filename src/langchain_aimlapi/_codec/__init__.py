"""LangChain to JSON and back, without I/O, clock or chance.

`request` is the way out (with `messages`, `content`, `tools` and `anthropic`), `reply` and
`stream` are the way in (with `usage`, `chunks` and `blocks`).
"""
