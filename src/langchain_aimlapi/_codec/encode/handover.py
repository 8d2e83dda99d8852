"""A conversation fitted to the model that is asked, whoever said its turns.

What a model reasoned goes back to models of its vendor alone: others refuse the key it stands
under, or cannot check its signature. Ids of tool calls are mapped where the recipient refuses them,
the same on call and result, and two calls under one id get ids of their own. Names of tools are
those under which the tools are sent.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from langchain_aimlapi._codec.encode.content import Media, Part, Text
from langchain_aimlapi._codec.encode.names import legal_id, legal_name
from langchain_aimlapi._codec.encode.turns import AssistantTurn, ToolCall, ToolTurn, Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from langchain_aimlapi._catalogue.spec import Dialect, ModelFacts

_OWN_PROVIDER = "aimlapi"


def no_vendor(model: str) -> str | None:
    """Nothing is known of who makes a model."""
    del model
    return None


@dataclass(frozen=True, slots=True)
class Recipient:
    """The model that is asked, and what the caller wants of the conversation it gets."""

    model: str = ""
    spec: ModelFacts | None = None
    dialect: Dialect = "openai"
    echo_reasoning: bool = True
    vendor_of: Callable[[str], str | None] = no_vendor
    tool_names: Mapping[str, str] = field(default_factory=dict)
    """Names of tools that are sent under another one."""

    @property
    def vendor(self) -> str | None:
        """Who makes the model; the Anthropic dialect is spoken by Claude alone."""
        return self.vendor_of(self.model) or ("Anthropic" if self.dialect == "anthropic" else None)

    @property
    def takes_pictures(self) -> bool:
        """Whether user messages may hold pictures, as far as documented."""
        if self.spec is None or not (parts := self.spec.user_parts.get(self.dialect)):
            return True
        return not parts.isdisjoint({"image", "image_url", "input_image"})


def hand_over(turns: Sequence[Turn], recipient: Recipient) -> list[Turn]:
    """Fit a conversation to the model that is asked."""
    ids = _Ids(recipient.vendor)
    handed: list[Turn] = []
    for place, turn in enumerate(turns, start=1):
        fitted: Turn = turn
        if isinstance(turn, AssistantTurn):
            fitted = ids.of_calls(_own(turn, recipient))
            if fitted.empty and not turn.empty and place < len(turns):
                continue
        elif isinstance(turn, ToolTurn):
            fitted = ids.of_result(turn)
        handed.append(_without_blanks(fitted) if recipient.vendor == "Anthropic" else fitted)
    return handed


def _own(turn: AssistantTurn, recipient: Recipient) -> AssistantTurn:
    """A turn with what only models of its own vendor may get, or without it."""
    calls = tuple(
        replace(call, name=recipient.tool_names.get(call.name) or legal_name(call.name))
        for call in turn.tool_calls
    )
    parts = turn.parts
    if not recipient.takes_pictures:
        parts = tuple(p for p in parts if not (isinstance(p, Media) and p.kind == "image"))
    if _is_own(turn, recipient):
        return replace(turn, parts=parts, tool_calls=calls, **_echoed(turn, recipient))
    return replace(
        turn,
        parts=parts,
        tool_calls=tuple(map(_without_extras, calls)),
        reasoning=None,
        audio_id=None,
        own=False,
        echoed=False,
    )


def _echoed(turn: AssistantTurn, recipient: Recipient) -> dict[str, Any]:
    if recipient.echo_reasoning and not (recipient.spec and recipient.spec.closed_messages):
        return {"reasoning": turn.reasoning}
    return {"reasoning": None, "echoed": False}


def _is_own(turn: AssistantTurn, recipient: Recipient) -> bool:
    """Whether a model of the same vendor said it, as far as its metadata tell."""
    if turn.model and turn.model == recipient.model:
        return True
    vendor = recipient.vendor_of(turn.model or "") or recipient.vendor_of(f"{turn.provider}/")
    if vendor is not None and recipient.vendor is not None:
        return vendor == recipient.vendor
    # Back ends have names of their own for models: without a vendor only a stranger is doubted.
    return turn.provider in {None, _OWN_PROVIDER}


def _without_extras(call: ToolCall) -> ToolCall:
    return replace(call, extras={"type": "custom"} if call.custom else {})


def _without_blanks(turn: Turn) -> Turn:
    """A turn without blank text in lists, which Claude refuses in either dialect."""
    if isinstance(turn, AssistantTurn) or len(turn.parts) > 1:
        return replace(turn, parts=tuple(part for part in turn.parts if not _is_blank(part)))
    return turn


def _is_blank(part: Part) -> bool:
    return isinstance(part, Text) and not part.text.strip()


class _Ids:
    """Ids of calls as they are sent, and which results they wait for."""

    def __init__(self, vendor: str | None) -> None:
        self._vendor = vendor
        self._used: set[str] = set()
        self._waiting: dict[str, deque[str]] = {}
        self._last: dict[str, str] = {}

    def of_calls(self, turn: AssistantTurn) -> AssistantTurn:
        """A turn whose calls have ids of their own that the recipient takes."""
        self._waiting = {}
        calls: list[ToolCall] = []
        for call in turn.tool_calls:
            identity, tried = legal_id(call.id, self._vendor), 1
            while identity in self._used:
                tried += 1
                identity = legal_id(f"{call.id}_{tried}", self._vendor)
            self._used.add(identity)
            self._waiting.setdefault(call.id, deque()).append(identity)
            calls.append(replace(call, id=identity))
        items = turn.items and _renamed_items(turn.items, self._waiting)
        return replace(turn, tool_calls=tuple(calls), items=items)

    def of_result(self, turn: ToolTurn) -> ToolTurn:
        """A result under the id that its call is sent with."""
        waiting = self._waiting.get(turn.tool_call_id)
        if waiting:
            self._last[turn.tool_call_id] = waiting.popleft()
        known = self._last.get(turn.tool_call_id)
        return replace(turn, tool_call_id=known or legal_id(turn.tool_call_id, self._vendor))


def _renamed_items(
    items: tuple[Mapping[str, Any], ...], sent: Mapping[str, deque[str]]
) -> tuple[Mapping[str, Any], ...]:
    """Output items with the ids under which their calls are sent, in their order."""
    left = {given: deque(found) for given, found in sent.items()}
    renamed: list[Mapping[str, Any]] = []
    for item in items:
        given = item.get("call_id")
        queue = left.get(given) if isinstance(given, str) else None
        renamed.append({**item, "call_id": queue.popleft()} if queue else item)
    return tuple(renamed)
