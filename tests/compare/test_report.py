"""The report: all that it must tell, and nothing that it must not do."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from langchain_aimlapi import __version__
from langchain_aimlapi.compare import Comparison, Picture, Result, render_report
from langchain_aimlapi.compare.report import markup

HOSTILE = "' onload=alert(1) x=' \" onload=alert(1) x=\" <script>alert(1)</script><img src=x onerror=alert(1)>'\"&</style></title>{x}%s"
_VOID = {"meta", "link", "img", "br", "hr", "rect", "line"}


class Page(HTMLParser):
    """A page as a browser's parser sees it: elements, attributes and texts."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.open = [], [], []
        self.unbalanced = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def answered(model, run=1, **fields):
    given = {
        "text": "Because of the air.",
        "ttft": 0.5,
        "seconds": 2.0,
        "tokens_per_second": 80.0,
        "input_tokens": 12,
        "output_tokens": 121,
        "usd": 0.00025,
        "finish_reason": "stop",
        **fields,
    }
    return Result(model=model, run=run, **given)


def page_of(*results, models=("first", "second"), **fields):
    comparison = Comparison("Why is the sky blue?", list(models), results=list(results), **fields)
    return Page(render_report(comparison))


class TestWhatItTells:
    def test_a_comparison_of_two(self):
        """Prompt, date, version, figures and answers."""
        page = page_of(
            answered("first"),
            answered(
                "second", text="It **scatters**.", ttft=0.25, tokens_per_second=None, usd=None
            ),
            system="Be brief.",
            parameters={"temperature": 0.2},
            endpoint="https://api.aimlapi.com/v1",
            date=datetime(2026, 11, 27, 8, 5, tzinfo=UTC),
        )

        for told in (
            "2 models, one prompt",
            "2026-11-27 08:05 UTC",
            "one run each",
            "https://api.aimlapi.com/v1",
            f"langchain-aimlapi {__version__}",
            "Why is the sky blue?",
            "Be brief.",
            "temperature = 0.2",
            "first token after 0.50 s · 80 tokens/s · 2.00 s in all · 12 tokens in, 121 out",
            "$0.000250",
            "0.25 s (best)",
            "not known",
            "Because of the air.",
        ):
            assert told in page.text
        assert ("strong", {}) in page.elements

    def test_charts(self):
        """Bars by their share of the longest, and the best of each."""
        page = page_of(
            answered("first", ttft=0.5, tokens_per_second=20.0, usd=0.001),
            answered("second", ttft=0.25, tokens_per_second=80.0, usd=0.004),
        )
        bars = [bar["width"] for bar in page.all("rect") if bar["class"] == "fill"]

        assert bars == ["100.00%", "50.00%", "25.00%", "100.00%", "25.00%", "100.00%"]
        assert "Shorter is better first 0.50 s second 0.25 s (best)" in page.text
        assert "More is better first 20 second 80 (best)" in page.text
        assert "Less is better first $0.001000 (best) second $0.004000" in page.text

    def test_the_range_in_a_chart(self):
        """From the least to the most of the runs; the bar ends at the median."""
        runs = [answered("first", run, ttft=value) for run, value in ((1, 0.2), (2, 0.5), (3, 1.0))]
        page = page_of(*runs, models=["first"], runs=3)

        assert page.all("rect")[1]["width"] == "50.00%"
        assert (page.all("line")[0]["x1"], page.all("line")[0]["x2"]) == ("20.00%", "100.00%")

    def test_runs(self):
        """The median with least and most, and each answer; all but the first are folded."""
        runs = [answered("first", run, text=f"Answer {run}.", ttft=run / 10) for run in (1, 2, 3)]
        page = page_of(*runs, models=["first"], runs=3)

        assert "0.20 s 0.10 s to 0.30 s" in page.text
        assert "3 of 3" in page.text
        assert all(f"Answer {run}." in page.text for run in (1, 2, 3))
        assert len([one for one in page.all("details") if one.get("class") == "run"]) == 2
        assert len(page.all("line")) == 9

    def test_failures(self):
        """The message and what came before it; the others have their figures."""
        page = page_of(
            answered("first"), Result(model="second", text="Half", error="ServerError: x")
        )

        assert "Failed. ServerError: x" in page.text
        assert "Half" in page.text
        assert "second - - - - - - - failed" in page.text

    def test_what_was_stopped(self):
        """At the top, on the card, and for whom was not asked."""
        page = page_of(Result(model="first", text="Half", is_interrupted=True))

        assert "Stopped early." in page.text
        assert "Stopped before the answer was whole." in page.text
        assert "It was not asked." in page.text
        assert "not asked" in page.text

    def test_a_whole_comparison_was_not_stopped(self):
        assert "Stopped" not in page_of(answered("first"), answered("second")).text

    def test_the_sandbox(self):
        """Nobody takes its answers for those of models."""
        page = page_of(answered("first"), answered("second"), is_sandbox=True)

        assert "The sandbox answered, not the models." in page.text
        assert page.texts.count("sandbox") == 2
        assert "sandbox" not in page_of(answered("first")).text

    def test_reasoning_is_folded(self):
        """With the time that the text began."""
        page = page_of(answered("first", reasoning="Hm.", reasoning_tokens=40, first_text=1.5))

        assert "text after 1.50 s" in page.text
        assert "121 out, 40 of them reasoning" in page.text
        assert "Hm." in page.text
        assert {"class": "reasoning"} in page.all("details")

    def test_tool_calls_and_the_rest(self):
        """Arguments as JSON, broken ones as they are; content that is no text is named."""
        calls = [{"name": "look", "args": {"a": 1}}, {"name": "go", "args": '{"b": '}]
        page = page_of(answered("first", tool_calls=calls, other_content=["image"]))

        assert 'look { "a": 1 }' in page.text
        assert 'go {"b": ' in page.text
        assert "The answer also holds image" in page.text

    def test_refusals_and_sources(self):
        """A reason, and links to the web alone."""
        sources = [
            {"url": "https://example.com/a?b&c", "title": "A <page>"},
            {"url": "javascript:alert(1)", "title": ""},
        ]
        page = page_of(answered("first", refusal="I will not.", sources=sources))

        assert "Declined. I will not." in page.text
        assert "Sources A <page> javascript:alert(1)" in page.text
        assert [link["href"] for link in page.all("a")] == ["https://example.com/a?b&c"]

    def test_a_picture_without_a_prompt(self):
        comparison = Comparison("", ["first"], pictures=[Picture("https://example.com/a.png")])
        page = Page(render_report(comparison))

        assert "Prompt" not in page.texts
        assert page.texts[page.texts.index("Pictures") + 1] == "https://example.com/a.png"

    def test_keys_in_the_address_are_left_out(self):
        """Of gateways that want one there, and in parameters."""
        page = page_of(
            endpoint="https://example.com/v1?key=s3cret",
            parameters={"tools": [{"authorization": "s3cret"}]},
        )

        assert "https://example.com/v1 ·" in page.text
        assert "s3cret" not in page.text

    def test_an_empty_answer_is_said_to_be(self):
        assert "The answer is empty." in page_of(answered("first", text="")).text

    def test_who_served(self):
        """If it is another id than the one that was asked."""
        assert "served by first-2026" in page_of(answered("first", served_by="first-2026")).text
        assert "served by" not in page_of(answered("first", served_by="first")).text


