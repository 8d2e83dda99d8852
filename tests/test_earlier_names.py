"""Names of releases before 1.0, and LangChain's pages on AI/ML API: their programs run.

The calls are those that the pages print; the words around them are not.
"""

from __future__ import annotations

import asyncio
import copy
import pickle
import subprocess
import sys
import warnings

import pytest
from langchain_core._api import LangChainDeprecationWarning
from langchain_core.caches import InMemoryCache
from langchain_core.prompts import PromptTemplate
from langchain_core.vectorstores import InMemoryVectorStore

import langchain_aimlapi
from langchain_aimlapi import (
    AimlapiEmbeddings,
    AimlapiImageModel,
    AimlapiLLM,
    AimlapiVideoModel,
    Budget,
    BudgetExceededError,
    ChatAimlapi,
    NotFoundError,
    ServerError,
    UnsupportedParameterWarning,
    get_aimlapi_callback,
)
from langchain_aimlapi.constants import AIMLAPI_HEADERS, merge_aimlapi_headers
from tests.ways import WAYS

pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")


async def listed(pieces):
    """All of an async iterator."""
    return [piece async for piece in pieces]


def pickled(model):
    """What comes back of a pickle."""
    return pickle.loads(pickle.dumps(model))  # noqa: S301  # our own


@pytest.fixture(params=WAYS)
def text_of(request):
    """Ask for a text, in each of the four ways in turn."""

    def ask(model, prompt, **kwargs):
        if request.param == "invoke":
            return model.invoke(prompt, **kwargs)
        if request.param == "ainvoke":
            return asyncio.run(model.ainvoke(prompt, **kwargs))
        if request.param == "stream":
            return "".join(model.stream(prompt, **kwargs))
        return "".join(asyncio.run(listed(model.astream(prompt, **kwargs))))

    return ask


class TestPages:
    """What LangChain's documentation prints for chat models, texts and embeddings."""

    def test_the_chat_page(self, aimlapi_sandbox):
        """Construction, a call with pairs, and a stream."""
        llm = ChatAimlapi(
            model="meta-llama/Llama-3-70b-chat-hf",
            temperature=0.7,
            max_tokens=512,
            timeout=30,
            max_retries=3,
        )
        messages = [("system", "You translate English to French."), ("human", "I love tea.")]

        assert "I love tea." in llm.invoke(messages).content
        assert "".join(chunk.content for chunk in llm.stream("List five languages."))

    def test_the_page_of_texts(self, aimlapi_sandbox):
        """A text in, a text out; and its stream of events, which is the chat model's."""
        llm = AimlapiLLM(model="openai/gpt-5-5", temperature=0.5, max_tokens=1024)
        with pytest.warns(UnsupportedParameterWarning, match="temperature"):
            response = llm.invoke("Explain bubble sort.")
        assert isinstance(response, str)
        assert "Explain bubble sort." in response

        stream = AimlapiLLM(model="gpt-3.5-turbo-instruct").stream_events("Hi", version="v3")
        assert "Hi" in "".join(stream.text)

    def test_the_page_of_embeddings(self, aimlapi_sandbox):
        """An index, a retriever, one text and several."""
        embeddings = AimlapiEmbeddings(model="text-embedding-ada-002")
        text, other = "LangChain builds applications that reason", "LangGraph builds agents"
        store = InMemoryVectorStore.from_texts([text], embedding=embeddings)

        assert store.as_retriever().invoke("What is LangChain?")[0].page_content == text
        assert len(embeddings.embed_query(text)) == 1536
        assert len(embeddings.embed_documents([text, other])) == 2

    def test_pages_with_other_spellings(self, aimlapi_sandbox):
        """For a year they spelled the names in capitals."""
        from langchain_aimlapi import AIMLAPILLM, AIMLAPIEmbeddings, ChatAIMLAPI

        assert ChatAIMLAPI is ChatAimlapi
        assert AIMLAPIEmbeddings is AimlapiEmbeddings
        assert AIMLAPILLM(model="gpt-4o").invoke("Hi")

    def test_the_readme_of_the_earlier_package(self, aimlapi_sandbox):
        """Pictures and videos by their address."""
        picture = AimlapiImageModel(model="dall-e-3", size="1024x1024", n=1)
        assert picture.invoke("a lake at sunset").startswith("http")
        film = AimlapiVideoModel(model="alibaba/happyhorse-1-0", poll_interval=0.01)
        assert film.invoke("city lights at night").startswith("http")

    def test_models_that_are_gone_are_named_as_such(self, aimlapi_sandbox):
        """The page prints one that the service has no more."""
        with pytest.raises(NotFoundError, match=r"retired.*veo"):
            AimlapiVideoModel(model="google/veo3", provider="google").invoke("city lights")


