"""The answers side by side, one card for each model; reasoning and further runs are folded."""

from __future__ import annotations

import json

from langchain_aimlapi.compare.report.figures import COLOURS
from langchain_aimlapi.compare.report.markup import as_html, escaped
from langchain_aimlapi.compare.results import Comparison, Result
from langchain_aimlapi.compare.wording import in_words

__all__ = ["answers_section"]

_MARKS = frozenset("*_`#>|~[]<\\")
"""Characters without which Markdown leaves a text as it is, but for lists."""

_NOT_ASKED = '<p class="quiet">It was not asked.</p>'


def answers_section(comparison: Comparison) -> str:
    """Return the section of the answers.

    Args:
        comparison: With its results.
    """
    cards = "".join(_card(comparison, place) for place in range(len(comparison.models)))
    return (
        '<section aria-labelledby="answers"><h2 id="answers">Answers</h2>'
        f'<div class="answers of-{len(comparison.models)}">{cards}</div></section>'
    )


def _card(comparison: Comparison, place: int) -> str:
    model = comparison.models[place]
    results = comparison.results_of(model)
    tag = '<span class="tag">sandbox</span>' if comparison.is_sandbox else ""
    runs = "".join(
        _run(result, is_first=number == 0, is_only=comparison.runs == 1)
        for number, result in enumerate(results)
    )
    return (
        f'<article class="box card m{place % COLOURS}" aria-labelledby="answer-{place}">'
        f'<h3><span id="answer-{place}">{escaped(model)}</span>{tag}</h3>{_served(model, results)}'
        f"{runs or _NOT_ASKED}</article>"
    )


def _served(model: str, results: list[Result]) -> str:
    names = sorted({result.served_by for result in results if result.served_by})
    if not names or names == [model]:
        return ""
    return f'<p class="served">served by {escaped(", ".join(names))}</p>'


def _run(result: Result, *, is_first: bool, is_only: bool) -> str:
    body = f'<p class="measured">{_measured(result)}</p>{_content(result)}'
    if is_only:
        return f'<div class="run">{body}</div>'
    if is_first:
        return f'<div class="run"><h4>Run {result.run}</h4>{body}</div>'
    return (
        f'<details class="run"><summary>Run {result.run} {_short(result)}</summary>{body}</details>'
    )


def _short(result: Result) -> str:
    if not result.is_whole:
        return f'<span class="bad">{"failed" if result.error else "stopped"}</span>'
    return f"<span>{in_words('seconds', result.seconds)}, {in_words('usd', result.usd)}</span>"


def _measured(result: Result) -> str:
    measured = []
    if result.ttft is not None:
        measured.append(f"first token after {in_words('ttft', result.ttft)}")
    if result.reasoning and result.first_text is not None:
        measured.append(f"text after {in_words('first_text', result.first_text)}")
    if result.tokens_per_second is not None:
        measured.append(f"{in_words('tokens_per_second', result.tokens_per_second)} tokens/s")
    measured.append(f"{in_words('seconds', result.seconds)} in all")
    measured += _billed(result)
    if result.finish_reason:
        measured.append(f"finish reason {escaped(result.finish_reason)}")
    return " · ".join(measured)


def _billed(result: Result) -> list[str]:
    measured = []
    if result.output_tokens is not None:
        hidden = (
            f", {result.reasoning_tokens:,} of them reasoning" if result.reasoning_tokens else ""
        )
        measured.append(f"{result.input_tokens:,} tokens in, {result.output_tokens:,} out{hidden}")
    if result.usd is not None:
        measured.append(in_words("usd", result.usd))
    return measured


# --- what it says ---------------------------------------------------------------------------------


def _content(result: Result) -> str:
    text = [_text(result.text)] if result.text else []
    parts = [*_before_text(result), *text, *_after_text(result)]
    return "".join(parts) or '<p class="quiet">The answer is empty.</p>'


def _before_text(result: Result) -> list[str]:
    parts = []
    if result.error:
        parts.append(f'<p class="error"><strong>Failed.</strong> {escaped(result.error)}</p>')
    if result.is_interrupted:
        parts.append('<p class="stopped">Stopped before the answer was whole.</p>')
    if result.reasoning:
        parts.append(
            '<details class="reasoning"><summary>Reasoning</summary>'
            f'<div class="plain" tabindex="0" dir="auto">{escaped(result.reasoning)}</div></details>'
        )
    return parts


def _after_text(result: Result) -> list[str]:
    parts = []
    if result.refusal is not None:
        parts.append(f'<p class="stopped"><strong>Declined.</strong> {escaped(result.refusal)}</p>')
    parts += [_tool_call(call["name"], call["args"]) for call in result.tool_calls]
    if result.sources:
        listed = "".join(f"<li>{_source(one['url'], one['title'])}</li>" for one in result.sources)
        parts.append(f'<p class="label sources">Sources</p><ol class="sources">{listed}</ol>')
    if result.other_content:
        kinds = escaped(", ".join(result.other_content))
        parts.append(f'<p class="quiet">The answer also holds {kinds}, not shown here.</p>')
    return parts


def _text(text: str) -> str:
    shown = as_html(text) if _has_markup(text) else None
    if shown is None:
        return f'<div class="text" dir="auto"><p style="white-space:pre-wrap">{escaped(text)}</p></div>'
    return (
        f'<div class="text" dir="auto">{shown}</div><details class="source">'
        f'<summary>As received</summary><pre tabindex="0">{escaped(text)}</pre></details>'
    )


def _has_markup(text: str) -> bool:
    if not _MARKS.isdisjoint(text):
        return True
    starts = (line.lstrip()[:3] for line in text.splitlines())
    return any(start[:2] in {"- ", "+ "} or start[:1].isdigit() for start in starts)


def _tool_call(name: str, args: object) -> str:
    text = args if isinstance(args, str) else json.dumps(args, ensure_ascii=False, indent=2)
    return (
        f'<div class="tool"><p class="label">Tool call: <code>{escaped(name)}</code></p>'
        f'<pre tabindex="0">{escaped(text)}</pre></div>'
    )


def _source(url: str, title: str) -> str:
    name = escaped(title or url)
    if not url.lower().startswith(("https://", "http://")):
        return name
    return f'<a href="{escaped(url)}" rel="noreferrer noopener">{name}</a>'
