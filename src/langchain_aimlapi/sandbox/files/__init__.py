"""The files that the sandbox makes: small, real, and the same for the same prompt."""