@pytest.fixture
def llm(aimlapi_sandbox):
    return AimlapiLLM(model="gpt-4o", max_retries=0, api_key=aimlapi_sandbox.api_key)


class TestTexts:
    """`AimlapiLLM`."""

    def test_a_text_in_and_out(self, llm, text_of, aimlapi_sandbox):
        """It goes as the one message of a chat, with the settings and arguments of the call."""
        llm.temperature = 0.5
        answer = text_of(llm, "Hello there", top_p=0.9)

        body = aimlapi_sandbox.requests[0].body
        assert "Hello there" in answer
        assert body["messages"] == [{"role": "user", "content": "Hello there"}]
        assert (body["temperature"], body["top_p"]) == (0.5, 0.9)

    def test_stop(self, llm, text_of, aimlapi_sandbox):
        """Sequences of the call are sent."""
        aimlapi_sandbox.answer_next("one two three")
        assert text_of(llm, "Count", stop=["two"]) == "one "

    def test_in_a_chain(self, llm, text_of):
        """Prompts fill it, as they fill every model of texts."""
        assert "about tea" in text_of(
            PromptTemplate.from_template("A text about {it}") | llm, "tea"
        )

    def test_usage_is_counted_once(self, llm, text_of):
        """Its tokens and its cost, under the model's name."""
        with get_aimlapi_callback() as usage:
            text_of(llm, "Hi")
            text_of(llm, "Hi again")

        assert list(usage.models) == ["gpt-4o"]
        assert (usage.total.calls, usage.total.unpriced_calls) == (2, 0)
        assert usage.total.total_tokens > 0
        assert usage.total.cost_usd > 0

    def test_a_budget_ends_it(self, llm, text_of, aimlapi_sandbox):
        """Before the next request."""
        with Budget(calls=1), pytest.raises(BudgetExceededError):
            text_of(llm, "Hi")
            text_of(llm, "Hi")
        assert len(aimlapi_sandbox.requests) == 1

    def test_several_prompts(self, llm):
        """Each has its generation, with what the reply said of it."""
        result = llm.generate(["a", "b"], stop=None)

        texts = [generations[0].text for generations in result.generations]
        assert ['"a"' in texts[0], '"b"' in texts[1]] == [True, True]
        info = result.generations[0][0].generation_info
        assert info["finish_reason"] == "stop"
        assert info["usage_metadata"]["total_tokens"] > 0
        assert info["response_metadata"]["cost"] > 0

    def test_log_probabilities(self, llm):
        """As many per token as were asked for."""
        llm.logprobs = 2
        info = llm.generate(["Hi"]).generations[0][0].generation_info
        token = info["response_metadata"]["logprobs"]["content"][0]
        assert len(token["top_logprobs"]) == 2

    def test_errors_are_those_of_the_package(self, llm, text_of, aimlapi_sandbox):
        """No bare `Exception` any more."""
        aimlapi_sandbox.fail_next("status_500")
        with pytest.raises(ServerError):
            text_of(llm, "Hi")

    def test_the_runs_id_is_the_requests(self, llm, aimlapi_sandbox):
        """Traces and the service's logs are matched by one id."""
        result = llm.generate(["Hi"])
        sent = aimlapi_sandbox.requests[0].headers["x-client-request-id"]
        assert sent == str(result.run[0].run_id)

    def test_a_cache(self, aimlapi_sandbox):
        """The second call is answered by it; another setting is another question."""
        cached = AimlapiLLM(model="gpt-4o", cache=InMemoryCache())
        assert cached.invoke("Hi") == cached.invoke("Hi")
        cached.temperature = 0.1
        cached.invoke("Hi")
        assert len(aimlapi_sandbox.requests) == 2

    def test_it_is_a_value(self, llm):
        """Copied and pickled, it answers the same; its key is not shown."""
        for twin in (copy.deepcopy(llm), llm.model_copy(), pickled(llm)):
            assert twin.invoke("Hi") == llm.invoke("Hi")
        assert llm.aimlapi_api_key.get_secret_value() not in repr(llm)


