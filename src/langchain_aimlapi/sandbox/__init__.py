"""A local emulator of api.aimlapi.com: test an application with no key, network or cost.

```python
from langchain_aimlapi import ChatAimlapi
from langchain_aimlapi.sandbox import Sandbox

with Sandbox() as sandbox:
    model = ChatAimlapi(model="openai/gpt-4o", api_key=sandbox.api_key, base_url=sandbox.base_url)
    print(model.invoke("I love programming.").text)
```

It is a separate server: it implements the documented API over HTTP and shares no code with the
client, so that an error in one is not repeated in the other. Everything is imported on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.answers.options import AnswerOptions
    from langchain_aimlapi.sandbox.answers.script import UnusedAnswersError
    from langchain_aimlapi.sandbox.emulator import Sandbox, run
    from langchain_aimlapi.sandbox.faults.table import FAULTS, MEDIA_FAULTS, Fault
    from langchain_aimlapi.sandbox.recorder import RecordedRequest
    from langchain_aimlapi.sandbox.settings import SandboxOptions

__all__ = [
    "FAULTS",
    "MEDIA_FAULTS",
    "AnswerOptions",
    "Fault",
    "RecordedRequest",
    "Sandbox",
    "SandboxOptions",
    "UnusedAnswersError",
    "run",
]

_MODULES = {
    "FAULTS": "faults.table",
    "AnswerOptions": "answers.options",
    "Fault": "faults.table",
    "MEDIA_FAULTS": "faults.table",
    "RecordedRequest": "recorder",
    "Sandbox": "emulator",
    "SandboxOptions": "settings",
    "UnusedAnswersError": "answers.script",
    "run": "emulator",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
