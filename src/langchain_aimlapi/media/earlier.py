"""What the media models of releases before 1.0 have in common: a prompt in, an address out."""

from __future__ import annotations

import base64
from typing import Any, Literal

from langchain_core.runnables import Runnable, RunnableConfig

from langchain_aimlapi.media.model import MediaModel
from langchain_aimlapi.media.results import GeneratedFile, MediaResult

__all__ = ["AddressModel", "Form", "awritten", "written"]

Form = Literal["url", "b64_json"]


class AddressModel(Runnable[Any, str]):
    """A media model whose answer is the address of what it made.

    Args:
        maker: The model that is asked.
    """

    def __init__(self, maker: MediaModel) -> None:
        self._maker = maker

    @property
    def model(self) -> str:
        """Id of the model."""
        return self._maker.model

    def invoke(self, input: object, config: RunnableConfig | None = None, **kwargs: object) -> str:
        """Ask the model.

        Args:
            input: The prompt, or a dict of parameters.
            config: LangChain's configuration.
            **kwargs: Parameters of this call.

        Returns:
            The address of the first file; a `data:` address where the reply held the file itself.

        Raises:
            AimlapiError: As the model that does the work.
        """
        return written(self._maker.invoke(input, config, **kwargs))[0]

    async def ainvoke(
        self,
        input: object,
        config: RunnableConfig | None = None,
        **kwargs: object,
    ) -> str:
        """Ask the model; see `invoke`."""
        return written(await self._maker.ainvoke(input, config, **kwargs))[0]


def written(result: MediaResult, form: Form = "url") -> list[str]:
    """The files of a result as texts.

    Args:
        result: The result.
        form: Addresses, or base64.
    """
    return [_written(file, form) for file in result.files]


async def awritten(result: MediaResult, form: Form = "url") -> list[str]:
    """The same; files that are needed are fetched without blocking the event loop."""
    if form == "b64_json":
        for file in result.files:
            await file.aread()
    return written(result, form)


def _written(file: GeneratedFile, form: Form) -> str:
    if form == "url" and file.url:
        return file.url
    encoded = base64.b64encode(file.read()).decode()
    return encoded if form == "b64_json" else f"data:{file.mime_type};base64,{encoded}"
