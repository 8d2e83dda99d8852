"""A local emulator of api.aimlapi.com: test an application with no key, network or cost.

```python
from langchain_aimlapi import ChatAimlapi
from langchain_aimlapi.sandbox import Sandbox

with Sandbox() as sandbox:
    model = ChatAimlapi(model="openai/gpt-4o", api_key=sandbox.api_key, base_url=sandbox.base_url)
    print(model.invoke("I love programming.").text)
```

It is a server of its own: it speaks the documented API over HTTP and shares no code with the
client, so that the two can disagree. Everything is imported on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langchain_aimlapi.sandbox.emulator import Sandbox, run
    from langchain_aimlapi.sandbox.faults import FAULTS, Fault
    from langchain_aimlapi.sandbox.records import RecordedRequest

__all__ = ["FAULTS", "Fault", "RecordedRequest", "Sandbox", "run"]

_HOMES = {
    "FAULTS": "faults",
    "Fault": "faults",
    "RecordedRequest": "records",
    "Sandbox": "emulator",
    "run": "emulator",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
