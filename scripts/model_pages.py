"""Write docs/models.md, what each model family takes and gives, from the catalogue.

python scripts/model_pages.py            write the page
python scripts/model_pages.py --check    exit 1 if the page in place is not what would be written
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from langchain_aimlapi import _catalogue
from langchain_aimlapi._catalogue.twins import windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from langchain_aimlapi._catalogue import ModelEntry
    from langchain_aimlapi._catalogue.spec import ModelSpec

PAGE = Path(__file__).parents[1] / "docs" / "models.md"

HEAD = """\
# Models

What each model accepts, generated from the catalogue that this package ships and uses
(`python scripts/model_pages.py`). The catalogue holds what AI/ML API documents for each model id.
Which models are offered today, the service's own list says: `GET /v1/models`.

How to read the tables:

- **Request**: the endpoint and the form of messages. *either* means OpenAI's or Anthropic's.
  `ChatAimlapi` chooses by itself; `dialect=` and `use_responses_api=` override it.
- **Takes**: content besides text that a user message may have.
- **Tools**: whether tools may be bound; *one at a time* where `parallel_tool_calls` is not
  documented.
- **Output format**: *schema* and *JSON* are native; *by tool* is a forced tool call, which
  `with_structured_output` then uses.
- **Reasoning**: the parameter that `reasoning_effort` is sent as.
- **Leaves out**: common parameters that the model does not accept. They are left out of requests
  with one warning; `unsupported_params=` changes that.
