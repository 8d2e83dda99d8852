"""The account behind the keys: what was called, what it cost, and who may call."""
