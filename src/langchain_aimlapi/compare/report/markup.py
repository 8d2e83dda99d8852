"""Texts -> HTML. Everything that comes from elsewhere passes through here, and nothing is trusted."""

from __future__ import annotations

import html
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

__all__ = ["as_html", "escaped"]

_MOST_CHARS = 200_000
"""Longer answers are shown as received."""
_HEADING_LEVELS = 3
_LOWEST_HEADING = 6


def escaped(text: object) -> str:
    """Return a text for any place in a page, attributes too.

    Args:
        text: Anything; half characters (surrogates) and NUL, which pages cannot hold, are replaced.
    """
    plain = str(text).encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    return html.escape(plain, quote=True)


def as_html(text: str) -> str | None:
    """Return an answer as HTML, read as Markdown: no raw HTML, no pictures, no scripts in links.

    Args:
        text: The answer.

    Returns:
        HTML, or `None` if it can only be shown as received: it is too long, or markdown-it-py is
        not installed.
    """
    if len(text) > _MOST_CHARS:
        return None
    try:
        markdown = _markdown()
    except ModuleNotFoundError:
        return None
    try:
        clean = text.encode("utf-8", "replace").decode()
        return str(markdown.render(clean))
    except (RecursionError, ValueError):
        return None


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415  # of the extra `cli`

    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    markdown.disable("image")  # pages load nothing
    for name, rule in (
        ("heading_open", _heading),
        ("heading_close", _heading),
        ("link_open", _link),
        ("fence", _code),
        ("code_block", _code),
        ("table_open", _table_open),
        ("table_close", _table_close),
    ):
        markdown.add_render_rule(name, rule)
    return markdown


def _heading(renderer: Any, tokens: Any, index: int, options: Any, _: Any) -> str:
    """Headings of answers stand below those of the page."""
    level = min(int(tokens[index].tag[1]) + _HEADING_LEVELS, _LOWEST_HEADING)
    tokens[index].tag = f"h{level}"
    return str(renderer.renderToken(tokens, index, options, {}))


def _link(renderer: Any, tokens: Any, index: int, options: Any, _: Any) -> str:
    tokens[index].attrSet("rel", "noreferrer noopener")
    return str(renderer.renderToken(tokens, index, options, {}))


def _code(_renderer: Any, tokens: Any, index: int, _options: Any, _env: Any) -> str:
    # What scrolls can be reached with the keyboard.
    return f'<pre tabindex="0"><code>{escaped(tokens[index].content)}</code></pre>\n'


def _table_open(*_: Any) -> str:
    return '<div class="scroll" tabindex="0"><table>\n'


def _table_close(*_: Any) -> str:
    return "</table></div>\n"
