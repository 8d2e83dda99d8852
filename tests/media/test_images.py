"""Pictures: generated and edited, sync and async, traced and counted."""

from __future__ import annotations

import asyncio
import base64
import pickle
import threading

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from langchain_core.tracers.base import BaseTracer

from langchain_aimlapi import Budget, BudgetExceededError, get_aimlapi_callback
from langchain_aimlapi.errors import (
    AimlapiConnectionError,
    AimlapiTimeoutError,
    ConfigurationError,
    InvalidRequestError,
    MissingAPIKeyError,
    ResponseFormatError,
    ServerError,
)
from langchain_aimlapi.media import AimlapiImages, AimlapiVideos
from tests.media.service import META, PNG, Reply

TEXT = base64.b64encode(PNG).decode()


@pytest.fixture
def service(service):
    """It answers with a picture."""
    service.reply = lambda asked: (
        Reply(PNG)
        if asked.path == "/f.png"
        else Reply(
            {"data": [{"url": f"{service.url}/f.png", "b64_json": None}], "meta": META},
            headers={"x-inference-id": "inf-1"},
        )
    )
    return service


class Recorder(BaseTracer):
    """Keeps the runs."""

    def __init__(self):
        super().__init__()
        self.runs = []

    def _persist_run(self, run):
        self.runs.append(run)


class TestGenerating:
    """From a prompt."""

    def test_a_prompt(self, images, service, ask, tmp_path):
        """One request; the result has the address, the cost and the ids."""
        result = ask(images, "invoke", "a fox", quality="low")
        (asked,) = service.asked
        assert (asked.method, asked.path) == ("POST", "/v1/images/generations")
        assert asked.body == {"model": "openai/gpt-image-1", "prompt": "a fox", "quality": "low"}
        assert asked.headers["authorization"] == "Bearer sk-secret"
        assert (result.url, result.cost, result.inference_id) == (
            f"{service.url}/f.png",
            0.06,
            "inf-1",
        )
        assert result.content_blocks == [{"type": "image", "url": result.url}]
        assert ask(result, "save", tmp_path / "fox").read_bytes() == PNG

    def test_settings_hold_where_the_call_says_nothing(self, made, service, ask):
        """The call's own parameters go first, then the input's, then the object's."""
        model = made(
            AimlapiImages,
            "openai/gpt-image-1",
            size="1024x1024",
            quality="low",
            model_kwargs={"background": "opaque"},
        )
        ask(model, "invoke", {"prompt": "x", "quality": "high"}, size="1024x1536")
        assert service.asked[0].body == {
            "model": "openai/gpt-image-1",
            "prompt": "x",
            "quality": "high",
            "size": "1024x1536",
            "background": "opaque",
        }

    def test_within_the_reply(self, images, service, ask):
        """Bytes are there at once."""
        service.reply = lambda _: {"data": [{"url": None, "b64_json": TEXT}] * 2}
        result = ask(images, "invoke", "a fox")
        assert [file.read() for file in result.files] == [PNG, PNG]
        assert result._repr_png_() == PNG
        assert service.count("GET") == 0
        assert pickle.loads(pickle.dumps(result)).file.read() == PNG  # noqa: S301  # our own

    def test_in_a_chain(self, images, service):
        """A prompt template or a chat model may come before it."""
        (PromptTemplate.from_template("a {x}") | images).invoke({"x": "fox"})
        (ChatPromptTemplate.from_messages([("human", "a {x}")]) | images).invoke({"x": "fox"})
        images.invoke(AIMessage("a fox"))
        images.invoke([HumanMessage("no"), HumanMessage("a fox")])
        assert [asked.body["prompt"] for asked in service.asked] == ["a fox"] * 4

    @pytest.mark.parametrize("given", [5, None, [], HumanMessage([{"type": "audio", "url": "u"}])])
    def test_what_is_no_input(self, images, service, given):
        """A clear error instead of a paid misunderstanding."""
        with pytest.raises(ConfigurationError, match="is no input"):
            images.invoke(given)
        assert service.asked == []

    def test_schemas(self, images):
        """LangChain draws chains by them."""
        chain = PromptTemplate.from_template("a {x}") | images
        assert chain.get_graph().nodes
        assert images.get_output_jsonschema()
        assert images.get_input_jsonschema()

    def test_batch(self, images, service, ask):
        """Each its own, in order."""
        results = ask(images, "batch", ["a", "b", "c"], {"max_concurrency": 2})
        assert len(results) == 3
        assert sorted(asked.body["prompt"] for asked in service.asked) == ["a", "b", "c"]


