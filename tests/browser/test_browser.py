"""The fixtures themselves: a page that does wrong is seen to."""

from __future__ import annotations

import pytest

from tests.browser.conftest import NARROW, overflow


async def test_a_wide_page_is_measured(open_page):
    """What sticks out is counted."""
    async with open_page("data:text/html,<p style='width:900px'>Hello", viewport=NARROW) as page:
        assert await overflow(page) > 500


@pytest.mark.parametrize(
    "html",
    ["<script>throw new Error('x')</script>", "<script>console.error('x')</script>"],
)
async def test_problems_are_seen(open_page, html):
    """Errors of scripts, and what the console says."""
    with pytest.raises(AssertionError):
        async with open_page(f"data:text/html,{html}"):
            pass


async def test_requests_to_elsewhere_are_seen(open_page):
    """No page of ours loads anything from the internet."""
    with pytest.raises(AssertionError, match="a request to"):
        async with open_page("data:text/html,<img src='http://192.0.2.1/a.png'>") as page:
            await page.evaluate("document.images.length")
