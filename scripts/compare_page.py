"""Write the table of docs/why.md: the same calls by `ChatOpenAI(base_url=…)` and by `ChatAimlapi`.

python -m scripts.compare_page            make the calls and write the table
python -m scripts.compare_page --check    exit 1 if the table in place is not what would be written

Every cell is a call against the sandbox; `pip install --group bench` brings langchain-openai.
The figures of CPU are those of `benchmarks/results/reference.json`.
"""

from __future__ import annotations

import json
import pickle
import re
import sys
import threading
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from langchain_aimlapi import ChatAimlapi
from langchain_aimlapi.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk

    Model = type[BaseChatModel]

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "why.md"
FIGURES = ROOT / "benchmarks" / "results" / "reference.json"
BEGIN, END = "<!-- table: python -m scripts.compare_page -->\n", "<!-- end of table -->"

ENOUGH = 3.0
"""Seconds after which a call whose `timeout` is 1 is said to go on."""


class Probe(NamedTuple):
    """One row: what is tried, and how."""

    title: str
    look: Callable[[BaseChatModel, Sandbox], str]
    settings: dict[str, Any]
    fault: str | None = None


def asked(model: BaseChatModel, sandbox: Sandbox, *, stream: bool) -> Any:
    """Return an answer with reasoning, whole or added up from a stream."""
    sandbox.answer_next("Three.", reasoning="s-t-r-a-w-b-e-r-r-y")
    if not stream:
        return model.invoke("How many r are in strawberry?")
    return added(model)


def added(model: BaseChatModel) -> AIMessageChunk:
    """Return the sum of a stream's chunks."""
    whole: AIMessageChunk | None = None
    for chunk in model.stream("How many r are in strawberry?"):
        whole = chunk if whole is None else whole + chunk
    assert whole is not None  # noqa: S101  # a stream without chunks raises
    return whole


def kept(found: object) -> str:
    """Say whether something arrived."""
    return "kept" if found else "lost"


def has_reasoning(message: Any) -> str:
    """Say whether the reasoning text arrived."""
    return kept([block for block in message.content_blocks if block["type"] == "reasoning"])


def has_cost(message: Any) -> str:
    """Say whether the cost arrived."""
    return kept(message.response_metadata.get("cost"))


def has_citations(model: BaseChatModel, _: Sandbox) -> str:
    """Say whether the sources of a web search arrived."""
    message = model.invoke("Hi", web_search_options={})
    return kept([block for block in message.content_blocks if block.get("annotations")])


def takes_video(model: BaseChatModel, sandbox: Sandbox) -> str:
    """Say whether a video is sent."""
    video = {"type": "video", "url": "https://example.com/a.mp4"}
    model.invoke([("human", [{"type": "text", "text": "What happens?"}, video])])
    return "sent" if "video" in json.dumps(sandbox.requests[-1].body) else "left out"


def streamed(model: BaseChatModel, _: Sandbox) -> str:
    """Say what a stream that fails looks like, if it is no error."""
    added(model)
    return "**taken as a complete answer**"


def answered(model: BaseChatModel, _: Sandbox) -> str:
    """Say that an answer came."""
    model.invoke("Hi")
    return "answered"


def identified(model: BaseChatModel, _: Sandbox) -> str:
    """Say whether an error names the call as the service's logs do."""
    try:
        model.invoke("Hi")
    except Exception as error:  # noqa: BLE001  # whatever each package raises
        return "`error.inference_id`" if getattr(error, "inference_id", None) else "no"
    return "no error"


def timed(model: BaseChatModel, _: Sandbox) -> str:
    """Say how long a call with `timeout=1` lasts."""
    start = time.monotonic()
    try:
        added(model)
    except Exception as error:  # noqa: BLE001  # whatever each package raises
        return f"`{type(error).__name__}` after {time.monotonic() - start:.0f} s"
    return "answered"


def window(model: BaseChatModel, _: Sandbox) -> str:
    """Say how large the model's context is known to be."""
    profile = model.profile or {}
    tokens = profile.get("max_input_tokens")
    return f"{tokens:,} tokens" if tokens else "unknown"


def pickled(model: BaseChatModel, _: Sandbox) -> str:
    """Say whether a copy by pickle works, after a call."""
    model.invoke("Hi")
    pickle.loads(pickle.dumps(model)).invoke("Hi")  # noqa: S301  # our own bytes
    return "works"


