"""Does a text match a pattern? Answered in time linear in the text.

Theory: the pattern becomes a small program (Thompson's construction), and all states that the
program can be in are advanced together, one character at a time (Pike's machine). No state is
visited twice at one place, so nothing is ever tried again, as a backtracking engine does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from langchain_aimlapi.sandbox.answers.patterns.syntax import (
    Alternatives,
    Anchor,
    Characters,
    Lookahead,
    Node,
    Repeat,
    Sequence,
)

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.answers.budget import Budget


@dataclass(frozen=True, slots=True)
class _Jump:
    """Go on at any of these places, relative to this one."""

    offsets: tuple[int, ...]


_Instruction = Characters | Anchor | _Jump | Lookahead


@dataclass(slots=True)
class _Program:
    """The instructions of a pattern; a state is an index into them, the end is their number."""

    code: list[_Instruction] = field(default_factory=list)


def matches(tree: Node, text: str, budget: Budget) -> bool:
    """Tell whether a pattern matches anywhere in a text.

    Raises:
        TooExpensiveError: The budget ends before.
    """
    return _Matcher(text, budget).run(tree, 0, anywhere=True)


class _Matcher:
    """Runs patterns over one text."""

    def __init__(self, text: str, budget: Budget) -> None:
        self._text = text
        self._budget = budget
        self._programs: dict[int, list[_Instruction]] = {}
        self._looks: dict[tuple[int, int], bool] = {}

    def run(self, tree: Node, start: int, *, anywhere: bool = False) -> bool:
        """Match from a place on; `anywhere` lets the match begin later, too."""
        code = self._compiled(tree)
        states: set[int] = set()
        for at in range(start, len(self._text) + 1):
            if anywhere or at == start:
                states.add(0)
            states = self._closure(code, states, at)
            if len(code) in states:
                return True
            if at < len(self._text):
                states = self._advanced(code, states, self._text[at])
            if not states and not anywhere:
                return False
        return False

    def _advanced(self, code: list[_Instruction], states: set[int], character: str) -> set[int]:
        after = set()
        for state in states:
            step = code[state]
            if isinstance(step, Characters):
                self._budget.spend(step.size // 8)
                if step.contains(character):
                    after.add(state + 1)
        return after

    def _closure(self, code: list[_Instruction], states: set[int], at: int) -> set[int]:
        """Follow what takes no character."""
        seen: set[int] = set()
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if state in seen:
                continue
            seen.add(state)
            self._budget.spend()
            if state < len(code):
                waiting += [state + offset for offset in self._offsets(code[state], at)]
        return seen

    def _offsets(self, step: _Instruction, at: int) -> tuple[int, ...]:
        match step:
            case _Jump():
                return step.offsets
            case Anchor():
                return (1,) * self._is_at(step.kind, at)
            case Lookahead():
                return (1,) * (self._follows(step, at) is not step.negative)
            case _:
                return ()

    def _is_at(self, kind: str, at: int) -> bool:
        if kind == "start":
            return at == 0
        if kind == "end":
            return at == len(self._text)
        before = at > 0 and _is_word(self._text[at - 1])
        after = at < len(self._text) and _is_word(self._text[at])
        return (before is not after) is (kind == "boundary")

    def _follows(self, look: Lookahead, at: int) -> bool:
        key = (id(look), at)
        if key not in self._looks:
            self._looks[key] = self.run(look.part, at)
        return self._looks[key]

    def _compiled(self, tree: Node) -> list[_Instruction]:
        if id(tree) not in self._programs:
            self._programs[id(tree)] = _compile(tree, self._budget)
        return self._programs[id(tree)]


def _is_word(character: str) -> bool:
    return character == "_" or (character.isascii() and character.isalnum())


def _compile(node: Node, budget: Budget) -> list[_Instruction]:
    match node:
        case Sequence():
            code = [step for part in node.parts for step in _compile(part, budget)]
        case Alternatives():
            code = _compile_alternatives([_compile(option, budget) for option in node.options])
        case Repeat():
            code = _compile_repeat(node, _compile(node.part, budget), budget)
        case _:
            code = [node]
    budget.spend(len(code))
    return code


def _compile_alternatives(options: list[list[_Instruction]]) -> list[_Instruction]:
    """Write a fork to each option, and behind each option a jump to the end."""
    total = 1 + sum(len(option) + 1 for option in options)
    starts: list[int] = []
    code: list[_Instruction] = []
    for option in options:
        starts.append(1 + len(code))
        code += option
        code.append(_Jump((total - 1 - len(code),)))
    return [_Jump(tuple(starts)), *code]


def _compile_repeat(node: Repeat, part: list[_Instruction], budget: Budget) -> list[_Instruction]:
    """Write the part `low` times, then as an optional or endless rest."""
    size = len(part) + 1
    budget.spend(size * max(node.low, node.high or 0))
    code = part * node.low
    if node.high is None:
        return [*code, _Jump((1, size + 1)), *part, _Jump((-size,))]
    for left in range(node.high - node.low, 0, -1):
        code += [_Jump((1, left * size)), *part]
    return code