- **Also**: what few others accept.
- **Context**: tokens of input and output together, where the service documents them; else the
  limit of the input that the [models.dev](https://models.dev) project has for the model.

{windows}

Ids marked with † share one documentation template with over a hundred other ids: it says what the
service accepts, and little about the model. Ids in one row are documented alike.

<div class="table-filter" data-hint="Filter: an id, a vendor, a word such as video"></div>
"""

USUAL = (
    "temperature",
    "top_p",
    "stop",
    "seed",
    "n",
    "logprobs",
    "frequency_penalty",
    "presence_penalty",
)
"""Parameters a caller expects to work."""

SPELT_OTHERWISE = {"stop": "stop_sequences"}
"""Parameters that the codec renames, and so does not leave out."""

PARTS = {
    "image_url": "image",
    "image": "image",
    "file": "PDF",
    "document": "PDF",
    "input_audio": "audio",
    "video_url": "video",
}

REASONING = ("reasoning_effort", "reasoning", "thinking", "enable_thinking")

EXTRAS = {
    "web_search_options": "web search",
    "search_mode": "web search",
    "enable_search": "web search",
    "audio": "audio output",
    "prediction": "prediction",
    "mask_sensitive_info": "masking",
}

REQUESTS = {
    frozenset({"openai"}): "chat",
    frozenset({"anthropic"}): "chat, Anthropic",
    frozenset({"openai", "anthropic"}): "chat, either",
}

REPLIES = {
    "Alibaba Cloud": "Reasoning comes as `reasoning_content`; usage tells text, image and video"
    " tokens apart.",
    "Anthropic": "Reasoning comes as `reasoning_content`; the finish reason may be `end_turn`; usage"
    " has no details.",
    "Baidu": "Reasoning comes as `reasoning_content`.",
    "ByteDance": "Reasoning comes as `reasoning_content`, some of it encrypted.",
    "DeepSeek": "Reasoning comes as `reasoning_content`; usage counts cache hits and misses.",
    "Google": "Gemini gives no reasoning text but a signature, which goes back with the next turn;"
    " models routed through OpenRouter give `reasoning` and `reasoning_details`. Completion tokens"
    " leave reasoning out.",
    "MiniMax": "Reasoning comes in `<think>` tags within the text, and is taken out of it.",
    "Moonshot": "Reasoning comes as `reasoning_content`.",
    "OpenAI": "Reasoning is counted, not shown; the open-weight models give `reasoning_content`.",
    "Perplexity": "Replies carry citations and search results.",
    "Zhipu": "Reasoning comes as `reasoning_content`.",
    "xAI": "Reasoning comes as `reasoning_content`, but for the fast variants. Completion tokens"
    " leave reasoning out.",
}
"""What recorded replies of a vendor's models look like, where that differs."""


class Row(NamedTuple):
    """The cells of one row, but for the ids it stands for."""

    request: str
    takes: str
    tools: str
    output_format: str
    reasoning: str
    leaves_out: str
    also: str
    context: str


def main(arguments: Sequence[str]) -> int:
    """Write the page, or with `--check` compare it; return the exit status."""
    page = render(_catalogue.entry(model) for model in _catalogue.ids())
    if "--check" not in arguments:
        PAGE.write_text(page, "utf-8")
        return 0
    current = PAGE.exists() and PAGE.read_text("utf-8") == page
    if not current:
        print(f"{PAGE.name} is out of date: run python scripts/model_pages.py")
    return 0 if current else 1


def render(entries: Iterable[ModelEntry | None]) -> str:
    """Return the page for these models."""
    vendors: dict[str, list[ModelEntry]] = defaultdict(list)
    for entry in entries:
        if entry is not None:
            vendors[entry.vendor].append(entry)
    names = sorted(vendors, key=str.lower)
    head = HEAD.format(windows=known_windows([each for one in vendors.values() for each in one]))
    sections = [section(name, vendors[name]) for name in names]
    return "\n".join([head, overview({name: vendors[name] for name in names}), *sections])


def known_windows(entries: Sequence[ModelEntry]) -> str:
    """Return a sentence on how many ids have a context window."""
    unknown = [entry for entry in entries if windows(entry.id)[0] is None]
    listed = sum(entry.listing == "listed" for entry in unknown)
    return (
        f"`ChatAimlapi(…).profile` says the same in LangChain's words, with names, dates and what "
        f"else is known. Of {len(entries)} ids, {len(unknown)} have no context window that anybody "
        f"documents, {listed} of them listed by the service; for those, "
        "`SummarizationMiddleware` takes tokens instead of a fraction, or "
        '`profile={"max_input_tokens": …}`.'
    )


def overview(vendors: dict[str, list[ModelEntry]]) -> str:
    """Return the table of vendors: how many of their ids take what."""
    rows = [counts(name, entries) for name, entries in vendors.items()]
    rows.append(counts("All", [entry for entries in vendors.values() for entry in entries]))
    heads = ("Vendor", "Ids", "Listed", "Own", "Tools", "Schema output", "Images", "Reasoning")
    words = "*Own* counts ids with documentation of their own; the columns after it count of those."
    return f"## Overview\n\n{words}\n\n{table(heads, rows)}"


def counts(name: str, entries: Sequence[ModelEntry]) -> list[str]:
    """Return the overview's row of one vendor."""
    known = [entry.spec for entry in entries if entry.spec is not None]
    own = [spec for spec in known if not spec.generic]
    sums = (
        len(entries),
        sum(entry.listing == "listed" for entry in entries),
        len(own),
        sum("tools" in spec.parameters for spec in own),
        sum("json_schema" in spec.response_formats for spec in own),
        sum("image" in takes(spec) for spec in own),
        sum(reasoning_parameters(spec) != "" for spec in own),
    )
    return [name, *map(str, sums)]


def section(vendor: str, entries: Sequence[ModelEntry]) -> str:
    """Return the section of one vendor."""
    current = [entry for entry in entries if entry.listing != "deprecated"]
    grouped: dict[Row, list[str]] = defaultdict(list)
    for entry in current:
        grouped[row(entry)].append(shown(entry))
    heads = ("Model", *(name.replace("_", " ").capitalize() for name in Row._fields))
    rows = [["<br>".join(ids), *cells] for cells, ids in grouped.items()]
    deprecated = ", ".join(shown(entry) for entry in entries if entry.listing == "deprecated")
    paragraphs = [
        f"## {vendor}\n",
        REPLIES[vendor] + "\n" if vendor in REPLIES else "",
        table(heads, rows) if rows else "",
        f"Deprecated: {deprecated}\n" if deprecated else "",
    ]
    return "\n".join(paragraph for paragraph in paragraphs if paragraph)


def shown(entry: ModelEntry) -> str:
    """Return an id as the page shows it."""
    generic = entry.spec is not None and entry.spec.generic
    return f"`{entry.id}`" + (" †" if generic else "")


def row(entry: ModelEntry) -> Row:
    """Return the cells of one model."""
    spec = entry.spec
    window = windows(entry.id)[0]
    context = f"{window:,}" if window else ""
    if spec is None:
        return Row("chat", "", "", "", "", "", "", context)
    return Row(
        request="responses" if spec.route == "responses" else REQUESTS[spec.dialects],
        takes=takes(spec),
        tools=tools(spec),
        output_format=output_format(spec),
        reasoning=reasoning_parameters(spec),
        leaves_out=leaves_out(spec),
        also=also(spec),
        context=context,
    )


def takes(spec: ModelSpec) -> str:
    """Return the kinds of content a user message may hold besides text."""
    parts = frozenset().union(*spec.user_parts.values())
    return ", ".join(dict.fromkeys(word for part, word in PARTS.items() if part in parts))


def tools(spec: ModelSpec) -> str:
    """Return whether and how tools may be bound."""
    if "tools" not in spec.parameters:
        return "no"
    parallel = "parallel_tool_calls" in spec.parameters or "anthropic" in spec.dialects
    return "yes" if parallel else "one at a time"


def output_format(spec: ModelSpec) -> str:
    """Return how structured output is asked for."""
    if "json_schema" in spec.response_formats:
        return "schema"
    if "json_object" in spec.response_formats:
        return "JSON"
    return "by tool" if "tools" in spec.parameters else "no"


def reasoning_parameters(spec: ModelSpec) -> str:
    """Return the parameters that control reasoning."""
    return ", ".join(f"`{name}`" for name in REASONING if name in spec.parameters)


def leaves_out(spec: ModelSpec) -> str:
    """Return the usual parameters that the model does not take under any name."""
    missing = [
        name for name in USUAL if not {name, SPELT_OTHERWISE.get(name, name)} & spec.parameters
    ]
    return ", ".join(f"`{name}`" for name in missing)


def also(spec: ModelSpec) -> str:
    """Return what few models take."""
    words = [word for name, word in EXTRAS.items() if name in spec.parameters]
    words += ["prompt caching marks"] if spec.takes_cache_control else []
    words += ["server tools"] if "anthropic_server_tools" in spec.tool_shapes else []
    return ", ".join(dict.fromkeys(words))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
