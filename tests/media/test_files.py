"""Files of a reply: fetched with care, and written in one step."""

from __future__ import annotations

import asyncio
import base64
import errno
import threading
import tracemalloc

import pytest
from blockbuster import blockbuster_ctx

from langchain_aimlapi.errors import (
    AimlapiConnectionError,
    AimlapiError,
    ConfigurationError,
    NotFoundError,
    ResponseFormatError,
    StreamInterruptedError,
)
from langchain_aimlapi.media import AimlapiImages, GeneratedFile
from langchain_aimlapi.media import files as files_module
from tests.media.service import MP3, MP4, PNG, Reply


@pytest.fixture
def file(service, images):
    """A function that gives the file at a path of the service."""
    return lambda path="/f.png": GeneratedFile("image", service.url + path, None, images)


def names(folder):
    """The files of a folder."""
    return [path.name for path in folder.iterdir()]


class TestWriting:
    """The disk."""

    def test_a_file_of_that_name(self, file, service, ask, tmp_path):
        """It stays as it is, and nothing is fetched, unless it is to be replaced."""
        service.reply = lambda _: Reply(PNG)
        target = tmp_path / "fox.png"
        target.write_bytes(b"mine")
        with pytest.raises(FileExistsError, match="overwrite=True"):
            ask(file(), "save", target)
        assert (target.read_bytes(), service.asked) == (b"mine", [])
        assert ask(file(), "save", target, overwrite=True) == target
        assert target.read_bytes() == PNG
        assert names(tmp_path) == ["fox.png"]

    def test_a_file_that_appears_meanwhile(self, file, service, ask, tmp_path):
        """It is not replaced either."""
        target = tmp_path / "fox.png"

        def reply(_):
            target.write_bytes(b"mine")
            return Reply(PNG)

        service.reply = reply
        with pytest.raises(FileExistsError):
            ask(file(), "save", target)
        assert target.read_bytes() == b"mine"
        assert names(tmp_path) == ["fox.png"]

    @pytest.mark.parametrize(
        ("data", "ending"), [(PNG, ".png"), (MP4, ".mp4"), (MP3, ".mp3"), (b"what?", "")]
    )
    def test_the_ending_is_that_of_the_content(self, file, service, ask, tmp_path, data, ending):
        """Where none is given; a folder gets a file with a name of its own."""
        service.reply = lambda _: Reply(data)
        assert ask(file(), "save", tmp_path / "fox").name == f"fox{ending}"
        inside = ask(file(), "save", tmp_path)
        assert (inside.parent, inside.suffix) == (tmp_path, ending)
        assert ask(file(), "save", str(tmp_path / "fox.v2")).name == "fox.v2"

    def test_file_systems_without_links(self, file, service, tmp_path, monkeypatch):
        """The name is reserved instead."""

        def refuse(*_):
            raise OSError(errno.EPERM, "no links here")

        monkeypatch.setattr(files_module.os, "link", refuse)
        service.reply = lambda _: Reply(PNG)
        assert file().save(tmp_path / "a.png").read_bytes() == PNG
        with pytest.raises(FileExistsError):
            file().save(tmp_path / "a")
        assert names(tmp_path) == ["a.png"]

    def test_permissions_are_the_usual_ones(self, file, service, tmp_path):
        """Those of any new file, not those of temporary ones."""
        service.reply = lambda _: Reply(PNG)
        (tmp_path / "other").touch()
        saved = file().save(tmp_path / "a.png")
        assert saved.stat().st_mode == (tmp_path / "other").stat().st_mode

    def test_nothing_is_left_of_a_file_that_breaks_off(self, file, service, ask, tmp_path):
        """Neither the target nor a part of it."""
        service.reply = lambda _: Reply(PNG, said_length=len(PNG) + 5)
        with pytest.raises(AimlapiConnectionError):
            ask(file(), "save", tmp_path / "a.png")
        assert names(tmp_path) == []

    def test_a_folder_that_is_not_there(self, file, service, ask, tmp_path):
        """Nothing is fetched for it."""
        with pytest.raises(FileNotFoundError):
            ask(file(), "save", tmp_path / "no" / "a.png")
        assert service.asked == []

    def test_memory_stays_constant(self, file, service, tmp_path):
        """A large file goes to the disk piece by piece."""
        size = 20_000_000
        data = bytes(size)
        service.reply = lambda _: Reply(data)
        file().save(tmp_path / "warm.bin")
        tracemalloc.start()
        saved = file().save(tmp_path / "large.bin")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert saved.stat().st_size == size
        assert peak < size / 4


