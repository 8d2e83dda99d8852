"""A model is a value: copied, pickled, forked, shared by threads and by event loops."""

from __future__ import annotations

import asyncio
import copy
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.output_parsers import JsonOutputToolsParser
from langchain_core.rate_limiters import InMemoryRateLimiter

from langchain_aimlapi import ChatAimlapi, MissingAPIKeyError, Timeouts
from langchain_aimlapi.sandbox import Sandbox

ROOT = Path(__file__).parents[1]

COPIES = {
    "pickle": lambda llm: pickle.loads(pickle.dumps(llm)),  # noqa: S301  # our own bytes
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "model_copy": lambda llm: llm.model_copy(),
    "deep model_copy": lambda llm: llm.model_copy(deep=True),
}


def sockets():
    """How many sockets this process has open."""
    names = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            names.append(os.readlink(descriptor))  # noqa: PTH115  # no real path
        except FileNotFoundError:  # the listing's own
            continue
    return sum(name.startswith("socket:") for name in names)


_QUIET = "import logging; logging.getLogger('asyncio').setLevel('ERROR')\n"
"""Development mode also warns of slow steps, and here a first import is one."""


def run(script, **environment):
    """Run a script in a process of its own, with warnings as errors; return what it printed."""
    done = subprocess.run(  # noqa: S603  # our own script
        [sys.executable, "-X", "dev", "-W", "error", "-c", _QUIET + textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout


class TestCopies:
    """Copies by every way Python has."""

    @pytest.mark.parametrize("used", [False, True], ids=["new", "used"])
    @pytest.mark.parametrize("way", COPIES)
    def test_a_copy_is_equal_and_works(self, ask, model, way, used):
        """Before its first call and after it, a model can be copied, and the copy can be asked."""
        llm = model(temperature=0.5, timeout=Timeouts(total=20), model_kwargs={"user": "u"})
        if used:
            ask(llm, "Hi")

        copied = COPIES[way](llm)

        assert copied is not llm
        assert copied.asdict() == llm.asdict()
        assert copied.timeout == llm.timeout
        assert "Hi" in ask(copied, "Hi").text
        assert "Hi" in ask(llm, "Hi").text

    @pytest.mark.parametrize("made", ["tools", "structured", "with raw"])
    def test_what_is_made_of_a_model_can_be_copied(self, model, made):
        """Bindings and their parsers are pickled with the model."""
        schema = {"title": "Add", "type": "object", "properties": {"a": {"type": "integer"}}}
        llm = model()
        chain = (
            llm.bind_tools([schema]) | JsonOutputToolsParser()
            if made == "tools"
            else llm.with_structured_output(schema, include_raw=made == "with raw")
        )
        answers = [each.invoke("Call Add.") for each in (chain, COPIES["pickle"](chain))]
        first, second = [each["parsed"] for each in answers] if made == "with raw" else answers

        assert first == second != []

    def test_injected_clients_are_not_pickled(self, model):
        """They hold sockets of this process."""
        with httpx2.Client() as client:
            llm = model(http_client=client)

            assert COPIES["pickle"](llm).http_client is None
            assert llm.http_client is client

    @pytest.mark.parametrize("way", ["deepcopy", "copy", "model_copy", "deep model_copy"])
    def test_injected_clients_are_shared_by_copies(self, model, way):
        """A copy in the same process uses the same connections."""
        with httpx2.Client() as client:
            copied = COPIES[way](model(http_client=client))

            assert copied.http_client is client
            assert "Hi" in copied.invoke("Hi").text

    def test_what_is_made_to_be_shared_is_shared(self, model):
        """Limiters, caches, handlers and key functions stay one in deep copies."""

        class Keys:
            def __init__(self) -> None:
                self.lock = threading.Lock()

            def __call__(self) -> str:
                return "sandbox"

        limiter, cache, keys = InMemoryRateLimiter(), InMemoryCache(), Keys()
        copied = copy.deepcopy(model(rate_limiter=limiter, cache=cache, api_key=keys))

        assert copied.rate_limiter is limiter
        assert copied.cache is cache
        assert copied.aimlapi_api_key is keys

    def test_a_deep_copy_shares_nothing_else(self, model):
        """What is changed in the copy stays there."""
        llm = model(model_kwargs={"user": {"id": 1}})
        copied = copy.deepcopy(llm)
        copied.model_kwargs["user"]["id"] = 2

        assert llm.model_kwargs == {"user": {"id": 1}}

    def test_a_pickle_reads_the_key_where_it_is_opened(
        self, ask, model, aimlapi_sandbox, monkeypatch
    ):
        """A key of the environment stays there; the next environment's is used."""
        pickled = pickle.dumps(model())
        monkeypatch.setenv("AIMLAPI_API_KEY", "another")

        ask(pickle.loads(pickled), "Hi")  # noqa: S301  # our own bytes

        assert aimlapi_sandbox.requests[-1].headers["authorization"] == "Bearer another"

    def test_a_pickle_without_a_key_says_so(self, ask, model, monkeypatch):
        """No key here and none there is the usual error."""
        pickled = pickle.dumps(model())
        monkeypatch.delenv("AIMLAPI_API_KEY")

        with pytest.raises(MissingAPIKeyError, match="AIMLAPI_API_KEY"):
            ask(pickle.loads(pickled), "Hi")  # noqa: S301  # our own bytes

    def test_a_literal_key_goes_along(self, ask, model, aimlapi_sandbox):
        """Who gives a key in the code wants it to work there, too."""
        ask(COPIES["pickle"](model(api_key="given")), "Hi")

        assert aimlapi_sandbox.requests[-1].headers["authorization"] == "Bearer given"


class TestChanges:
    """Models changed after they were made."""

    def test_a_copy_with_another_model_is_another_model(self, ask, model):
        """Fields change by their names and by their aliases, and the profile goes with the model."""
        llm = model()
        by_name = llm.model_copy(update={"model_name": "anthropic/claude-opus-4-8"})
        by_alias = llm.model_copy(update={"model": "anthropic/claude-opus-4-8"})

        assert by_name.model == by_alias.model == "anthropic/claude-opus-4-8"
        assert by_name.profile == by_alias.profile != llm.profile
        assert by_alias.profile == ChatAimlapi(model="anthropic/claude-opus-4-8").profile
        assert ask(by_alias, "Hi").response_metadata["model_name"] == "anthropic/claude-opus-4-8"

    def test_a_profile_of_ones_own_is_kept(self, model):
        """What the user wrote by hand holds for copies."""
        profile = {"max_input_tokens": 7}
        copied = model(profile=profile).model_copy(update={"model": "gpt-4o-mini"})

        assert copied.profile == profile

    @pytest.mark.parametrize("way", ["model_copy", "setattr", "copy and setattr"])
    def test_the_cache_tells_changed_models_apart(self, ask, model, aimlapi_sandbox, way):
        """Two models with one cache each give their own answers."""
        cache = InMemoryCache()
        llm = model(cache=cache, seed=1)
        assert llm.invoke("Hi").response_metadata["model_name"] == "gpt-4o"
        other = llm if way == "setattr" else copy.copy(llm)
        if way == "model_copy":
            other = llm.model_copy(update={"model_name": "gpt-4o-mini"})
        else:
            other.model_name = "gpt-4o-mini"

        assert other.invoke("Hi").response_metadata["model_name"] == "gpt-4o-mini"
        assert other.invoke("Hi").response_metadata["model_name"] == "gpt-4o-mini"
        assert len(aimlapi_sandbox.requests) == 2

    def test_a_cached_answer_is_found_again(self, model, aimlapi_sandbox):
        """An equal model finds what another one stored."""
        cache = InMemoryCache()
        first = model(cache=cache).invoke("Hi")
        second = model(cache=cache).invoke("Hi")

        assert second.content == first.content
        assert len(aimlapi_sandbox.requests) == 1


class TestLoopsAndThreads:
    """One object, many loops and threads."""

    def test_many_runs_in_a_row_leave_no_message(self, aimlapi_sandbox):
        """Four `asyncio.run` with one object, in development mode, with warnings as errors."""
        printed = run(
            """
            import asyncio
            from langchain_aimlapi import ChatAimlapi

            llm = ChatAimlapi(model="gpt-4o", max_retries=0)

            async def ask(prompt):
                streamed = [chunk.text async for chunk in llm.astream(prompt)]
                answered = await asyncio.gather(*(llm.ainvoke(prompt) for _ in range(3)))
                return "".join(streamed), [answer.text for answer in answered]

            for number in range(4):
                streamed, answered = asyncio.run(ask(f"question {number}"))
                print(all(f"question {number}" in text for text in [streamed, *answered]))
                print(f"sync {number}" in llm.invoke(f"sync {number}").text)
            """
        )

        assert printed.split() == ["True"] * 8

    def test_eight_threads_with_loops_of_their_own(self, model):
        """Each thread runs several loops, several calls in each, and gets its own answers."""
        llm = model()

        async def some(thread: int) -> list[str]:
            prompts = [f"thread {thread} call {number}" for number in range(5)]
            answers = await asyncio.gather(*(llm.ainvoke(prompt) for prompt in prompts))
            return [p for p, answer in zip(prompts, answers, strict=True) if p not in answer.text]

        def several(thread: int) -> list[str]:
            return [wrong for _ in range(3) for wrong in asyncio.run(some(thread))]

        with ThreadPoolExecutor(8) as threads:
            wrong = [each for thread in threads.map(several, range(8)) for each in thread]

        assert wrong == []

    def test_eight_threads_share_the_sync_client(self, model):
        """Calls and streams of many threads do not mix."""
        llm = model()

        def several(thread: int) -> bool:
            prompts = [f"thread {thread} call {number}" for number in range(5)]
            answered = [prompt in llm.invoke(prompt).text for prompt in prompts]
            streamed = ["".join(c.text for c in llm.stream(prompt)) for prompt in prompts]
            return all(answered) and all(p in s for p, s in zip(prompts, streamed, strict=True))

        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(several, range(8)))

    def test_a_loop_that_ends_does_not_disturb_another(self, model):
        """While one loop streams, another one begins, works and is closed."""
        with Sandbox(tokens_per_second=100) as slow:
            llm = model(base_url=slow.base_url)

            async def stream() -> list[str]:
                chunks = []
                async for chunk in llm.astream("a stream that goes on"):
                    if not chunks:
                        await asyncio.to_thread(asyncio.run, llm.ainvoke("in between"))
                    chunks.append(chunk.text)
                return chunks

            assert "a stream that goes on" in "".join(asyncio.run(stream()))

    def test_a_closed_model_opens_again(self, ask, model):
        """`close`, `aclose` and the context managers end connections, not the model."""
        llm = model()

        async def twice() -> list[str]:
            async with llm:
                first = await llm.ainvoke("one")
            return [first.text, (await llm.ainvoke("two")).text]

        with llm:
            llm.invoke("zero")
        llm.close()
        texts = asyncio.run(twice())

        assert "one" in texts[0]
        assert "two" in texts[1]
        assert "three" in ask(llm, "three").text

    def test_closing_closes(self, model, aimlapi_sandbox):
        """After `close` and the end of a loop no connection is left."""
        llm = model()
        llm.invoke("Hi")
        asyncio.run(llm.ainvoke("Hi"))
        llm.close()
        deadline = time.monotonic() + 60
        while aimlapi_sandbox.connections and time.monotonic() < deadline:
            time.sleep(0.01)  # the server is told by its sockets

        assert aimlapi_sandbox.connections == 0


class TestFork:
    """`os.fork`, in a process of its own."""

    @pytest.mark.parametrize("before", ["unused", "used"])
    @pytest.mark.parametrize("way", ["sync", "async"])
    def test_parent_and_child_get_their_own_answers(self, aimlapi_sandbox, before, way):
        """A model used before the fork, or only after it, never answers the other process."""
        printed = run(
            """
            import asyncio, os, sys
            from langchain_aimlapi import ChatAimlapi

            llm = ChatAimlapi(model="gpt-4o", max_retries=0)
            way, before = os.environ["WAY"], os.environ["BEFORE"]

            def ask(prompt):
                answer = asyncio.run(llm.ainvoke(prompt)) if way == "async" else llm.invoke(prompt)
                return answer.text

            if before == "used":
                ask("before")
            reader, writer = os.pipe()
            child = os.fork()
            name = "parent" if child else "child"
            right = all(f"{name} {number}" in ask(f"{name} {number}") for number in range(10))
            if not child:
                os.write(writer, b"right" if right else b"wrong")
                os._exit(0)
            os.close(writer)
            print(right, os.read(reader, 10).decode(), os.waitpid(child, 0)[1])
            os.close(reader)
            """,
            WAY=way,
            BEFORE=before,
        )

        assert printed.split() == ["True", "right", "0"]

    def test_a_child_may_end_the_usual_way(self, aimlapi_sandbox):
        """A child that exits politely does not end the parent's connections."""
        printed = run(
            """
            import os, sys
            from langchain_aimlapi import ChatAimlapi

            llm = ChatAimlapi(model="gpt-4o", max_retries=0)
            llm.invoke("before")
            if os.fork() == 0:
                llm.invoke("child")
                sys.exit(0)
            os.wait()
            print("after" in llm.invoke("after").text)
            """
        )

        assert printed == "True\n"
        assert aimlapi_sandbox.requests


class TestCost:
    """What a model costs that nobody has asked yet."""

    def test_construction_opens_nothing(self):
        """A thousand models have no socket among them, and start no thread."""
        before, threads = sockets(), threading.active_count()
        models = [ChatAimlapi(model="gpt-4o", api_key="key") for _ in range(1000)]

        assert len(models) == 1000
        assert sockets() == before
        assert threading.active_count() == threads

    def test_models_with_the_same_options_share_connections(self, model, aimlapi_sandbox):
        """A hundred models ask in turn over one connection."""
        for number in range(100):
            model(seed=number + 1).invoke("Hi")

        assert aimlapi_sandbox.connections == 1
