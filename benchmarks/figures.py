"""The figures: what is measured, beside whom, and what was set as the target."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.peers import CORE, FLOOR, MISTRAL, OPENAI, OURS, PARTNERS, PLAIN, RAW, Peer

BURST_TOKENS = 500


@dataclass(frozen=True, slots=True)
class Target:
    """An upper bound on our value."""

    times: float
    """So many times what the other has."""
    of: Peer
    plus: float = 0.0
    """And so much more, in the figure's unit."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the report."""

    name: str
    title: str
    workload: str
    """A function of `workloads`."""
    amounts: dict[str, int]
    quick: dict[str, int] = field(default_factory=dict)
    """Smaller amounts for `--quick`."""
    peers: tuple[Peer, ...] = PARTNERS
    targets: tuple[Target, ...] = ()
    most: float | None = None
    """An absolute bound, in the figure's unit."""
    unit: str = "us"
    scale: float = 1e6
    """From seconds or bytes to the unit."""


def _beside_floors(*more: Peer) -> tuple[Peer, ...]:
    return (*PARTNERS, RAW, CORE, FLOOR, *more)


def _rivals(openai: float, mistral: float, *more: Target) -> tuple[Target, ...]:
    return (Target(openai, OPENAI), Target(mistral, MISTRAL), *more)


_NEAR_FLOOR = Target(1.3, FLOOR)

FIGURES = (
    Figure(
        "invoke",
        "invoke",
        "invoke",
        {"calls": 200},
        {"calls": 20},
        peers=_beside_floors(),
        targets=_rivals(0.45, 0.9, _NEAR_FLOOR),
    ),
    Figure(
        "stream",
        "stream, 500-chunk reply in one burst, per chunk",
        "stream",
        {"tokens": BURST_TOKENS, "streams": 20},
        {"tokens": BURST_TOKENS, "streams": 2},
        peers=_beside_floors(PLAIN),
        targets=_rivals(0.17, 0.65, _NEAR_FLOOR),
    ),
    Figure(
        "events",
        'stream_events(version="v3"), per chunk',
        "events",
        {"tokens": BURST_TOKENS, "streams": 20},
        {"tokens": BURST_TOKENS, "streams": 2},
        peers=(*PARTNERS, CORE, FLOOR),
        targets=_rivals(0.10, 0.30, _NEAR_FLOOR),
    ),
    Figure(
        "structured",
        "structured stream, an object of 1,000 pieces, per piece",
        "structured",
        {"tokens": 1000, "streams": 10},
        {"tokens": 200, "streams": 1},
        peers=(OURS, OPENAI),
        targets=(Target(0.10, OPENAI),),
    ),
    Figure(
        "tools",
        "stream of a tool call of 1,000 pieces, added up, per piece",
        "tools",
        {"tokens": 1000, "streams": 3},
        {"tokens": 200, "streams": 1},
        peers=(OURS, OPENAI, MISTRAL),
        targets=(Target(0.10, OPENAI),),
    ),
    Figure(
        "agent",
        'create_agent(...).stream(stream_mode="messages"), per chunk',
        "agent",
        {"tokens": BURST_TOKENS, "streams": 20},
        {"tokens": BURST_TOKENS, "streams": 2},
        peers=(OURS, OPENAI, MISTRAL),
        targets=_rivals(0.2, 0.7),
    ),
    *(
        Figure(
            f"{name}-{pieces}",
            f"{title} of {pieces:,} pieces, per piece",
            name,
            {"tokens": pieces, "streams": max(1, 10_000 // pieces)},
            {"tokens": pieces, "streams": 1},
            peers=(OURS,),
        )
        for name, title in (
            ("structured", "structured stream"),
            ("tools", "stream of a tool call, added up,"),
        )
        for pieces in (100, 10_000)
    ),
    Figure(
        "ainvoke",
        "ainvoke, 100 at once",
        "ainvoke",
        {"at_once": 100, "rounds": 5},
        {"at_once": 20, "rounds": 1},
        peers=_beside_floors(),
        targets=_rivals(0.15, 0.20, _NEAR_FLOOR),
    ),
    Figure(
        "astream",
        "astream, 20 at once, burst, per chunk",
        "astream",
        {"tokens": BURST_TOKENS, "at_once": 20},
        {"tokens": 100, "at_once": 5},
        peers=_beside_floors(PLAIN),
        targets=_rivals(0.12, 0.40, _NEAR_FLOOR),
    ),
    Figure(
        "paced",
        "astream, 300 at once, a token per 50 ms, per chunk",
        "astream",
        {"tokens": 60, "at_once": 300, "pace_ms": 50},
        {"tokens": 10, "at_once": 20, "pace_ms": 20},
        peers=(*PARTNERS, RAW, FLOOR, PLAIN),
        targets=_rivals(0.22, 0.30, _NEAR_FLOOR),
    ),
    Figure(
        "construction",
        "construction",
        "construct",
        {"objects": 200},
        {"objects": 5},
        targets=_rivals(0.4, 0.5),
    ),
    Figure(
        "import",
        "import over langchain-core",
        "load",
        {},
        targets=_rivals(0.06, 0.5),
        most=40.0,
        unit="ms",
        scale=1e3,
    ),
    Figure(
        "cold-start",
        "import and first object",
        "load",
        {"objects": 1},
        unit="ms",
        scale=1e3,
    ),
    Figure(
        "memory",
        "memory per open stream, 1,000 at once",
        "memory",
        {"at_once": 1000},
        {"at_once": 50},
        # Some peers open at most 100 connections; the others would wait for ever.
        peers=(OURS, OPENAI, RAW),
        most=150.0,
        unit="KB",
        scale=1 / 1024,
    ),
    Figure(
        "first-token",
        "time to first token, 1 stream",
        "first_token",
        {"at_once": 1, "rounds": 100},
        {"at_once": 1, "rounds": 5},
        peers=(OURS, OPENAI, MISTRAL, RAW, FLOOR),
        targets=(Target(1.0, RAW, plus=2.0),),
        unit="ms",
        scale=1e3,
    ),
    Figure(
        "first-token-300",
        "time to first token, 300 streams at once",
        "first_token",
        {"at_once": 300, "rounds": 5},
        {"at_once": 20, "rounds": 1},
        peers=(OURS, OPENAI, MISTRAL, RAW, FLOOR),
        targets=(Target(1.2, RAW),),
        unit="ms",
        scale=1e3,
    ),
    *(
        Figure(
            f"linear-{tokens}",
            f"stream, {tokens:,}-chunk reply, per chunk",
            "stream",
            {"tokens": tokens, "streams": max(1, 20_000 // tokens)},
            {"tokens": tokens // 50, "streams": 1},
            peers=(OURS, CORE),
        )
        for tokens in (100, 1_000, 10_000, 100_000)
    ),
)
