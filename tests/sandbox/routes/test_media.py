"""Media on the wire: what arrives is checked, what goes back are real files."""

from __future__ import annotations

import base64
import io
import struct
import wave
import zlib

import pytest

from langchain_aimlapi.sandbox import Sandbox
from langchain_aimlapi.sandbox.checks.media import documented, media_data
from langchain_aimlapi.sandbox.files.h264 import first_picture, parameter_sets
from langchain_aimlapi.sandbox.files.mp4 import make_mp4
from langchain_aimlapi.sandbox.files.png import draw_png, prompt_of_png, squares
from langchain_aimlapi.sandbox.files.wav import make_wav, read_wav
from tests.sandbox.http_client import fetch, request

IMAGE = {"model": "openai/gpt-image-1", "prompt": "a fox"}
GROK = {"model": "x-ai/grok-imagine-image", "prompt": "a fox"}
VIDEO = {"model": "alibaba/happyhorse-1-0", "prompt": "a fox"}
PDF = b"%PDF-1.4\n" + b"<< /Type /Page >>\n" * 4 + b"<< /Type /Pages >>"


def post(sandbox, path, body, prefix="/v1", **options):
    """Send a request for media."""
    return request(sandbox, "POST", path, body, prefix=prefix, **options)


def look(sandbox, path):
    """Ask for the state of a job."""
    return request(sandbox, "GET", path, prefix="").json


