"""`AimlapiOCRLoader`: the pages of a PDF or a picture as documents of Markdown."""

from __future__ import annotations

import base64
import mimetypes
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document

from langchain_aimlapi._codec.decode.media import read_cost, read_pages
from langchain_aimlapi._transport.request import Reply
from langchain_aimlapi.errors import ConfigurationError
from langchain_aimlapi.media.inputs import Media, MediaFile, source_of
from langchain_aimlapi.media.model import MediaModel
from langchain_aimlapi.media.results import MediaResult

if TYPE_CHECKING:
    from langchain_aimlapi._catalogue.media import Kind

__all__ = ["AimlapiOCRLoader"]


class OCRModel(MediaModel):
    """An OCR model; use `AimlapiOCRLoader`."""

    kind: ClassVar[Kind] = "ocr"
    default_path: ClassVar[str] = "/v1/ocr"
    input_name: ClassVar[str] = "document"
    media_inputs: ClassVar[frozenset[str]] = frozenset({"document"})

    def _run(self, parameters: Mapping[str, Any], steering: Mapping[str, object]) -> MediaResult:
        body = self._body(self._loaded(parameters))
        request = self._post(self._path(), body, self._key(steering), steering)
        return self._metered({}, lambda: self._send(request, self._result))

    async def _arun(
        self, parameters: Mapping[str, object], steering: Mapping[str, object]
    ) -> MediaResult:
        body = self._body(await self._aloaded(parameters))
        request = self._post(self._path(), body, await self._akey(steering), steering)
        return await self._ametered({}, lambda: self._asend(request, self._result))

    def _body(self, loaded: Mapping[str, Any]) -> Mapping[str, object]:
        given = dict(loaded)
        file, numbers = given.pop("document"), given.pop("pages", None)
        spec = self._spec("ocr")
        if spec is not None and "mimeType" in spec.parameters:
            given |= _as_text(file)
            given["pages"] = _as_range(numbers)
        else:
            given["document"] = _as_object(file)
            given["pages"] = [number - 1 for number in numbers] if numbers else None
        return self._encoded("ocr", given).body

    def _result(self, reply: Reply) -> MediaResult:
        raw = read_pages(reply.body)
        cost = read_cost(raw, reply.headers)
        return MediaResult(
            model=self.model,
            files=[],
            cost=cost.usd,
            cost_details=cost.details,
            inference_id=reply.headers.get("x-inference-id"),
            raw=raw,
        )


def _as_object(file: MediaFile) -> dict[str, str]:
    """A document as Mistral's and Zhipu's models take it."""
    kind = "image_url" if _mime_type(file).startswith("image/") else "document_url"
    return {"type": kind, kind: file.as_url()}


def _as_text(file: MediaFile) -> dict[str, str]:
    """A document as Google's model takes it: an address or base64, and what it is."""
    if file.url is not None:
        known = mimetypes.guess_type(urlsplit(file.url).path)[0]
        return {"document": file.url, **({"mimeType": known} if known else {})}
    text = base64.b64encode(file.data or b"").decode()
    return {"document": text, "mimeType": file.mime_type}


def _as_range(numbers: list[int] | None) -> dict[str, object] | None:
    """Pages as Google's model takes them."""
    if not numbers:
        return None
    if len(numbers) > 1 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return {"type": "range", "start": numbers[0], "end": numbers[-1]}
    return {"type": "indices", "indices": numbers}


def _mime_type(file: MediaFile) -> str:
    if file.url is None:
        return file.mime_type
    return mimetypes.guess_type(urlsplit(file.url).path)[0] or ""


class AimlapiOCRLoader(BaseLoader):
    """Loads PDFs and pictures as documents: one a page, in Markdown.

    Examples:
        >>> from langchain_aimlapi.media import AimlapiOCRLoader
        >>> loader = AimlapiOCRLoader("report.pdf", model="mistral-ocr-latest", pages="1-3,7")
        >>> documents = loader.load()  # doctest: +SKIP

    The metadata of a document are `source`, `page` (from 0, as LangChain's PDF loaders count),
    `page_label` ("1" for the first), `images` and `dimensions` as the model gives them, `model`,
    and `cost` (US dollars, of the whole request).

    Args:
        document: A path, bytes, a URL, an open file or a content block; or a list of them.
        model: Id of an OCR model.
        pages: Which pages, counted from 1: a number, a list of them, or a text such as "1-3,7". All
            by default.
        **settings: Of the connection, as for `AimlapiImages`; and parameters the model documents,
            such as `include_image_base64`.

    Raises:
        ConfigurationError: For pages that are none, or the id of a model of another kind.
    """

    def __init__(
        self,
        document: Media | Sequence[Media],
        *,
        model: str = "mistral-ocr-latest",
        pages: int | str | Iterable[int] | None = None,
        **settings: Any,
    ) -> None:
        self._documents = list(document) if isinstance(document, list | tuple) else [document]
        known = OCRModel.model_fields
        names = {*known, *(field.alias for field in known.values())}
        own = {name: settings.pop(name) for name in list(settings) if name in names}
        extra = {**own.pop("model_kwargs", {}), **settings}
        self._model = OCRModel(model=model, model_kwargs=extra, **own)
        self._pages = None if pages is None else page_numbers(pages)

    def lazy_load(self) -> Iterator[Document]:
        """Yield the pages.

        Raises:
            AimlapiError: If a document cannot be read.
        """
        for document in self._documents:
            yield from _pages(document, self._model.invoke(self._asked(document)))

    async def alazy_load(self) -> AsyncIterator[Document]:
        """Yield the pages; see `lazy_load`."""
        for document in self._documents:
            for page in _pages(document, await self._model.ainvoke(self._asked(document))):
                yield page

    def _asked(self, document: object) -> dict[str, object]:
        return {"document": document, "pages": self._pages}


def _pages(document: Any, result: MediaResult) -> Iterator[Document]:
    shared = {"source": source_of(document), "model": result.model, "cost": result.cost}
    if (annotation := result.raw.get("document_annotation")) is not None:
        shared["document_annotation"] = annotation
    for place, page in enumerate(result.raw["pages"]):
        index = page.get("index", place)
        numbers = {"page": index, "page_label": str(index + 1)}
        extra = {name: value for name, value in page.items() if name not in _IN_DOCUMENT}
        text = page.get("markdown") or page.get("text") or ""
        yield Document(text, metadata={**shared, **numbers, **extra})


_IN_DOCUMENT = frozenset({"index", "markdown", "text"})
_RANGE = re.compile(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?")


def page_numbers(pages: int | str | Iterable[int]) -> list[int]:
    """Which pages a number, a list or a text such as "1-3,7" names, each once.

    Raises:
        ConfigurationError: For a text of another form, or a number below 1.
    """
    if isinstance(pages, str):
        numbers = [number for part in pages.split(",") for number in _range(part)]
    else:
        numbers = [pages] if isinstance(pages, int) else list(pages)
    if not numbers or min(numbers) < 1:
        raise ConfigurationError(f"pages={pages!r}: pages are counted from 1.")
    return list(dict.fromkeys(numbers))


def _range(part: str) -> range:
    match = _RANGE.fullmatch(part)
    if match is None:
        raise ConfigurationError(f"pages: {part!r} is no page and no range such as 1-3.")
    first = int(match[1])
    last = int(match[2] or first)
    if last < first or last - first >= _MOST_PAGES:
        raise ConfigurationError(f"pages: {part!r} is no range.")
    return range(first, last + 1)


_MOST_PAGES = 10_000
