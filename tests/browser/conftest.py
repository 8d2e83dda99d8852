"""Pages in a real browser: Debian's Chromium without a window, driven by Playwright.

Each file of tests has a browser and an event loop, as starting one takes a second: Playwright's sync
interface leaves a running loop behind in the thread, which no test with `asyncio.run` bears. Async
fixtures here need `loop_scope="module"`, too.
"""

from __future__ import annotations

import os
import shutil
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

FOLDER = Path(__file__).parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 390, "height": 844}


def pytest_collection_modifyitems(items):
    """Run the tests of a file in one event loop."""
    here = f"{FOLDER}{os.sep}"  # as text: to compare thousands of paths costs a second
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium():
    """A browser; the test is skipped where there is none, or nothing to drive it with."""
    playwright = pytest.importorskip(
        "playwright.async_api", reason="Playwright is missing: pip install playwright"
    )
    if CHROMIUM is None:
        pytest.skip("Chromium is missing: apt-get install chromium")
    async with playwright.async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=CHROMIUM,
            # As root, in containers, Chromium has no sandbox.
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        yield browser
        await browser.close()


@pytest.fixture
def open_page(chromium):
    """A context manager that opens a page and fails for what goes wrong on it.

    That is every error in its console, every error of its scripts, and every request that leaves
    this machine. It takes what Playwright's `new_context` takes, such as `viewport` and
    `color_scheme`.
    """

    @asynccontextmanager
    async def opened(address, **options):
        context = await chromium.new_context(**{"viewport": WIDE, **options})
        page = await context.new_page()
        problems = []
        page.on("console", lambda message: _note(problems, message))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: _check(problems, request.url))
        await page.goto(address)
        yield page
        await context.close()
        assert problems == []

    return opened


def _note(problems, message):
    if message.type in {"error", "warning"}:
        problems.append(message.text)


def _check(problems, url):
    if not url.startswith(("file:", "data:", "blob:", "about:", "http://127.0.0.1:")):
        problems.append(f"a request to {url}")


async def overflow(page):
    """How many pixels a page is wider than its window; 0 if nothing has to be scrolled sideways."""
    return await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


async def screenshot(page, name):
    """Keep a picture of the whole page where AIMLAPI_SCREENSHOTS says, if it does."""
    if folder := os.environ.get("AIMLAPI_SCREENSHOTS"):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
