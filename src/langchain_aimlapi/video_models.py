"""`AimlapiVideoModel`, a name of releases before 1.0: a prompt in, a video's address out."""

from __future__ import annotations

from typing import Any

from langchain_aimlapi._client.warnings import warn_deprecated
from langchain_aimlapi.media.earlier import AddressModel, Form, written
from langchain_aimlapi.media.videos import AimlapiVideos

__all__ = ["AimlapiVideoModel"]


class AimlapiVideoModel(AddressModel):
    """A model that makes videos, waits for them, and gives the address.

    `AimlapiVideos` does the same and more: jobs that survive the process, files, cost.

    Examples:
        >>> from langchain_aimlapi import AimlapiVideoModel
        >>> model = AimlapiVideoModel(model="alibaba/happyhorse-1-0")
        >>> model.invoke("city lights at night")  # doctest: +SKIP

    Args:
        model: Id of the model.
        provider: Not used: the id tells where a request goes.
        **arguments: Those of `AimlapiVideos`: what the model documents, such as `duration`, and
            `api_key`, `base_url`, `timeout`, `max_retries`.
    """

    def __init__(self, model: str, provider: str | None = None, **arguments: Any) -> None:
        del provider
        warn_deprecated("AimlapiVideoModel", "AimlapiVideos")
        super().__init__(AimlapiVideos(model=model, **arguments))

    def generate_videos(
        self,
        prompt: str,
        n: int = 1,
        response_format: Form = "url",
        timeout: float | None = None,
        **parameters: Any,
    ) -> list[str]:
        """Make videos, one after the other, and wait for each.

        Args:
            prompt: What they are to show.
            n: How many.
            response_format: "url" for addresses, "b64_json" for base64.
            timeout: Seconds for each.
            **parameters: What else the model documents, such as `duration`.

        Returns:
            The videos, as asked.
        """
        given = {"prompt": prompt, **parameters}
        made = [self._maker.invoke(given, timeout=timeout) for _ in range(n)]
        return [text for result in made for text in written(result, response_format)]
