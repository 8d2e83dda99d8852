"""Request bodies -> `ParsedRequest`, the same for every endpoint and dialect."""
