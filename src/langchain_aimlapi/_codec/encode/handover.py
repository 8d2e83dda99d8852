"""A conversation fitted to the model that is asked, whoever said its turns.

What a model reasoned goes back to models of its vendor alone: others refuse the key it stands
under, or cannot check its signature. Ids of tool calls are mapped where the recipient refuses them,
the same on call and result, and two calls under one id get ids of their own. Names of tools are
those under which the tools are sent.
"""

from __future__ import annotations

from collections import deque
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from langchain_aimlapi._codec.encode.assistant import OWN_PROVIDER
from langchain_aimlapi._codec.encode.content import Media, Part, Text
from langchain_aimlapi._codec.encode.names import legal_id, legal_name
from langchain_aimlapi._codec.encode.turns import AssistantTurn, Reasoning, ToolCall, ToolTurn, Turn
from langchain_aimlapi._codec.keys import REASONING_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from langchain_aimlapi._catalogue.spec import Dialect, ModelSpec


def no_vendor(model: str) -> str | None:
    """Nothing is known of who makes a model."""
    del model
    return None


class Recipient(NamedTuple):
    """The model that is asked, and what the caller wants of the conversation it gets."""

    model: str = ""
    spec: ModelSpec | None = None
    dialect: Dialect = "openai"
    echo_reasoning: bool = True
    vendor_of: Callable[[str], str | None] = no_vendor
    tool_names: Mapping[str, str] = MappingProxyType({})
    """Names of tools that are sent under another one."""
    reasons_unasked: bool = False
    """Whether it reasons unless it is told not to."""

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
    if any(map(_is_of_calls, turns)):
        return _Handover(recipient).fit(turns)
    # Nothing of a model is in it, as at the beginning of every conversation.
    return list(map(_without_blanks, turns)) if recipient.vendor == "Anthropic" else [*turns]


def _is_of_calls(turn: Turn) -> bool:
    return isinstance(turn, AssistantTurn | ToolTurn)


class _Handover:
    """Fits one conversation; turns that need no change pass as they are."""

    def __init__(self, recipient: Recipient) -> None:
        self._recipient = recipient
        self._vendor = recipient.vendor
        self._takes_pictures = recipient.takes_pictures
        closed = recipient.spec is not None and recipient.spec.closed_messages
        self._echoes = recipient.echo_reasoning and not closed
        self._ids = _Ids(self._vendor)

    def fit(self, turns: Sequence[Turn]) -> list[Turn]:
        fitted: list[Turn] = []
        for place, turn in enumerate(turns, start=1):
            if isinstance(turn, AssistantTurn):
                fit = self._ids.of_calls(self._assistant(turn))
                if fit is not turn and fit.empty and not turn.empty and place < len(turns):
                    continue
                fitted.append(fit)
            elif isinstance(turn, ToolTurn):
                fitted.append(self._ids.of_result(turn))
            else:
                fitted.append(turn)
        if self._vendor == "Anthropic":
            return list(map(_without_blanks, fitted))
        return list(map(_with_reasoning, fitted)) if self._needs_reasoning else fitted

    @property
    def _needs_reasoning(self) -> bool:
        """Whether the model refuses an assistant turn that says nothing of its reasoning.

        Then turns of other models go with an empty one. Models from before tools are left alone:
        DeepSeek's R1 refused any reasoning.
        """
        spec = self._recipient.spec
        if spec is None or not self._echoes or self._vendor not in _DEMAND_REASONING:
            return False
        reasons = self._recipient.reasons_unasked or "reasoning" in spec.parameters
        return reasons and "tools" in spec.parameters

    def _assistant(self, turn: AssistantTurn) -> AssistantTurn:
        """A turn with what only models of its own vendor may get, or without it."""
        if turn.tool_calls:
            turn = self._with_sent_names(turn)
        if not self._takes_pictures and turn.media:
            kept = (p for p in turn.parts if not (isinstance(p, Media) and p.kind == "image"))
            turn = turn._replace(parts=tuple(kept))
        if turn.audio_id and not self._knows_audio(turn):
            turn = _in_words(turn)
        if self._is_own(turn):
            echoes = self._echoes or not (turn.reasoning or turn.items)
            return self._said_openly(turn) if echoes else _unechoed(turn)
        calls = tuple(map(_without_extras, turn.tool_calls))
        return turn._replace(tool_calls=calls, reasoning=None, own=False, echoed=False)

    def _knows_audio(self, turn: AssistantTurn) -> bool:
        """Whether what was said aloud can go back by its id, which is one account's alone."""
        spec = self._recipient.spec
        takes = spec is None or not spec.assistant_keys or "audio" in spec.assistant_keys
        return takes and turn.provider in {None, OWN_PROVIDER} and self._is_own(turn)

    def _said_openly(self, turn: AssistantTurn) -> AssistantTurn:
        """A turn without reasoning in plain text where that would be refused."""
        reasoning = turn.reasoning
        if reasoning is None or reasoning.key not in REASONING_KEYS:
            return turn
        hidden = self._vendor in _KEEP_TO_THEMSELVES and not _came_by_us(turn)
        if not hidden and self._vendor not in _REFUSE_REASONING:
            return turn
        left = reasoning._replace(text="", details=())
        return turn._replace(reasoning=None if left.empty else left)

    def _with_sent_names(self, turn: AssistantTurn) -> AssistantTurn:
        sent = self._recipient.tool_names
        names = [sent.get(call.name) or legal_name(call.name) for call in turn.tool_calls]
        if names == [call.name for call in turn.tool_calls]:
            return turn
        calls = zip(turn.tool_calls, names, strict=True)
        return turn._replace(tool_calls=tuple(call._replace(name=name) for call, name in calls))

    def _is_own(self, turn: AssistantTurn) -> bool:
        """Whether a model of the same vendor said it, as far as its metadata tell."""
        if turn.model == self._recipient.model or turn.model is turn.provider is None:
            return True
        vendor_of = self._recipient.vendor_of
        vendor = vendor_of(turn.model or "") or vendor_of(f"{turn.provider}/")
        if vendor is not None and self._vendor is not None:
            return vendor == self._vendor
        # Back ends have names of their own for models: without a vendor only a stranger is doubted.
        return turn.provider in {None, OWN_PROVIDER}


