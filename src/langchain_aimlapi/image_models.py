"""`AimlapiImageModel`, a name of releases before 1.0: a prompt in, a picture's address out."""

from __future__ import annotations

from typing import Any

from langchain_aimlapi._client.warnings import warn_deprecated
from langchain_aimlapi.media.earlier import AddressModel, Form, awritten, written
from langchain_aimlapi.media.images import AimlapiImages

__all__ = ["AimlapiImageModel"]


class AimlapiImageModel(AddressModel):
    """A model that makes pictures and gives the address of the first.

    `AimlapiImages` does the same and more: its result has the files, saves them, and tells the cost.

    Examples:
        >>> from langchain_aimlapi import AimlapiImageModel
        >>> AimlapiImageModel(model="dall-e-3").invoke("a lake at sunset")  # doctest: +SKIP

    Args:
        model: Id of the model.
        **arguments: Those of `AimlapiImages`: what the model documents, such as `size`, and
            `api_key`, `base_url`, `timeout`, `max_retries`.
    """

    def __init__(self, model: str = "openai/gpt-image-1", **arguments: Any) -> None:
        warn_deprecated("AimlapiImageModel", "AimlapiImages")
        super().__init__(AimlapiImages(model=model, **arguments))

    def generate_images(
        self, prompt: str, n: int | None = None, response_format: Form = "url", **parameters: Any
    ) -> list[str]:
        """Make pictures.

        Args:
            prompt: What they are to show.
            n: How many.
            response_format: "url" for addresses, "b64_json" for base64.
            **parameters: What else the model documents, such as `size`.

        Returns:
            The pictures, as asked.
        """
        given = {"prompt": prompt, "n": n, **parameters}
        return written(self._maker.invoke(given), response_format)

    async def agenerate_images(
        self, prompt: str, n: int | None = None, response_format: Form = "url", **parameters: Any
    ) -> list[str]:
        """Make pictures; see `generate_images`."""
        given = {"prompt": prompt, "n": n, **parameters}
        return await awritten(await self._maker.ainvoke(given), response_format)
