"""`aimlapi transcribe`, `ocr` and `embed`: what comes back is text."""

from __future__ import annotations

import json
import shlex
import time
from types import SimpleNamespace

import pytest

from langchain_aimlapi.cli.media.subtitles import as_srt, as_vtt, make_cues
from langchain_aimlapi.media import Segment, Transcript, Word


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The working folder of the commands; looks at a job follow one another at once."""
    monkeypatch.chdir(tmp_path)
    clock = SimpleNamespace(sleep=lambda _: None, monotonic=time.monotonic)
    monkeypatch.setattr("langchain_aimlapi.media.job.time", clock)
    return tmp_path


@pytest.fixture
def sandbox(aimlapi_sandbox):
    """A service with a key, set in the environment."""
    return aimlapi_sandbox


@pytest.fixture
def spoken(aimlapi, sandbox):
    """A file in which the sandbox said something."""
    aimlapi("speak", "The fox runs. The fox rests.", "-o", "fox.wav")
    sandbox.requests.clear()
    return "fox.wav"


class TestTranscribe:
    def test_text(self, aimlapi, sandbox, spoken):
        """Alone on standard output; the job's id and the cost beside it."""
        result = aimlapi("transcribe", spoken)

        assert (result.exit_code, result.stdout) == (0, "The fox runs. The fox rests.\n")
        assert result.stderr.startswith("Job ")
        assert "aai/universal · $0." in result.stderr

    def test_json(self, aimlapi, sandbox, spoken):
        """Words with their times, in seconds."""
        shown = json.loads(aimlapi("transcribe", spoken, "--json", "--diarize").stdout)

        assert [word["text"] for word in shown["words"]] == [
            "The",
            "fox",
            "runs.",
            "The",
            "fox",
            "rests.",
        ]
        assert 0 < shown["words"][0]["end"] < shown["duration"] < 10
        assert shown["cost"] > 0
        assert shown["job"] == shown["inference_id"]
        assert shown["speakers"] == ["0", "1"]

    def test_speakers(self, aimlapi, sandbox, spoken):
        """A line for each turn."""
        said = aimlapi("transcribe", spoken, "--diarize").stdout

        assert said == "0: The fox runs.\n1: The fox rests.\n"

    def test_subtitles(self, aimlapi, sandbox, spoken, folder):
        srt = aimlapi("transcribe", spoken, "--srt", "-o", "fox.srt")
        vtt = aimlapi("transcribe", spoken, "--vtt")

        assert srt.stdout == "fox.srt\n"
        assert (folder / "fox.srt").read_text("utf-8").startswith("1\n00:00:00,000 --> 00:00:0")
        assert vtt.stdout.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:0")

    def test_from_a_pipe(self, aimlapi, sandbox, spoken, folder):
        audio = (folder / spoken).read_bytes()

        assert aimlapi("transcribe", "-", stdin=audio).stdout.startswith("The fox runs.")

    def test_picked_up(self, aimlapi, sandbox, spoken):
        """In another form, and without a second submission."""
        left = aimlapi("transcribe", spoken, "--srt", "--no-wait")
        [line] = [line for line in left.stderr.splitlines() if "aimlapi transcribe" in line]

        assert aimlapi(*shlex.split(line)[1:]).stdout.startswith("1\n00:00")
        assert aimlapi("transcribe", "--job", left.stdout.strip()).stdout.startswith("The fox")
        assert sum(one.method == "POST" for one in sandbox.requests) == 1

    def test_a_model_without_times(self, aimlapi, sandbox, spoken, monkeypatch):
        """No subtitles; but the text was paid for."""
        monkeypatch.setattr("langchain_aimlapi.cli.media.transcribe.make_cues", lambda _: [])
        result = aimlapi("transcribe", spoken, "--srt")

        assert (result.exit_code, result.stdout) == (1, "")
        assert "gave no times" in result.stderr
        assert "The fox runs." in result.stderr

    @pytest.mark.parametrize(
        "arguments",
        [[], ["no.wav"], ["fox.wav", "--srt", "--json"], ["fox.wav", "-o", "fox.wav"], ["-"]],
    )
    def test_wrong_use(self, aimlapi, sandbox, spoken, arguments):
        """Before anything is sent."""
        assert aimlapi("transcribe", *arguments).exit_code == 2
        assert sandbox.requests == []


def told(*words, segments=()):
    """A transcript of words: text, start, end, speaker."""
    return Transcript(
        model="m",
        files=[],
        cost=None,
        cost_details={},
        inference_id=None,
        raw={},
        words=[Word(text, start, end, None, who) for text, start, end, who in words],
        segments=list(segments),
    )


