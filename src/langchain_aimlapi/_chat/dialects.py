"""Where a chat request goes and in which dialect it is written.

A model's spec names the route and the dialects it documents, and the user may choose otherwise.
The documents on Claude contradict one another: where they name the Anthropic dialect and nobody
chose one, a request that is refused for its form is written anew in the other dialect, once. The
dialect that the service took is remembered for the process, by base URL and model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from langchain_aimlapi._client.request import Endpoint
from langchain_aimlapi._transport.request import ReplyRules
from langchain_aimlapi.errors import AimlapiError, InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from langchain_aimlapi._catalogue.spec import Dialect, ModelFacts, Route
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
    spec: ModelFacts | None
    """The model's spec, if it is about this very route and dialect: it says nothing of another."""
    has_alternative_dialect: bool = False
    """Whether the service may take the other dialect where it refuses this one."""


class Place(NamedTuple):
    """A model at a service, of which a dialect can be learnt."""

    base_url: str
    model: str


_learnt: dict[Place, Dialect] = {}
"""Dialects that a service took after it had refused the documented one."""


def choose_target(
    spec: ModelFacts | None,
    place: Place,
    *,
    dialect: str,
    use_responses_api: bool | None,
) -> Target:
    """Choose the route and the dialect of a request.

    | `use_responses_api` | `dialect`   | the spec names      | route     | dialect               |
    |---------------------|-------------|---------------------|-----------|-----------------------|
    | True                | any         | anything            | responses | openai                |
    | False or None       | a dialect   | anything            | chat      | the one given         |
    | False or None       | "auto"      | Anthropic's alone   | chat      | learnt, or anthropic  |
    | False or None       | "auto"      | Anthropic's as well | chat      | learnt, or openai     |
    | False or None       | "auto"      | no Anthropic's      | chat      | openai                |
    | None                | any         | the responses route | responses | openai                |

    Args:
        spec: Of the model, if it is known.
        place: The model and where it is served.
        dialect: "openai", "anthropic" or "auto".
        use_responses_api: As the setting; None follows the spec.
    """
    route = _choose_route(use_responses_api, spec)
    in_doubt = (
        route == "chat" and dialect == "auto" and spec is not None and "anthropic" in spec.dialects
    )
    written = _choose_dialect(route, dialect, spec)
    if in_doubt:
        written = _learnt.get(place, written)
    return Target(route, written, _about(spec, route, written), in_doubt)


def _about(spec: ModelFacts | None, route: Route, dialect: Dialect) -> ModelFacts | None:
    """The spec, if it is about this very route and dialect."""
    documented = spec is not None and route == spec.route and dialect in spec.dialects
    return spec if documented else None


def _choose_route(use_responses_api: bool | None, spec: ModelFacts | None) -> Route:
    if use_responses_api is None:
        return "chat" if spec is None else spec.route
    return "responses" if use_responses_api else "chat"


def _choose_dialect(route: Route, dialect: str, spec: ModelFacts | None) -> Dialect:
    if route == "responses":
        return "openai"
    if dialect == "auto":
        return "anthropic" if spec is not None and spec.dialects == {"anthropic"} else "openai"
    return "anthropic" if dialect == "anthropic" else "openai"


_ABOUT_FORM = re.compile(
    r"validation error|invalid enum value|unrecognized key|invalid input|input_schema"
    r"|expected .{1,60} received|messages\W{0,2}\d|unknown (field|parameter)|extra inputs",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _OtherDialect:
    """The same request in the other dialect, for the transport to send after a refusal."""

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


def with_other_dialect(
    write: Callable[[Target], Request], target: Target, spec: ModelFacts | None, place: Place
) -> Request:
    """A request with its alternative in the other dialect, if it has one.

    Args:
        write: Writes the request for a target; the alternative is written only if it is needed.
        target: Of the first request.
        spec: Of the model, if it is known.
        place: The model and where it is served.
    """
    request = write(target)
    if not target.has_alternative_dialect:
        return request
    dialect = _OTHER[target.dialect]
    other = Target(target.route, dialect, _about(spec, target.route, dialect))
    return replace(request, alternative=_OtherDialect(place, other, write))
