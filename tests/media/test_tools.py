"""Media models as tools: LangChain's own suite for each, and an agent."""

from __future__ import annotations

import pytest
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolCall
from langchain_tests.integration_tests.tools import ToolsIntegrationTests
from langchain_tests.unit_tests.tools import ToolsUnitTests
from pydantic import BaseModel, ValidationError

from langchain_aimlapi import get_aimlapi_callback
from langchain_aimlapi.errors import ConfigurationError
from langchain_aimlapi.media import (
    AimlapiImages,
    AimlapiMusic,
    AimlapiSpeech,
    AimlapiTranscription,
    AimlapiVideos,
)
from tests.codec.decode.test_transcript import ASSEMBLY
from tests.media.service import META, PNG, Jobs, Reply


def answer(service):
    """A service that answers on every route."""
    videos, music = Jobs(service), Jobs(service, key="audio_file")
    replies = {
        "/v1/images/generations": {"data": [{"url": f"{service.url}/f.png"}], "meta": META},
        "/v1/images/edits": {"data": [{"url": f"{service.url}/f.png"}], "meta": META},
        "/v1/tts": {"audio": f"{service.url}/f.mp3"},
        "/v1/stt/create": {"generation_id": "g"},
        "/v1/stt/g": {"status": "completed", "result": ASSEMBLY},
    }

    def reply(asked):
        if asked.path in replies:
            return replies[asked.path]
        if asked.path.endswith(".png"):
            return Reply(PNG)
        return (videos if "video" in asked.path else music)(asked)

    return reply


class World:
    """A tool, on a service of the tests' own."""

    model: tuple
    arguments: dict

    @pytest.fixture(autouse=True)
    def world(self, made, service):
        service.reply = answer(service)
        kind, model = self.model
        fast = {} if kind in {AimlapiImages, AimlapiSpeech} else {"poll_interval": 0.01}
        self.made = made(kind, model, **fast).as_tool()

    @property
    def tool_constructor(self):
        return self.made

    @property
    def tool_invoke_params_example(self):
        return self.arguments


class Images(World):
    model = (AimlapiImages, "openai/gpt-image-1")
    arguments = {"prompt": "a fox"}  # noqa: RUF012  # the suite's way


class TestImagesUnit(Images, ToolsUnitTests):
    pass


class TestImagesCalls(Images, ToolsIntegrationTests):
    pass


class Videos(World):
    model = (AimlapiVideos, "alibaba/happyhorse-1-0")
    arguments = {"prompt": "a fox", "image_url": "https://a/b.png"}  # noqa: RUF012  # the suite's way


class TestVideosUnit(Videos, ToolsUnitTests):
    pass


class TestVideosCalls(Videos, ToolsIntegrationTests):
    pass


class Music(World):
    model = (AimlapiMusic, "minimax/music-1.5")
    arguments = {"prompt": "slow piano", "lyrics": "la la la la la la"}  # noqa: RUF012  # the suite's way


class TestMusicUnit(Music, ToolsUnitTests):
    pass


class TestMusicCalls(Music, ToolsIntegrationTests):
    pass


class Speech(World):
    model = (AimlapiSpeech, "inworld/tts-1")
    arguments = {"text": "Good morning"}  # noqa: RUF012  # the suite's way


class TestSpeechUnit(Speech, ToolsUnitTests):
    pass


class TestSpeechCalls(Speech, ToolsIntegrationTests):
    pass


class Transcription(World):
    model = (AimlapiTranscription, "aai/universal")
    arguments = {"url": "https://a/b.mp3"}  # noqa: RUF012  # the suite's way


class TestTranscriptionUnit(Transcription, ToolsUnitTests):
    pass


class TestTranscriptionCalls(Transcription, ToolsIntegrationTests):
    pass


@pytest.fixture
def service(service):
    """It answers everything."""
    service.reply = answer(service)
    return service


def called(tool, ask, **arguments):
    """The message of a call."""
    return ask(tool, "invoke", ToolCall(name=tool.name, args=arguments, id="c", type="tool_call"))


