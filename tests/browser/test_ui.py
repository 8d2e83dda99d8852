"""The page of `aimlapi ui` in a browser: choose, ask, watch, look at the wire; by mouse and keys."""

from __future__ import annotations

import base64
import contextlib
import json
import re

import pytest
import pytest_asyncio

from langchain_aimlapi.sandbox import Sandbox
from tests.browser.conftest import NARROW, overflow, screenshot
from tests.ui.serving import KEY, Served
from tests.ui.test_runs import PNG, TOOL

expect = pytest.importorskip(
    "playwright.async_api", reason="Playwright is missing: pip install playwright"
).expect

CHOSEN = ("gpt-4o-mini", "claude-haiku-4-5")


@pytest.fixture
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture
def served(sandbox):
    with Served(sandbox.base_url, models=CHOSEN, is_sandbox=True) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def page(served, open_page):
    """The page, ready to be used."""
    async with open_page(served.address) as opened:
        yield await ready(opened)


async def ready(page):
    await expect(page.locator(".chip")).to_have_count(2)
    return page


async def ask(page, prompt="Hi"):
    """Ask by a click, and wait until all have answered."""
    await page.get_by_label("Prompt", exact=True).fill(prompt)
    await page.get_by_role("button", name="Run").click()
    await finished(page)


async def finished(page):
    await expect(page.locator("#answers .card").first).to_be_visible()
    await expect(page.locator("#answers .card[aria-busy=true]")).to_have_count(0)
    await expect(page.get_by_role("button", name="Run")).to_be_visible()


def card(page, model):
    return page.get_by_role("article", name=model, exact=True)


def figure(answer, label):
    return answer.locator(".figures div", has_text=label).locator("dd")


async def test_the_sandbox_says_that_it_is_one(page):
    await expect(page.get_by_text("No API key is set")).to_be_visible()


async def test_without_the_sandbox_nothing_is_said(sandbox, open_page):
    with Served(sandbox.base_url, models=CHOSEN) as served:
        async with open_page(served.address) as page:
            await expect(page.locator("#place")).to_have_text(sandbox.base_url)
            await expect(page.get_by_text("No API key is set")).to_be_hidden()


async def test_choose_ask_and_compare(page, sandbox):
    """A third model is searched for and chosen; each has its answer and its figures."""
    sandbox.answer_when(
        "Mini says **hello**.", model="gpt-4o-mini", cost=0.5, reasoning="Hm, well."
    )
    sandbox.answer_when("Haiku.", model="claude-*", cost=0.25)
    sandbox.answer_when("Third.", model="deepseek/*", cost=1.5)
    await page.get_by_role("combobox").fill("deepseek v4")
    await page.get_by_role("option", name="deepseek/deepseek-v4-flash", exact=False).first.click()
    await page.keyboard.press("Escape")
    await ask(page)

    mini, haiku = card(page, "gpt-4o-mini"), card(page, "claude-haiku-4-5")
    await expect(page.locator("#answers .card")).to_have_count(3)
    await expect(mini.locator(".text")).to_have_text("Mini says hello.")
    await expect(mini.locator("strong")).to_have_text("hello")
    await expect(figure(mini, "USD")).to_have_text("$0.50")
    await expect(figure(haiku, "USD")).to_have_text("$0.25 (best)")
    await expect(figure(mini, "First token")).to_have_text(re.compile(r"\d+ ms|[\d.]+ s"))
    reasoning = mini.locator("details.reasoning")
    await expect(reasoning.locator(".reasoning-text")).to_be_hidden()
    await reasoning.locator("summary").click()
    await expect(reasoning.locator(".reasoning-text")).to_have_text("Hm, well.")


async def test_text_streams(page, sandbox):
    """It is there before the end, is kept when it is stopped, and the calls end."""
    sandbox.answer_when("word " * 2000, model="*", tokens_per_second=50)
    await page.get_by_label("Prompt", exact=True).fill("Hi")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#answers .text").first).to_contain_text("word word")
    await expect(page.get_by_role("button", name="Stop")).to_be_visible()
    mini = card(page, "gpt-4o-mini")
    await expect(figure(mini, "Time")).to_have_text(re.compile(r"\d"))
    await expect(figure(mini, "USD")).to_have_text("\u2013")
    await page.keyboard.press("Escape")

    await finished(page)
    await expect(page.locator(".state")).to_have_text(["stopped", "stopped"])
    await expect(page.locator("#answers .text").first).to_contain_text("word")
    await expect(page.locator("#status")).to_have_text("Stopped.")
    for _ in range(200):
        if sandbox.connections == 0:
            break
        await page.wait_for_timeout(20)
    assert sandbox.connections == 0


