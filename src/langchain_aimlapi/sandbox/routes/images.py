"""`/images/generations` and `/images/edits`: coloured squares instead of pictures."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from langchain_aimlapi.sandbox.answers.tokens import Usage
from langchain_aimlapi.sandbox.checks.media import check_media
from langchain_aimlapi.sandbox.checks.schema import is_file
from langchain_aimlapi.sandbox.files.png import SIGNATURE, draw_png
from langchain_aimlapi.sandbox.files.store import StoredFile
from langchain_aimlapi.sandbox.replies import Reply, reply_with_cost, validation_error

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.files.store import FileStore
    from langchain_aimlapi.sandbox.inference import Inference

Json = dict[str, Any]

USD_PER_IMAGE = 0.01
_SIZE = re.compile(r"(\d{1,4})\s?[x*]\s?(\d{1,4})")
_RATIO = re.compile(r"(\d{1,2}(?:\.\d)?):(\d{1,2}(?:\.\d)?)")
_NAMED = {
    "square": "1:1",
    "portrait_4_3": "3:4",
    "portrait_16_9": "9:16",
    "landscape_4_3": "4:3",
    "landscape_16_9": "16:9",
}
_SIDE, _LONGEST, _MOST_PICTURES = 256, 4096, 16
_MAGIC = (SIGNATURE, b"\xff\xd8\xff", b"RIFF", b"GIF8", b"BM")


class ImagesRoute:
    """Answers requests for pictures.

    Args:
        files: Where the pictures are kept.
    """

    def __init__(self, files: FileStore) -> None:
        self._files = files

    async def generate(self, inference: Inference) -> Reply:
        """Answer `/images/generations`.

        Raises:
            ApiError: The service would reject the body.
        """
        check_media(inference.body, "image")
        return self._reply(inference)

    async def edit(self, inference: Inference) -> Reply:
        """Answer `/images/edits`.

        Raises:
            ApiError: The service would reject the form.
        """
        body = inference.body
        check_media(body, "image_edit")
        for name in ("image", "mask"):
            given = body.get(name)
            for file in given if isinstance(given, list) else [given]:
                if is_file(file) and not base64.b64decode(file["base64"]).startswith(_MAGIC):
                    raise validation_error(f"{name}: {file['filename']} is not a picture")
        return self._reply(inference)

    def _reply(self, inference: Inference) -> Reply:
        body = inference.body
        count = int(body.get("n") or body.get("num_images") or 1)
        if not 1 <= count <= _MOST_PICTURES:
            raise validation_error(f"n: Expected 1 to {_MOST_PICTURES} pictures, received {count}")
        inference.usage = Usage(0, 0, cost=count * USD_PER_IMAGE)
        data = [self._picture(inference, index) for index in range(count)]
        return reply_with_cost({"data": data, "meta": inference.usage.as_meta()})

    def _picture(self, inference: Inference, index: int) -> Json:
        body = inference.body
        prompt = str(body.get("prompt") or "")
        seed = f"{prompt}|{body.get('seed')}|{_sources(body)}|{index}"
        picture = draw_png(prompt, seed, *size_of(body))
        if body.get("response_format") == "b64_json":
            return {"url": None, "b64_json": base64.b64encode(picture).decode()}
        file = StoredFile(picture, "image/png", inference.outcome)
        path = self._files.add(f"{inference.id} {index}", ".png", file)
        return {"url": inference.origin + path, "b64_json": None}


def _sources(body: Json) -> str:
    """Return what the picture is made from, so that another source gives other colours."""
    return repr(
        [body[name] for name in ("image", "image_url", "image_urls", "mask") if body.get(name)]
    )


def size_of(body: Json) -> tuple[int, int]:
    """Return the width and height that a request asks for; 256 pixels a side if it does not."""
    for name in ("size", "image_size", "resolution", "aspect_ratio"):
        given = body.get(name)
        if isinstance(given, dict) and {"width", "height"} <= given.keys():
            return _clamped(given["width"]), _clamped(given["height"])
        if not isinstance(given, str):
            continue
        if size := _SIZE.fullmatch(given):
            return _clamped(size[1]), _clamped(size[2])
        ratio = _RATIO.fullmatch(_NAMED.get(given.removesuffix("_hd"), given))
        if ratio:
            wide, high = float(ratio[1]) or 1.0, float(ratio[2]) or 1.0
            longest = max(wide, high)
            return _clamped(_SIDE * wide / longest), _clamped(_SIDE * high / longest)
    return _SIDE, _SIDE


def _clamped(value: Any) -> int:
    return min(max(round(float(value)), 16), _LONGEST)
