"""The files of the page: their own origin alone, and nothing inline."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from langchain_aimlapi.ui.assets import read_assets

ASSETS = read_assets()
SCRIPTS = sorted(name for name in ASSETS if name.endswith(".js"))


def text(name):
    return ASSETS[name].body.decode()


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def tags():
    parser = Tags()
    parser.feed(text("index.html"))
    return parser.found


@pytest.mark.parametrize("name", sorted(ASSETS))
def test_nothing_is_loaded_from_elsewhere(name):
    """No address of another machine stands in any file, but for the name of a namespace."""
    found = re.findall(r"(?:https?:)?//[a-z][\w.-]*\.[a-z]{2,}", text(name))

    assert [each for each in found if each != "http://www.w3.org"] == []


def test_nothing_is_inline(tags):
    """The policy would block it."""
    for tag, attributes in tags:
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert tag != "style"
        assert tag != "script" or attributes.get("src"), tag


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_reads_markup_or_code_from_a_text(name):
    """What a model writes can only become text."""
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function"

    assert re.findall(forbidden, text(name)) == []


def test_every_file_is_used(tags):
    """And every file that is named is there."""
    named = {value for _, attributes in tags for value in attributes.values() if value}
    named |= {match for name in SCRIPTS for match in re.findall(r'from "\./([^"]+)"', text(name))}
    used = {name.removeprefix("static/") for name in named}

    assert set(ASSETS) - used == {"index.html"}
    assert {name for name in named if name.startswith("static/")} <= {
        f"static/{name}" for name in ASSETS
    }


def test_every_field_has_a_label(tags):
    """By `for`, or by `aria-label`."""
    labels = {attributes.get("for") for tag, attributes in tags if tag == "label"}
    within = {"formatted"}  # its label is around it

    for tag, attributes in tags:
        if tag in {"input", "textarea", "select"}:
            assert attributes["id"] in labels | within or attributes.get("aria-label"), attributes


def test_ids_are_there_and_unique(tags):
    """What `for` and `aria-…` point to exists."""
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    pointing = ("for", "aria-controls", "aria-labelledby", "aria-describedby")

    assert len(ids) == len(set(ids))
    for _, attributes in tags:
        for name in pointing:
            assert set((attributes.get(name) or "").split()) <= set(ids), attributes
