"""Several ids of one model: what is taken over from one to another, and what is not."""

from __future__ import annotations

import warnings

import pytest
from langchain.agents.middleware import SummarizationMiddleware

from langchain_aimlapi import ChatAimlapi, _catalogue
from langchain_aimlapi._catalogue import twins
from langchain_aimlapi._catalogue.entry import ModelEntry


def make(model, vendor="Acme", context=None, output=None):
    return ModelEntry(model, vendor, "listed", None, context, output)


@pytest.fixture
def catalogue(monkeypatch):
    """A function that makes the catalogue one of these entries."""

    def use(*entries):
        known = {each.id: each for each in entries}
        monkeypatch.setattr(twins, "ids", lambda: tuple(sorted(known)))
        monkeypatch.setattr(twins, "documented", known.get)
        twins._by_base.cache_clear()

    yield use
    twins._by_base.cache_clear()


@pytest.mark.parametrize(
    ("model", "twin"),
    [
        ("m-1", "m-1-2024-08-06"),
        ("acme/m-1", "m-1"),
        ("m-1", "acme/m-1-20240806"),
        ("m-1.5", "m-1-5"),
        ("M-1", "m-1"),
        ("m-1-2024-08-06", "m-1"),
        ("m-1", "m-1-08-2024"),
        ("m-1", "m-1-2407"),
        ("m-1-05-06", "acme/m-1-05-06"),
    ],
)
def test_a_window_is_taken_over(catalogue, model, twin):
    """From an id that differs in prefix, date, case or dots alone."""
    catalogue(make(model), make(twin, context=1000, output=10))
    assert twins.windows(model) == (1000, 10)


@pytest.mark.parametrize(
    ("model", "other"),
    [
        ("m-1", "m-1-mini"),
        ("m-1", "m-2"),
        ("m-1-2024-08-06", "m-1-2024-05-13"),
        ("m-4-6", "m-4"),
        ("m-1-preview", "m-1"),
    ],
)
def test_other_models_are_no_twins(catalogue, model, other):
    """Two dates are two models, and so are two sizes."""
    catalogue(make(model), make(other, context=1000))
    assert twins.windows(model) == (None, None)


def test_vendors_are_kept_apart(catalogue):
    """The same name from another vendor is another model."""
    catalogue(make("a/m-1", "A"), make("b/m-1", "B", context=1000))
    assert twins.windows("a/m-1") == (None, None)


def test_what_an_id_documents_itself_goes_first(catalogue):
    """A twin fills in only what is missing."""
    catalogue(make("m-1", context=5, output=None), make("a/m-1", context=1000, output=10))
    assert twins.windows("m-1") == (5, None)


def test_an_id_without_a_date_names_the_newest(catalogue):
    """Of several dates."""
    catalogue(
        make("m-1"),
        make("m-1-2023-01-01", context=1),
        make("m-1-2025-01-01", context=3),
        make("m-1-2024-01-01", context=2),
    )
    assert twins.windows("m-1")[0] == 3


def test_an_id_that_is_not_known_has_twins_of_its_own_prefix(catalogue):
    """A prefix names a vendor; another one's id is not meant."""
    catalogue(make("acme/m-1-2024-08-06", context=1000))
    assert twins.windows("m-1") == (1000, None)
    assert twins.windows("acme/m-1") == (1000, None)
    assert twins.windows("other/m-1") == (None, None)


@pytest.mark.parametrize(
    ("model", "window"),
    [
        ("gpt-4o", 128_000),
        ("openai/gpt-4o", 128_000),
        ("gpt-4.1", 1_000_000),
        ("openai/gpt-4o-mini", 128_000),
        ("claude-opus-4-6", 200_000),
    ],
)
def test_usual_ids_have_a_window(model, window):
    """So that LangChain's summaries by a share of the window work, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        llm = ChatAimlapi(model=model, api_key="k")
    assert llm.profile["max_input_tokens"] == window
    SummarizationMiddleware(llm, trigger=("fraction", 0.8))


def test_listed_models_without_a_window_are_few():
    """Those of which no page and no other id tells one; a longer list would be a mistake."""
    missing = [
        model
        for model in _catalogue.ids()
        if _catalogue.entry(model).listing == "listed" and twins.windows(model)[0] is None
    ]
    assert len(missing) <= 8


def test_where_an_unknown_id_is_listed_is_not_guessed():
    """All else that is known of the other id holds for it."""
    assert _catalogue.model_spec("gpt-4.1").id == "openai/gpt-4.1-2025-04-14"
    assert _catalogue.profile("gpt-4.1")["tool_calling"] is True
    assert "status" not in _catalogue.profile("gpt-4.1")
    assert _catalogue.profile("nobody/nothing") is None