class TestFetching:
    """The network."""

    def test_read_fetches_once(self, file, service, ask):
        """And keeps the bytes."""
        service.reply = lambda _: Reply(PNG)
        one = file()
        assert ask(one, "read") == ask(one, "read") == PNG
        assert service.count("GET") == 1

    def test_no_key_goes_along(self, file, service, ask):
        """Nor any header of the caller's."""
        service.reply = lambda _: Reply(PNG)
        ask(file(), "read")
        assert not {"authorization", "x-title", "http-referer"} & service.asked[0].headers.keys()
        assert "sk-secret" not in str(service.asked[0].headers)

    def test_redirects(self, file, service, ask):
        """They are followed, relative ones as well, and not for ever."""

        def reply(asked):
            if asked.path == "/last":
                return Reply(PNG)
            return Reply(status=302, headers={"location": "/last"})

        service.reply = reply
        assert ask(file(), "read") == PNG
        assert all("authorization" not in asked.headers for asked in service.asked)
        service.reply = lambda _: Reply(status=302, headers={"location": "/again"})
        with pytest.raises(ResponseFormatError, match="redirect"):
            ask(file(), "read")

    @pytest.mark.parametrize("status", [403, 404, 410, 302])
    def test_addresses_that_expired(self, file, service, ask, status):
        """The service's own answer is raised."""
        service.reply = lambda _: Reply({"message": "expired"}, status)
        with pytest.raises(AimlapiError) as failed:
            ask(file(), "read")
        assert failed.value.status_code == status
        if status == 404:
            assert isinstance(failed.value, NotFoundError)

    def test_a_fetch_is_repeated(self, service, made, ask):
        """It costs nothing."""
        answers = iter([Reply({}, 503), Reply(PNG)])
        service.reply = lambda _: next(answers)
        model = made(AimlapiImages, "openai/gpt-image-1", max_retries=1)
        assert ask(GeneratedFile("image", f"{service.url}/f", None, model), "read") == PNG

    @pytest.mark.parametrize("missing", [1, len(PNG)])
    def test_cut_off(self, file, service, ask, missing):
        """A part of a file is no file."""
        service.reply = lambda _: Reply(PNG[:-missing], said_length=len(PNG))
        with pytest.raises((StreamInterruptedError, AimlapiConnectionError)):
            ask(file(), "read")


ELSEWHERE = [
    "http://127.0.0.1/x",
    "http://localhost:8000/x",
    "http://10.0.0.1/x",
    "http://192.168.1.1/x",
    "http://169.254.169.254/latest/meta-data",
    "http://[::1]/x",
    "http://[::ffff:127.0.0.1]/x",
    "http://[fe80::1]/x",
    "http://2130706433/x",
    "http://0x7f.1/x",
    "http://0.0.0.0/x",
    "http://224.0.0.1/x",
]


class TestAddresses:
    """They come from a model, so they are not trusted."""

    @pytest.fixture
    def public(self):
        """A model of the public service."""
        return AimlapiImages(model="openai/gpt-image-1", api_key="sk-secret")

    @pytest.mark.parametrize("url", ELSEWHERE)
    def test_within_this_network(self, public, url):
        """They are not asked, unless that is allowed."""
        with pytest.raises(ConfigurationError, match="allow_private_urls=True"):
            GeneratedFile("image", url, None, public).read()

    def test_async(self, public):
        """Nor are they by async calls."""
        with pytest.raises(ConfigurationError, match="within this network"):
            asyncio.run(GeneratedFile("image", ELSEWHERE[0], None, public).aread())

    def test_names_are_looked_up_in_a_thread(self, service, images, monkeypatch):
        """Of async calls: a slow name server holds up nobody else."""
        service.reply = lambda _: Reply(PNG)
        threads = []
        real = files_module.socket.getaddrinfo

        def look_up(*arguments, **options):
            threads.append(threading.current_thread() is threading.main_thread())
            return real(*arguments, **options)

        monkeypatch.setattr(files_module.socket, "getaddrinfo", look_up)
        asyncio.run(GeneratedFile("image", f"{service.url}/x", None, images).aread())
        assert threads
        assert not any(threads)

    @pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a/b", "//a/b", "x", "http:///x"])
    def test_not_http(self, public, url):
        """They are not opened."""
        with pytest.raises(ConfigurationError, match="not http"):
            GeneratedFile("image", url, None, public).read()

    def test_allowed(self, public, service, ask):
        """By the one who made the model."""
        service.reply = lambda _: Reply(PNG)
        allowing = public.model_copy(update={"allow_private_urls": True})
        assert ask(GeneratedFile("image", f"{service.url}/x", None, allowing), "read") == PNG

    def test_redirects_into_this_network(self, public, service, ask, monkeypatch):
        """Each hop is looked at."""
        service.reply = lambda _: Reply(status=302, headers={"location": "http://10.0.0.1/x"})
        real = files_module._private_address
        monkeypatch.setattr(
            files_module,
            "_private_address",
            lambda host: None if host == "127.0.0.1" else real(host),
        )
        with pytest.raises(ConfigurationError, match=r"10\.0\.0\.1"):
            ask(GeneratedFile("image", f"{service.url}/x", None, public), "read")


