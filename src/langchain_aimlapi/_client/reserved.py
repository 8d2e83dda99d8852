"""Names that must not stand among the parameters of a request, and what to use instead.

Unknown arguments, `model_kwargs` and what is bound go into the body as they are. What is about the
client, or is written by it, would be sent without an effect, or would replace the conversation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMES_ELSEWHERE: Mapping[str, str] = {
    "anthropic_api_url": "It is base_url=… here.",
    "anthropic_proxy": "It is proxy=… here.",
    "api_base": "It is base_url=… here.",
    "api_version": "If the address wants one, give default_query={'api-version': …}.",
    "azure_endpoint": "It is base_url=… here.",
    "check_embedding_ctx_length": "Leave it out: long lists of texts are split by tokens anyway.",
    "default_request_timeout": "It is timeout=… here.",
    "disabled_params": "unsupported_params says what happens to parameters a model does not take.",
    "embedding_ctx_length": "Leave it out: a text that is too long is an error that names it.",
    "endpoint": "It is base_url=… here.",
    "headers": "It is default_headers=… here, and extra_headers=… on a call.",
    "http_socket_options": "Give an http_client and an http_async_client that have them.",
    "include_response_headers": "Leave it out: ids, cost and rate limits stand in "
    "response_metadata.",
    "openai_api_base": "It is base_url=… here.",
    "openai_api_type": "Leave it out.",
    "openai_api_version": "If the address wants one, give default_query={'api-version': …}.",
    "openai_organization": "Leave it out: the service has no organizations.",
    "openai_proxy": "It is proxy=… here.",
    "organization": "Leave it out: the service has no organizations.",
    "retries": "It is max_retries=… here.",
    "show_progress_bar": "It is on_progress=… here, a function.",
    "skip_empty": "Leave it out: an empty text is an error that names it.",
    "tiktoken_enabled": "Leave it out: tokens are estimated.",
    "tiktoken_model_name": "Leave it out: tokens are estimated.",
}
"""Arguments of other packages' models that are about the client: none of them is for the service."""


_KINDS: Mapping[str, tuple[type, str]] = {
    "base_url": (str, "a text"),
    "client_request_id": (str, "a text"),
    "extra_body": (Mapping, "a dict"),
    "extra_headers": (Mapping, "a dict"),
    "extra_query": (Mapping, "a dict"),
    "max_retries": (int, "a whole number"),
    "model": (str, "a text"),
    "model_name": (str, "a text"),
}
"""Arguments that steer a call, which nobody validates as the fields of an object are."""


def check_steering(arguments: Mapping[str, object]) -> None:
    """Refuse arguments of a call that are of the wrong kind.

    Raises:
        ConfigurationError: Names the argument and what it is to be; its value may be a secret.
    """
    for name, (kind, words) in _KINDS.items():
        value = arguments.get(name)
        if value is not None and not isinstance(value, kind):
            raise ConfigurationError(f"call: {name} is {words}, not {type(value).__name__}.")


def refuse_reserved(names: Iterable[str], reserved: Mapping[str, str], *, where: str) -> None:
    """Refuse names that would be sent in the body and must not be.

    Args:
        names: What was given beside the arguments that are known.
        reserved: Names that are about the client, and what to use instead of each.
        where: Where they were given, for the error.

    Raises:
        ConfigurationError: For one of them; for a name that is meant to hold a key, or is another
            package's.
    """
    for name in names:
        if name in reserved:
            raise ConfigurationError(
                f"{where}: {name!r} is about the client and is no parameter of the request body. "
                f"{reserved[name]}"
            )
        if "api_key" in name.lower():
            raise ConfigurationError(
                f"{where}: {name!r} is not a known argument and would be sent in the request body, "
                "where a key must not be. It is api_key=… here."
            )
        if name in _NAMES_ELSEWHERE:
            raise ConfigurationError(
                f"{where}: {name!r} is an argument of another package, and would be sent in the "
                f"request body. {_NAMES_ELSEWHERE[name]}"
            )
