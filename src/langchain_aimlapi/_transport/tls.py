"""TLS contexts: which certificates encrypted connections trust."""

from __future__ import annotations

import ssl
from pathlib import Path

from langchain_aimlapi._transport.environment import reader
from langchain_aimlapi.errors import ConfigurationError

environment = reader(("SSL_CERT_FILE", "SSL_CERT_DIR"))
"""What the environment says of certificates now: contexts are kept by it."""


def ssl_context(verify: bool | str | ssl.SSLContext) -> ssl.SSLContext:
    """Make the context for encrypted connections.

    Args:
        verify: True for the system's authorities, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`;
            False for no check at all; a file or directory of authorities; or a context as it is.

    Raises:
        ConfigurationError: The authorities cannot be read.
    """
    if isinstance(verify, ssl.SSLContext):
        return verify
    try:
        return _context(verify)
    except (OSError, ssl.SSLError) as error:
        source = verify if isinstance(verify, str) else "SSL_CERT_FILE or the system's"
        raise ConfigurationError(f"cannot read certificates from {source}: {error}") from error


def _context(verify: bool | str) -> ssl.SSLContext:
    if isinstance(verify, str):
        folder = Path(verify).is_dir()
        return ssl.create_default_context(
            cafile=None if folder else verify, capath=verify if folder else None
        )
    if not verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    # httpx2's choice: the system's store also where OpenSSL does not know it.
    from httpcore2 import default_ssl_context  # noqa: PLC0415 - only encrypted calls need it

    return default_ssl_context()
