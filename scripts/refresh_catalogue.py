"""Write the catalogue of models that the package ships.

    python scripts/refresh_catalogue.py --from SPECS.json
    python scripts/refresh_catalogue.py --live https://api.aimlapi.com
    python scripts/refresh_catalogue.py --from SPECS.json --live https://api.aimlapi.com

SPECS.json is a list of what each documented request schema says, one object per model id.
`--live` merges the service's own list of models over it, or, without `--from`, over the catalogue
as it stands: the list knows new ids, aliases, windows, capabilities and prices; it says nothing of
request schemas, so what is documented of those stays. An id that the list no longer has becomes
"unlisted"; an id that only the list has gets no request schema, and is then sent the plain dialect.

The same input gives the same bytes. Shared rows are named by their content, so that a new model
changes its own line and no other.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

CATALOGUE = Path(__file__).parents[1] / "src/langchain_aimlapi/_catalogue/models.json"

CHAT_TYPE = "openai/chat-completions"

TABLES = ("parameters", "shapes", "models", "aliases", "pricing", "profiles")
"""The last is what others say of the models; `scripts/refresh_profiles.py` writes it."""

VENDORS = {
    "Alibaba-Cloud": "Alibaba Cloud",
    "Arcee-AI": "Arcee AI",
    "ByteDance-Seed": "ByteDance",
    "Deep-Cogito": "Deep Cogito",
    "DeepSeek-AI": "DeepSeek",
    "Mistral-AI": "Mistral AI",
    "NousResearch": "Nous Research",
    "Sakana-AI": "Sakana AI",
    "Thinking-Machines": "Thinking Machines",
    "Zhipu-AI": "Zhipu",
    "baidu": "Baidu",
    "meta": "Meta",
    "moonshot": "Moonshot",
    "nousresearch": "Nous Research",
    "nvidia": "NVIDIA",
    "openai": "OpenAI",
    "rekaai": "Reka",
    "tencent": "Tencent",
    "xai": "xAI",
    "xiaomi": "Xiaomi",
}
"""Folder names of the documentation, where they are spelt in several ways or are no names."""

RESPONSES_ONLY = (
    "openai/gpt-5-1-codex",
    "openai/gpt-5-1-codex-mini",
    "openai/gpt-5-2-codex",
    "openai/gpt-5-2-pro",
    "openai/gpt-5-3-codex",
    "openai/gpt-5-4",
    "openai/gpt-5-4-pro",
    "openai/gpt-5-5-pro",
    "openai/gpt-5-pro",
)
"""Ids that have a schema for `/responses` and none for `/chat/completions`."""

RESPONSES_SPEC: dict[str, Any] = {
    "dialects": ["openai"],
    "vendor_folder": "OpenAI",
    "listed": "listed",
    "params": [
        "background",
        "include",
        "instructions",
        "max_output_tokens",
        "parallel_tool_calls",
        "previous_response_id",
        "reasoning",
        "store",
        "stream",
        "text",
        "tool_choice",
        "tools",
        "truncation",
    ],
    "ranges": {"max_output_tokens": {"minimum": 16}},
    "roles": ["assistant", "developer", "system", "user"],
    "user_parts_by_dialect": {"openai": ["string", "text", "image_url", "file"]},
    "assistant_keys": ["content", "role", "tool_calls"],
    "assistant_parts": ["string", "text"],
    "tool_content": ["string"],
    "supports": {
        "tool_shapes": ["openai_function"],
        "tool_choice_forms": ["auto", "function", "none", "required"],
        "response_format": ["json_object", "json_schema", "text"],
    },
    "route": "responses",
}
"""What the `/responses` schemas have in common; parts and tools in the words of the chat route."""


CLAUDE_ONLY = frozenset({"metadata", "stop_sequences", "system", "thinking"})
"""What schemas of the Anthropic dialect take and those of OpenAI's do not."""

CLAUDE_PARAMETERS = CLAUDE_ONLY | {
    "max_tokens",
    "stream",
    "temperature",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
}
"""What schemas of the Anthropic dialect take."""


