"""Where a chat request goes and in which dialect it is written.

A model's spec names the route and the dialects it documents, and the user may choose otherwise.
The documents on Claude contradict one another: where they name the Anthropic dialect and nobody
chose one, a request that is refused for its form is written anew in the other dialect, once. The
dialect that the service took is remembered for the process, by base URL and model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from langchain_aimlapi import _catalogue
from langchain_aimlapi._client.request import Endpoint
from langchain_aimlapi._transport.request import ReplyRules
from langchain_aimlapi.errors import AimlapiError, InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from langchain_aimlapi._catalogue.spec import Dialect, ModelSpec, Route
    from langchain_aimlapi._transport.request import Request

ENDPOINTS: Mapping[Route, Endpoint] = {
    "chat": Endpoint("/chat/completions"),
    "responses": Endpoint("/responses", reply=ReplyRules(content_key=b'"output"')),
}

_OTHER: Mapping[Dialect, Dialect] = {"openai": "anthropic", "anthropic": "openai"}


class Target(NamedTuple):
    """Where a request goes, and how it is written."""

    route: Route
    dialect: Dialect
    spec: ModelSpec | None
    """The model's spec, if it is about this very route and dialect: it says nothing of another."""


class Place(NamedTuple):
    """A model at a service, of which a dialect can be learnt."""

    base_url: str
    model: str


_learnt: dict[Place, Dialect] = {}
"""Dialects that a service took after it had refused the documented one."""


def choose_targets(
    place: Place, dialect: str, use_responses_api: bool | None
) -> tuple[Target, Target | None]:
    """Choose the route and the dialect of a request, and of a second one if the first is refused.

    Args:
        place: The model and where it is served.
        dialect: "openai", "anthropic" or "auto".
        use_responses_api: As the setting; None follows the model's spec.
    """
    first, other = _of_model(place.model, dialect, use_responses_api)
    if other is not None and _learnt.get(place) == other.dialect:
        return other, first
    return first, other


@lru_cache(maxsize=1024)
def _of_model(
    model: str, dialect: str, use_responses_api: bool | None
) -> tuple[Target, Target | None]:
    return targets(_catalogue.model_spec(model), dialect, use_responses_api)


def targets(
    spec: ModelSpec | None, dialect: str, use_responses_api: bool | None
) -> tuple[Target, Target | None]:
    """The table behind `choose_targets`, without what was learnt.

    | `use_responses_api` | `dialect`   | the spec names      | route     | dialect        | second |
    |---------------------|-------------|---------------------|-----------|----------------|--------|
    | True                | any         | anything            | responses | openai         | no     |
    | False or None       | a dialect   | the chat route      | chat      | the one given  | no     |
    | False or None       | "auto"      | Anthropic's alone   | chat      | anthropic      | openai |
    | False or None       | "auto"      | Anthropic's as well | chat      | openai         | anthr. |
    | False or None       | "auto"      | no Anthropic's      | chat      | openai         | no     |
    | None                | any         | the responses route | responses | openai         | no     |
    """
    route: Route = "responses" if use_responses_api else "chat"
    if use_responses_api is None and spec is not None:
        route = spec.route
    documented = frozenset[str]() if spec is None else spec.dialects
    if route == "responses":
        return _target(spec, route, "openai"), None
    if dialect != "auto":
        return _target(spec, route, "anthropic" if dialect == "anthropic" else "openai"), None
    first: Dialect = "anthropic" if documented == {"anthropic"} else "openai"
    has_alternative_dialect = "anthropic" in documented
    other = _target(spec, route, _OTHER[first]) if has_alternative_dialect else None
    return _target(spec, route, first), other


def _target(spec: ModelSpec | None, route: Route, dialect: Dialect) -> Target:
    documented = spec is not None and route == spec.route and dialect in spec.dialects
    return Target(route, dialect, spec if documented else None)


_ABOUT_FORM = re.compile(
    r"validation error|invalid enum value|unrecognized key|invalid input|input_schema"
    r"|expected .{1,60} received|messages\W{0,2}\d|unknown (field|parameter)|extra inputs",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class OtherDialect:
    """The same request in the other dialect, for the transport to send after an error response."""

    place: Place
    target: Target
    write: Callable[[Target], Request]

    def request(self, error: AimlapiError) -> Request | None:
        """The request in this dialect, if the error is about the form of the first one."""
        refused = isinstance(error, InvalidRequestError) and _ABOUT_FORM.search(error.message)
        return self.write(self.target) if refused else None

    def accepted(self) -> None:
        """Remember, for this process, that the service took the dialect."""
        _learnt[self.place] = self.target.dialect
