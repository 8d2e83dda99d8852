"""What has been spent of a budget, and what is reserved for calls under way.

In memory, in a file (SQLite) for the processes of a machine, or on a Redis server for several
machines. A reservation is one step: it looks at what is spent and reserved and adds to it, so
that no two callers are given the same money. One whose process died is forgotten after a while.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from langchain_aimlapi.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Amount", "Caps", "Ledger", "open_ledger"]

_FORGOTTEN_AFTER = 900.0
"""Seconds until a reservation counts as one of a process that died."""


_NEARLY = 1 - 1e-9
"""Fifty sums of a fiftieth of a cap may be a trifle less than the cap."""


class Amount(NamedTuple):
    """USD, tokens and calls."""

    usd: float = 0.0
    tokens: int = 0
    calls: int = 0

    def plus(self, other: Amount) -> Amount:
        """Both together."""
        return Amount(self.usd + other.usd, self.tokens + other.tokens, self.calls + other.calls)


@dataclass(frozen=True, slots=True)
class Caps:
    """The most of each; `None` where there is no limit."""

    usd: float | None = None
    tokens: int | None = None
    calls: int | None = None

    def reached(self, spent: Amount, reserved: Amount) -> str | None:
        """The name of a cap that leaves nothing for another call."""
        for name in Amount._fields:
            cap = getattr(self, name)
            held = getattr(spent, name) + getattr(reserved, name)
            if cap is not None and held >= cap * _NEARLY:
                return name
        return None


class Ledger(Protocol):
    """What is spent and reserved."""

    def reserve(self, call: str, amount: Amount, caps: Caps) -> str | None:
        """Reserve for a call, or say which cap leaves nothing for it."""
        ...

    def settle(self, call: str, spent: Amount) -> None:
        """Put what a call took in place of what was reserved for it."""
        ...

    def spent(self) -> Amount:
        """What is spent, calls under way aside."""
        ...


def open_ledger(shared: str | Path | None) -> Ledger:
    """The ledger of a budget.

    Args:
        shared: A file, `redis://…`, or `None` for this object alone.

    Raises:
        ConfigurationError: If the file cannot be used, or the redis client is missing.
    """
    if shared is None:
        return MemoryLedger()
    if str(shared).startswith(("redis://", "rediss://", "unix://")):
        return RedisLedger(str(shared))
    return FileLedger(Path(shared))


class MemoryLedger:
    """A ledger of one object."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent = Amount()
        self._reserved: dict[str, Amount] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_lock": None, "_reserved": {}}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def reserve(self, call: str, amount: Amount, caps: Caps) -> str | None:
        with self._lock:
            reserved = Amount()
            for each in self._reserved.values():
                reserved = reserved.plus(each)
            if (reached := caps.reached(self._spent, reserved)) is None:
                self._reserved[call] = amount
            return reached

    def settle(self, call: str, spent: Amount) -> None:
        with self._lock:
            self._reserved.pop(call, None)
            self._spent = self._spent.plus(spent)

    def spent(self) -> Amount:
        with self._lock:
            return self._spent


_TABLES = """
CREATE TABLE IF NOT EXISTS spent (usd REAL NOT NULL, tokens INTEGER NOT NULL, calls INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS reserved (
    call TEXT PRIMARY KEY, usd REAL NOT NULL, tokens INTEGER NOT NULL, calls INTEGER NOT NULL,
    until REAL NOT NULL
);
INSERT INTO spent SELECT 0, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM spent);
"""