def main(arguments: list[str]) -> int:
    """Write the catalogue as the command line asks; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--from", dest="specs", type=Path, metavar="SPECS.json")
    parser.add_argument("--live", metavar="URL", help="base URL of the service, before /v1")
    parser.add_argument("--to", type=Path, default=CATALOGUE, metavar="CATALOGUE.json")
    chosen = parser.parse_args(arguments)
    if chosen.specs is None and chosen.live is None:
        parser.error("nothing to refresh from: give --from, --live, or both")
    base = chosen.specs or chosen.to
    catalogue = json.loads(base.read_text("utf-8"))
    if chosen.specs is not None:
        catalogue = from_schemas(catalogue) | {"profiles": profiles_of(chosen.to)}
    if chosen.live is not None:
        merge_live(catalogue, fetch(chosen.live))
    chosen.to.write_text(render(catalogue), "utf-8")
    print(f"{chosen.to.name}: {len(catalogue['models'])} models")
    return 0


def profiles_of(path: Path) -> dict[str, Any]:
    """Return what others say of the models, from the catalogue in place."""
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    profiles: dict[str, Any] = known.get("profiles", {})
    return profiles


def from_schemas(documented: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the catalogue of the models in a file of model specs and of those on `/responses` only."""
    catalogue: dict[str, Any] = {table: {} for table in TABLES}
    known = {schema["id"] for schema in documented}
    only_responses = [{"id": name} | RESPONSES_SPEC for name in RESPONSES_ONLY if name not in known]
    for schema in documented + only_responses:
        catalogue["models"][schema["id"]] = line(catalogue, schema)
    return catalogue