class TestEditing:
    """From pictures."""

    @pytest.mark.parametrize("name", ["image", "images", "image_url"])
    def test_as_a_form(self, images, service, ask, tmp_path, name):
        """A model that edits gets the files, and texts beside them."""
        path = tmp_path / "fox.png"
        path.write_bytes(PNG)
        ask(images, "invoke", {"prompt": "night", name: path, "mask": PNG, "n": 2})
        (asked,) = service.asked
        assert asked.path == "/v1/images/edits"
        assert asked.form["image"] == [("fox.png", "image/png", PNG)]
        assert asked.form["mask"][0][1:] == ("image/png", PNG)
        texts = {name: part[0][2] for name, part in asked.form.items() if part[0][0] is None}
        assert texts == {"model": b"openai/gpt-image-1", "prompt": b"night", "n": b"2"}

    def test_several(self, images, service, ask):
        """Under one name, in order."""
        ask(
            images, "invoke", {"prompt": "both", "images": [PNG, {"type": "image", "base64": TEXT}]}
        )
        assert [part[2] for part in service.asked[0].form["image"]] == [PNG, PNG]
        with pytest.raises(ConfigurationError, match="more than 16 items"):
            ask(images, "invoke", {"prompt": "all", "images": [PNG] * 17})

    def test_one_at_an_address_is_fetched_for_a_form(self, images, service, ask):
        """Without the key."""
        ask(images, "invoke", {"prompt": "night", "image": f"{service.url}/f.png"})
        fetch, post = service.asked
        assert "authorization" not in fetch.headers
        assert post.form["image"][0][2] == PNG

    def test_as_an_address(self, made, service, ask):
        """Other models take addresses; files become `data:` ones."""
        model = made(AimlapiImages, "flux/kontext-max/image-to-image")
        ask(model, "invoke", {"prompt": "night", "image": PNG})
        ask(model, "invoke", HumanMessage([{"type": "text", "text": "night"},
                                           {"type": "image", "url": "https://a/b.png"}]))  # fmt: skip
        assert service.asked[0].body["image_url"] == f"data:image/png;base64,{TEXT}"
        assert service.asked[1].body["image_url"] == "https://a/b.png"

    def test_a_model_that_takes_none(self, made, service):
        """The picture is not left out silently."""
        with pytest.raises(ConfigurationError, match="takes no image"):
            made(AimlapiImages, "dall-e-3").invoke({"prompt": "night", "image": PNG})
        with pytest.raises(ConfigurationError, match="image: nowhere.png cannot be read"):
            made(AimlapiImages, "openai/gpt-image-1").invoke(
                {"prompt": "x", "image": "nowhere.png"}
            )
        with pytest.raises(ConfigurationError, match="mask goes with the picture"):
            made(AimlapiImages, "openai/gpt-image-1").invoke({"prompt": "x", "mask": PNG})
        assert service.asked == []

    def test_the_event_loop_goes_on(self, images, service):
        """While a picture is fetched for a form."""
        ticks, answer, ticked = [], service.reply, threading.Event()

        def slow(asked):
            if asked.method == "GET":
                assert ticked.wait(60)
            return answer(asked)

        service.reply = slow

        async def main():
            call = asyncio.create_task(
                images.ainvoke({"prompt": "x", "image": f"{service.url}/f.png"})
            )
            while not call.done():
                if service.count("GET"):
                    ticks.append(service.count("POST"))
                if ticks.count(0) >= 10:
                    ticked.set()
                await asyncio.sleep(0.01)
            return await call

        asyncio.run(main())
        assert ticked.is_set()


