"""Write docs/settings.md, every argument of `ChatAimlapi`, from the fields and their docstrings.

python scripts/settings_page.py            write the page
python scripts/settings_page.py --check    exit 1 if the page in place is not what would be written

The sources are parsed, not imported, so that defaults read as they are written.
"""

from __future__ import annotations

import ast
import html
import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "settings.md"
PACKAGE = ROOT / "src" / "langchain_aimlapi"

HEAD = """\
# Settings

This page is generated from the source (`python scripts/settings_page.py`).

```python
from langchain_aimlapi import ChatAimlapi, Timeouts

llm = ChatAimlapi(model="gpt-4o", temperature=0, timeout=Timeouts(total=60, first_token=20))
```

What is not set is not sent, so the model's own default holds. Arguments go before environment variables, and arguments of a call (`llm.invoke(…, temperature=0.2)`, or bound with `llm.bind`) before those of the model object; `None` on a call removes the object's value. All times are in seconds.

LangChain's own fields work too: `rate_limiter`, `cache`, `callbacks`, `tags`, `metadata`, `profile`, `disable_streaming`, `output_version`, `custom_get_token_ids`.
"""

TAIL = """\
## Unknown arguments

A name that is neither on this page nor a documented parameter of any model is sent in the request body, with one `UnknownParameterWarning` that names the nearest known argument. A name that contains `api_key` is refused, since a key must not be in a body.

The same holds for `model_kwargs`, `llm.bind(…)` and arguments of a call. What is about the client or is written by it (`timeout`, `base_url`, `extra_body`, `messages`, `stream` and the like) is an error in `model_kwargs` that names what to use instead, since it would be sent without an effect or replace the conversation; what is set when a model is made is one on a call. `extra_body` is sent as it is, except for `stream`.

A parameter that the model is documented not to accept is left out, with one `UnsupportedParameterWarning`; `unsupported_params` changes that. [Models](models.md) lists what each model accepts.

## Keys

`api_key` takes a text, a `SecretStr`, or a function that returns either. A function is called for every request, so keys may change while the model object stays; an `async` function works for `ainvoke` and `astream` only. Give the key alone: with `Bearer`, the name of a header or quotes about it, it is refused.

```python
llm = ChatAimlapi(model="gpt-4o", api_key=lambda: "sandbox")
llm.invoke("Hi", extra_headers={"X-Tenant": "7"})
```

The key is in the request header and nowhere else: not in a `repr`, dump, trace, log, error or cache key, nor in a pickle if it came from the environment. Redirects are not followed, since they would carry the key to another address. Pass a key for one call (`llm.invoke(…, api_key=…)`) as `SecretStr`; then tracebacks with local variables do not show it either.

## Connections

Connections are opened by the first call and shared by all models of the process (async: of the running event loop) that have the same `verify`, `proxy` and `max_connections`. They are closed at the end of the event loop or process, by `close()` and `aclose()`, or by a `with` statement; the model stays usable.

Sync and async calls obey `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, `SSL_CERT_FILE` and `SSL_CERT_DIR`. They are read at every call, so a value that is set after a failure takes effect. `NO_PROXY` takes the forms that httpx and requests take: `example.com` (with all names below it), `.example.com`, `*.example.com`, `*`, `10.0.0.0/8`, `[fd00::1]`, each with or without a port. Loopback addresses (`localhost`, `127.0.0.1`, `::1`) do not go through a proxy of the environment, so that the sandbox can be reached behind a company proxy; only if nothing listens there, a proxy on the same machine is asked. `proxy=` in code always takes effect.

A client of your own is used unchanged; you close it. Its timeout applies where none is set here (except the default five seconds of httpx and five minutes of aiohttp), and what its hooks, auth or transport raise becomes an `AimlapiConnectionError`:

```python
import httpx2

with httpx2.Client(headers={"X-Team": "search"}) as client:
    ChatAimlapi(model="gpt-4o", http_client=client).invoke("Hi")
```

## Copies, pickles, LangChain's `load`

`copy`, `deepcopy`, `model_copy(update={"model": …})` and `pickle` work before and after the first call. Copies share clients, caches, limiters and key functions. Pickles leave clients out. An SSL context cannot be pickled: give `verify` a path instead.

LangChain's `load` reads the classes that it is given:

```python
from langchain_core.load import dumpd, load

again = load(
    dumpd(llm),
    allowed_objects=[ChatAimlapi],
    valid_namespaces=["langchain_aimlapi"],
    secrets_from_env=True,
)
```

LangChain's `init_chat_model` has a fixed list of providers without this one: construct `ChatAimlapi` instead.
"""

SOURCES = (("_chat/settings.py", "ChatSettings"), ("_client/settings.py", "Connection"))
"""Modules and classes that the settings stand in."""

FIRST = ("model", "api_key", "base_url")
"""What every reader looks for."""

ONLY_ON_CALLS = {
    "extra_headers": ("dict[str, str]", "Headers of this request, over `default_headers`."),
    "extra_query": ("dict[str, str]", "Query parameters of this request, over `default_query`."),
    "tools": ("list", "What `bind_tools` binds."),
    "tool_choice": ("str | dict", "What `bind_tools` makes of its `tool_choice`."),
}
"""Arguments of a call that are no fields."""

INTERNAL = {"model_name", "request_timeout", "structured_output"}
"""Arguments of a call that the package passes to itself, or that have another name here."""


SHOWN_TYPES = {"ApiKey": "str | SecretStr | Callable", "Any": "client"}
"""Types that read better than their names in the source."""


