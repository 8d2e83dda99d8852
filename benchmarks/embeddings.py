"""Embeddings beside `OpenAIEmbeddings` and the floor: client CPU per text, in one run.

    python -m benchmarks.embeddings             10,000 texts, 1,536 numbers each
    python -m benchmarks.embeddings --rounds 5  the median of five samples each

A loopback server in a process of its own sends replies that were made beforehand, as base64 or as
numbers, whichever it is asked for. Each sample is taken in a fresh process, after one request that
is not counted. The floors read the socket with httpx2 and decode JSON with orjson, one request after
the other: `floor` leaves the embeddings as base64, `floor_lists` makes the lists of floats that
LangChain's interface wants, `floor_numbers` has numbers in the JSON.

`openai` is `OpenAIEmbeddings` with its defaults, which count tokens by tiktoken; where tiktoken cannot
get its file (offline, and not in `TIKTOKEN_CACHE_DIR`), only `openai_no_tokens` is measured, with
`check_embedding_ctx_length=False`.
"""

from __future__ import annotations

import argparse
import array
import asyncio
import base64
import importlib
import importlib.util
import json
import random
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = "text-embedding-3-small"
_DIMENSIONS, _DISTINCT, _A_REQUEST = 1536, 64, 256
_FLOORS = ("floor", "floor_lists", "floor_numbers")
_WAYS = ("ours", "ours_async", "ours_numpy", "ours_numbers", "openai", "openai_no_tokens", *_FLOORS)
_IMPORTS = {"ours": ("langchain_aimlapi.embeddings",), "openai": ("langchain_openai",)}
_WORDS = ("the", "of", "a", "fox", "river", "service", "request", "answer", "price", "table")


# --- the server -----------------------------------------------------------------------------------


def _items(form: str) -> list[str]:
    """Embeddings as they stand in a reply; a few that are repeated."""
    numbers = random.Random(7)  # noqa: S311  # the same in each run
    vectors = [
        array.array("f", (numbers.uniform(-0.1, 0.1) for _ in range(_DIMENSIONS)))
        for _ in range(_DISTINCT)
    ]
    if form == "base64":
        return [f'"{base64.b64encode(vector.tobytes()).decode()}"' for vector in vectors]
    return [json.dumps([float(f"{number:.9g}") for number in vector]) for vector in vectors]