class TestFiles:
    """What a file says of itself."""

    def test_within_the_reply(self, images):
        """Bytes, a block and a picture for notebooks, without a fetch."""
        text = base64.b64encode(PNG).decode()
        from langchain_aimlapi._codec.decode.media import FileRef

        for ref in (FileRef(base64=text), FileRef(url=f"data:image/png;base64,{text}")):
            one = GeneratedFile.of(ref, "image", images)
            assert (one.read(), one.url, one._repr_png_()) == (PNG, None, PNG)
            assert one._repr_jpeg_() is None
            assert one.content_block == {"type": "image", "base64": text, "mime_type": "image/png"}

    def test_notebooks_fetch_nothing(self, file, service):
        """Until the bytes are there."""
        service.reply = lambda _: Reply(PNG)
        one = file()
        assert one._repr_png_() is None
        assert service.asked == []
        one.read()
        assert one._repr_png_() == PNG

    def test_base64_that_cannot_be_read(self, images):
        """It is our error."""
        from langchain_aimlapi._codec.decode.media import FileRef

        for ref in (FileRef(base64="%%%"), FileRef(url="data:image/png;base64,%%%")):
            with pytest.raises(ResponseFormatError, match="base64"):
                GeneratedFile.of(ref, "image", images)

    def test_what_it_is(self, images):
        """By its name where the kind does not fit: a model of three dimensions is no picture."""
        from langchain_aimlapi._codec.decode.media import FileRef

        kinds = {"https://a/x.glb?y": "file", "https://a/x.png": "image", "https://a/x": "image"}
        for url, kind in kinds.items():
            assert GeneratedFile.of(FileRef(url=url), "image", images).kind == kind

    def test_a_file_without_a_model(self):
        """It cannot be fetched."""
        with pytest.raises(ValueError, match="no model"):
            GeneratedFile("image", "https://a/b", None).read()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_nothing_is_left_of_a_file_whose_caller_was_cancelled(tmp_path, monkeypatch, moment):
    """Not even where a thread was about to make it."""
    begin, begun, go_on = files_module._Part.begin, threading.Event(), threading.Event()

    def slow(part):
        if moment == "after":
            begin(part)
        begun.set()
        go_on.wait(60)
        if moment == "before":
            begin(part)

    async def pieces():
        yield b"never"

    async def main():
        task = asyncio.create_task(
            files_module.awrite(tmp_path / "a.bin", pieces(), overwrite=False)
        )
        await asyncio.to_thread(begun.wait, 60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()

    monkeypatch.setattr(files_module._Part, "begin", slow)
    asyncio.run(main())

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("whole", [True, False])
def test_files_are_written_beside_the_event_loop(tmp_path, whole):
    """From the first byte to the last, and what is left behind is cleared away there too."""

    async def pieces():
        yield b"GIF89a"
        if not whole:
            raise ConnectionError("gone")

    async def main():
        with blockbuster_ctx():
            return await files_module.awrite(tmp_path / "a", pieces(), overwrite=False)

    if whole:
        assert asyncio.run(main()).name == "a.gif"
    else:
        with pytest.raises(ConnectionError):
            asyncio.run(main())
    assert len(list(tmp_path.iterdir())) == whole
