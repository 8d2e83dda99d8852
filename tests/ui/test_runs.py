"""Runs: what is asked, what comes back, and what is never shown."""

from __future__ import annotations

import base64
import json
import logging
import re
import threading
import time
from pathlib import Path

import pytest

from langchain_aimlapi._errors.secrets import HIDDEN
from langchain_aimlapi.ui import question as questions
from langchain_aimlapi.ui.blanking import BlankedStream
from langchain_aimlapi.ui.shown import shortened
from tests.scripted import Scripted
from tests.ui.serving import KEY, Served

PNG = base64.b64encode(
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
).decode()
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def of(events, kind, index=0):
    return [each for each in events if each["type"] == kind and each["index"] == index]


def text(events, index=0, kind="text"):
    return "".join(each["text"] for each in of(events, kind, index))


def test_about_and_models(page, sandbox):
    about = page.ask(page.path("api/about")).json
    models = page.ask(page.path("api/models")).json

    assert about["address"] == sandbox.base_url
    assert (about["sandbox"], about["models"]) == (False, ["gpt-4o"])
    assert len(models) > 200
    assert {"id", "vendor", "context", "vision", "usd"} <= models[0].keys()


def test_two_models_at_once(page, sandbox):
    """Each answers under its own index, with figures and all that went over the wire."""
    sandbox.answer_when("First.", model="gpt-4o", cost=0.25)
    sandbox.answer_when("Second.", model="claude-*", reasoning="Hm.")
    events = page.run(models=["gpt-4o", "claude-haiku-4-5"], system="Be brief.").events

    assert [text(events, 0), text(events, 1)] == ["First.", "Second."]
    assert text(events, 1, "reasoning") == "Hm."
    (done,) = of(events, "done")
    assert done["result"]["usd"] == 0.25
    assert done["result"]["output_tokens"] > 0
    assert 0 < done["result"]["ttft"] <= done["result"]["seconds"]
    for index in (0, 1):
        (sent,) = of(events, "request", index)
        model = ["gpt-4o", "claude-haiku-4-5"][index]
        received = next(r.body for r in sandbox.requests if r.body["model"] == model)
        assert json.loads(sent["body"]) == received
        assert of(events, "reply", index)[0]["status"] == 200
        assert "[DONE]" in of(events, "data", index)[-1]["text"]
    assert "Be brief." in of(events, "request")[0]["body"]


def test_options_and_pictures_are_sent(page, sandbox):
    page.run(
        pictures=[{"name": "dot.png", "data": PNG}], temperature=0.5, max_tokens=7, tools=[TOOL]
    )
    body = sandbox.requests[0].body

    assert (body["temperature"], body["max_tokens"]) == (0.5, 7)
    assert body["messages"][-1]["content"][1]["image_url"]["url"].endswith(PNG)
    assert body["tools"][0]["function"]["name"] == "get_weather"


def test_large_pictures(page, sandbox, monkeypatch):
    """They are sent whole, shown short, and have a limit."""
    data = PNG[:40] + base64.b64encode(bytes(6000)).decode()
    events = page.run(pictures=[{"name": "big.png", "data": data}]).events

    assert data in json.dumps(sandbox.requests[0].body)
    assert "more characters of base64" in of(events, "request")[0]["body"]
    assert data not in of(events, "request")[0]["body"]
    monkeypatch.setattr(questions, "MOST_PICTURE_BYTES", 1000)
    assert page.run(pictures=[{"name": "big.png", "data": data}]).status == 422


def test_an_answer_that_ends_like_the_key_begins(page, sandbox):
    """What was held back is shown at the end."""
    sandbox.answer_next(f"It begins with {KEY[:4]}", reasoning=KEY[:5])
    events = page.run().events

    assert text(events) == "It begins with sk-c"
    assert text(events, kind="reasoning") == "sk-ca"


def test_tool_calls_are_told(page, sandbox):
    sandbox.answer_next(tool_calls={"get_weather": {"city": "Oslo"}})
    events = page.run(tools=[TOOL]).events
    calls = of(events, "tool")

    assert calls[0]["name"] == "get_weather"
    assert json.loads("".join(each["args"] for each in calls)) == {"city": "Oslo"}


def test_one_failure_leaves_the_others_alone(page, sandbox):
    sandbox.answer_when("Fine.", model="gpt-4o")
    sandbox.answer_when(model="claude-*", error=(500, "it broke"))
    events = page.run(models=["claude-haiku-4-5", "gpt-4o"]).events

    (error,) = of(events, "error", 0)
    assert "it broke" in error["result"]["error"]
    assert of(events, "reply", 0)[-1]["status"] == 500
    assert text(events, 1) == "Fine."
    assert of(events, "done", 1)


def test_a_stream_that_breaks_off_keeps_its_text(page, sandbox):
    sandbox.answer_next("one two three four five six", error="cut_stream")
    events = page.run().events

    assert text(events)
    assert of(events, "error")
    assert not of(events, "done")


