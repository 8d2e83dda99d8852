"""`AimlapiImages`: pictures from a prompt, and pictures edited by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from langchain_aimlapi._client.request import Form, Upload
from langchain_aimlapi._codec.decode.media import read_cost, read_images
from langchain_aimlapi.errors import ConfigurationError
from langchain_aimlapi.media.inputs import MediaFile, read_media
from langchain_aimlapi.media.model import MediaModel
from langchain_aimlapi.media.results import GeneratedFile, MediaResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_aimlapi._catalogue.media import Kind, MediaSpec
    from langchain_aimlapi._client.arguments import GivenKey
    from langchain_aimlapi._transport.request import Reply

__all__ = ["AimlapiImages"]


class AimlapiImages(MediaModel):
    """Image models of AI/ML API: generate, and edit.

    Examples:
        >>> from langchain_aimlapi.media import AimlapiImages
        >>> images = AimlapiImages(model="openai/gpt-image-1", size="1024x1024")
        >>> images.invoke("A red fox in the snow").save("fox.png")  # doctest: +SKIP
        >>> images.invoke({"prompt": "Make it night", "image": "fox.png"})  # doctest: +SKIP

    The input is a prompt, or a dict with `prompt` and, to edit, `image` or `images` and `mask`: each
    a path, bytes, a URL, a `data:` URL or a content block of LangChain. Everything else the model
    documents goes beside them or into the constructor.
    """

    if TYPE_CHECKING:
        # Pydantic's own: keys as texts too, and whatever parameters the model documents.
        def __init__(
            self, *, model: str, api_key: GivenKey | None = None, **arguments: Any
        ) -> None: ...

    kind: ClassVar[Kind] = "image"
    tool_name: ClassVar[str] = "make_image"
    tool_description: ClassVar[str] = "Make a picture from a description, or edit given pictures."
    default_path: ClassVar[str] = "/v1/images/generations"
    media_inputs: ClassVar[frozenset[str]] = frozenset(
        {"image", "images", "image_url", "image_urls", "mask"}
    )

    size: str | None = None
    """Width and height in pixels, as "1024x1024"; written as the model documents it."""
    aspect_ratio: str | None = None
    """Width to height, as "16:9", for models that take that instead."""
    n: int | None = Field(default=None, ge=1)
    """Number of pictures."""
    seed: int | None = None
    """Ask for repeatable pictures."""
    negative_prompt: str | None = None
    """What is not to be in the picture."""
    quality: str | None = None
    """Quality, in the model's own words."""
    output_format: str | None = None
    """File format, such as "png" or "jpeg"."""
    response_format: str | None = None
    """"url" or "b64_json": whether the picture comes as an address or within the reply."""

    def tool_files(self) -> dict[str, bool]:
        """Return the files that a tool takes: pictures to edit, for models that edit."""
        if self._spec("image_edit") is not None:
            return {"image_urls": True}
        return super().tool_files()

    def _run(self, parameters: Mapping[str, Any], steering: Mapping[str, object]) -> MediaResult:
        path, body = self._body(self._loaded(parameters))
        request = self._post(path, body, self._key(steering), steering)
        return self._metered(parameters, lambda: self._send(request, self._result))

    async def _arun(
        self, parameters: Mapping[str, object], steering: Mapping[str, object]
    ) -> MediaResult:
        path, body = self._body(await self._aloaded(parameters))
        request = self._post(path, body, await self._akey(steering), steering)
        return await self._ametered(parameters, lambda: self._asend(request, self._result))

    def _loaded(self, parameters: Mapping[str, object]) -> dict[str, Any]:
        """Read the pictures; those at addresses are fetched if they go into a form."""
        loaded = super()._loaded(parameters)
        pictures = _pictures(loaded, self._spec("image_edit") or self._spec("image"))
        if pictures and self._spec("image_edit") is not None:
            pictures = [_fetched(each, self) for each in pictures]
            if "mask" in loaded:
                loaded["mask"] = _fetched(loaded["mask"], self)
        return {**loaded, "images": pictures} if pictures else loaded

    def _body(self, loaded: dict[str, Any]) -> tuple[str, Mapping[str, object] | Form]:
        given = dict(loaded)
        pictures, mask = given.pop("images", []), given.pop("mask", None)
        edit = self._spec("image_edit")
        if edit is not None and (pictures or mask is not None):
            return edit.path, self._form(given, pictures, mask)
        if pictures:
            given["image"] = pictures if len(pictures) > 1 else pictures[0]
        given["mask"] = mask
        return self._path(), self._encoded("image", given).body

    def _form(
        self, given: Mapping[str, object], pictures: list[MediaFile], mask: MediaFile | None
    ) -> Form:
        if not pictures:
            raise ConfigurationError("A mask goes with the picture that it is for: give image=…")
        uploads: dict[str, Upload | list[Upload]] = {"image": [_upload(each) for each in pictures]}
        if mask is not None:
            uploads["mask"] = _upload(mask)
        # The files stand in for themselves where the parameters are checked.
        held = {"image": [""] * len(pictures), **({} if mask is None else {"mask": ""})}
        body = self._encoded("image_edit", {**given, **held}).body
        fields = {name: _text(value) for name, value in body.items() if name not in held}
        return Form(fields, uploads)

    def _result(self, reply: Reply) -> MediaResult:
        refs, raw = read_images(reply.body)
        cost = read_cost(raw, reply.headers)
        return MediaResult(
            model=self.model,
            files=[GeneratedFile.of(ref, "image", self) for ref in refs],
            cost=cost.usd,
            cost_details=cost.details,
            inference_id=reply.headers.get("x-inference-id"),
            raw=raw,
        )


def _pictures(loaded: dict[str, Any], spec: MediaSpec | None) -> list[MediaFile]:
    """Take the pictures out of the parameters, in their order.

    Those under a name that the id documents beside others stay there: a picture to edit and one to
    imitate are not the same.
    """
    listed: list[MediaFile] = []
    own = spec.parameters.keys() if spec else frozenset()
    for name in sorted({"image", "images", "image_url", "image_urls"} - ({*own} - {"image"})):
        value = loaded.pop(name, None)
        listed += value if isinstance(value, list) else [] if value is None else [value]
    return listed


def _fetched(file: MediaFile, model: MediaModel) -> MediaFile:
    if file.data is not None:
        return file
    return read_media(b"".join(model.fetch(file.url or "")), "image")


def _upload(file: MediaFile) -> Upload:
    return Upload(file.name, file.data or b"", file.mime_type)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
