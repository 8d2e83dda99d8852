"""One file per endpoint: what arrives there, and what goes back."""
