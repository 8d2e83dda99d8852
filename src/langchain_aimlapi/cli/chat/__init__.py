"""`aimlapi chat`: one prompt and its answer, or a conversation on a terminal.

`command` reads the options and answers one prompt; `conversation` goes on until it is left, with
`slash_commands` and `line_editor`. Both ask by a `session`, which makes the model and brings one turn
to its end, tool calls included, and show by a `display`. `options`, `attachments`, `schema` and
`tools` turn what was typed into what the model object takes.
"""