async def test_hostile_answers_are_text(page, sandbox):
    """Markup, escapes of terminals, links, and marks that turn text around."""
    hostile = (
        "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\n\n"
        "[click](javascript:alert(1)) ![x](http://evil.example/x.png) \x1b[31mred\x1b[0m \u202eltr\n\n"
        "```html\n<iframe src='http://evil.example'></iframe>\n```\n"
    )
    sandbox.answer_when(hostile, model="gpt-4o-mini", reasoning="<b>bold</b>")
    sandbox.answer_when(model="claude-*", error=(400, "<script>document.title='owned'</script>"))
    await ask(page, "<script>document.title='owned'</script>")
    await page.get_by_role("tab", name="Wire").click()

    answer = page.locator("#answers .card").first
    told = await answer.locator(".text").text_content()
    assert "<script>document.title='owned'</script>" in told
    assert "[click](javascript:alert(1))" in told
    assert "\x1b" not in told
    assert "⟨U+001B⟩[31m" in told
    assert "⟨U+202E⟩" in told
    assert await page.locator("#results :is(script, iframe, a, b)").count() == 0
    assert await page.locator("#results img").count() == 0
    assert "<script>" in await page.locator("#answers .trouble").nth(1).text_content()
    assert (await page.title()).startswith("Compare models")


async def test_tool_calls(page, sandbox):
    sandbox.answer_when(tool_calls={"get_weather": {"city": "Oslo"}}, tool="get_weather")
    await page.get_by_text("System prompt and options").click()
    await page.get_by_label("Tools").fill(json.dumps([TOOL]))
    await page.get_by_label("System prompt", exact=True).fill("Be brief.")
    await page.get_by_label("Maximum output tokens").fill("50")
    await ask(page)

    call = page.locator("#answers .tool-call").first
    await expect(call.get_by_role("heading")).to_have_text("Tool call get_weather")
    await expect(call.locator("pre")).to_contain_text('"city": "Oslo"')
    body = sandbox.requests[0].body
    assert body["messages"][0]["content"] == "Be brief."


async def test_a_picture(page, sandbox):
    """It is shown, can be taken away, and is sent."""
    dot = {"name": "dot.png", "mimeType": "image/png", "buffer": base64.b64decode(PNG)}
    await page.locator("#files").set_input_files([dot])
    await expect(page.get_by_role("img", name="dot.png")).to_be_visible()
    await page.get_by_role("button", name="Remove dot.png").click()
    await expect(page.get_by_role("img", name="dot.png")).to_have_count(0)
    await page.locator("#files").set_input_files([dot])
    await ask(page, "What is it?")

    parts = sandbox.requests[0].body["messages"][0]["content"]
    assert PNG in json.dumps(parts)
    await page.get_by_role("tab", name="Wire").click()
    await expect(page.locator("#wire-columns pre").first).to_contain_text("base64")


async def test_what_is_no_picture(page):
    text = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"x"}
    await page.locator("#files").set_input_files([text])

    await expect(page.get_by_role("alert")).to_have_text(
        "notes.txt is no PNG, JPEG, GIF or WebP picture."
    )


async def test_the_wire(page, sandbox):
    """The very body, both attempts of a call, each event, and no key."""
    sandbox.answer_when("Hello.", model="gpt-4o-mini")
    sandbox.answer_when(model="claude-*", error=(500, "it broke"))
    await ask(page, f"My key is {KEY}")
    await page.get_by_role("tab", name="Wire").click()
    wire = page.get_by_role("article", name="Wire of gpt-4o-mini")

    request = wire.get_by_role("group", name="Request body")
    body = json.loads(await request.text_content())
    received = next(r.body for r in sandbox.requests if r.body["model"] == "gpt-4o-mini")
    assert body == {**received, "messages": [{"role": "user", "content": "My key is **********"}]}
    await wire.get_by_text("Request headers").click()
    await expect(wire.locator(".headers div", has_text="Authorization")).to_contain_text(
        "**********"
    )
    await expect(wire.locator(".status")).to_have_text("200")
    await expect(wire.locator(".events li").last).to_contain_text("data: [DONE]")
    assert await wire.locator(".events li").count() > 3
    failed = page.get_by_role("article", name="Wire of claude-haiku-4-5")
    await expect(failed.locator(".status")).to_have_text("500")
    await expect(failed.locator(".events")).to_contain_text("it broke")
    assert KEY not in (await page.content()).replace(f"My key is {KEY}", "")

    await page.get_by_label("Format JSON").uncheck()
    assert "\n" not in await request.text_content()