class TestWhatItDoesNot:
    def test_hostile_texts(self):
        """Wherever they stand, they are texts and no elements."""
        page = page_of(
            answered(
                HOSTILE,
                text=HOSTILE,
                reasoning=HOSTILE,
                served_by=HOSTILE,
                finish_reason=HOSTILE,
                tool_calls=[{"name": HOSTILE, "args": {HOSTILE: HOSTILE}}],
                other_content=[HOSTILE],
                refusal=HOSTILE,
                sources=[{"url": HOSTILE, "title": HOSTILE}],
            ),
            Result(model="second", text=f"**{HOSTILE}**", error=HOSTILE),
            models=[HOSTILE, "second"],
            system=HOSTILE,
            parameters={HOSTILE: HOSTILE},
            endpoint=HOSTILE,
            pictures=[Picture(HOSTILE, HOSTILE), Picture(f"data:image/png;base64,{HOSTILE}")],
        )
        tags = {tag for tag, _ in page.elements}
        names = {name for _, attrs in page.elements for name in attrs}

        assert "script" not in tags
        assert not any(name.startswith("on") for name in names)
        assert [image["src"][:15] for image in page.all("img")] == ["data:image/png;"]
        assert page.unbalanced == []
        assert page.open == []
        assert page.text.count("alert(1)") > 20

    @pytest.mark.parametrize(
        "text",
        [
            "![a](https://example.com/a.png)",
            '![a](data:image/svg+xml;base64,AAAA "t")',
            "<img src='https://example.com/a.png'>",
            "[a](javascript:alert(1))",
            "[a](  JaVaScRiPt:alert(1))",
            "[a](data:text/html,<script>alert(1)</script>)",
            "[a](vbscript:x) <javascript:alert(1)>",
            "[a][b]\n\n[b]: javascript:alert(1)",
            "```html onload=x\n<script>alert(1)</script>\n```",
            "<!-- - --><svg onload=alert(1)>",
        ],
    )
    def test_markdown_that_would_load_or_run(self, text):
        """No pictures, no raw HTML, no links but to the web."""
        page = page_of(answered("first", text=text), Result(model="second", error=text))

        assert not {"img", "script", "iframe", "object"} & {tag for tag, _ in page.elements}
        assert all(link["href"].startswith("https://") for link in page.all("a"))
        assert not any(name.startswith("on") for _, attrs in page.elements for name in attrs)

    def test_it_loads_nothing(self):
        """And forbids it, should something be wrong with the escaping."""
        text = render_report(
            Comparison("x", ["first"], results=[answered("first", text="[a](https://example.com)")])
        )
        page = Page(text)
        policy = next(meta["content"] for meta in page.all("meta") if "http-equiv" in meta)

        assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
        assert [link["href"] for link in page.all("link")] == ["data:,"]
        assert page.all("a")[0]["rel"] == "noreferrer noopener"
        assert "url(" not in text
        assert "@import" not in text

    def test_pictures_of_the_web_are_not_loaded(self):
        """Their address is shown; only small formats without scripts are shown as pictures."""
        page = page_of(
            answered("first"),
            pictures=[
                Picture("https://example.com/a.png"),
                Picture("data:image/svg+xml;base64,AAAA", "drawing.svg"),
                Picture("data:image/png;base64,AAAA", "dot.png"),
            ],
        )

        assert [image["src"] for image in page.all("img")] == ["data:image/png;base64,AAAA"]
        assert all(name in page.text for name in ("https://example.com/a.png", "drawing.svg"))

    @pytest.mark.parametrize(
        "text", ["half \ud800 a character", "nul \0", "\x1b[31mred", "\u202etxt"]
    )
    def test_characters_that_files_cannot_hold(self, text):
        """The page can be written as UTF-8 in any case."""
        page = render_report(Comparison(text, [text], results=[answered(text, text=f"**{text}**")]))

        assert page.encode("utf-8")
        assert "\0" not in page

    @pytest.mark.parametrize("text", ["> " * 50_000, "[" * 50_000, "*a " * 50_000, "- " * 20_000])
    @pytest.mark.timeout(60)
    def test_endless_nesting(self, text):
        """Answers that are hard to read as Markdown take no minutes."""
        assert Page(render_report(Comparison("x", ["a"], results=[answered("a", text=text)]))).text

    def test_answers_of_any_length(self):
        """Beyond a size they are shown as received."""
        text = "**word** " * 100_000
        page = page_of(answered("first", text=text))

        assert page.text.count("**word**") == 100_000

    def test_without_the_reader_of_markdown(self, monkeypatch):
        """The text is shown as received."""

        def missing():
            raise ModuleNotFoundError("markdown_it")

        monkeypatch.setattr(markup, "_markdown", missing)
        assert "It **scatters**." in page_of(answered("first", text="It **scatters**.")).text


class TestMarkdown:
    def test_headings_stand_below_those_of_the_page(self):
        """So that the outline is one."""
        page = page_of(answered("first", text="# One\n\n## Two\n\n###### Six"))
        levels = [tag for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]

        assert levels[levels.index("h4") :] == ["h4", "h5", "h6", "h3"]  # the next card
        assert levels.count("h1") == 1

    def test_plain_text_is_left_as_it_is(self):
        """Line ends too, and without a second copy of it."""
        page = page_of(answered("first", text="One.\nTwo."))

        assert "One.\nTwo." in page.texts
        assert "As received" not in page.text

    def test_what_was_received_is_kept(self):
        """Below what was made of it."""
        page = page_of(answered("first", text="# Title\n\n| a |\n|---|\n| b |"))

        assert "# Title\n\n| a |\n|---|\n| b |" in page.texts
        assert page.all("td")
        assert page.all("h4")