class FileLedger:
    """A ledger that the processes of a machine share: an SQLite file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with closing(self._connect()) as db:
                db.executescript(_TABLES)
        except sqlite3.Error as error:
            raise ConfigurationError(f"{path} cannot be a budget's ledger: {error}.") from error

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=30, isolation_level=None)

    def _alone(self) -> Iterator[sqlite3.Connection]:
        """A connection within a transaction that keeps others out."""
        with closing(self._connect()) as db:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")

    def reserve(self, call: str, amount: Amount, caps: Caps) -> str | None:
        reached = None
        for db in self._alone():
            db.execute("DELETE FROM reserved WHERE until < ?", (time.time(),))
            reached = caps.reached(_sum(db, "spent"), _sum(db, "reserved"))
            if reached is None:
                row = (call, *amount, time.time() + _FORGOTTEN_AFTER)
                db.execute("INSERT OR REPLACE INTO reserved VALUES (?, ?, ?, ?, ?)", row)
        return reached

    def settle(self, call: str, spent: Amount) -> None:
        for db in self._alone():
            db.execute("DELETE FROM reserved WHERE call = ?", (call,))
            db.execute(
                "UPDATE spent SET usd = usd + ?, tokens = tokens + ?, calls = calls + ?", spent
            )

    def spent(self) -> Amount:
        with closing(self._connect()) as db:
            return _sum(db, "spent")


def _sum(db: sqlite3.Connection, table: str) -> Amount:
    query = f"SELECT total(usd), total(tokens), total(calls) FROM {table}"  # noqa: S608  # our own names
    usd, tokens, calls = db.execute(query).fetchone()
    return Amount(usd, int(tokens), int(calls))


# One step on the server: KEYS are the hash of what is spent, the hash of reservations and the
# sorted set of their ends; the caps come as text, empty where there is none.
_RESERVE = """
local now = tonumber(redis.call('TIME')[1])
for _, call in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now)) do
  redis.call('HDEL', KEYS[2], call)
end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
local names = {'usd', 'tokens', 'calls'}
local total = {0, 0, 0}
for i, name in ipairs(names) do total[i] = tonumber(redis.call('HGET', KEYS[1], name) or '0') end
for _, text in ipairs(redis.call('HVALS', KEYS[2])) do
  local i = 1
  for part in string.gmatch(text, '%S+') do total[i] = total[i] + tonumber(part); i = i + 1 end
end
for i, name in ipairs(names) do
  if ARGV[i] ~= '' and total[i] >= tonumber(ARGV[i]) * (1 - 1e-9) then return name end
end
redis.call('HSET', KEYS[2], ARGV[4], ARGV[5])
redis.call('ZADD', KEYS[3], now + tonumber(ARGV[6]), ARGV[4])
return ''
"""
_SETTLE = """
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('HINCRBYFLOAT', KEYS[1], 'usd', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'tokens', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'calls', ARGV[4])
"""


class RedisLedger:
    """A ledger on a Redis server; the address may name it: `redis://host/0?budget=team`."""

    def __init__(self, url: str) -> None:
        try:
            import redis  # noqa: PLC0415  # an extra
        except ImportError:
            raise ConfigurationError(
                "A budget on a Redis server needs its client: pip install 'langchain-aimlapi[bulk]'."
            ) from None
        address, _, name = url.partition("?budget=")
        self._redis = redis.Redis.from_url(address)
        self._keys = [
            f"aimlapi:budget:{name or 'default'}:{part}" for part in ("spent", "reserved", "until")
        ]
        self._reserve = self._redis.register_script(_RESERVE)
        self._settle = self._redis.register_script(_SETTLE)
        self._url = url

    def __reduce__(self) -> tuple[object, ...]:
        return RedisLedger, (self._url,)

    def reserve(self, call: str, amount: Amount, caps: Caps) -> str | None:
        limits = ["" if cap is None else cap for cap in (caps.usd, caps.tokens, caps.calls)]
        amounts = " ".join(map(repr, amount))
        reached = self._reserve(self._keys, [*limits, call, amounts, _FORGOTTEN_AFTER])
        return str(reached.decode() if isinstance(reached, bytes) else reached) or None

    def settle(self, call: str, spent: Amount) -> None:
        self._settle(self._keys, [call, *spent])

    def spent(self) -> Amount:
        found: Any = self._redis.hgetall(self._keys[0])
        values = {name.decode(): float(value) for name, value in found.items()}
        return Amount(
            values.get("usd", 0.0), int(values.get("tokens", 0)), int(values.get("calls", 0))
        )
