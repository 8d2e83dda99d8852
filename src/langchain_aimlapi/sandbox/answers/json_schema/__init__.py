"""JSON schema -> a value that conforms, within a fixed amount of work."""