_KEEP_TO_THEMSELVES = frozenset({"Anthropic", "Google", "OpenAI"})
"""Vendors that sign or hide what their models reason: their own integrations hand over summaries,
and plain reasoning that names no model is hardly theirs."""

_DEMAND_REASONING = frozenset({"DeepSeek", "Moonshot"})
"""Vendors that say "The `reasoning_content` in the thinking mode must be passed back to the API", and
"reasoning_content is missing in assistant tool call message"."""

_REFUSE_REASONING = frozenset({"Mistral AI"})
"""Vendors whose messages have no place for reasoning beside the text, not even for their own."""


def _came_by_us(turn: AssistantTurn) -> bool:
    """Whether this service said a turn, as far as its metadata tell."""
    if turn.provider is None:
        return turn.model is not None
    return turn.provider == OWN_PROVIDER


def _in_words(turn: AssistantTurn) -> AssistantTurn:
    """A turn with what was said aloud as text, unless it has a text."""
    words = () if turn.text or not turn.transcript else (Text(turn.transcript),)
    return turn._replace(audio_id=None, parts=turn.parts + words)


def _unechoed(turn: AssistantTurn) -> AssistantTurn:
    return turn._replace(reasoning=None, echoed=False)


def _with_reasoning(turn: Turn) -> Turn:
    if not isinstance(turn, AssistantTurn) or turn.reasoning is not None:
        return turn
    return turn._replace(reasoning=Reasoning(required=True))


def _without_extras(call: ToolCall) -> ToolCall:
    return call._replace(extras={"type": "custom"} if call.custom else {})


def _without_blanks(turn: Turn) -> Turn:
    """A turn without blank text in lists, which Claude refuses in either dialect."""
    if not any(map(_is_blank, turn.parts)):
        return turn
    if isinstance(turn, AssistantTurn) or len(turn.parts) > 1:
        return turn._replace(parts=tuple(part for part in turn.parts if not _is_blank(part)))
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
        """A turn whose calls have ids of their own that the model takes."""
        self._waiting = {}
        changed = False
        for call in turn.tool_calls:
            identity, tried = legal_id(call.id, self._vendor), 1
            while identity in self._used:
                tried += 1
                identity = legal_id(f"{call.id}_{tried}", self._vendor)
            self._used.add(identity)
            self._waiting.setdefault(call.id, deque()).append(identity)
            changed = changed or identity != call.id
        return self._renamed(turn) if changed else turn

    def _renamed(self, turn: AssistantTurn) -> AssistantTurn:
        left = {given: deque(sent) for given, sent in self._waiting.items()}
        calls = tuple(call._replace(id=left[call.id].popleft()) for call in turn.tool_calls)
        items = turn.items and _renamed_items(turn.items, self._waiting)
        return turn._replace(tool_calls=calls, items=items)

    def of_result(self, turn: ToolTurn) -> ToolTurn:
        """A result under the id that its call is sent with."""
        waiting = self._waiting.get(turn.tool_call_id)
        if waiting:
            self._last[turn.tool_call_id] = waiting.popleft()
        given = turn.tool_call_id
        sent = self._last.get(given) or legal_id(given, self._vendor)
        return turn if sent == given else turn._replace(tool_call_id=sent)


def _renamed_items(
    items: tuple[Mapping[str, object], ...], sent: Mapping[str, deque[str]]
) -> tuple[Mapping[str, object], ...]:
    """Output items with the ids under which their calls are sent, in their order."""
    left = {given: deque(found) for given, found in sent.items()}
    renamed: list[Mapping[str, object]] = []
    for item in items:
        given = item.get("call_id")
        queue = left.get(given) if isinstance(given, str) else None
        renamed.append({**item, "call_id": queue.popleft()} if queue else item)
    return tuple(renamed)
