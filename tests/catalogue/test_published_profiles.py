"""What others say of models: how it gets into the catalogue."""

from __future__ import annotations

import json

import pytest

from langchain_aimlapi._catalogue import lookup

from .conftest import SCRIPTS, load

WINDOW = {"name": "One", "max_input_tokens": 9, "open_weights": False, "image_url_inputs": True}


@pytest.fixture
def refresh_profiles(monkeypatch):
    """The script, as a module."""
    monkeypatch.syspath_prepend(SCRIPTS)
    return load("refresh_profiles")


@pytest.fixture
def written(refresh_profiles, tmp_path):
    """Write profiles from packages into a catalogue of these ids, and return them."""

    def run(ids, **packages):
        catalogue = tmp_path / "models.json"
        models = {model: {"vendor": vendor, "listing": "listed"} for model, vendor in ids.items()}
        tables = {"parameters": {}, "shapes": {}, "aliases": {}, "pricing": {}}
        catalogue.write_text(json.dumps({"models": models, **tables}), "utf-8")
        paths = []
        for package, profiles in packages.items():
            path = tmp_path / package / "data" / "_profiles.py"
            path.parent.mkdir(parents=True)
            path.write_text(f"_PROFILES = {profiles!r}", "utf-8")
            paths.append(str(path))
        assert refresh_profiles.main([*paths, "--to", str(catalogue)]) == 0
        return json.loads(catalogue.read_text("utf-8"))["profiles"]

    return run


def test_profiles_of_the_model_are_taken_and_no_others(written):
    """Whether an address can be given is the other service's business; False says something."""
    profiles = written({"openai/one-5-1": "OpenAI"}, langchain_openai={"one-5.1": WINDOW})
    assert profiles == {
        "openai/one-5-1": {"max_input_tokens": 9, "name": "One", "open_weights": False}
    }


def test_the_maker_goes_before_others(written):
    """Key by key, whatever the order of the files."""
    profiles = written(
        {"one": "OpenAI"},
        langchain_openrouter={"openai/one": {"max_input_tokens": 1, "release_date": "2026-01-01"}},
        langchain_openai={"one": WINDOW},
    )
    assert profiles["one"]["max_input_tokens"] == 9
    assert profiles["one"]["release_date"] == "2026-01-01"


def test_hosts_of_open_weights_tell_no_window(written):
    """It is theirs, not the model's."""
    profiles = written({"a/one": "Acme"}, langchain_groq={"a/one": WINDOW})
    assert profiles == {"a/one": {"name": "One", "open_weights": False}}


def test_dates(written):
    """A dated id takes what is said of its date or of the undated id, never of another date."""
    profiles = written(
        dict.fromkeys(("one", "one-2026-01-01", "one-2026-02-02", "one-latest"), "OpenAI"),
        langchain_openai={"one-2026-01-01": {"name": "January"}, "one": {"name": "Any"}},
    )
    assert profiles == {
        "one": {"name": "Any"},
        "one-2026-01-01": {"name": "January"},
        "one-2026-02-02": "one",
        "one-latest": "one",
    }


def test_the_same_name_of_another_maker_is_another_model(written):
    """Makers are told by prefix or package."""
    profiles = written({"a/one": "Acme", "openai/one": "OpenAI"}, langchain_openai={"one": WINDOW})
    assert set(profiles) == {"openai/one"}


def test_profiles_of_shared_ids_are_found():
    """An id may name another that has the same profiles."""
    table = lookup._data()["profiles"]
    names = [model for model, said in table.items() if isinstance(said, str)]

    assert names
    assert all(lookup.published(model) == table[table[model]] for model in names)
    assert lookup.published("no/such") == {}


def test_refreshing_the_catalogue_keeps_them(refreshed, tmp_path):
    """They come from elsewhere, so neither schemas nor the live list can bring them back."""
    from .samples import documented

    target = tmp_path / "kept.json"
    target.write_text(json.dumps({"profiles": {"a/one": {"name": "One"}}}), "utf-8")
    assert refreshed(documented("a/one"), to=target)["profiles"] == {"a/one": {"name": "One"}}
