"""Check that the built documentation works without the internet.

python scripts/check_site.py [site]    exit 1 if a page or style loads something from elsewhere

Links to other sites are fine; scripts, styles, fonts, images and frames are not.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SITE = Path(__file__).parents[1] / "site"

_LOADED = {
    "audio": "src",
    "embed": "src",
    "iframe": "src",
    "img": "src",
    "link": "href",
    "script": "src",
    "source": "src",
    "video": "src",
}
"""Elements that load something, and the attribute that says what."""
_ELSEWHERE = re.compile(r"(https?:)?//")
_IN_CSS = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""")


class _Page(HTMLParser):
    """Collects the addresses that a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "link" and given.get("rel") in {"canonical", "next", "prev", "alternate"}:
            return
        address = given.get(_LOADED.get(tag, "")) or ""
        if _ELSEWHERE.match(address):
            self.loaded.append(address)


def main(arguments: Sequence[str]) -> int:
    """Look at every page and style of the site; return the exit status."""
    site = Path(arguments[0]) if arguments else SITE
    found = sorted(f"{path.relative_to(site)}: {what}" for path, what in loaded(site))
    pages = len(list(site.rglob("*.html")))
    print("\n".join(found) or f"{pages} pages load nothing from elsewhere")
    return int(bool(found) or not pages)


def loaded(site: Path) -> Iterator[tuple[Path, str]]:
    """Yield what is loaded from elsewhere, and by which file."""
    for path in site.rglob("*.html"):
        page = _Page()
        page.feed(path.read_text("utf-8"))
        yield from ((path, address) for address in page.loaded)
    for path in site.rglob("*.css"):
        yield from ((path, address) for address in _IN_CSS.findall(path.read_text("utf-8")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