class TestSubtitles:
    def test_a_cue_ends(self):
        """With its speaker, at a pause, after six seconds, and before it is too long."""
        speakers = told(("Hi", 0, 0.5, "A"), ("there", 0.5, 1, "A"), ("Ho", 1, 1.5, "B"))
        assert [(cue.text, cue.speaker) for cue in make_cues(speakers)] == [
            ("Hi there", "A"),
            ("Ho", "B"),
        ]
        assert len(make_cues(told(("a", 0, 1, None), ("b", 2.5, 3, None)))) == 2
        assert len(make_cues(told(*((f"w{n}", n, n + 1, None) for n in range(12))))) == 2
        long = make_cues(told(*(("x" * 20, n / 9, n / 9 + 0.1, None) for n in range(9))))
        assert [len(cue.text) for cue in long] == [83, 83, 20]

    def test_segments_alone(self):
        """Each is a cue; a voice is named where there are several."""
        one = told(segments=[Segment("All\n\nof it", 1, 2, "A")])
        two = told(segments=[Segment("a --> <b>", 1, 2, "A"), Segment("& so", 2, 3, "B&C")])

        assert as_srt(make_cues(one)) == "1\n00:00:01,000 --> 00:00:02,000\nAll of it\n"
        assert as_vtt(make_cues(two)) == (
            "WEBVTT\n\n"
            "00:00:01.000 --> 00:00:02.000\n<v A>a → &lt;b&gt;\n\n"
            "00:00:02.000 --> 00:00:03.000\n<v B&amp;C>&amp; so\n"
        )
        assert "A: a → <b>" in as_srt(make_cues(two))

    def test_times(self):
        """Hours go on beyond 99 minutes, and rounding carries over."""
        cues = make_cues(told(("late", 3599.9996, 7325.25, None)))

        assert as_srt(cues).splitlines()[1] == "01:00:00,000 --> 02:02:05,250"

    def test_none(self):
        assert make_cues(told(segments=[Segment("no times", 0, 0)])) == []


class TestOCR:
    @pytest.fixture
    def picture(self, aimlapi, sandbox):
        """A picture that the sandbox can read."""
        aimlapi("image", "a fox", "-o", "fox.png")
        sandbox.requests.clear()
        return "fox.png"

    def test_markdown(self, aimlapi, sandbox, picture):
        """Page by page; the cost counts each request once."""
        result = aimlapi("ocr", picture, "https://example.com/report.pdf", "--pages", "1-2")

        assert result.exit_code == 0, result.stderr
        assert result.stdout.startswith("# Page 1\n\na fox\n\n")
        assert result.stdout.count("\n\n# Page ") == 2
        assert "3 pages · $0.003000" in result.stderr
        assert sandbox.requests[-1].body["pages"] == [0, 1]

    def test_json(self, aimlapi, sandbox, picture, folder):
        """A line a page."""
        result = aimlapi("ocr", picture, "--json", "-o", "pages.jsonl", "-p", "image_limit=1")
        [page] = map(json.loads, (folder / "pages.jsonl").read_text("utf-8").splitlines())

        assert result.stdout == "pages.jsonl\n"
        assert page["markdown"].startswith("# Page 1")
        assert (page["page"], page["page_label"], page["source"]) == (0, "1", "fox.png")
        assert page["dimensions"]
        assert sandbox.requests[0].body["image_limit"] == 1

    def test_from_a_pipe(self, aimlapi, sandbox, picture, folder):
        assert "a fox" in aimlapi("ocr", "-", stdin=(folder / picture).read_bytes()).stdout

    @pytest.mark.parametrize("arguments", [[], ["no.pdf"], ["fox.png", "--pages", "0"]])
    def test_wrong_use(self, aimlapi, sandbox, picture, arguments):
        assert aimlapi("ocr", *arguments).exit_code == 2
        assert sandbox.requests == []


class TestEmbed:
    def test_texts(self, aimlapi, sandbox):
        """A line each, in their order."""
        result = aimlapi("embed", "fox", "wolf", "--dimensions", 8)
        rows = [json.loads(line) for line in result.stdout.splitlines()]

        assert [(row["index"], row["text"]) for row in rows] == [(0, "fox"), (1, "wolf")]
        assert {len(row["embedding"]) for row in rows} == {8}
        assert "2 texts · 2 tokens · $0." in result.stderr

    def test_lines(self, aimlapi, sandbox, folder, monkeypatch):
        """From a pipe, several requests, one file."""
        monkeypatch.setattr("langchain_aimlapi.cli.media.embed._TOGETHER", 2)
        result = aimlapi("embed", "-o", "e.jsonl", stdin="a\r\nb\nc\nd\ne")
        rows = [json.loads(one) for one in (folder / "e.jsonl").read_text("utf-8").splitlines()]

        assert result.stdout == "e.jsonl\n"
        assert [row["text"] for row in rows] == list("abcde")
        assert [row["index"] for row in rows] == [0, 1, 2, 3, 4]
        assert len(sandbox.requests) == 3

    def test_json(self, aimlapi, sandbox):
        """One object."""
        shown = json.loads(aimlapi("embed", "a", "b", "--json", "--dimensions", 4).stdout)

        assert [len(one) for one in shown["embeddings"]] == [4, 4]
        assert (shown["tokens"], shown["model"]) == (2, "text-embedding-3-small")
        assert shown["cost"] > 0

    def test_queries_and_parameters(self, aimlapi, sandbox):
        """Told apart where the model documents it."""
        aimlapi("embed", "a", "-m", "text-embedding-004", "--query", "-p", "auto_truncate=false")
        body = sandbox.requests[0].body

        assert (body["task_type"], body["auto_truncate"]) == ("RETRIEVAL_QUERY", False)

    @pytest.mark.parametrize(
        ("stdin", "words"), [("", "no texts"), ("a\n\nb\n", "line 2 is empty")]
    )
    def test_wrong_use(self, aimlapi, sandbox, stdin, words):
        """Before anything is sent."""
        result = aimlapi("embed", stdin=stdin)

        assert result.exit_code == 2
        assert words in result.stderr
        assert sandbox.requests == []

    def test_what_is_refused(self, aimlapi, sandbox, folder):
        """Nothing half stays behind."""
        sandbox.fail_next("status_401")
        result = aimlapi("embed", "a", "-o", "e.jsonl")

        assert (result.exit_code, result.stdout) == (1, "")
        assert "AuthenticationError" in result.stderr
        assert list(folder.iterdir()) == []