class TestContent:
    """What the chat model gets, and what the caller."""

    def test_pictures(self, images, service, ask):
        """A text and the picture; the artifact is the result."""
        message = called(images.as_tool(), ask, prompt="a fox")
        text, picture = message.content
        assert f"{service.url}/f.png" in text["text"]
        assert picture == {"type": "image", "url": f"{service.url}/f.png"}
        assert message.artifact.cost == 0.06
        blind = called(images.as_tool(show_images=False), ask, prompt="a fox")
        assert isinstance(blind.content, str)

    def test_other_media(self, videos, made, service, ask):
        """An address, or who said what."""
        assert "video: http" in called(videos.as_tool(), ask, prompt="a fox").content
        scribe = made(AimlapiTranscription, "aai/universal", poll_interval=0.01).as_tool()
        assert called(scribe, ask, url="https://a/b").content == "A: He does.\nB: No."

    def test_names(self, images):
        """They can be given; the others are plain."""
        tool = images.as_tool(name="draw", description="Draws.")
        assert (tool.name, tool.description) == ("draw", "Draws.")
        assert images.as_tool().name == "make_image"


class TestArguments:
    """What a chat model may say."""

    def names(self, model):
        """The arguments, and whether they are needed."""
        schema = model.as_tool().get_input_schema().model_json_schema()
        return {name: name in schema.get("required", ()) for name in schema["properties"]}

    def test_they_follow_the_id(self, made, images):
        """Files that it takes, and what it needs."""
        assert self.names(images) == {"prompt": True, "image_urls": False}
        assert self.names(made(AimlapiImages, "dall-e-3")) == {"prompt": True}
        assert self.names(made(AimlapiVideos, "acme/unknown")) == {"prompt": True}
        assert self.names(made(AimlapiMusic, "minimax/music-1.5")) == {
            "prompt": True,
            "lyrics": True,
        }
        sung = made(AimlapiMusic, "minimax/music-1.5", lyrics="la " * 9)
        assert self.names(sung) == {"prompt": True}
        animated = self.names(made(AimlapiVideos, "kling-video/v1/standard/image-to-video"))
        assert animated["image_url"] is True

    @pytest.mark.parametrize("path", ["/etc/passwd", "fox.png", "file:///etc/passwd"])
    def test_files_of_this_machine_stay_here(self, images, service, ask, path):
        """A chat model cannot have them read."""
        with pytest.raises(ValidationError, match="http"):
            ask(images.as_tool(), "invoke", {"prompt": "x", "image_urls": [path]})
        assert service.asked == []

    def test_pictures_at_addresses(self, images, service, ask):
        """They are fetched for models that edit."""
        called(images.as_tool(), ask, prompt="night", image_urls=[f"{service.url}/f.png"])
        assert service.asked[-1].path == "/v1/images/edits"
        assert service.asked[-1].form["image"][0][2] == PNG

    def test_a_schema_of_ones_own(self, images, service, ask):
        """Its fields are parameters."""

        class Drawing(BaseModel):
            """A drawing."""

            prompt: str
            size: str

        called(images.as_tool(Drawing), ask, prompt="x", size="1024x1024")
        assert service.asked[0].body["size"] == "1024x1024"
        with pytest.raises(ConfigurationError, match="none of"):
            called(images.as_tool(Drawing), ask, prompt="x", size="1x1")


def test_an_agent(images, service):
    """It draws, the cost is counted, the artifact is kept."""
    call = ToolCall(name="make_image", args={"prompt": "a fox"}, id="c1", type="tool_call")

    class Model(GenericFakeChatModel):
        def bind_tools(self, tools, **_):
            return self

    model = Model(messages=iter([AIMessage("", tool_calls=[call]), AIMessage("Here it is.")]))
    with get_aimlapi_callback() as usage:
        state = create_agent(model, [images.as_tool()]).invoke({"messages": [("human", "Draw")]})
    assert state["messages"][-1].text == "Here it is."
    assert state["messages"][2].artifact.url == f"{service.url}/f.png"
    assert usage.total.cost_usd == pytest.approx(0.06)
