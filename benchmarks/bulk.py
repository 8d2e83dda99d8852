"""Bulk jobs beside other ways to bring rows through a model, in one run on one machine.

    python -m benchmarks.bulk               rows per second against the same loopback server
    python -m benchmarks.bulk --memory      peak memory of 10,000 and of 1,000,000 rows
    python -m benchmarks.bulk --storm       a server that allows 200 rows per second

Each way runs in a process of its own; the server is another one. `async-batch-llm` and
`langchain-openai` are left out where they are not installed.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from aiohttp import web

_ALLOWED = 200
_STORM_ROWS = 3_000
_TRIVIAL_ROWS = (10_000, 1_000_000)
_BARE_CONCURRENCIES = (16, 32, 64, 128)
_OURS = ("ours", "ours_no_journal", "ours_schema", "ours_callbacks")
_WAYS = ("bare", *_OURS, "abatch", "async_batch_llm")
_IMPORTS = {
    "bare": ("aiohttp",),
    "ours": (
        "langchain_aimlapi.bulk",
        "langchain_aimlapi.chat_models",
        "langchain_aimlapi._transport.aio",
        "langchain_core.runnables",
    ),
    "abatch": ("langchain_openai",),
    "async_batch_llm": ("async_batch_llm", "openai"),
}
_SCHEMA = {
    "title": "Answer",
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
}
_REPLY = {
    "id": "r",
    "object": "chat.completion",
    "model": "gpt-4o",
    "usage": {"prompt_tokens": 9, "completion_tokens": 6, "total_tokens": 15},
}


def _reply(content: str) -> bytes:
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return json.dumps({**_REPLY, "choices": [choice]}).encode()


# --- the server -----------------------------------------------------------------------------------


async def _serve(allowed: int | None) -> None:
    text = "An answer of a few words."
    plain, structured = _reply(text), _reply(json.dumps({"text": text}))
    counts = {"answered": 0, "refused": 0}
    bucket = {"left": 0.0, "at": time.monotonic()}

    def lets_through() -> bool:
        if allowed is None:
            return True
        now = time.monotonic()
        refill = (now - bucket["at"]) * allowed
        bucket["left"], bucket["at"] = min(allowed / 10, bucket["left"] + refill), now
        if bucket["left"] < 1:
            return False
        bucket["left"] -= 1
        return True

    async def answer(request: web.Request) -> web.Response:
        asked = await request.read()
        await asyncio.sleep(0.005)
        if not lets_through():
            counts["refused"] += 1
            return web.json_response({"message": "slow down", "statusCode": 429}, status=429)
        counts["answered"] += 1
        body = structured if b'"response_format"' in asked else plain
        return web.Response(body=body, content_type="application/json")

    async def told(_: web.Request) -> web.Response:
        return web.json_response(counts)

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    app.router.add_get("/counts", told)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


# --- the ways -------------------------------------------------------------------------------------


def _rows(count: int) -> list[dict[str, Any]]:
    return [{"text": f"Say something about number {number}."} for number in range(count)]


async def _bare(url: str, count: int, concurrency: int) -> None:
    import aiohttp  # noqa: PLC0415  # each way imports what it needs

    texts = iter(_rows(count))

    async def work(session: aiohttp.ClientSession) -> None:
        for row in texts:
            messages = [{"role": "user", "content": row["text"]}]
            body = {"model": "gpt-4o", "messages": messages}
            async with session.post(f"{url}/chat/completions", json=body) as reply:
                (await reply.json())["choices"][0]["message"]["content"]

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(work(session) for _ in range(concurrency)))


def _ours(
    url: str,
    count: int,
    folder: Path,
    *,
    callbacks: bool = False,
    journal: bool = True,
    schema: dict[str, Any] | None = None,
) -> None:
    from langchain_core.callbacks import BaseCallbackHandler  # noqa: PLC0415

    from langchain_aimlapi import ChatAimlapi, bulk  # noqa: PLC0415
    from langchain_aimlapi.bulk import journal as journals  # noqa: PLC0415

    source = folder / "in.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in _rows(count)), "utf-8")
    if not journal:
        journals.Journal._write = _unwritten  # noqa: SLF001  # what the journal costs
    handlers = [BaseCallbackHandler()] if callbacks else None
    llm = ChatAimlapi(model="gpt-4o", api_key="k", base_url=url, callbacks=handlers)
    report = bulk.run(
        source, llm, journal=folder / "journal", prompt="{text}", schema=schema, concurrency=64
    )
    assert report.failed == 0


def _unwritten(journal: Any, saved: Any) -> None:
    """What the journal's thread does, but for the writing."""
    while entries := journal._next_entries():  # noqa: SLF001
        saved(entries)


async def _abatch(url: str, count: int) -> None:
    from langchain_openai import ChatOpenAI  # noqa: PLC0415

    llm = ChatOpenAI(model="gpt-4o", api_key="k", base_url=url)
    await llm.abatch([row["text"] for row in _rows(count)], {"max_concurrency": 64})


async def _async_batch_llm(url: str, count: int, folder: Path) -> None:
    import async_batch_llm as abl  # noqa: PLC0415
    from openai import AsyncOpenAI  # noqa: PLC0415

    model = abl.OpenAIModel(
        "gpt-4o", AsyncOpenAI(api_key="k", base_url=url), api_surface="chat_completions"
    )
    identity = abl.ArtifactIdentity(provider="openai", model="gpt-4o", prompt_version="1")
    store = abl.SqliteArtifactStore(folder / "store.sqlite", identity=identity)
    prompts = [(str(number), row["text"]) for number, row in enumerate(_rows(count))]
    done = await abl.process_prompts(
        abl.OpenAIStrategy(model), prompts, concurrency=64, artifact_store=store
    )
    assert all(result.success for result in done.results)