DEEPSEEK = {"model": "deepseek/deepseek-v4-pro"}
GPT = {"model": "openai/gpt-4o", "max_retries": 0}
HURRIED = {**GPT, "timeout": 1}

PROBES = (
    Probe(
        "Reasoning text of DeepSeek, whole reply",
        lambda m, s: has_reasoning(asked(m, s, stream=False)),
        DEEPSEEK,
    ),
    Probe(
        "Reasoning text of DeepSeek, stream",
        lambda m, s: has_reasoning(asked(m, s, stream=True)),
        DEEPSEEK,
    ),
    Probe(
        "Cost of the call, whole reply", lambda m, s: has_cost(asked(m, s, stream=False)), DEEPSEEK
    ),
    Probe("Cost of the call, stream", lambda m, s: has_cost(asked(m, s, stream=True)), DEEPSEEK),
    Probe("Sources of a web search", has_citations, {"model": "openai/gpt-5.2-chat"}),
    Probe("A video in the prompt", takes_video, {"model": "alibaba/qwen3.5-omni-plus"}),
    Probe("A stream that ends too early", streamed, GPT, "cut_stream"),
    Probe("An error within a stream", streamed, GPT, "error_mid_stream"),
    Probe("Broken JSON within a stream", streamed, GPT, "malformed_line"),
    Probe("An error under status 200", answered, GPT, "error_in_200"),
    Probe("No credits left", answered, GPT, "out_of_credits"),
    Probe("The id of a failed call in the service's logs", identified, GPT, "status_500"),
    Probe("`timeout=1`, and only heartbeats come", timed, HURRIED, "stall"),
    Probe("`timeout=1`, and the reply comes byte by byte", timed, HURRIED, "slow_body"),
    Probe("Context window of DeepSeek's model, for agents that summarise", window, DEEPSEEK),
    Probe("`pickle` after a call", pickled, GPT),
)


def main(arguments: Sequence[str]) -> int:
    """Write the table, or check it."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    now, _, after = rest.partition(END)
    table = written()
    if "--check" in arguments:
        if now != table:
            print(f"{PAGE} is out of date: run python -m scripts.compare_page")
        return int(now != table)
    PAGE.write_text(f"{before}{BEGIN}{table}{END}{after}", "utf-8")
    return 0


def written() -> str:
    """Return the table."""
    from langchain_openai import ChatOpenAI  # noqa: PLC0415  # a peer, for this script alone

    warnings.simplefilter("ignore")
    heads = f"\n| | `ChatOpenAI` {version('langchain-openai')} | `ChatAimlapi` |\n|---|---|---|\n"
    rows = [(p.title, cell(p, ChatOpenAI), cell(p, ChatAimlapi)) for p in PROBES]
    return heads + "".join(f"| {' | '.join(row)} |\n" for row in [*rows, *figures()]) + "\n"


def cell(probe: Probe, model: Model) -> str:
    """Return what one package does, or that it does not end."""
    seen: list[str] = []

    def call() -> None:
        seen.append(outcome(probe, model))

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(ENOUGH)
    return seen[0] if seen else f"**still waiting after {ENOUGH:.0f} s**"


def outcome(probe: Probe, model: Model) -> str:
    """Return what one package does."""
    with Sandbox(faults=[probe.fault] if probe.fault else None) as sandbox:
        made = model(base_url=sandbox.base_url, api_key=sandbox.api_key, **probe.settings)
        try:
            return probe.look(made, sandbox)
        except Exception as error:  # noqa: BLE001  # whatever each package raises
            return f"`{type(error).__name__}`"


def figures() -> list[tuple[str, str, str]]:
    """Return the rows of CPU time, in multiples of ours."""
    rows = json.loads(FIGURES.read_text("utf-8"))["rows"]
    found = []
    for row in rows:
        medians, unit = row["medians"], row["unit"]
        if "langchain-openai" not in medians or unit != "us":
            continue
        title = re.sub(r", 500-chunk reply in one burst", "", row["title"])
        theirs, ours = medians["langchain-openai"], medians["langchain-aimlapi"]
        found.append((f"Client CPU, {title}", f"{theirs:,.0f} µs", f"{ours:,.0f} µs"))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
