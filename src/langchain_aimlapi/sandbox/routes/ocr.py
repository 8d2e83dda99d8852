"""`/ocr`: pages of a document.

The sandbox reads the pictures that it drew itself, since they keep their prompt; of other documents
it knows the type, the size and the number of pages. Nothing is fetched: a document elsewhere has
three pages.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from langchain_aimlapi.sandbox.answers.tokens import Usage
from langchain_aimlapi.sandbox.checks.media import check_media
from langchain_aimlapi.sandbox.files.png import draw_png, prompt_of_png
from langchain_aimlapi.sandbox.parsing.media import bytes_of
from langchain_aimlapi.sandbox.replies import Reply, reply_with_cost, validation_error

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.files.store import FileStore
    from langchain_aimlapi.sandbox.inference import Inference

Json = dict[str, Any]

USD_PER_PAGE = 0.001
_PDF_PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")
_RANGE = re.compile(r"\d{1,5}(-\d{1,5})?")
_PAGES_ELSEWHERE, _MOST_PAGES = 3, 1000
_SIDE = 64


class OCRRoute:
    """Answers requests to read documents.

    Args:
        files: The sandbox's own files.
    """

    def __init__(self, files: FileStore) -> None:
        self._files = files

    async def reply(self, inference: Inference) -> Reply:
        """Answer `/ocr`.

        Raises:
            ApiError: The service would reject the body.
        """
        body = inference.body
        check_media(body, "ocr")
        address, is_picture = _address(body)
        data = bytes_of(address, "document", self._files)
        total = 1 if is_picture else _count(data)
        chosen = _chosen(body.get("pages"), total)
        text = prompt_of_png(data or b"") or _described(address, data)
        pages = [_page(index, text, body) for index in chosen]
        inference.usage = Usage(0, 0, cost=len(pages) * USD_PER_PAGE)
        return reply_with_cost(
            {
                "pages": pages,
                "model": body["model"],
                "usage_info": {
                    "pages_processed": len(pages),
                    "doc_size_bytes": None if data is None else len(data),
                },
                "document_annotation": None,
                "meta": inference.usage.as_meta(),
            }
        )


def _address(body: Json) -> tuple[str, bool]:
    """Return where the document is, and whether it is a single picture."""
    document = body["document"]
    if isinstance(document, dict):
        kind = document["type"]
        return str(document.get(kind) or ""), kind == "image_url"
    mime_type = str(body.get("mimeType") or "")
    text = str(document)
    if mime_type and not text.startswith(("http:", "https:", "data:")):
        text = f"data:{mime_type};base64,{text}"
    return text, mime_type.startswith("image/")


def _count(data: bytes | None) -> int:
    if data is None:
        return _PAGES_ELSEWHERE
    return min(max(len(_PDF_PAGE.findall(data)), 1), _MOST_PAGES)


def _chosen(wanted: object, total: int) -> list[int]:
    """Return the numbers of the pages to read, from 0, as each vendor writes them.

    Raises:
        ApiError: 400, they cannot be read.
    """
    every = range(total)
    match wanted:
        case None | "":
            return list(every)
        case {"type": "start", "start": int(count)}:
            return list(every[:count])
        case {"type": "end", "end": int(count)}:
            return list(every[-count:])
        case {"type": "range", "start": int(first), "end": int(last)}:
            return list(every[first - 1 : last])
        case {"type": "indices", "indices": [*listed]}:
            return [page - 1 for page in listed if page - 1 in every]
        case list():
            return [page for page in wanted if page in every]
        case str():
            return [page for part in wanted.split(",") for page in _range(part) if page in every]
    raise validation_error("pages: Invalid input")


def _range(part: str) -> range:
    if not _RANGE.fullmatch(part.strip()):
        raise validation_error(f"pages: Expected numbers and ranges, received {part!r}")
    first, _, last = part.strip().partition("-")
    return range(int(first), int(last or first) + 1)


def _described(address: str, data: bytes | None) -> str:
    if data is None:
        return f"A document at {address}."
    kind = "A PDF file" if data.startswith(b"%PDF") else "A document"
    return f"{kind} of {len(data)} bytes."


def _page(index: int, text: str, body: Json) -> Json:
    picture = draw_png(text, f"{text}|{index}", _SIDE, _SIDE)
    content = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    image = {
        "id": f"img-{index}.png",
        "top_left_x": 0,
        "top_left_y": 0,
        "bottom_right_x": _SIDE,
        "bottom_right_y": _SIDE,
        "image_base64": content if body.get("include_image_base64") else None,
    }
    return {
        "index": index,
        "markdown": f"# Page {index + 1}\n\n{text}\n\n![{image['id']}]({image['id']})",
        "images": [image],
        "dimensions": {"dpi": 200, "height": 2200, "width": 1700},
    }