def test_what_nobody_expects_is_an_error_of_that_model(page):
    """Tools that are none fail before anything is sent."""
    events = page.run(tools=[{"function": "none"}]).events

    assert [each["type"] for each in events][-1] == "error"


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ({"models": []}, "models"),
        ({"models": ["a"] * 5}, "models"),
        ({"models": [" "]}, "models"),
        ({"models": ["a", "a "]}, "twice"),
        ({"prompt": " \n"}, "The prompt is empty"),
        ({"pictures": [{"name": "x.png", "data": "AAAA"}]}, "x.png"),
        ({"pictures": [{"name": "x.png", "data": "?"}]}, "base64"),
        ({"pictures": [{"name": "x.svg", "data": base64.b64encode(b"<svg/>").decode()}]}, "x.svg"),
        ({"pictures": [{"data": PNG}] * 5}, "pictures"),
        ({"temperature": 9}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"tools": "x"}, "tools"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_wrong_questions(page, sandbox, question, told):
    """One sentence, and nothing is sent."""
    answered = page.run(**question)

    assert answered.status == 422
    assert told in answered.json["error"]
    assert sandbox.requests == []


def test_a_form_of_another_page_is_no_question(page):
    """A form cannot send JSON, nor can a script without asking first."""
    path = page.path("api/run")
    plain = page.ask(path, method="POST", body=b"{}", headers={"Content-Type": "text/plain"})
    broken = page.ask(path, method="POST", body=b"{", headers={"Content-Type": "application/json"})

    assert (plain.status, broken.status) == (415, 422)


def test_bodies_have_a_limit(sandbox, monkeypatch):
    monkeypatch.setattr("langchain_aimlapi.ui.server.MOST_BODY_BYTES", 1000)
    with Served(sandbox.base_url) as page:
        answered = page.run(prompt="x" * 2000)

    assert answered.status == 413
    assert "error" in answered.json
    assert sandbox.requests == []


class TestReport:
    def report(self, page, events):
        (begun,) = [each for each in events if each["type"] == "run"]
        return page.ask(page.path(f"api/report/{begun['id']}"))

    def test_it_is_the_comparison(self, page, sandbox):
        """A file to save, with what was asked and answered, which needs no server."""
        sandbox.answer_when("The answer is <42>.", model="gpt-4o")
        events = page.run(prompt="What is it?", pictures=[{"name": "dot.png", "data": PNG}]).events
        answered = self.report(page, events)
        html = answered.body.decode()

        assert answered.status == 200
        disposition = answered.headers["content-disposition"]
        assert re.fullmatch(r'attachment; filename="compare-\d{8}-\d{6}\.html"', disposition)
        for told in ("What is it?", "The answer is &lt;42&gt;.", "gpt-4o", PNG):
            assert told in html

    def test_it_has_no_key(self, page, sandbox):
        """Neither the one that was typed nor the one that was repeated, in text or an error."""
        sandbox.answer_when(f"Your key is {KEY}", model="gpt-4o", reasoning=f"{KEY}!")
        sandbox.answer_when(tool_calls={"f": {"key": KEY}}, model="claude-*")
        question = {"prompt": f"My key is {KEY}", "system": KEY}
        html = self.report(page, page.run(models=["gpt-4o", "claude-haiku-4-5"], **question).events)

        assert HIDDEN.encode() in html.body
        assert KEY.encode() not in html.body

    def test_a_run_that_was_stopped(self, page, sandbox):
        """What had come is in it."""
        sandbox.answer_when("Beginning " + "word " * 1000, model="*", tokens_per_second=50)
        with page.connect() as connection:
            asked = json.dumps({"models": ["gpt-4o"], "prompt": "Hi"})
            headers = {"Content-Type": "application/json"}
            connection.request("POST", page.path("api/run"), asked, headers)
            response = connection.getresponse()
            begun = response.readline()
            while b'"type":"text"' not in response.readline():
                pass
            response.close()
        wait_for(lambda: b"Begin" in self.report(page, [json.loads(begun)]).body)

    def test_old_runs_give_way(self, page):
        events = [page.run().events for _ in range(9)]

        assert self.report(page, events[0]).status == 404
        assert "run it again" in self.report(page, events[0]).json["error"]
        assert self.report(page, events[1]).status == 200


class TestKey:
    @pytest.mark.parametrize("size", [1, 3, 7, 100])
    def test_it_is_nowhere(self, page, sandbox, size, caplog, capfd):
        """The user typed it, the model repeats it cut anywhere, an error quotes it."""
        caplog.set_level(logging.DEBUG)
        sandbox.answer_when(
            f"Your key is {KEY}, isn't it? {KEY}",
            model="gpt-4o",
            chunks=size,
            reasoning=f"Key {KEY}.",
        )
        sandbox.answer_when(model="claude-*", error=(400, f"bad key {KEY}"))
        answered = page.run(models=["gpt-4o", "claude-haiku-4-5"], prompt=f"My key is {KEY}")
        shown = "".join(text(answered.events, 0, kind) for kind in ("text", "reasoning"))
        out, err = capfd.readouterr()

        assert shown.count(HIDDEN) == 3
        for seen in (answered.body.decode(), shown, caplog.text, out, err):
            assert KEY not in seen

    @pytest.mark.parametrize("path", ["", "api/about", "api/models", "static/app.js"])
    def test_it_is_on_no_page(self, page, path):
        assert KEY.encode() not in page.ask(page.path(path)).body

    def test_an_echoing_service(self, capfd):
        """A reply that is the request itself, headers and all."""
        reply = {"error": {"message": f"Authorization: Bearer {KEY}"}}
        with Scripted(reply=reply, status=403) as service, Served(service.url) as page:
            service.headers_now = {"x-echo": KEY}
            body = page.run().body.decode()

        assert KEY not in body
        assert HIDDEN in body

    def test_a_service_that_calls_its_model_like_the_key(self):
        """No field of a result holds it."""
        choice = {"index": 0, "message": {"content": "Hi"}, "finish_reason": KEY}
        reply = {"id": KEY, "model": KEY, "choices": [choice]}
        with Scripted(reply=reply) as service, Served(service.url) as page:
            answered = page.run()

        (done,) = of(answered.events, "done")
        assert done["result"]["served_by"] == HIDDEN
        assert KEY.encode() not in answered.body