def line(catalogue: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return a model's line; what it shares with others is entered in the tables."""
    folder = schema["vendor_folder"]
    stated = {
        "vendor": VENDORS.get(folder, folder),
        "listing": schema["listed"],
        "context": schema.get("context"),
        "generic": schema.get("generic_template"),
        "route": schema.get("route"),
        "parameters": share(catalogue["parameters"], parameters(schema)),
        "shape": share(catalogue["shapes"], shape(schema)),
    }
    return stated_only(stated)


def parameters(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a schema's top-level parameters."""
    ranges = {
        name: {bound: value for bound, value in sorted(bounds.items()) if bound != "enum"}
        for name, bounds in sorted(schema["ranges"].items())
    }
    return stated_only(
        {
            "names": words(schema["params"]),
            "names_by_dialect": names_by_dialect(schema),
            "ranges": {name: bounds for name, bounds in ranges.items() if bounds},
            "efforts": " ".join(efforts(schema)),
            "thinking": words(thinking(schema)),
        }
    )


def names_by_dialect(schema: dict[str, Any]) -> dict[str, str]:
    """Return the parameters of each dialect where two contradicting schemas document a model.

    The model specs have the two schemas' parameters together. A schema that itself takes both dialects
    (known by its server tools) has one set for both.
    """
    if len(schema["dialects"]) == 1 or takes_server_tools(schema):
        return {}
    names = set(schema["params"])
    return {
        "anthropic": words(names & CLAUDE_PARAMETERS),
        "openai": words(names - CLAUDE_ONLY),
    }


def efforts(schema: dict[str, Any]) -> list[str]:
    """Return the levels of `reasoning_effort`; every documented `reasoning.effort` has three."""
    levels: list[str] = schema["ranges"].get("reasoning_effort", {}).get("enum", [])
    return levels or (["low", "medium", "high"] if "reasoning" in schema["params"] else [])


def thinking(schema: dict[str, Any]) -> list[str]:
    """Return what `thinking.type` takes, and `budget_tokens` where `enabled` needs one.

    The schemas know three forms: a switch, Claude's budget, and the newest Claude's choice of
    both and "adaptive", which comes with the server tools.
    """
    if "thinking" not in schema["params"]:
        return []
    if "anthropic" not in schema["dialects"]:
        return ["enabled", "disabled"]
    if takes_server_tools(schema):
        return ["enabled", "disabled", "adaptive", "budget_tokens"]
    return ["enabled", "budget_tokens"]


def takes_server_tools(schema: dict[str, Any]) -> bool:
    """Whether a schema is one of the newest Claude, whose messages may have either dialect."""
    return "anthropic_server_tools" in schema["supports"]["tool_shapes"]


def shape(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a schema's messages, tools and output formats.

    Three columns are read off what the schemas of one generation have in common. Those that know
    the "function" role close their message objects, and the ones among them that do not know
    "developer" yet, as well as those with tools of their vendor's own, have no `strict`. Claude
    since version 4 takes documents, and five blocks a message until its newest schemas.
    """
    supports, roles = schema["supports"], set(schema["roles"])
    old = "function" in roles and not takes_server_tools(schema)
    claude_4 = "document" in schema["user_parts_by_dialect"].get("anthropic", [])
    own_tools = {"builtin_function", "zhipu_web_search"} & set(supports["tool_shapes"])
    parts = sorted(schema["user_parts_by_dialect"].items())
    return stated_only(
        {
            "dialects": words(schema["dialects"]),
            "roles": words(schema["roles"]),
            "user_parts": {dialect: words(kinds) for dialect, kinds in parts},
            "assistant_keys": words(schema["assistant_keys"]),
            "assistant_parts": words(schema["assistant_parts"]),
            "max_blocks": 5 if claude_4 and not takes_server_tools(schema) else None,
            "closed_messages": old,
            "no_strict_tools": bool(own_tools) or (old and "developer" not in roles),
            "tool_content": words(schema["tool_content"]),
            "tool_shapes": words(supports["tool_shapes"]),
            "tool_choice_forms": words(supports["tool_choice_forms"]),
            "response_formats": words(supports["response_format"]),
            "echoes_extra_content": supports.get("extra_content_on_tool_calls"),
            "takes_cache_control": supports.get("cache_control"),
        }
    )


def share(table: dict[str, Any], row: dict[str, Any]) -> str:
    """Enter a row in a table and return its key, which is made of its content."""
    key = hashlib.sha256(compact(row).encode()).hexdigest()[:6]
    if table.setdefault(key, row) != row:
        raise SystemExit(f"two rows share the key {key}: make the keys longer")
    return key


def words(several: Iterable[str]) -> str:
    """Return a set of words in the order and form in which the catalogue keeps it."""
    return " ".join(sorted(set(several)))


def stated_only(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out what says nothing."""
    return {key: value for key, value in row.items() if value not in (None, False, "", [], {})}


def fetch(base_url: str) -> list[dict[str, Any]]:
    """Return the models the service lists, chat models and others."""
    url = base_url.rstrip("/").removesuffix("/v1") + "/v1/models?include=all"
    with urllib.request.urlopen(url, timeout=60) as reply:
        listed: list[dict[str, Any]] = json.load(reply)["data"]
    return listed


def merge_live(catalogue: dict[str, Any], listed: list[dict[str, Any]]) -> None:
    """Merge the service's list over a catalogue, in place.

    Models of other kinds are passed over, unless a request schema says that they chat.
    """
    models = catalogue["models"]
    chat = [item for item in listed if item["type"] == CHAT_TYPE or item["id"] in models]
    if not chat:
        raise SystemExit("the service lists no chat model: the catalogue is left as it is")
    present = {name for item in chat for name in (item["id"], *item.get("aliases", []))}
    for name in models.keys() - present:
        if models[name]["listing"] == "listed":
            models[name]["listing"] = "unlisted"
    for item in chat:
        merge_item(catalogue, item)


def merge_item(catalogue: dict[str, Any], item: dict[str, Any]) -> None:
    """Merge one model of the service's list over a catalogue, in place.

    What the list says of a model holds for its aliases, and a request schema documented for one
    of its names holds for it where it has none itself.
    """
    models, listed = catalogue["models"], live_line(item)
    aliases = [alias for alias in item.get("aliases") or [] if alias != item["id"]]
    documented = [models[alias] for alias in aliases if "shape" in models.get(alias, {})]
    own = models.get(item["id"], {})
    base = documented[0] | own if documented and "shape" not in own else own
    models[item["id"]] = {"vendor": vendor_of(item)} | base | listed
    for alias in aliases:
        if alias in models:
            models[alias] |= listed
        else:
            catalogue["aliases"][alias] = item["id"]
    if item.get("pricing"):
        catalogue["pricing"][item["id"]] = item["pricing"]


def vendor_of(item: dict[str, Any]) -> str:
    """Return the name to show of who makes a model of the service's list."""
    stated: str | None = (item.get("info") or {}).get("developer")
    developer = stated or str(item["id"]).partition("/")[0]
    return VENDORS.get(developer, developer)


def live_line(item: dict[str, Any]) -> dict[str, Any]:
    """Return what the service's list says of a model, in the words of the catalogue."""
    info, modalities = item.get("info") or {}, item.get("modalities") or {}
    return stated_only(
        {
            "listing": "listed",
            "name": info.get("name"),
            "released": info.get("releasedAt"),
            "context": info.get("contextLength"),
            "output": info.get("outputMax"),
            "inputs": words(modalities.get("input") or []),
            "outputs": words(modalities.get("output") or []),
            "capabilities": words(item.get("capabilities") or []),
        }
    )


def render(catalogue: dict[str, Any]) -> str:
    """Return the catalogue as text: tables, rows and their keys sorted, one row per line."""
    tables = [f'"{table}":{{{rows(catalogue.get(table, {}))}}}' for table in TABLES]
    return "{\n" + ",\n".join(tables) + "\n}\n"


def rows(table: dict[str, Any]) -> str:
    """Return a table's rows, each on a line of its own."""
    lines = [f"{json.dumps(key)}:{compact(table[key])}" for key in sorted(table)]
    return "\n" + ",\n".join(lines) + "\n" if lines else ""


def compact(row: object) -> str:
    """Return a row as JSON on one line, its keys sorted."""
    return json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