class Row(NamedTuple):
    """One documented argument."""

    name: str
    type: str
    default: str
    words: str


def main(arguments: Sequence[str]) -> int:
    """Write the page, or check it."""
    page = written()
    if "--check" not in arguments:
        PAGE.write_text(page, "utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text("utf-8") == page:
        return 0
    print(f"{PAGE} is out of date: run python scripts/settings_page.py")
    return 1


def written() -> str:
    """Return the whole page."""
    settings = parsed("_chat/settings.py")
    sent = set(constant(settings, "SENT_FIELDS"))
    own = list(fields(settings, "ChatSettings"))
    shared = list(fields(parsed("_client/settings.py"), "Connection"))
    first = [own[0], *(row for row in shared if row.name in {"api_key", "base_url"})]
    rows = own + shared
    sections = [
        HEAD,
        section("Model, key and address", first),
        section(
            "Sent to the model",
            [row for row in rows if row.name in sent],
            "Sent in the form that the model documents.",
        ),
        section(
            "Requests and replies",
            [row for row in own if row.name not in sent and row not in first],
        ),
        section("Calls and connections", [row for row in shared if row not in first]),
        section(
            "`Timeouts`",
            fields(parsed("_transport/request.py"), "Timeouts"),
            "`timeout=30` is `Timeouts(total=30)`. See [Errors and retries](errors.md).",
        ),
        section("Arguments of calls only", list(of_a_call(rows)), also_with_a_call(rows)),
        TAIL,
    ]
    return "\n".join(sections)


def parsed(module: str) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse((PACKAGE / module).read_text("utf-8"))


def constant(tree: ast.Module, name: str) -> list[str]:
    """Return the words of a constant that is a tuple, or a frozenset of a set."""
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(node, ast.Assign) and isinstance(target, ast.Name) and target.id == name:
            value = node.value.args[0] if isinstance(node.value, ast.Call) else node.value
            return sorted(ast.literal_eval(value))
    raise LookupError(name)


def fields(tree: ast.Module, name: str) -> Iterator[Row]:
    """Yield the annotated fields of a class with the docstrings below them."""
    body = next(n.body for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name)
    for node, below in itertools.pairwise(body):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            if node.target.id.startswith("_"):
                continue
            words = ast.literal_eval(below.value) if isinstance(below, ast.Expr) else None
            if not words:
                raise LookupError(f"{name}.{node.target.id} has no docstring")
            alias = keyword(node.value, "alias")
            shown = ast.literal_eval(alias) if alias else node.target.id
            words = " ".join(words.split())
            yield Row(shown, kind(node.annotation), default(node.value), words)


def kind(annotation: ast.expr) -> str:
    """Return a type as a reader needs it: that most may be left unset goes without saying."""
    text = ast.unparse(annotation).removesuffix(" | None")
    return SHOWN_TYPES.get(text, text)


def keyword(value: ast.expr | None, name: str) -> ast.expr | None:
    """Return a keyword argument of a call."""
    keywords = value.keywords if isinstance(value, ast.Call) else []
    return next((each.value for each in keywords if each.arg == name), None)


def default(value: ast.expr | None) -> str:
    """Return a field's default as the page shows it; none for what is simply unset."""
    factory = keyword(value, "default_factory")
    if isinstance(factory, ast.Name):
        return f"{factory.id}()".replace("dict()", "{}")
    if factory is not None:
        return "from the environment"
    written_out = keyword(value, "default") if isinstance(value, ast.Call) else value
    shown = ast.unparse(written_out) if written_out else ""
    return "" if shown == "None" else shown


def of_a_call(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the arguments that only calls take, and make sure that none is forgotten."""
    steering = set(constant(parsed("_chat/build.py"), "CALL_ARGUMENTS"))
    unknown = steering - {row.name for row in rows} - ONLY_ON_CALLS.keys() - INTERNAL
    if unknown:
        raise LookupError(f"arguments of a call without a word on them: {sorted(unknown)}")
    for name, (kind, words) in ONLY_ON_CALLS.items():
        yield Row(name, kind, "", words)


def also_with_a_call(rows: Iterable[Row]) -> str:
    """Return the sentence that lists the fields which calls take as well."""
    steering = set(constant(parsed("_chat/build.py"), "CALL_ARGUMENTS"))
    names = ", ".join(f"`{row.name}`" for row in rows if row.name in steering)
    return f"Calls take everything that is sent to the model, {names}, and:"


def section(title: str, rows: Iterable[Row], words: str = "") -> str:
    """Return a heading, a sentence, and a table."""
    listed = list(rows)
    heads = ["Argument", "Type", "Default", "What it does"]
    cells = [
        [f"`{row.name}`", code(row.type), code(row.default), row.words.replace("|", "\\|")]
        for row in listed
    ]
    if not any(row.default for row in listed):
        heads, cells = [heads[0], heads[1], heads[3]], [[a, b, d] for a, b, _, d in cells]
    lines = [heads, ["---"] * len(heads), *cells]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n\n".join(filter(None, [f"## {title}", words, table])) + "\n"


def code(text: str) -> str:
    """Return a cell of code; prose stays prose."""
    if not text or text.startswith("from "):
        return text
    if "|" not in text:
        return f"`{text}`"
    # An entity, since GitHub and Python-Markdown do not agree how to write a bar in a table.
    return f"<code>{html.escape(text, quote=False).replace('|', '&#124;')}</code>"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
