"""What media models answer with: files that can be saved, shown and handed to a chat model."""

from __future__ import annotations

import base64
import mimetypes
import os
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import aclosing, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from langchain_aimlapi._codec.decode.media import FileRef
from langchain_aimlapi._lazy import LazyModule
from langchain_aimlapi.media import files
from langchain_aimlapi.media.inputs import kind_of_bytes

if TYPE_CHECKING:
    from langchain_aimlapi.media import model as models
else:
    models = LazyModule(".media.model")  # which imports this module

__all__ = ["GeneratedFile", "MediaResult"]

_DEFAULT_KINDS = {"image": "image/png", "video": "video/mp4", "audio": "audio/mpeg"}


@dataclass(slots=True)
class GeneratedFile:
    """A file that a model made.

    Attributes:
        kind: "image", "video", "audio" or "file".
        url: Where it is, if the service keeps it; such addresses expire.
    """

    kind: str
    url: str | None
    _data: bytes | None = field(default=None, repr=False)
    _model: models.MediaModel | None = field(default=None, repr=False, compare=False)

    _mime_type: str | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, ref: FileRef, kind: str, model: models.MediaModel) -> GeneratedFile:
        """Return a file of a reply.

        Args:
            ref: Where it is, or its content.
            kind: What was asked for.
            model: By which it is fetched.

        Raises:
            ResponseFormatError: If its content cannot be read.
        """
        data = files.content_of(ref)
        url = ref.url if data is None else None
        return cls(_kind(kind, url, data), url, data, model)

    @classmethod
    def of_bytes(cls, data: bytes, kind: str, mime_type: str | None = None) -> GeneratedFile:
        """Return a file that is a reply by itself.

        Args:
            data: Its content.
            kind: What was asked for.
            mime_type: What the reply says it is.
        """
        file = cls(_kind(kind, None, data), None, data)
        file._mime_type = mime_type
        return file

    def read(self) -> bytes:
        """Return its bytes; they are fetched once.

        Raises:
            AimlapiError: If it cannot be fetched.
        """
        if self._data is None:
            self._data = b"".join(self._pieces())
        return self._data

    async def aread(self) -> bytes:
        """Return its bytes; see `read`."""
        if self._data is None:
            self._data = b"".join([piece async for piece in self._apieces()])
        return self._data

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write it to a file, in one step and in constant memory.

        Args:
            path: Where to. Without an ending it gets the one of its content; a folder gets a file
                with a name of its own.
            overwrite: Whether to replace what stands there.

        Returns:
            Where it is.

        Raises:
            FileExistsError: If something stands there already.
            AimlapiError: If it cannot be fetched.
        """
        with closing(self._pieces()) as pieces:
            return files.write(path, pieces, overwrite=overwrite)

    async def asave(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write it to a file; see `save`."""
        async with aclosing(self._apieces()) as pieces:
            return await files.awrite(path, pieces, overwrite=overwrite)

    def stream(self) -> Generator[bytes]:
        """Yield its bytes as they are fetched, in constant memory.

        Raises:
            AimlapiError: If it cannot be fetched.
        """
        return self._pieces()

    def astream(self) -> AsyncGenerator[bytes]:
        """Yield its bytes as they are fetched; see `stream`."""
        return self._apieces()

    def _pieces(self) -> Generator[bytes]:
        if self._data is not None:
            return (data for data in (self._data,))
        return self._source().fetch(self.url or "")

    async def _apieces(self) -> AsyncGenerator[bytes]:
        if self._data is not None:
            yield self._data
            return
        async with aclosing(self._source().afetch(self.url or "")) as pieces:
            async for piece in pieces:
                yield piece

    def _source(self) -> models.MediaModel:
        if self._model is None:
            raise ValueError("This file has no model to fetch it by.")
        return self._model

    @property
    def mime_type(self) -> str:
        """What it is: by its content if that is here, else by its name or kind."""
        known = kind_of_bytes(self._data) if self._data else None
        known = known or self._mime_type or mimetypes.guess_type(urlsplit(self.url or "").path)[0]
        return known or _DEFAULT_KINDS.get(self.kind, "application/octet-stream")

    @property
    def content_block(self) -> dict[str, Any]:
        """Itself as LangChain's content block, to put into a message."""
        block: dict[str, object] = {"type": self.kind}
        if self.url is not None:
            return {**block, "url": self.url}
        encoded = base64.b64encode(self._data or b"").decode()
        return {**block, "base64": encoded, "mime_type": self.mime_type}

    def _repr_png_(self) -> bytes | None:
        """The picture, for notebooks; one at an address is shown once it was read."""
        return self._shown("image/png")

    def _repr_jpeg_(self) -> bytes | None:
        """The picture, for notebooks."""
        return self._shown("image/jpeg")

    def _shown(self, kind: str) -> bytes | None:
        data = self._data
        return data if data and self.kind == "image" and kind_of_bytes(data) == kind else None


@dataclass(slots=True)
class MediaResult:
    """What a call of a media model came to.

    Attributes:
        model: The model that was asked.
        files: What it made.
        cost: US dollars as billed; `None` if the service did not say.
        cost_details: All that it said of the cost.
        inference_id: The id that the service's logs and billing use.
        raw: The reply.
    """

    model: str
    files: list[GeneratedFile]
    cost: float | None
    cost_details: Mapping[str, Any]
    inference_id: str | None
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def file(self) -> GeneratedFile:
        """The first file, which is the only one as a rule."""
        return self.files[0]

    @property
    def url(self) -> str | None:
        """The address of the first file, if there is one."""
        return self.files[0].url if self.files else None

    @property
    def content_blocks(self) -> list[dict[str, Any]]:
        """The files as LangChain's content blocks."""
        return [file.content_block for file in self.files]

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the first file.

        Args:
            path: Where to; as for `GeneratedFile.save`.
            overwrite: Whether to replace what stands there.

        Returns:
            Where it is.

        Raises:
            FileExistsError: If something stands there already.
            AimlapiError: If it cannot be fetched.
        """
        return self.file.save(path, overwrite=overwrite)

    async def asave(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the first file; see `save`."""
        return await self.file.asave(path, overwrite=overwrite)

    def told(self) -> str:
        """Return what a chat model is told of it: what was made, and where it is."""
        made = [f"{file.kind}: {file.url or 'in the artifact'}" for file in self.files]
        return f"Made by {self.model}: {', '.join(made)}"

    def summary(self) -> dict[str, Any]:
        """Return what a trace holds of it: no bytes."""
        shown = [{"kind": file.kind, "url": file.url} for file in self.files]
        return {"model": self.model, "files": shown, "cost": self.cost}

    def _repr_png_(self) -> bytes | None:
        return self.files[0]._repr_png_() if self.files else None  # notebooks ask by this name

    def _repr_jpeg_(self) -> bytes | None:
        return self.files[0]._repr_jpeg_() if self.files else None


def _kind(kind: str, url: str | None, data: bytes | None) -> str:
    """What a file is: what was asked for, unless its content or its name says otherwise."""
    if data is not None:
        known = kind_of_bytes(data)
        # Audio comes in the containers of videos, too.
        major = known.partition("/")[0] if known and known != "video/mp4" else kind
        return major if major in _DEFAULT_KINDS else "file"
    path = urlsplit(url or "").path.lower()
    return "file" if path.endswith((".glb", ".gltf", ".obj", ".fbx", ".zip", ".pdf")) else kind