@pytest.mark.parametrize("size", range(1, 12))
def test_blanking_whatever_the_chunks(size):
    """What is no key comes through whole, its beginnings too."""
    told = "abc secret-1 sesecret-1 sec secr"
    stream = BlankedStream("secret-1")
    shown = [stream.feed(told[at : at + size]) for at in range(0, len(told), size)]

    assert "".join([*shown, stream.rest()]) == told.replace("secret-1", HIDDEN)


def test_long_base64_is_shortened():
    body = shortened(f'{{"url": "data:image/png;base64,{"A" * 5000}"}}')

    assert json.loads(body)["url"].endswith("more characters of base64]")
    assert len(body) < 200
    assert shortened("word " * 2000) == "word " * 2000


def wait_for(condition):
    for _ in range(500):
        if condition():
            return
        time.sleep(0.02)
    pytest.fail("it did not happen within 10 seconds")


class TestEnds:
    def test_a_page_that_goes_stops_the_calls(self, page, sandbox):
        """Closed in the middle of the streams: the connections to the service are closed."""
        sandbox.answer_when("word " * 1000, model="*", tokens_per_second=50)
        before = sandbox.connections
        with page.connect() as connection:
            asked = json.dumps({"models": ["gpt-4o", "gpt-4o-mini"], "prompt": "Hi"})
            headers = {"Content-Type": "application/json"}
            connection.request("POST", page.path("api/run"), asked, headers)
            response = connection.getresponse()
            while b'"type":"text"' not in response.readline():
                pass
            assert sandbox.connections >= before + 2
            response.close()
        wait_for(lambda: sandbox.connections <= before)

    def test_a_page_that_goes_while_the_model_is_silent(self, page, sandbox):
        """Nothing is written that could fail: the closed connection alone ends the call."""
        sandbox.answer_when("late", model="*", ttft=60)
        with page.connect() as connection:
            asked = json.dumps({"models": ["gpt-4o"], "prompt": "Hi"})
            headers = {"Content-Type": "application/json"}
            connection.request("POST", page.path("api/run"), asked, headers)
            response = connection.getresponse()
            wait_for(lambda: sandbox.connections > 0)
            response.close()
        wait_for(lambda: sandbox.connections == 0)

    def test_several_pages_at_once(self, page, sandbox):
        """Eight runs, each with its own answer."""
        sandbox.answers(lambda request: "<" + request.body["messages"][-1]["content"] + ">")
        answers = {}

        def ask(number):
            answers[number] = text(page.run(prompt=f"number {number}").events)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert answers == {number: f"<number {number}>" for number in range(8)}

    def test_a_slow_page_holds_up_no_other(self, page, sandbox):
        """Nobody reads there: what waits for it has a limit, and others are served."""
        sandbox.answer_when("word " * 3000, contains="long")
        sandbox.answer_when("short", contains="short")
        with page.connect() as connection:
            asked = json.dumps({"models": ["gpt-4o"], "prompt": "long"})
            connection.request(
                "POST", page.path("api/run"), asked, {"Content-Type": "application/json"}
            )
            assert text(page.run(prompt="short").events) == "short"
            rest = connection.getresponse().read()
        assert b'"done"' in rest

    def test_stopping_ends_open_runs(self, sandbox):
        """The server does not wait for answers that nobody will see."""
        sandbox.answer_when("word " * 1000, model="*", tokens_per_second=20)
        began = time.monotonic()
        with Served(sandbox.base_url) as page, page.connect() as connection:
            asked = json.dumps({"models": ["gpt-4o"], "prompt": "Hi"})
            connection.request(
                "POST", page.path("api/run"), asked, {"Content-Type": "application/json"}
            )
            connection.getresponse().readline()

        assert time.monotonic() - began < 20
        wait_for(lambda: sandbox.connections == 0)


def test_the_files_are_where_a_wheel_has_them():
    """Beside the code: hatch packs everything that stands in the package."""
    import langchain_aimlapi.ui

    folder = Path(langchain_aimlapi.ui.__file__).parent / "static"
    assert {"index.html", "app.css", "app.js"} <= {path.name for path in folder.iterdir()}