async def _serve() -> None:
    written = {form: _items(form) for form in ("base64", "float")}
    bodies: dict[tuple[str, int], bytes] = {}

    def body(form: str, count: int) -> bytes:
        if (form, count) not in bodies:
            data = ",".join(
                f'{{"object":"embedding","index":{at},"embedding":{written[form][at % _DISTINCT]}}}'
                for at in range(count)
            )
            usage = f'{{"prompt_tokens":{count},"total_tokens":{count}}}'
            bodies[form, count] = (
                f'{{"object":"list","data":[{data}],"model":"{MODEL}","usage":{usage}}}'.encode()
            )
        return bodies[form, count]

    async def answer(request: web.Request) -> web.Response:
        asked = json.loads(await request.read())
        form = asked.get("encoding_format") or "float"
        return web.Response(body=body(form, len(asked["input"])), content_type="application/json")

    app = web.Application(client_max_size=1 << 30)
    app.router.add_post("/v1/embeddings", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


# --- the ways -------------------------------------------------------------------------------------


def make_texts(count: int, length: int) -> list[str]:
    """Return texts of English words.

    Args:
        count: How many.
        length: Characters of each, about.
    """
    chance = random.Random(11)  # noqa: S311  # the same in each run
    words = length // 6
    return [" ".join(chance.choices(_WORDS, k=words)) for _ in range(count)]


def _ours(url: str, texts: list[str], **options: Any) -> Any:
    from langchain_aimlapi import AimlapiEmbeddings  # noqa: PLC0415  # each way imports its own

    return AimlapiEmbeddings(model=MODEL, api_key="k", base_url=url, **options).embed_documents(
        texts
    )


def _ours_async(url: str, texts: list[str]) -> Any:
    from langchain_aimlapi import AimlapiEmbeddings  # noqa: PLC0415

    embeddings = AimlapiEmbeddings(model=MODEL, api_key="k", base_url=url)
    return asyncio.run(embeddings.aembed_documents(texts))


def _ours_numpy(url: str, texts: list[str]) -> Any:
    from langchain_aimlapi import AimlapiEmbeddings  # noqa: PLC0415

    return AimlapiEmbeddings(model=MODEL, api_key="k", base_url=url).embed_numpy(texts)


def _openai(url: str, texts: list[str], **options: Any) -> Any:
    from langchain_openai import OpenAIEmbeddings  # noqa: PLC0415
    from pydantic import SecretStr  # noqa: PLC0415

    peer = OpenAIEmbeddings(model=MODEL, api_key=SecretStr("k"), base_url=url, **options)
    return peer.embed_documents(texts)


def _floor(url: str, texts: list[str], form: str, *, lists: bool) -> Any:
    import httpx2  # noqa: PLC0415
    import orjson  # noqa: PLC0415

    found: list[Any] = []
    with httpx2.Client() as client:
        for start in range(0, len(texts), _A_REQUEST):
            asked = {"model": MODEL, "input": texts[start : start + _A_REQUEST]}
            body = orjson.dumps({**asked, "encoding_format": form})
            reply = client.post(
                f"{url}/embeddings", content=body, headers={"content-type": "application/json"}
            )
            data = [item["embedding"] for item in orjson.loads(reply.content)["data"]]
            if lists:
                data = [array.array("f", base64.b64decode(text)).tolist() for text in data]
            found += data
    return found


def _ways(url: str) -> dict[str, Callable[[list[str]], Any]]:
    return {
        "ours": lambda texts: _ours(url, texts),
        "ours_async": lambda texts: _ours_async(url, texts),
        "ours_numpy": lambda texts: _ours_numpy(url, texts),
        "ours_numbers": lambda texts: _ours(url, texts, encoding_format="float"),
        "openai": lambda texts: _openai(url, texts),
        "openai_no_tokens": lambda texts: _openai(url, texts, check_embedding_ctx_length=False),
        "floor": lambda texts: _floor(url, texts, "base64", lists=False),
        "floor_lists": lambda texts: _floor(url, texts, "base64", lists=True),
        "floor_numbers": lambda texts: _floor(url, texts, "float", lists=False),
    }


def _run_way(way: str, url: str, texts: list[str]) -> None:
    """One way, in this process; prints its seconds of CPU."""
    for module in _IMPORTS.get(way.partition("_")[0], ("httpx2", "orjson")):
        importlib.import_module(module)
    call = _ways(url)[way]
    call(texts[:2])  # connections, imports on first use, tiktoken's tables
    began, cpu = time.perf_counter(), time.process_time()
    found = call(texts)
    cpu, seconds = time.process_time() - cpu, time.perf_counter() - began
    assert len(found) == len(texts)
    print(json.dumps({"cpu": cpu, "seconds": seconds}))


# --- the runs -------------------------------------------------------------------------------------


def _left_out(way: str) -> str | None:
    """Why a way cannot be measured here."""
    if not way.startswith("openai"):
        return None
    if importlib.util.find_spec("langchain_openai") is None:
        return "langchain-openai is not installed"
    if way != "openai":
        return None
    try:
        import tiktoken  # noqa: PLC0415  # comes with langchain-openai

        tiktoken.encoding_for_model(MODEL)
    except Exception as error:  # noqa: BLE001  # whatever its download raises
        return f"tiktoken has no file to count by ({type(error).__name__})"
    return None


def _sample(way: str, url: str, count: int, length: int) -> float:
    command = [sys.executable, "-m", "benchmarks.embeddings", "--way", way, "--url", url]
    command += ["--texts", str(count), "--length", str(length)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    figures: dict[str, float] = json.loads(said.splitlines()[-1])
    return figures["cpu"] / count * 1e6


def _compare(url: str, count: int, lengths: list[int], rounds: int) -> None:
    reasons = {way: _left_out(way) for way in _WAYS}
    for way, reason in reasons.items():
        if reason:
            print(f"left out: {way}: {reason}", file=sys.stderr)
    ways = [way for way in _WAYS if not reasons[way]]
    for length in lengths:
        samples: dict[str, list[float]] = {way: [] for way in ways}
        for number in range(rounds):
            for way in ways[number % len(ways) :] + ways[: number % len(ways)]:
                samples[way].append(_sample(way, url, count, length))
        print(f"texts of about {length} characters, us of client CPU a text:")
        middle = {way: statistics.median(taken) for way, taken in samples.items()}
        for way, value in middle.items():
            print(
                f"  {way:18}{value:7.1f}   {middle['ours'] / value:5.2f} of it is ours", flush=True
            )


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=10_000)
    parser.add_argument("--length", type=int, nargs="+", default=[60, 1000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(_serve())
    elif given.way:
        _run_way(given.way, given.url, make_texts(given.texts, given.length[0]))
    else:
        _with_server(given.texts, given.length, given.rounds)


def _with_server(count: int, lengths: list[int], rounds: int) -> None:
    command = [sys.executable, "-m", "benchmarks.embeddings", "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            place = f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
            _compare(place, count, lengths, rounds)
        finally:
            server.terminate()


if __name__ == "__main__":
    _main()
