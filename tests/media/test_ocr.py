"""Pages as documents."""

from __future__ import annotations

import base64

import pytest

from langchain_aimlapi import get_aimlapi_callback
from langchain_aimlapi.errors import ConfigurationError, ResponseFormatError, ServerError
from langchain_aimlapi.media import AimlapiOCRLoader
from tests.media.service import META, PNG, Reply

PDF = b"%PDF-1.7\n%%EOF"
PAGES = [
    {"index": 0, "markdown": "# One", "images": [{"id": "img-0.jpeg"}], "dimensions": {"dpi": 200}},
    {"index": 2, "markdown": "three", "images": [], "dimensions": None},
]


@pytest.fixture
def loader(service):
    """A function that makes loaders which ask the service."""
    service.reply = lambda _: {"pages": PAGES, "model": "m", "meta": META}

    def make(document, model="mistral-ocr-latest", **options):
        return AimlapiOCRLoader(
            document,
            model=model,
            api_key="sk-secret",
            base_url=service.url,
            max_retries=0,
            **options,
        )

    return make


def test_one_document_a_page(loader, service, ask):
    """Markdown, and in the metadata where it stood."""
    first, second = ask(loader("https://a/report.pdf"), "load")
    assert service.asked[0].path == "/v1/ocr"
    assert service.asked[0].body == {
        "model": "mistral-ocr-latest",
        "document": {"type": "document_url", "document_url": "https://a/report.pdf"},
    }
    assert first.page_content == "# One"
    assert first.metadata == {
        "source": "https://a/report.pdf",
        "model": "mistral-ocr-latest",
        "cost": 0.06,
        "page": 0,
        "page_label": "1",
        "images": [{"id": "img-0.jpeg"}],
        "dimensions": {"dpi": 200},
    }
    assert second.metadata["page_label"] == "3"


@pytest.mark.parametrize(
    ("document", "sent"),
    [
        (PDF, {"type": "document_url",
               "document_url": f"data:application/pdf;base64,{base64.b64encode(PDF).decode()}"}),
        (PNG, {"type": "image_url",
               "image_url": f"data:image/png;base64,{base64.b64encode(PNG).decode()}"}),
        ("https://a/b.png?x", {"type": "image_url", "image_url": "https://a/b.png?x"}),
        ({"type": "file", "url": "https://a/b"}, {"type": "document_url", "document_url": "https://a/b"}),
    ],
    ids=["PDF", "picture", "address of a picture", "block"],
)  # fmt: skip
def test_documents(loader, service, ask, document, sent):
    """By what they are; a path is read."""
    ask(loader(document), "load")
    assert service.asked[0].body["document"] == sent


def test_a_path(loader, service, ask, tmp_path):
    """It is the source."""
    path = tmp_path / "report.pdf"
    path.write_bytes(PDF)
    assert ask(loader(path), "load")[0].metadata["source"] == str(path)
    assert service.asked[0].body["document"]["type"] == "document_url"


@pytest.mark.parametrize(
    ("pages", "sent", "google"),
    [
        (1, [0], {"type": "indices", "indices": [1]}),
        ("1-3,7", [0, 1, 2, 6], {"type": "indices", "indices": [1, 2, 3, 7]}),
        (" 2 - 3 ", [1, 2], {"type": "range", "start": 2, "end": 3}),
        (range(1, 40), list(range(39)), {"type": "range", "start": 1, "end": 39}),
        ([3, 3, 1], [2, 0], {"type": "indices", "indices": [3, 1]}),
    ],
    ids=str,
)
def test_pages(loader, service, pages, sent, google):
    """Counted from 1 here, from 0 by Mistral's models and from 1 by Google's."""
    loader(PDF, pages=pages).load()
    loader(PDF, "google/gc-document-ai", pages=pages).load()
    assert [asked.body["pages"] for asked in service.asked] == [sent, google]


@pytest.mark.parametrize("pages", [0, "x", "3-1", "", [], "1-", -1, "1-99999999"], ids=repr)
def test_what_is_no_page(loader, pages):
    """An error at once."""
    with pytest.raises(ConfigurationError, match="page"):
        loader(PDF, pages=pages)


def test_google(loader, service, ask):
    """A text and what it is."""
    ask(loader(PDF, "google/gc-document-ai"), "load")
    ask(loader("https://a/b.png", "google/gc-document-ai"), "load")
    assert [asked.body for asked in service.asked] == [
        {
            "model": "google/gc-document-ai",
            "document": base64.b64encode(PDF).decode(),
            "mimeType": "application/pdf",
        },
        {
            "model": "google/gc-document-ai",
            "document": "https://a/b.png",
            "mimeType": "image/png",
        },
    ]


def test_parameters(loader, service):
    """What the model documents goes beside the document."""
    loader(PDF, include_image_base64=True, image_limit=3, timeout=9).load()
    body = service.asked[0].body
    assert (body["include_image_base64"], body["image_limit"]) == (True, 3)
    assert "timeout" not in body


def test_annotations_and_money(loader, service, ask):
    """Kept, and counted."""
    service.reply = lambda _: {"pages": PAGES, "document_annotation": "{}", "meta": META}
    with get_aimlapi_callback() as usage:
        documents = ask(loader([PDF, PNG]), "load")
    assert len(documents) == 4
    assert documents[0].metadata["document_annotation"] == "{}"
    assert (usage.total.calls, usage.total.cost_usd) == (2, pytest.approx(0.12))


def test_failures(loader, service, ask):
    """Clear, and never repeated."""
    service.reply = lambda _: {"text": "no pages"}
    with pytest.raises(ResponseFormatError, match="no pages"):
        ask(loader(PDF), "load")
    service.reply = lambda _: Reply({}, 500)
    with pytest.raises(ServerError, match="may have been acted on"):
        ask(loader(PDF), "load")
    assert service.count("POST") == 2
    with pytest.raises(ConfigurationError, match="use ChatAimlapi"):
        loader(PDF, "gpt-4o")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        ask(loader("nowhere.pdf"), "load")


def test_lazily(loader, service):
    """One document after the other."""
    pages = loader([PDF, PNG]).lazy_load()
    next(pages)
    assert len(service.asked) == 1