def pixels(png):
    """Decode a PNG of a palette, with all its checksums: size, rows of colours."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(png):
        size, name = struct.unpack_from(">I4s", png, at)
        data = png[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", png, at + 8 + size)[0] == zlib.crc32(name + data)
        chunks[name] = data
        at += 12 + size
    width, height = struct.unpack_from(">II", chunks[b"IHDR"])
    raw, rows, above = zlib.decompress(chunks[b"IDAT"]), [], bytes(width)
    for start in range(0, len(raw), width + 1):
        line = raw[start + 1 : start + 1 + width]
        assert raw[start] in (0, 2)
        above = bytes(a + b & 255 for a, b in zip(above, line, strict=True)) if raw[start] else line
        rows.append([tuple(chunks[b"PLTE"][3 * i : 3 * i + 3]) for i in above])
    return (width, height), rows


def size_of(png):
    """Read the width and height of a PNG."""
    return struct.unpack_from(">II", png, 16)


def boxes(data):
    """List the boxes of an MP4 file on one level."""
    at, found = 0, {}
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        assert 8 <= size <= len(data) - at
        found[name.decode()] = data[at + 8 : at + size]
        at += size
    return found


def some_value(schema):
    """Make a value that a schema allows."""
    ways = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if ways:
        return some_value(ways[0])
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "array":
        return [some_value(schema["items"])] * schema.get("minItems", 1)
    if schema.get("type") == "object":
        parts = schema.get("properties", {})
        return {name: some_value(parts[name]) for name in schema.get("required", parts)}
    if schema.get("type") in ("number", "integer"):
        return schema.get("default", schema.get("minimum", 1))
    return schema.get("type") == "boolean" or "https://x.test/y"


class TestFiles:
    def test_png(self):
        """The squares are those of the hash, at any size; the prompt is in the file."""
        size, rows = pixels(draw_png("ein Fuchs ü", "seed", 50, 30))
        assert size == (50, 30)
        assert [rows[0][0], rows[29][49]] == [squares("seed")[0], squares("seed")[15]]
        assert squares("seed") != squares("another")
        assert prompt_of_png(draw_png("ein Fuchs ü", "s", 16, 16)) == "ein Fuchs ü"
        assert prompt_of_png(b"\x89PNG\r\n\x1a\n\0") == prompt_of_png(b"GIF89a") == ""

    def test_wav(self):
        """As long as it says, and it keeps the words."""
        with wave.open(io.BytesIO(make_wav(2.5, "Grüße"))) as file:
            assert file.getnframes() / file.getframerate() == 2.5
            assert len(set(file.readframes(200))) > 20
        assert read_wav(make_wav(2.5, "Grüße")) == (2.5, "Grüße")
        assert read_wav(b"ID3") == (0.0, "")

    def test_mp4(self):
        """The tables name samples that are there, each with its length before it."""
        video = make_mp4("seed", 7)
        top = boxes(video)
        assert list(top) == ["ftyp", "moov", "mdat"]
        table = boxes(boxes(boxes(boxes(top["moov"])["trak"])["mdia"])["minf"])["stbl"]
        table = boxes(table)
        sizes = struct.unpack_from(">7I", table["stsz"], 12)
        (at,) = struct.unpack_from(">I", table["stco"], 8)
        units = []
        for size in sizes:
            assert struct.unpack_from(">I", video, at)[0] == size - 4
            units.append(video[at + 4 : at + size])
            at += size
        assert at == len(video)
        assert units[0] == first_picture(squares("seed"))
        assert [unit[0] & 31 for unit in units] == [5, 1, 1, 1, 1, 1, 1]
        assert parameter_sets(4)[0] in table["stsd"]
        assert b"\0\0\0" not in units[0]


class TestImages:
    @pytest.mark.parametrize("prefix", ["", "/v1"])
    def test_generate(self, sandbox, prefix):
        """An address of the sandbox, a picture of the size that was asked for, a cost."""
        body = {**GROK, "n": 2, "size": "768x512"}
        reply = post(sandbox, "/images/generations", body, prefix)
        first, second = reply.json["data"]
        assert reply.json["meta"] == {"usage": {"credits_used": 40_000, "usd_spent": 0.02}}
        assert reply.headers["x-aimlapi-credits-used"] == "40000"
        pictures = [fetch(sandbox, one["url"]) for one in (first, second)]
        assert pictures[0].headers["content-type"] == "image/png"
        assert size_of(pictures[0].content) == (768, 512)
        assert pictures[0].content != pictures[1].content
        assert sandbox.requests[0].prompt == "a fox"

    def test_within_the_reply(self, sandbox):
        """The same request, the same picture."""
        body = {**IMAGE, "response_format": "b64_json"}
        one, two = (post(sandbox, "/images/generations", body).json["data"][0] for _ in range(2))
        assert one == two
        assert one["url"] is None
        assert pixels(base64.b64decode(one["b64_json"]))[0] == (256, 256)

    @pytest.mark.parametrize(
        ("more", "size"),
        [
            ({"image_size": {"width": 512, "height": 640}}, (512, 640)),
            ({"image_size": "landscape_16_9"}, (256, 144)),
            ({"image_size": "square_hd"}, (256, 256)),
        ],
    )
    def test_sizes(self, sandbox, more, size):
        """As each id names them."""
        body = {"model": "flux/dev", "prompt": "x", **more}
        reply = post(sandbox, "/images/generations", body).json
        assert size_of(fetch(sandbox, reply["data"][0]["url"]).content) == size

    def test_edit(self, sandbox):
        """Pictures come in a form; other pictures give other colours."""
        png = draw_png("x", "x", 16, 16)
        first = self._edit(sandbox, [png], n=b"2").json["data"]
        second = self._edit(sandbox, [png, png]).json["data"]
        assert [len(first), len(second)] == [2, 1]
        urls = (first[0]["url"], second[0]["url"])
        assert len({fetch(sandbox, url).content for url in urls}) == 2
        kept = sandbox.requests[0].body["image"]
        assert base64.b64decode(kept["base64"]) == png
        assert (kept["filename"], kept["content_type"]) == ("a.png", "image/png")

    @pytest.mark.parametrize(
        ("pictures", "fields", "words"),
        [
            ([b"no picture"], {}, "image: a.png is not a picture"),
            ([], {}, "image: Required"),
            ([b"GIF8"] * 17, {}, "at most 16 element(s)"),
            ([b"GIF8"], {"n": b"99"}, "n: Number must be less than or equal to 10"),
            ([b"GIF8"], {"size": b"1x1"}, "size: Invalid enum value"),
        ],
    )
    def test_forms_that_are_refused(self, sandbox, pictures, fields, words):
        """With what is wrong."""
        reply = self._edit(sandbox, pictures, **fields)
        assert (reply.status, words in reply.json["message"]) == (400, True), reply.text

    @pytest.mark.parametrize(
        ("content_type", "words"),
        [
            ("multipart/form-data", "Boundary not found"),
            ("multipart/form-data; boundary=zzz", "Unexpected end of form"),
        ],
    )
    def test_broken_forms(self, sandbox, content_type, words):
        """Are refused as such."""
        headers = {"content-type": content_type}
        reply = post(sandbox, "/images/edits", b"--x\r\n\r\n--x--", headers=headers)
        assert (reply.status, words in reply.json["message"]) == (400, True)

    @staticmethod
    def _edit(sandbox, pictures, **fields):
        fields = {"model": b"openai/gpt-image-1", "prompt": b"42", **fields}
        parts = [(f'name="{name}"', value) for name, value in fields.items()]
        name = "image" if len(pictures) < 2 else "image[]"
        head = f'name="{name}"; filename="a.png"\r\nContent-Type: image/png'
        parts += [(head, picture) for picture in pictures]
        body = b"".join(
            b"--XX\r\nContent-Disposition: form-data; "
            + head.encode()
            + b"\r\n\r\n"
            + value
            + b"\r\n"
            for head, value in parts
        )
        headers = {"content-type": "multipart/form-data; boundary=XX"}
        return post(sandbox, "/images/edits", body + b"--XX--\r\n", headers=headers)


class TestChecks:
    """What the documents of an id do not allow."""

    @pytest.mark.parametrize(
        ("body", "status", "words"),
        [
            ({**IMAGE, "size": "1x1"}, 400, "size: Invalid enum value. Expected '1024x1024' | "),
            ({**IMAGE, "n": 11}, 400, "n: Invalid enum value. Expected 1, received 11"),
            ({**GROK, "n": 11}, 400, "n: Number must be less than or equal to 10"),
            ({**GROK, "n": 0.5}, 400, "n: Number must be greater than or equal to 1"),
            ({"model": "flux/dev", "prompt": "x", "num_images": 99}, 400, "n: Expected 1 to 16"),
            ({**IMAGE, "n": "two"}, 400, "n: Expected number, received string"),
            ({**IMAGE, "n": True}, 400, "n: Expected number, received boolean"),
            ({**IMAGE, "prompt": "x" * 32_001}, 400, "prompt: String must contain at most 32000"),
            ({"model": IMAGE["model"]}, 400, "prompt: Required"),
            ({"prompt": "x"}, 400, "model: Required"),
            ({**IMAGE, "model": "openai/gpt-imag-1"}, 404, "Near it: openai/gpt-image-1"),
            ({**IMAGE, "model": VIDEO["model"]}, 400, "but by /v2/video/generations"),
            ({"model": "flux/dev", "prompt": "x", "image_size": "big"}, 400, "image_size: Invalid"),
        ],
    )
    def test_refused(self, shared_sandbox, body, status, words):
        """In the service's envelope, with each problem."""
        reply = post(shared_sandbox, "/images/generations", body)
        assert (reply.status, reply.json["statusCode"]) == (status, status)
        assert words in reply.json["message"]

    def test_not_json(self, shared_sandbox):
        """A body that cannot be read is said to be one."""
        reply = post(shared_sandbox, "/images/generations", b"{")
        assert "The body is not JSON" in reply.json["message"]

    def test_a_key_is_needed(self, shared_sandbox):
        """For looks too, but not for files."""
        assert post(shared_sandbox, "/tts", {}, key="invalid").status == 401
        path = "/v2/video/generations?generation_id=x"
        assert request(shared_sandbox, "GET", path, prefix="", key=None).status == 401
        assert request(shared_sandbox, "GET", "/files/none.png", prefix="", key=None).status == 404

    def test_every_documented_id_is_served(self, shared_sandbox):
        """With what it requires, and nothing else."""
        refused = []
        for model, roles in media_data()["models"].items():
            for kind in roles.keys() - {"embeddings", "image_edit"}:
                known = documented(model, kind)
                body = {name: some_value(known.parameters[name]) for name in known.required}
                if kind == "transcription":
                    body["url"] = "https://x.test/y"
                path = roles[kind]["path"]
                reply = post(shared_sandbox, path, {"model": model, **body}, prefix="")
                if reply.status >= 300:
                    refused.append((model, reply.json["message"]))
        assert refused == []


