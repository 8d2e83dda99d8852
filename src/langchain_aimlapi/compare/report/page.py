"""The page: its head, what was asked, and how to read the figures."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from langchain_aimlapi._version import __version__
from langchain_aimlapi.compare.report.answers import answers_section
from langchain_aimlapi.compare.report.figures import figures_section
from langchain_aimlapi.compare.report.markup import escaped
from langchain_aimlapi.compare.results import Comparison, Picture

__all__ = ["render_report"]

_TITLE_CHARS = 60
_SHOWN_TYPES = ("data:image/png;", "data:image/jpeg;", "data:image/gif;", "data:image/webp;")
_MOST_PICTURE_CHARS = 8_000_000
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>
{style}</style>
</head>
<body>
<div class="wrap">
<header>
<h1>{heading}</h1>
<p class="about">{about}</p>
{notices}</header>
<main>
{main}
</main>
<footer>{method}</footer>
</div>
</body>
</html>
"""
_METHOD = """<details class="method"><summary>How to read the figures</summary>
<dl>
<dt>Time to first token</dt><dd>From the call to the first token of any kind: reasoning, text or a tool call. The first run opens the connection.</dd>
<dt>Tokens per second</dt><dd>Tokens after the first, by the time they took. Reasoning that is not shown comes before the first token and does not count. An answer that came in one piece has none.</dd>
<dt>Whole time</dt><dd>Of the call, with retries and the pauses between them.</dd>
<dt>Tokens</dt><dd>As the service counted them; those of the answer include its reasoning.</dd>
<dt>Cost</dt><dd>USD per call, as billed. A dash where the service did not tell.</dd>
<dt>Several runs</dt><dd>Medians of the answers that are whole; the range shows the least and the most. The models are asked at the same time, the runs of one model one after the other.</dd>
</dl></details>"""


def render_report(comparison: Comparison) -> str:
    """Return a comparison as one HTML page.

    Args:
        comparison: With its results; those that are missing are said to be.

    Returns:
        The page. It loads nothing, runs no script, and can be sent or archived as it is.
    """
    sections = (
        _prompt_section(comparison),
        figures_section(comparison),
        answers_section(comparison),
    )
    return _PAGE.format(
        policy=_POLICY,
        title=escaped(_title(comparison)),
        style=_style(),
        heading=_heading(comparison),
        about=_about(comparison),
        notices="".join(
            f'<p class="notice" role="note">{each}</p>\n' for each in _notices(comparison)
        ),
        main="\n".join(sections),
        method=_METHOD,
    )


@cache
def _style() -> str:
    return files(__package__).joinpath("style.css").read_text("utf-8")


def _title(comparison: Comparison) -> str:
    prompt = " ".join(comparison.prompt.split())
    if len(prompt) > _TITLE_CHARS:
        prompt = f"{prompt[:_TITLE_CHARS].rstrip()}…"
    return ": ".join(filter(None, (", ".join(comparison.models), prompt)))


def _heading(comparison: Comparison) -> str:
    count = len(comparison.models)
    return f"{count} models, one prompt" if count != 1 else "One model, one prompt"


def _about(comparison: Comparison) -> str:
    date = comparison.date
    parts = [
        f'<time datetime="{date.isoformat()}">{date:%Y-%m-%d %H:%M} {escaped(date.tzname() or "")}</time>',
        "one run each" if comparison.runs == 1 else f"{comparison.runs} runs each",
        escaped(comparison.endpoint),
        f"langchain-aimlapi {escaped(__version__)}",
    ]
    return " · ".join(filter(None, parts))


def _notices(comparison: Comparison) -> list[str]:
    notices = []
    if comparison.is_sandbox:
        notices.append(
            "<strong>The sandbox answered, not the models.</strong> It runs on this machine; its "
            "answers, times and costs say nothing about any model."
        )
    missing = len(comparison.models) * comparison.runs - len(comparison.results)
    if missing > 0 or any(result.is_interrupted for result in comparison.results):
        notices.append("<strong>Stopped early.</strong> This is what had come until then.")
    return notices


# --- what was asked -------------------------------------------------------------------------------


def _prompt_section(comparison: Comparison) -> str:
    parts = [_asked("Prompt", comparison.prompt)] if comparison.prompt else []
    if comparison.system:
        parts.append(_asked("System prompt", comparison.system))
    if comparison.pictures:
        listed = "".join(map(_picture, comparison.pictures))
        parts.append(f'<div><p class="label">Pictures</p><ul class="pictures">{listed}</ul></div>')
    if comparison.parameters:
        listed = ", ".join(f"{name} = {value}" for name, value in comparison.parameters.items())
        parts.append(_asked("Parameters", listed))
    return f'<section aria-labelledby="asked"><h2 id="asked">What was asked</h2><div class="box asked">{"".join(parts)}</div></section>'


def _asked(label: str, text: str) -> str:
    return f'<div><p class="label">{label}</p><p class="plain" tabindex="0" dir="auto">{escaped(text)}</p></div>'


def _picture(picture: Picture) -> str:
    is_data = picture.url.startswith("data:")
    name = picture.name or ("picture" if is_data else picture.url)
    shown = ""
    if picture.url.startswith(_SHOWN_TYPES) and len(picture.url) <= _MOST_PICTURE_CHARS:
        shown = f'<img src="{escaped(picture.url)}" alt="">'
    return f"<li>{shown}{escaped(name)}</li>"