async def test_save_the_report(page, open_page, sandbox, tmp_path):
    """It is the comparison, opens from the disk, and a run that was stopped has one, too."""
    sandbox.answer_when("Mini says hello.", model="gpt-4o-mini")
    await ask(page, "Say hello")
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Save report").click()
    saved = await downloading.value
    assert re.fullmatch(r"compare-\d{8}-\d{6}\.html", saved.suggested_filename)
    await saved.save_as(tmp_path / "report.html")

    async with open_page((tmp_path / "report.html").as_uri()) as report:
        await expect(report.locator("body")).to_contain_text("Mini says hello.")
        await expect(report.locator("body")).to_contain_text("Say hello")


async def test_what_is_wrong_is_said(page):
    """In one sentence, with the focus where it can be put right."""
    await page.get_by_role("button", name="Run").click()
    await expect(page.get_by_role("alert")).to_have_text("Write a prompt first.")
    await expect(page.get_by_label("Prompt", exact=True)).to_be_focused()
    await page.get_by_role("button", name="Remove gpt-4o-mini").click()
    await page.get_by_role("button", name="Remove claude-haiku-4-5").click()
    await page.get_by_role("button", name="Run").click()
    await expect(page.get_by_role("alert")).to_have_text("Choose a model first.")
    await page.get_by_role("combobox").fill("my-own-model")
    await page.get_by_role("option", name="Use “my-own-model” as it is typed").click()
    await page.get_by_text("System prompt and options").click()
    await page.get_by_label("Tools").fill("{")
    await page.get_by_label("Prompt", exact=True).fill("Hi")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Tools: ")


async def test_a_server_that_has_ended(sandbox, open_page):
    """The page says so; the console, too."""
    served = Served(sandbox.base_url, models=CHOSEN)
    with (
        pytest.raises(AssertionError, match="ERR_CONNECTION_REFUSED"),
        contextlib.ExitStack() as stack,
    ):
        stack.enter_context(served)
        async with open_page(served.address) as page:
            await ready(page)
            stack.close()
            await page.get_by_label("Prompt", exact=True).fill("Hi")
            await page.keyboard.press("Control+Enter")
            await expect(page.get_by_role("alert")).to_have_text("The server has ended.")


async def test_models_by_keys(page):
    """Remove, search, move, choose, close."""
    press, field = page.keyboard.press, page.get_by_role("combobox")
    await field.focus()
    await press("Backspace")
    await expect(page.locator(".chip")).to_have_count(1)
    await page.keyboard.type("gpt-4o-mini")
    await expect(field).to_have_attribute("aria-expanded", "true")
    await press("ArrowDown")
    await press("ArrowUp")
    active = await field.get_attribute("aria-activedescendant")
    await expect(page.locator(f"#{active}")).to_have_text(re.compile("gpt-4o-mini"))
    await press("Escape")
    await expect(field).to_have_attribute("aria-expanded", "false")
    await field.fill("claude-haiku-4-5")
    await press("Enter")
    await expect(page.locator(".chip")).to_have_count(2)
    await press("Escape")
    await press("Tab")
    await expect(page.get_by_label("Prompt", exact=True)).to_be_focused()


async def test_a_run_by_keys(page, sandbox):
    """Write, run, change the tab: the focus is always to be seen, and is never lost."""
    sandbox.answer_when("Done.", model="*")
    press = page.keyboard.press
    await page.get_by_label("Prompt", exact=True).focus()
    await page.keyboard.type("Hi")
    stops = []
    for _ in range(3):
        await press("Tab")
        focused = "document.activeElement"
        stops.append(
            await page.evaluate(
                f"[{focused}.textContent.trim(), getComputedStyle({focused}).outlineStyle]"
            )
        )
    names = ["System prompt and options", "Run", "Attach picture"]
    assert stops == [[name, "solid"] for name in names]
    await press("Shift+Tab")
    await press("Enter")
    await finished(page)
    await expect(page.get_by_role("button", name="Run")).to_be_focused()
    await press("Tab")
    await press("Tab")
    await expect(page.get_by_role("tab", name="Answers")).to_be_focused()
    await press("ArrowRight")
    await expect(page.get_by_role("tab", name="Wire")).to_be_focused()
    await expect(page.get_by_role("tabpanel", name="Wire")).to_be_visible()
    await press("Home")
    await expect(page.get_by_role("tabpanel", name="Answers")).to_be_visible()


async def test_screen_readers_hear_results_not_tokens(page, sandbox):
    """One sentence per answer; what streams is no live region."""
    sandbox.answer_when("word " * 50, model="*")
    await page.evaluate(
        """() => {
          const said = (window.said = []);
          const status = document.getElementById("status");
          new MutationObserver(() => said.push(status.textContent)).observe(
            status, { childList: true, characterData: true, subtree: true });
        }"""
    )
    await ask(page)
    said = await page.evaluate("() => window.said")

    assert "Asking 2 models" in said
    assert any("has answered" in each for each in said)
    assert len(said) <= 5
    await expect(page.get_by_role("status")).to_have_attribute("aria-live", "polite")
    live = "[aria-live], [role=status], [role=alert], [role=log]"
    assert await page.locator(f"#results :is({live})").count() == 0