class TestJobs:
    def test_by_looks(self, sandbox):
        """Queued, generating, completed, and completed it stays."""
        made = post(sandbox, "/v2/video/generations", {**VIDEO, "duration": 3}, "")
        assert (made.status, made.json["status"]) == (201, "queued")
        assert made.json["id"] == made.headers["x-inference-id"]
        path = f"/v2/video/generations?generation_id={made.json['id']}"
        assert look(sandbox, path)["status"] == "generating"
        done = look(sandbox, path)
        assert done == look(sandbox, path)
        assert done["status"] == "completed"
        assert done["meta"]["usage"] == {"credits_used": 300_000, "usd_spent": pytest.approx(0.15)}
        video = fetch(sandbox, done["video"]["url"])
        assert video.headers["content-type"] == "video/mp4"
        assert list(boxes(video.content)) == ["ftyp", "moov", "mdat"]

    def test_by_the_clock(self):
        """With `job_seconds` looks change nothing."""
        with Sandbox(job_seconds=3600) as sandbox:
            made = post(sandbox, "/v2/video/generations", VIDEO, "").json
            path = f"/v2/video/generations?generation_id={made['id']}"
            assert {look(sandbox, path)["status"] for _ in range(4)} == {"queued"}
            sandbox._state.jobs._jobs[made["id"]].started -= 1800
            assert {look(sandbox, path)["status"] for _ in range(4)} == {"generating"}
            sandbox._state.jobs._jobs[made["id"]].started -= 1800
            assert look(sandbox, path)["status"] == "completed"

    def test_music(self, sandbox):
        """A tone of the length that was asked for."""
        body = {"model": "stable-audio", "prompt": "x", "seconds_total": 12}
        identity = post(sandbox, "/v2/generate/audio", body, "").json["id"]
        look(sandbox, f"/v2/generate/audio?generation_id={identity}")
        done = look(sandbox, f"/v2/generate/audio?generation_id={identity}")
        assert read_wav(fetch(sandbox, done["audio_file"]["url"]).content)[0] == 12

    @pytest.mark.parametrize("query", ["", "?generation_id=none"])
    def test_no_such_job(self, shared_sandbox, query):
        """400 without an id, 404 with an unknown one."""
        reply = request(shared_sandbox, "GET", f"/v2/video/generations{query}", prefix="")
        assert reply.status == (404 if query else 400)

    def test_a_negative_time(self):
        """Is refused at once."""
        with pytest.raises(ValueError, match="job_seconds"):
            Sandbox(job_seconds=-1)