class TestMedia:
    """`AimlapiImageModel` and `AimlapiVideoModel`."""

    @pytest.mark.parametrize("way", ["invoke", "ainvoke"])
    def test_their_cost_is_counted_once(self, aimlapi_sandbox, way):
        """One picture is one call."""
        model = AimlapiImageModel(model="flux/schnell")
        with get_aimlapi_callback() as usage:
            made = model.invoke("a cat") if way == "invoke" else asyncio.run(model.ainvoke("a cat"))

        assert made.startswith("http")
        assert model.model == "flux/schnell"
        assert (usage.total.calls, usage.total.unpriced_calls) == (1, 0)

    @pytest.mark.parametrize("form", ["url", "b64_json"])
    def test_pictures_as_asked(self, aimlapi_sandbox, form):
        """Addresses, or the pictures themselves."""
        model = AimlapiImageModel(model="flux/dev", allow_private_urls=True)
        made = model.generate_images("a cat", n=2, response_format=form)
        later = asyncio.run(model.agenerate_images("a cat", response_format=form))

        start = "http" if form == "url" else "iVBOR"
        assert [text.startswith(start) for text in [*made, *later]] == [True] * 3

    def test_a_picture_within_the_reply(self, aimlapi_sandbox):
        """Its address then holds it."""
        model = AimlapiImageModel(model="dall-e-3", response_format="b64_json")
        assert model.invoke("a cat").startswith("data:image/png;base64,iVBOR")

    def test_several_videos(self, aimlapi_sandbox):
        """As many jobs as were asked for."""
        model = AimlapiVideoModel(model="alibaba/happyhorse-1-0", poll_interval=0.01)
        assert len(set(model.generate_videos("a cat", n=2, timeout=60))) == 2


def test_headers():
    """What the package sends by itself; one's own go over them."""
    assert langchain_aimlapi.AIMLAPI_HEADERS == AIMLAPI_HEADERS
    assert merge_aimlapi_headers({"X-Mine": "1"}) == {**AIMLAPI_HEADERS, "X-Mine": "1"}


class TestNotes:
    """What is better is said once, where the name is used."""

    @pytest.mark.parametrize(
        ("make", "better"),
        [
            (lambda: AimlapiLLM(model="gpt-4o"), r"ChatAimlapi\(…\)"),
            (AimlapiImageModel, "AimlapiImages"),
            (lambda: AimlapiVideoModel(model="alibaba/happyhorse-1-0"), "AimlapiVideos"),
            (lambda: langchain_aimlapi.ChatAIMLAPI, "ChatAimlapi"),
        ],
    )
    def test_once(self, make, better):
        """The warning points at the line of the user."""
        with pytest.warns(LangChainDeprecationWarning, match=better) as seen:
            make()
        assert seen[0].filename == __file__
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            make()

    def test_importing_them_says_and_loads_nothing(self):
        """They are loaded when they are asked for, like all names."""
        script = (
            "import sys, langchain_aimlapi\n"
            "assert 'langchain_aimlapi.llms' not in sys.modules\n"
            "from langchain_aimlapi import AimlapiLLM, AIMLAPI_HEADERS\n"
            "from langchain_aimlapi import *\n"
        )
        subprocess.run([sys.executable, "-W", "error", "-c", script], check=True, timeout=60)  # noqa: S603
