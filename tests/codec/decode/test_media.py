"""Replies about media: pictures, jobs and costs in all their forms."""

from __future__ import annotations

import json

import pytest

from langchain_aimlapi._codec.decode.media import FileRef, read_cost, read_images, read_job
from langchain_aimlapi.errors import ResponseFormatError


def job(known=None, **reply):
    """The state of a job that a reply tells."""
    return read_job(json.dumps(reply).encode(), {}, known)


URL = "https://cdn/x"


@pytest.mark.parametrize(
    "reply",
    [
        {"data": [{"url": URL, "b64_json": None}]},
        {"data": [{"url": None, "b64_json": "QUI="}]},
        {"images": [{"url": URL}]},
        {"model_mesh": {"url": URL, "file_size": 3}},
        {"data": {"url": URL}},
    ],
    ids=str,
)
def test_pictures(reply):
    """By address, or within the reply; models of three dimensions have other names."""
    files, raw = read_images(json.dumps(reply).encode())
    assert files in ([FileRef(url=URL)], [FileRef(base64="QUI=")])
    assert raw == reply


@pytest.mark.parametrize(
    "reply", [{}, {"data": []}, {"data": [{"url": ""}]}, {"data": [5]}], ids=str
)
def test_no_picture(reply):
    """It was paid for, so it is an error and no empty list."""
    with pytest.raises(ResponseFormatError, match="no image"):
        read_images(json.dumps(reply).encode())


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("queued", "queued"),
        ("waiting", "queued"),
        ("generating", "running"),
        ("active", "running"),
        ("PROCESSING", "running"),
        ("something new", "running"),
        ("completed", "completed"),
        ("succeeded", "completed"),
        ("error", "failed"),
        ("cancelled", "failed"),
        (None, "queued"),
    ],
)
def test_words_for_states(said, status):
    """Words that nobody documents count as running: the wait goes on."""
    assert job(id="j", status=said).status == status


def test_states_that_nobody_says():
    """A file means that it is done, an error that it failed."""
    assert job(id="j", video={"url": URL}).status == "completed"
    assert job(id="j", error={"name": "A", "message": "b"}).status == "failed"


@pytest.mark.parametrize(
    "file",
    [
        {"video": {"url": URL}},
        {"video": [{"url": URL}]},
        {"video": URL},
        {"videos": [URL]},
        {"audio_file": {"url": URL}},
        {"audio": URL},
        {"output": {"url": URL}},
    ],
    ids=str,
)
def test_where_files_stand(file):
    """As an object, a list or a text."""
    assert job(id="j", status="completed", **file).files == (FileRef(url=URL),)


def test_ids():
    """Under either name, or the one that was asked for."""
    assert job(generation_id="g").id == "g"
    assert job("known", status="queued").id == "known"
    with pytest.raises(ResponseFormatError, match="no job"):
        job(status="queued")


def test_errors_of_jobs():
    """In the service's words."""
    assert job(id="j", status="error", error={"name": "A", "message": "b"}).error == "A: b"
    assert job(id="j", status="error", error="plain").error == "plain"
    assert job(id="j", error=None).error is None


def test_costs():
    """USD if they are told, else credits."""
    assert read_cost({"meta": {"usage": {"usd_spent": 0.06}}}, {}).usd == 0.06
    assert read_cost({"meta": {"usage": {"credits_used": 120000}}}, {}).usd == pytest.approx(0.06)
    assert read_cost({"meta": None}, {}).usd is None
    assert read_cost({}, {}).usd is None