class TestIds:
    """Which class an id is for."""

    @pytest.mark.parametrize(
        ("kind", "model", "words"),
        [
            (AimlapiImages, "google/lyria2", "use AimlapiMusic"),
            (AimlapiImages, "mistral-ocr-latest", "use AimlapiOCRLoader"),
            (AimlapiVideos, "openai/gpt-image-1", "use AimlapiImages"),
            (AimlapiVideos, "deepgram/aura", "use AimlapiSpeech"),
            (AimlapiImages, "gpt-4o", "use ChatAimlapi"),
        ],
    )
    def test_the_wrong_kind(self, kind, model, words):
        """The error names the right class, before there is a request."""
        with pytest.raises(ConfigurationError, match=words):
            kind(model=model, api_key="k")

    def test_an_id_that_nobody_documents(self, made, service, ask):
        """It is sent as it is; if the service does not know it, ids near it are named."""
        model = made(AimlapiImages, "openai/gpt-imag-1")
        ask(model, "invoke", "x", anything=5)
        assert service.asked[0].body == {"model": "openai/gpt-imag-1", "prompt": "x", "anything": 5}
        service.reply = lambda _: Reply({"message": "unknown model"}, 400)
        with pytest.raises(InvalidRequestError, match=r"openai/gpt-image-1"):
            ask(model, "invoke", "x")


class TestParameters:
    """What the id documents."""

    def test_unknown_ones(self, made, service, recwarn):
        """Left out with a warning, sent, or an error."""
        made(AimlapiImages, "openai/gpt-image-1").invoke("x", seed=5)
        assert "seed" not in service.asked[0].body
        assert "does not take 'seed'" in str(recwarn.pop().message)
        made(AimlapiImages, "openai/gpt-image-1", unsupported_params="send").invoke("x", seed=5)
        assert service.asked[1].body["seed"] == 5
        with pytest.raises(ConfigurationError, match="takes no seed"):
            made(AimlapiImages, "openai/gpt-image-1", unsupported_params="error").invoke(
                "x", seed=5
            )

    def test_in_the_constructor(self, made, service, recwarn):
        """What the id documents needs no field; unknown parameters are warned of."""
        made(AimlapiImages, "openai/gpt-image-1", moderation="low", format="png").invoke("x")
        assert not recwarn.list
        assert service.asked[0].body["moderation"] == "low"
        assert service.asked[0].body["output_format"] == "png"
        made(AimlapiImages, "openai/gpt-image-1", moderatoin="low")
        assert "'moderatoin' is not a known argument" in str(recwarn.pop().message)

    def test_the_other_name_of_timeout(self, images, service, ask):
        """It steers the request and is not sent."""
        ask(images, "invoke", "x", request_timeout=5)
        assert "request_timeout" not in service.asked[0].body

    def test_values(self, images, service):
        """Those that are not documented are refused, with those that are."""
        with pytest.raises(ConfigurationError, match="none of '1024x1024', '1024x1536'"):
            images.invoke("x", size="17x4")
        assert service.asked == []

    def test_a_key_is_needed(self):
        """No canned picture without one."""
        with pytest.raises(MissingAPIKeyError):
            AimlapiImages(model="openai/gpt-image-1").invoke("x")