class TestSpeech:
    def test_from_text_to_text(self, sandbox):
        """What is said is heard again, word by word."""
        body = {"model": "deepgram/aura", "text": "It rains. Stay here!", "stream": False}
        said = post(sandbox, "/tts", body).json
        assert said["meta"]["usage"]["usd_spent"] == pytest.approx(0.0002)
        body = {"model": "#g1_nova-2-automotive", "url": said["audio"], "diarize": True}
        identity = post(sandbox, "/stt/create", body).json["generation_id"]
        assert look(sandbox, f"/v1/stt/{identity}")["status"] == "generating"
        output = look(sandbox, f"/v1/stt/{identity}")["output"]
        (best,) = output["results"]["channels"][0]["alternatives"]
        assert best["transcript"] == "It rains. Stay here!"
        assert output["metadata"]["duration"] == 1.6
        words = [(w["punctuated_word"], w["start"], w["speaker"]) for w in best["words"]]
        assert words == [("It", 0.0, 0), ("rains.", 0.4, 0), ("Stay", 0.8, 1), ("here!", 1.2, 1)]

    def test_streamed(self, sandbox):
        """The audio itself."""
        body = {"model": "deepgram/aura", "text": "Hello", "stream": True}
        reply = post(sandbox, "/tts", body)
        assert reply.headers["content-type"] == "audio/wav"
        assert read_wav(reply.content) == (0.4, "Hello")

    @pytest.mark.parametrize(
        ("more", "words"),
        [
            ({}, "url: Required"),
            ({"url": "data:audio/wav;base64,!"}, "url: Invalid data URL"),
            ({"url": "nowhere"}, "url: Invalid url"),
        ],
    )
    def test_no_audio(self, shared_sandbox, more, words):
        """Is refused."""
        reply = post(shared_sandbox, "/stt/create", {"model": "#g1_nova-2-automotive", **more})
        assert (reply.status, words in reply.json["message"]) == (400, True)


