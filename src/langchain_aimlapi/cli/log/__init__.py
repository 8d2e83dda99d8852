"""`aimlapi log`: prompts and answers of `aimlapi chat` in a file of this machine, if it is wanted.

`database` writes and reads it, `migrations` brings older files up, `command` shows it.
"""