class TestMoney:
    """Nothing is paid for twice."""

    @pytest.mark.parametrize(
        "reply",
        [
            Reply({}, 500),
            Reply({}, 408),
            Reply({}, 504),
            Reply({}, 503),
            Reply(cut=True),
            Reply(b"<html>"),
            Reply({}),
        ],
        ids=["500", "408", "504", "503", "cut", "a web page", "no picture"],
    )
    def test_a_failure_after_sending_is_not_repeated(self, made, service, ask, reply):
        """And the error says that it may have been paid for, with an id to look it up."""
        service.reply = lambda _: reply
        model = made(AimlapiImages, "openai/gpt-image-1", max_retries=3)
        with pytest.raises(
            (
                ServerError,
                AimlapiTimeoutError,
                AimlapiConnectionError,
                ResponseFormatError,
                TimeoutError,
            )
        ) as failed:
            ask(model, "invoke", "x")
        assert service.count("POST") == 1
        assert "may have been acted on" in str(failed.value)
        assert service.asked[0].headers["x-client-request-id"] in str(failed.value)

    @pytest.mark.parametrize(
        "turned_away",
        [Reply({}, 429), Reply({}, 503, {"retry-after": "0"})],
        ids=["429", "503 with Retry-After"],
    )
    def test_what_was_turned_away_is_sent_again(self, made, service, ask, turned_away):
        """The service did not begin."""
        good = service.reply
        answers = iter([turned_away])
        service.reply = lambda asked: next(answers, None) or good(asked)
        assert ask(made(AimlapiImages, "openai/gpt-image-1", max_retries=1), "invoke", "x").url
        assert service.count("POST") == 2

    def test_a_refusal_was_not_paid_for(self, images, service, ask):
        """So it says nothing of the kind."""
        service.reply = lambda _: Reply({"message": "bad prompt"}, 400)
        with pytest.raises(InvalidRequestError) as failed:
            ask(images, "invoke", "x")
        assert "may have been" not in str(failed.value)

    def test_usage_is_counted(self, images, ask):
        """Calls and USD, of failures as well."""
        with get_aimlapi_callback() as usage:
            ask(images, "invoke", "x")
            ask(images, "batch", ["a", "b"])
        assert (usage.total.calls, usage.total.cost_usd) == (3, pytest.approx(0.18))

    @pytest.mark.parametrize("way", ["with", "config"])
    def test_budgets_hold(self, images, service, ask, way):
        """The call beyond the cap is not sent."""
        budget = Budget(calls=2)
        if way == "with":
            with budget, pytest.raises(BudgetExceededError):
                for _ in range(3):
                    ask(images, "invoke", "x")
        else:
            with pytest.raises(BudgetExceededError):
                for _ in range(3):
                    ask(images, "invoke", "x", {"callbacks": [budget]})
        assert (service.count("POST"), budget.calls) == (2, 2)
        assert budget.spent_usd == pytest.approx(0.12)

    def test_a_budget_that_is_given_twice_counts_once(self, images):
        """In a block and as a callback."""
        with Budget(calls=9) as budget:
            images.invoke("x", {"callbacks": [budget]})
        assert budget.calls == 1


class TestTraces:
    """What a tracer sees."""

    def test_a_run_without_bytes(self, images, ask):
        """Parameters and results, never a file's content or the key."""
        tracer = Recorder()
        given = {"prompt": "night", "image": PNG, "mask": f"data:image/png;base64,{TEXT}"}
        ask(images, "invoke", given, {"callbacks": [tracer], "run_name": "edit", "tags": ["t"]})
        block = {"type": "image", "base64": TEXT}
        ask(images, "invoke", {"prompt": "x", "image": [block]}, {"callbacks": [tracer]})
        run, other = tracer.runs
        assert other.inputs["image"] == [{"type": "image", "base64": "<data>"}]
        assert (run.name, run.tags) == ("edit", ["t"])
        assert run.inputs["prompt"] == "night"
        assert run.inputs["image"] == f"<{len(PNG)} bytes>"
        assert run.outputs["cost"] == 0.06
        assert run.extra["metadata"]["ls_model_name"] == "openai/gpt-image-1"
        assert TEXT not in str(run.inputs) + str(run.outputs)
        assert "sk-secret" not in str(run)

    def test_a_run_that_failed(self, images, service, ask):
        """It ends with the error."""
        service.reply = lambda _: Reply({"message": "no"}, 400)
        tracer = Recorder()
        with pytest.raises(InvalidRequestError):
            ask(images, "invoke", "x", {"callbacks": [tracer]})
        assert "InvalidRequestError" in tracer.runs[0].error


def test_a_model_is_a_value(images):
    """It survives pickle and copies; its key is in no repr."""
    again = pickle.loads(pickle.dumps(images))  # noqa: S301  # our own
    assert again.model == images.model
    assert "sk-secret" not in repr(images) + str(images.model_dump())