class TestOCR:
    def read(self, sandbox, data, **more):
        """Read a document."""
        address = f"data:application/pdf;base64,{base64.b64encode(data).decode()}"
        document = {"type": "document_url", "document_url": address}
        return post(sandbox, "/ocr", {"model": "mistral-ocr-latest", "document": document, **more})

    def test_pages(self, shared_sandbox):
        """As many as the file has."""
        reply = self.read(shared_sandbox, PDF, include_image_base64=True).json
        assert [page["index"] for page in reply["pages"]] == [0, 1, 2, 3]
        assert f"A PDF file of {len(PDF)} bytes" in reply["pages"][0]["markdown"]
        assert reply["usage_info"] == {"pages_processed": 4, "doc_size_bytes": len(PDF)}
        assert reply["meta"]["usage"]["credits_used"] == 8000
        (image,) = reply["pages"][0]["images"]
        assert pixels(base64.b64decode(image["image_base64"].partition(",")[2]))[0] == (64, 64)

    @pytest.mark.parametrize(
        ("pages", "chosen"),
        [([1, 9], [1]), ("0,2-3", [0, 2, 3]), (None, [0, 1, 2, 3])],
    )
    def test_some_pages(self, shared_sandbox, pages, chosen):
        """Counted from 0, as a list or in words."""
        reply = self.read(shared_sandbox, PDF, pages=pages).json
        assert [page["index"] for page in reply["pages"]] == chosen

    @pytest.mark.parametrize(
        ("pages", "chosen"),
        [
            ({"type": "start", "start": 2}, [0, 1]),
            ({"type": "end", "end": 1}, [2]),
            ({"type": "range", "start": 2, "end": 3}, [1, 2]),
            ({"type": "indices", "indices": [1, 3, 9]}, [0, 2]),
        ],
    )
    def test_pages_of_google(self, shared_sandbox, pages, chosen):
        """Counted from 1; a document elsewhere has three."""
        body = {"model": "google/gc-document-ai", "document": "https://x.test/y", "pages": pages}
        reply = post(shared_sandbox, "/ocr", body).json
        assert [page["index"] for page in reply["pages"]] == chosen

    def test_bad_pages(self, shared_sandbox):
        """Are named."""
        assert "received 'all'" in self.read(shared_sandbox, PDF, pages="all").json["message"]

    def test_its_own_picture(self, shared_sandbox):
        """Its prompt is read."""
        assert "a fox" in self.read(shared_sandbox, draw_png("a fox", "x", 16, 16)).text


class TestFaults:
    """Of the jobs and the files; each leaves other requests alone."""

    def test_job_fails(self, sandbox):
        """The look succeeds, the job does not, and nothing is charged."""
        sandbox.fail_next("job_fails")
        identity = post(sandbox, "/v2/video/generations", VIDEO, "").json["id"]
        path = f"/v2/video/generations?generation_id={identity}"
        states = [look(sandbox, path) for _ in range(2)]
        assert [state["status"] for state in states] == ["generating", "error"]
        assert states[1]["error"]["message"]
        assert states[1]["meta"]["usage"]["credits_used"] == 0

    def test_job_vanishes(self, sandbox):
        """It was taken, and is unknown."""
        sandbox.fail_next("job_vanishes")
        identity = post(sandbox, "/v2/video/generations", VIDEO, "").json["id"]
        assert look(sandbox, f"/v2/video/generations?generation_id={identity}")["statusCode"] == 404

    def test_file_expired(self, sandbox):
        """403, not in the service's envelope: it is another server's answer."""
        sandbox.fail_next("file_expired")
        url = post(sandbox, "/images/generations", IMAGE).json["data"][0]["url"]
        reply = fetch(sandbox, url)
        assert (reply.status, b"expired" in reply.content) == (403, True)

    def test_file_cut_off(self, sandbox):
        """Fewer bytes than the head says."""
        sandbox.fail_next("file_cut_off")
        url = post(sandbox, "/images/generations", IMAGE).json["data"][0]["url"]
        with pytest.raises(OSError, match="IncompleteRead"):
            fetch(sandbox, url)

    def test_elsewhere_they_do_nothing(self, sandbox):
        """A chat has no job."""
        sandbox.fail_next("job_fails")
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
        assert post(sandbox, "/chat/completions", body).status == 200
