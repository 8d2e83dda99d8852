"""Stream through a bad network: loss, delay and packets out of order, between two namespaces.

    sudo python -m scripts.netem --streams 100
    sudo python -m scripts.netem --streams 100 --blackout 2

The sandbox is in one network namespace, the client in another, both made for it and deleted by
name; nothing else of the machine's network is touched. The link between them is a veth pair with
`tc netem` where the kernel has it, and otherwise a pair of tunnel devices whose packets this
process carries over, with the same ills.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import json
import os
import random
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from langchain_aimlapi import AimlapiError, ChatAimlapi, Timeouts
from langchain_aimlapi.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SERVER, CLIENT = "aimlapi-server", "aimlapi-client"
SERVER_ADDRESS, CLIENT_ADDRESS = "10.231.77.1", "10.231.77.2"
PORT = 8123
DEVICES = {SERVER: "aimlapi-s", CLIENT: "aimlapi-c"}
ADDRESSES = {SERVER: (SERVER_ADDRESS, CLIENT_ADDRESS), CLIENT: (CLIENT_ADDRESS, SERVER_ADDRESS)}

PACE = 30.0
"""Tokens a second, so that a stream is under way for about a second."""
LIMITS = Timeouts(connect=10.0, first_token=15.0, between_tokens=10.0, total=60.0)
HASTY = Timeouts(connect=2.0, first_token=3.0, between_tokens=3.0, total=20.0)

_TUNSETIFF, _TUN_WITHOUT_HEADER = 0x400454CA, 0x1001
_PACKET = 65_536
_STARTED = "started"


class Ills(NamedTuple):
    """What is wrong with the link, in each direction."""

    loss: float
    delay: float
    """Seconds."""
    jitter: float
    """Seconds more or less, drawn for each packet: those that follow closely change places."""


# --- the link -------------------------------------------------------------------------------------


def run(command: str) -> None:
    """Run a command of the machine's network tools.

    Raises:
        OSError: It failed; the message is the command's own.
    """
    done = subprocess.run(  # noqa: S603  # our own commands
        command.split(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise OSError(f"{command}: {done.stderr.strip()}")


@contextlib.contextmanager
def namespaces() -> Iterator[None]:
    """Make the two namespaces; delete them, and the devices in them, at the end."""
    with contextlib.ExitStack() as stack:
        for name in (SERVER, CLIENT):
            run(f"ip netns add {name}")
            stack.callback(run, f"ip netns del {name}")
            run(f"ip -n {name} link set lo up")
        yield


def attach(name: str) -> None:
    """Move a namespace's device into it, with its address and its way to the other."""
    ours, other = ADDRESSES[name]
    device = DEVICES[name]
    run(f"ip link set {device} netns {name}")
    run(f"ip -n {name} addr add {ours} peer {other} dev {device}")
    run(f"ip -n {name} link set {device} up")


def veth(ills: Ills) -> None:
    """Join the namespaces by a pair of devices that the kernel makes ill.

    Raises:
        OSError: The kernel has no netem; the pair is gone again.
    """
    run(f"ip link add {DEVICES[SERVER]} type veth peer name {DEVICES[CLIENT]}")
    try:
        for device in DEVICES.values():
            how = f"delay {ills.delay}s {ills.jitter}s loss {ills.loss * 100}%"
            run(f"tc qdisc add dev {device} root netem {how}")
    except OSError:
        run(f"ip link del {DEVICES[SERVER]}")
        raise
    for name in DEVICES:
        attach(name)


class Relay:
    """Carries packets between two tunnel devices, in a thread, and loses or delays some."""

    def __init__(self, ills: Ills) -> None:
        self.ills = ills
        self.carried = 0
        self.lost = 0
        self._files = [_tunnel(device) for device in DEVICES.values()]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        one, other = self._files
        self._loop.add_reader(one, self._carry, one, other)
        self._loop.add_reader(other, self._carry, other, one)

    def _carry(self, source: int, target: int) -> None:
        packet = os.read(source, _PACKET)
        if random.random() < self.ills.loss:  # noqa: S311  # loss need not be secret
            self.lost += 1
            return
        self.carried += 1
        delay = self.ills.delay + random.uniform(-1, 1) * self.ills.jitter  # noqa: S311  # likewise
        self._loop.call_later(delay, self._deliver, target, packet)

    def _deliver(self, target: int, packet: bytes) -> None:
        with contextlib.suppress(OSError):
            os.write(target, packet)

    def __enter__(self) -> Relay:  # noqa: PYI034  # not made to be derived from
        for name in DEVICES:
            attach(name)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        for file in self._files:
            os.close(file)


def _tunnel(device: str) -> int:
    """Make a tunnel device; its packets are read from and written to the file."""
    file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(file, _TUNSETIFF, struct.pack("16sH", device.encode(), _TUN_WITHOUT_HEADER))
    return file


# --- the two ends ---------------------------------------------------------------------------------


