"""Tool calls and their results, paired as services want them.

Histories hold calls that nobody answered: a run was interrupted, or the arguments were no JSON, so
that no tool could run. Users speak while tools run, and graphs record a result twice. No service
takes a conversation with any of these, so its thread could never go on.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from langchain_aimlapi._codec.encode.turns import AssistantTurn, ToolCall, ToolTurn, Turn
from langchain_aimlapi._codec.json_text import to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

INVALID_ARGUMENTS = "invalid_json"
"""Key of the object in which arguments go back that are none."""


def pair_calls(turns: Sequence[Turn], *, stored: bool) -> list[Turn]:
    """The conversation with one result right after every call, and no call without one.

    What cannot be paired is left out, except for the calls of the last turn: they are still to be
    answered, and a program that forgot to should hear it from the service.

    Args:
        turns: The conversation.
        stored: Whether the service may know calls that are not in it, as on the Responses route:
            results without a call then stay where they are.
    """
    if not stored:
        turns = _without_lost_results(turns)
    if not any(isinstance(turn, AssistantTurn) and turn.tool_calls for turn in turns):
        return list(turns)
    return _without_unanswered_calls(_with_results_after_calls(turns))


def _without_lost_results(turns: Sequence[Turn]) -> Sequence[Turn]:
    """The conversation without results whose calls were removed, by trimming for example.

    Where a call has no result either, one of the two has a wrong id, which the service will say; and
    so it will of a result at the end, which nothing but a mistake puts there.
    """
    results = {turn.tool_call_id for turn in turns if isinstance(turn, ToolTurn)}
    if not results:
        return turns
    calls = {
        call.id for turn in turns if isinstance(turn, AssistantTurn) for call in turn.tool_calls
    }
    lost = results - calls
    if not lost or calls - results:
        return turns
    end = max((at for at, turn in enumerate(turns) if not isinstance(turn, ToolTurn)), default=-1)
    return [
        turn
        for at, turn in enumerate(turns)
        if at > end or not (isinstance(turn, ToolTurn) and turn.tool_call_id in lost)
    ]


@dataclass(slots=True)
class _Group:
    """A turn and the results of its calls."""

    turns: list[Turn]
    open: Counter[str]
    """How many calls of each id wait for a result."""

    def add(self, result: ToolTurn) -> None:
        """Put a result behind its call; what a second one says is joined to the first."""
        identity = result.tool_call_id
        if self.open[identity]:
            self.open[identity] -= 1
            self.turns.append(result)
            return
        for at, turn in reversed(list(enumerate(self.turns))):
            if isinstance(turn, ToolTurn) and turn.tool_call_id == identity:
                if turn.parts != result.parts:
                    self.turns[at] = turn._replace(parts=turn.parts + result.parts)
                return


def _with_results_after_calls(turns: Sequence[Turn]) -> list[Turn]:
    groups: list[_Group] = []
    latest: dict[str, _Group] = {}
    paired: list[Turn] = []
    for turn in turns:
        if isinstance(turn, ToolTurn) and turn.tool_call_id in latest:
            latest[turn.tool_call_id].add(turn)
            continue
        group = _Group([turn], Counter())
        groups.append(group)
        if isinstance(turn, AssistantTurn):
            for call in turn.tool_calls:
                group.open[call.id] += 1
                latest[call.id] = group
    for group in groups:
        paired += group.turns
    return paired


def _without_unanswered_calls(turns: Sequence[Turn]) -> list[Turn]:
    """The conversation without open calls; one that names no tool goes with its result."""
    nameless = {
        call.id
        for turn in turns
        if isinstance(turn, AssistantTurn)
        for call in turn.tool_calls
        if not call.name
    }
    answered: set[str] = set()
    kept: list[Turn] = []
    for position, turn in reversed(list(enumerate(turns, start=1))):
        if isinstance(turn, ToolTurn):
            answered.add(turn.tool_call_id)
            kept += [] if turn.tool_call_id in nameless else [turn]
        elif isinstance(turn, AssistantTurn) and turn.tool_calls:
            left = _with_answered_calls(turn, None if position == len(turns) else answered)
            kept += [left] if left else []
            answered -= {call.id for call in turn.tool_calls}
        else:
            kept.append(turn)
    return kept[::-1]


def _with_answered_calls(turn: AssistantTurn, answered: set[str] | None) -> AssistantTurn | None:
    """A turn with its calls that have results (all, for `None`); `None` if nothing is left."""
    calls = tuple(
        _repaired(call)
        for call in turn.tool_calls
        if call.name and (answered is None or call.id in answered)
    )
    if calls == turn.tool_calls:
        return turn
    left = turn._replace(tool_calls=calls)
    silent = not calls and left._replace(reasoning=None, items=()).empty
    return None if silent and answered is not None else left


def _repaired(call: ToolCall) -> ToolCall:
    """A call whose arguments are a JSON object; what was none stands in one, as it was."""
    if not call.broken:
        return call
    return call._replace(arguments=to_json({INVALID_ARGUMENTS: call.arguments}), broken=False)
