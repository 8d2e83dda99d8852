"""The report in a browser: wide and narrow, dark and light, by keys, and with hostile answers."""

from __future__ import annotations

import pytest

from langchain_aimlapi.compare import Comparison, Picture, Result, render_report
from tests.browser.conftest import NARROW, WIDE, overflow, screenshot

PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9aw"
    "AAAABJRU5ErkJggg=="
)
TEXT = """The sky is blue because of **Rayleigh scattering**: short waves scatter more.

1. Sunlight holds all colours.
2. Air scatters blue ten times as much as red, as the law says: `I ~ 1/λ⁴`.

| Colour | Wavelength | Scattered | Seen |
|---|---|---|---|
| violet | 400 nanometres | nearly all of it | hardly |
| red | 700 nanometres | nearly nothing | at sunset |

```python
def scatter(wavelength: float) -> float:
    return 1 / wavelength**4  # a line that is longer than the card on most screens is wide, in any case
```
"""
LONG = "a-model/" + "with-a-name-that-is-very-long-" * 3


def comparison(**fields):
    """Four models, three runs each: reasoning, tool calls, failures."""
    models = ["gpt-4o-mini", "claude-haiku-4-5", LONG, "google/gemini-2.5-flash"]
    made = Comparison(
        "Why is the sky blue?",
        models,
        runs=3,
        system="Be brief.",
        pictures=[Picture(PNG, "sky.png"), Picture("https://example.com/" + "horizon" * 20)],
        **fields,
    )
    for place, model in enumerate(models[:3]):
        for run in (1, 2, 3):
            slow = (0.9 + run / 20) * (place + 1)
            made.add(
                Result(
                    model=model,
                    run=run,
                    text=TEXT if place != 1 else "Because air scatters blue light more.",
                    reasoning="The user wants a short answer." if place == 2 else "",
                    tool_calls=[{"name": "look", "args": {"at": "the sky"}}] if place == 1 else [],
                    ttft=0.3 * slow,
                    first_text=0.4 * slow,
                    seconds=3 * slow,
                    tokens_per_second=120 / slow,
                    input_tokens=31,
                    output_tokens=260,
                    usd=0.00015 * slow,
                    finish_reason="stop",
                )
            )
    error = "RateLimitError: Too many requests: 20 a minute are allowed for this key (status 429)."
    made.add(Result(model=models[3], run=1, error=error, seconds=0.3))
    return made


@pytest.fixture
def saved(tmp_path):
    """A function that saves a report, and returns its address."""

    def save(made):
        path = tmp_path / "report.html"
        path.write_text(render_report(made), "utf-8")
        return path.as_uri()

    return save


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_it_fits_and_is_readable(open_page, saved, window, scheme):
    """Nothing sticks out, and every text stands out from what is behind it."""
    address = saved(comparison(is_sandbox=True))
    async with open_page(address, viewport=window, color_scheme=scheme) as page:
        await screenshot(page, f"report-{window['width']}-{scheme}")

        assert await overflow(page) == 0
        assert await page.locator("article").count() == 4
        assert await page.evaluate(_LOW_CONTRAST) == []
        assert await page.evaluate("document.images[0].naturalWidth") == 1


async def test_keys(open_page, saved):
    """What is folded opens by the keyboard, and what scrolls can be reached."""
    async with open_page(saved(comparison())) as page:
        summary = page.locator("details.reasoning summary").first
        await summary.focus()
        await page.keyboard.press("Enter")

        assert await page.get_by_text("The user wants a short answer.").first.is_visible()
        unreachable = await page.evaluate(
            "[...document.querySelectorAll('*')].filter(e => e.scrollWidth > e.clientWidth + 1"
            " && getComputedStyle(e).overflowX === 'auto' && e.tabIndex < 0).length"
        )
        assert unreachable == 0


async def test_roles_hold_on_narrow_screens(open_page, saved):
    """The table is one for screen readers, too, where it is shown as lists."""
    async with open_page(saved(comparison()), viewport=NARROW) as page:
        table = page.get_by_role("table", name="All figures")

        assert await table.get_by_role("rowheader").count() == 4
        assert await table.get_by_role("cell").count() == 32


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>window.bad = 1</script>",
        "<img src=x onerror='window.bad = 1'>",
        "'\"><svg onload='window.bad = 1'>",
        "</style></title></textarea><script>window.bad = 1</script>",
        "[a](javascript:window.bad=1) <a href='javascript:window.bad=1'>b</a>",
    ],
)
async def test_hostile_answers_do_nothing(open_page, saved, hostile):
    """Nothing of them runs, loads or becomes an element; even the links are clicked."""
    made = Comparison(hostile, [hostile, "b"], system=hostile, pictures=[Picture(hostile, hostile)])
    made.add(Result(model=hostile, text=f"**x** {hostile}", reasoning=hostile, served_by=hostile))
    made.add(Result(model="b", error=hostile, tool_calls=[{"name": hostile, "args": hostile}]))
    async with open_page(saved(made)) as page:
        for link in await page.locator("article a").all():
            await link.click()

        assert await page.evaluate("window.bad") is None
        assert await page.locator("script, img, article svg").count() == 0


_LOW_CONTRAST = """
() => {
  const parse = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = e => {
    for (; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const low = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const e = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !e.getClientRects().length) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) low.push(texts.currentNode.data.trim().slice(0, 40));
  }
  return low;
}
"""
"""Texts whose contrast is below that of WCAG's level AA."""
