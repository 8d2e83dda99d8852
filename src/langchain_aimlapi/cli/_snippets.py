"""A program for each type of model, ready to be pasted."""

from __future__ import annotations

import json

_PROGRAMS = {
    "chat": """\
from langchain_aimlapi import ChatAimlapi

llm = ChatAimlapi(model={id})
print(llm.invoke("I love programming.").text)
""",
    "embeddings": """\
from langchain_aimlapi import AimlapiEmbeddings

embeddings = AimlapiEmbeddings(model={id})
print(len(embeddings.embed_query("I love programming.")))
""",
    "image": """\
from langchain_aimlapi.media import AimlapiImages

images = AimlapiImages(model={id})
images.invoke("A red fox in the snow").save("fox.png")
""",
    "image_edit": """\
from langchain_aimlapi.media import AimlapiImages

images = AimlapiImages(model={id})
images.invoke({{"prompt": "Make it night", "image": "fox.png"}}).save("night.png")
""",
    "video": """\
from langchain_aimlapi.media import AimlapiVideos

job = AimlapiVideos(model={id}).submit("A red fox runs through the snow")
job.download("fox.mp4")
""",
    "music": """\
from langchain_aimlapi.media import AimlapiMusic

job = AimlapiMusic(model={id}).submit("Slow piano, rain")
job.download("rain.mp3")
""",
    "speech": """\
from langchain_aimlapi.media import AimlapiSpeech

AimlapiSpeech(model={id}).invoke("Good morning!").save("morning.mp3")
""",
    "transcription": """\
from langchain_aimlapi.media import AimlapiTranscription

print(AimlapiTranscription(model={id}).invoke("meeting.mp3").text)
""",
    "ocr": """\
from langchain_aimlapi.media import AimlapiOCRLoader

for page in AimlapiOCRLoader("report.pdf", model={id}).load():
    print(page.page_content)
""",
}


def snippet(model: str, kind: str) -> str:
    """Return a program that uses a model."""
    return _PROGRAMS[kind].format(id=json.dumps(model))