def _trivial(count: int, folder: Path) -> None:
    from langchain_core.runnables import RunnableLambda  # noqa: PLC0415

    from langchain_aimlapi import bulk  # noqa: PLC0415

    async def answer(text: str) -> str:
        return text.upper()

    source = folder / "in.jsonl"
    with source.open("w", encoding="utf-8") as file:
        file.writelines(f'{{"text": "number {number}"}}\n' for number in range(count))
    runnable = RunnableLambda(lambda text: text.upper(), afunc=answer)
    bulk.run(source, runnable, folder / "out.jsonl", prompt="{text}", concurrency=64)


def _storm(url: str, count: int, folder: Path) -> None:
    from langchain_aimlapi import ChatAimlapi, bulk  # noqa: PLC0415

    source = folder / "in.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in _rows(count)), "utf-8")
    llm = ChatAimlapi(model="gpt-4o", api_key="k", base_url=url)
    report = bulk.run(source, llm, journal=folder / "journal", prompt="{text}")
    assert report.failed == 0


def _run_way(way: str, url: str, count: int, concurrency: int) -> None:
    """One way, in this process; prints its seconds, CPU seconds and peak memory in MB."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ways = {
            "bare": lambda: asyncio.run(_bare(url, count, concurrency)),
            "ours": lambda: _ours(url, count, folder),
            "ours_no_journal": lambda: _ours(url, count, folder, journal=False),
            "ours_schema": lambda: _ours(url, count, folder, schema=_SCHEMA),
            "ours_callbacks": lambda: _ours(url, count, folder, callbacks=True),
            "abatch": lambda: asyncio.run(_abatch(url, count)),
            "async_batch_llm": lambda: asyncio.run(_async_batch_llm(url, count, folder)),
            "trivial": lambda: _trivial(count, folder),
            "storm": lambda: _storm(url, count, folder),
        }
        for module in _IMPORTS.get(way, _IMPORTS["ours"]):  # seconds of imports are no rows
            importlib.import_module(module)
        cpu, began = time.process_time(), time.perf_counter()
        ways[way]()
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": peak}))


# --- the runs -------------------------------------------------------------------------------------


def _in_process(way: str, url: str, count: int, concurrency: int = 64) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.bulk", "--way", way, "--url", url]
    command += ["--rows", str(count), "--concurrency", str(concurrency)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    figures: dict[str, float] = json.loads(said.splitlines()[-1])
    return figures


def _compare(url: str, count: int) -> None:
    """Measure each way and print all in one table, beside the bare loop and beside `abatch`."""
    tried = [_in_process("bare", url, count, concurrency) for concurrency in _BARE_CONCURRENCIES]
    found = {"bare": min(tried, key=lambda figures: figures["seconds"])}
    needs = {"abatch": "langchain_openai", "async_batch_llm": "async_batch_llm"}
    for way in _WAYS[1:]:
        if importlib.util.find_spec(needs.get(way, "json")) is None:
            print(f"{way} is not installed")
            continue
        found[way] = _in_process(way, url, count)
    beside = [way for way in ("bare", "abatch") if way in found]
    heads = [f"{measure} of {way}" for measure in ("rows/s", "CPU") for way in beside]
    print(f"{'':16} {'rows/s':>8} {'us CPU/row':>10} {'MB':>5}  " + "  ".join(heads))
    for way, figures in found.items():
        ratios = [found[one]["seconds"] / figures["seconds"] for one in beside]
        ratios += [figures["cpu"] / found[one]["cpu"] for one in beside]
        shown = "  ".join(
            f"{ratio:{len(head)}.2f}" for head, ratio in zip(heads, ratios, strict=True)
        )
        print(
            f"{way:16} {count / figures['seconds']:8.0f} {figures['cpu'] / count * 1e6:10.0f} "
            f"{figures['peak_mb']:5.0f}  {shown}",
            flush=True,
        )


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--storm", action="store_true")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    parser.add_argument("--concurrency", type=int, default=64, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve is not None:
        asyncio.run(_serve(given.serve or None))
    elif given.way:
        _run_way(given.way, given.url, given.rows, given.concurrency)
    elif given.memory:
        for count in _TRIVIAL_ROWS:
            figures = _in_process("trivial", "", count)
            print(
                f"{count:>9,} rows  {figures['peak_mb']:.0f} MB  {count / figures['seconds']:.0f} rows/s"
            )
    else:
        _with_server(given.rows, storm=given.storm)


def _with_server(count: int, *, storm: bool) -> None:
    command = [sys.executable, "-m", "benchmarks.bulk", "--serve", str(_ALLOWED if storm else 0)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            place = f"http://127.0.0.1:{server.stdout.readline().strip()}"
            if not storm:
                _compare(f"{place}/v1", count)
                return
            figures = _in_process("storm", f"{place}/v1", _STORM_ROWS)
            import urllib.request  # noqa: PLC0415  # here alone

            with urllib.request.urlopen(f"{place}/counts") as reply:  # noqa: S310  # our own server
                counts = json.load(reply)
            total = counts["answered"] + counts["refused"]
            print(
                f"storm: {_STORM_ROWS / figures['seconds']:.1f} rows/s of {_ALLOWED} allowed, "
                f"{counts['refused'] / total:.1%} of {total} requests refused"
            )
        finally:
            server.terminate()


if __name__ == "__main__":
    _main()