async def serve() -> None:
    """Run the sandbox, which listens on loopback only, and pass on what comes to the link."""
    async with Sandbox(tokens_per_second=PACE) as sandbox:
        port = int(sandbox.base_url.split(":")[2].partition("/")[0])
        tasks: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.add(asyncio.create_task(forward(reader, writer, port)))

        server = await asyncio.start_server(accept, SERVER_ADDRESS, PORT)
        print(_STARTED, flush=True)
        async with server:
            await asyncio.to_thread(sys.stdin.readline)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    """Pass on one connection, both ways."""
    inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.gather(pour(reader, inner_writer), pour(inner_reader, writer))


async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until the end."""
    with contextlib.suppress(OSError):
        while data := await reader.read(_PACKET):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
        await writer.wait_closed()


class Caller:
    """Streams, in threads or in a loop, and counts how each ended."""

    def __init__(self, limits: Timeouts) -> None:
        self.outcomes: Counter[str] = Counter()
        self._model = ChatAimlapi(
            model="openai/gpt-4o",
            api_key="sandbox",
            base_url=f"http://{SERVER_ADDRESS}:{PORT}/v1",
            timeout=limits,
        )

    def read(self, number: int) -> None:
        """Stream once."""
        prompt = f"item <{number}>"
        try:
            text = "".join(chunk.text for chunk in self._model.stream(prompt))
            self.outcomes["right" if f'"{prompt}"' in text else "WRONG"] += 1
        except AimlapiError as error:
            self.outcomes[type(error).__name__] += 1

    async def aread(self, number: int) -> None:
        """Stream once."""
        prompt = f"item <{number}>"
        try:
            text = "".join([chunk.text async for chunk in self._model.astream(prompt)])
            self.outcomes["right" if f'"{prompt}"' in text else "WRONG"] += 1
        except AimlapiError as error:
            self.outcomes[type(error).__name__] += 1


async def call(streams: int, limits: Timeouts) -> dict[str, int]:
    """Stream so many times at once, half of them in threads; count how they ended."""
    caller = Caller(limits)
    threads = [
        threading.Thread(target=caller.read, args=(number,))
        for number in range(streams // 2, streams)
    ]
    for thread in threads:
        thread.start()
    await asyncio.gather(*map(caller.aread, range(streams // 2)))
    for thread in threads:
        await asyncio.to_thread(thread.join)
    return dict(caller.outcomes)


# --- the whole ------------------------------------------------------------------------------------


def inside(name: str, *arguments: str) -> subprocess.Popen[str]:
    """Run this script in a namespace."""
    return subprocess.Popen(  # noqa: S603  # our own command
        ["ip", "netns", "exec", name, sys.executable, "-m", "scripts.netem", *arguments],  # noqa: S607
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextlib.contextmanager
def linked(ills: Ills) -> Iterator[Relay | None]:
    """Join the namespaces by the best link there is; yield the relay if it is ours."""
    try:
        veth(ills)
    except OSError as error:
        print(f"no netem in this kernel, so packets are carried here ({error})")
        with Relay(ills) as relay:
            yield relay
    else:
        yield None


def measure(ills: Ills, streams: int, blackout: float | None) -> bool:
    """Stream through the link and print how it went; whether nothing unnamed happened."""
    with namespaces(), linked(ills) as relay:
        with inside(SERVER, "--serve") as server:
            try:
                _wait_for(server)
                options = ["--hasty"] if blackout else []
                with inside(CLIENT, "--call", "--streams", str(streams), *options) as client:
                    _wait_for(client)
                    started = time.monotonic()
                    if blackout and relay:
                        time.sleep(blackout)
                        relay.ills = ills._replace(loss=1.0)
                    said, _ = client.communicate()
                print(f"{said.strip()} in {time.monotonic() - started:.1f} s")
            finally:
                server.communicate("end\n")
        if relay:
            print(f"{relay.carried} packets carried, {relay.lost} lost")
    counted = json.loads(said)
    return sum(counted.values()) == streams and "WRONG" not in counted


def _wait_for(process: subprocess.Popen[str]) -> None:
    if process.stdout is None or process.stdout.readline().strip() != _STARTED:
        raise OSError("one end did not start")


def main(arguments: Sequence[str]) -> int:
    """Do one part of it, or the whole; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--loss", type=float, default=0.02, help="share of packets, each way")
    parser.add_argument("--delay", type=float, default=0.05, help="seconds, each way")
    parser.add_argument("--jitter", type=float, default=0.02, help="seconds more or less")
    parser.add_argument("--blackout", type=float, help="lose all packets after so many seconds")
    parser.add_argument("--hasty", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--call", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.serve:
        asyncio.run(serve())
        return 0
    if given.call:
        print(_STARTED, flush=True)
        print(json.dumps(asyncio.run(call(given.streams, HASTY if given.hasty else LIMITS))))
        return 0
    ills = Ills(given.loss, given.delay, given.jitter)
    return int(not measure(ills, given.streams, given.blackout))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
