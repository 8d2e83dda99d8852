"""Who is compared, and how each is pointed at the loopback server."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass, field
from typing import Any

from benchmarks.replies import MODEL

_KEY = "bench-key"


@dataclass(frozen=True, slots=True)
class Peer:
    """A client under comparison."""

    name: str
    module: str
    """What has to be imported."""
    factory: str
    """The class in it."""
    address: str = "base_url"
    """What its constructor calls the address."""
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def installed(self) -> bool:
        """Whether this machine has it."""
        return importlib.util.find_spec(self.module.partition(".")[0]) is not None

    def load(self) -> Any:
        """Import the class."""
        return getattr(importlib.import_module(self.module), self.factory)

    def make(self, base_url: str) -> Any:
        """Make a client of that address."""
        return self.load()(**{self.address: base_url}, **self.arguments)


def _partner(name: str, factory: str, **more: Any) -> Peer:
    arguments = {"model": MODEL, "api_key": _KEY, "max_retries": 0, **more.pop("arguments", {})}
    return Peer(name, name.replace("-", "_"), factory, arguments=arguments, **more)


OURS = _partner("langchain-aimlapi", "ChatAimlapi")
OPENAI = _partner("langchain-openai", "ChatOpenAI")
MISTRAL = _partner("langchain-mistralai", "ChatMistralAI", address="endpoint")
RAW = Peer("raw", "benchmarks.floors", "Raw")
CORE = Peer("core", "benchmarks.floors", "Core")
FLOOR = Peer("floor", "benchmarks.floors", "Floor")
PLAIN = Peer("plain", "benchmarks.floors", "Plain")
PARTNERS = (
    OURS,
    OPENAI,
    MISTRAL,
    _partner("langchain-openrouter", "ChatOpenRouter", arguments={"max_retries": 1}),
    _partner("langchain-groq", "ChatGroq"),
    _partner("langchain-deepseek", "ChatDeepSeek"),
)
PEERS = {peer.name: peer for peer in (*PARTNERS, RAW, CORE, FLOOR, PLAIN)}