NAMELESS = """() => {
  const hidden = (element) => !element.checkVisibility();
  const name = (element) =>
    element.getAttribute("aria-label") ||
    (element.getAttribute("aria-labelledby") || "").split(" ").filter(Boolean)
      .map((id) => document.getElementById(id)?.textContent ?? "").join(" ") ||
    [...(element.labels ?? [])].map((label) => label.textContent).join(" ") ||
    element.getAttribute("alt") ||
    (/^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) ? "" : element.textContent);
  const wanted = "button, input, textarea, select, img:not([alt='']), summary, [role=tab], " +
    "[role=tabpanel], [role=listbox], [role=option], [role=group], [tabindex='0'], article, section";
  return [...document.querySelectorAll(wanted)]
    .filter((element) => !hidden(element) && !(name(element) || "").trim())
    .map((element) => element.outerHTML.slice(0, 100));
}"""

FAINT = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = rgb(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !element.checkVisibility() || element.closest(".unseen, :disabled, .comment")) continue;
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(ground(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faint.push([contrast.toFixed(2), element.outerHTML.slice(0, 80)]);
  }
  return faint;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_names_contrast_and_order(served, sandbox, open_page, scheme):
    """Everything that can be used has a name, all text has contrast, and there is one title."""
    sandbox.answer_when(
        "# One\n\n- two\n\n```py\nx\n```\n\n|a|b|\n|-|-|\n|1|2|", model="gpt-4o-mini"
    )
    sandbox.answer_when(model="claude-*", error=(500, "it broke"))
    async with open_page(served.address, color_scheme=scheme, reduced_motion="reduce") as page:
        await ask(await ready(page))
        for tab in ("Answers", "Wire"):
            await page.get_by_role("tab", name=tab).click()
            assert await page.evaluate(NAMELESS) == []
            assert await page.evaluate(FAINT) == []
            await screenshot(page, f"ui-{tab.lower()}-{scheme}")
        await page.get_by_role("combobox").click()
        assert await page.evaluate(NAMELESS) == []
        assert await page.evaluate(FAINT) == []
        levels = await page.evaluate(
            "() => [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map((h) => +h.tagName[1])"
        )
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert await page.evaluate("() => document.documentElement.lang") == "en"


async def test_no_page_scrolls_sideways(served, sandbox, open_page):
    """Not with long words, wide code or tables either; what is wide scrolls within itself."""
    wide = "x" * 300
    sandbox.answer_when(
        f"{wide}\n\n```py\n{wide}\n```\n\n|a|b|\n|-|-|\n|{wide}|2|", model="gpt-4o-mini"
    )
    async with open_page(served.address) as page:
        await ask(await ready(page), wide)
        for width in (320, NARROW["width"], 768, 1100, 1280):
            await page.set_viewport_size({"width": width, "height": 844})
            for tab in ("Answers", "Wire"):
                await page.get_by_role("tab", name=tab).click()
                assert await overflow(page) == 0, (width, tab)
                await screenshot(page, f"ui-{tab.lower()}-{width}")
            await page.get_by_role("combobox").fill("claude")
            assert await overflow(page) == 0, width
            await page.keyboard.press("Escape")


async def test_touch_targets_are_large_enough(served, open_page):
    """24 pixels at least, as WCAG 2.2 wants it."""
    async with open_page(served.address, viewport=NARROW) as page:
        await ready(page)
        sizes = await page.locator(
            "button:visible, input:visible:not([type=checkbox])"
        ).evaluate_all("(all) => all.map((e) => [e.textContent, e.offsetWidth, e.offsetHeight])")

    assert sizes
    assert [each for each in sizes if min(each[1], each[2]) < 24] == []


async def test_two_tabs_do_not_mix(served, sandbox, open_page):
    sandbox.answers(lambda request: f"<{request.body['messages'][-1]['content']}>")
    async with open_page(served.address) as first, open_page(served.address) as second:
        asked = ((first, "left"), (second, "right"))
        for page, prompt in asked:
            await (await ready(page)).get_by_label("Prompt", exact=True).fill(prompt)
        for page, _ in asked:
            await page.get_by_role("button", name="Run").click()
        for page, prompt in asked:
            await finished(page)
            await expect(page.locator("#answers .text")).to_have_text([f"<{prompt}>"] * 2)


async def test_a_wrong_address_shows_nothing(served, open_page):
    wrong = served.address.replace(served.guard.token, "wrong")
    with pytest.raises(AssertionError, match="403"):
        async with open_page(wrong) as page:
            await expect(page.locator("body")).to_contain_text("Open the address that")
