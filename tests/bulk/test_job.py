"""A job from its input to its output, and what ends one early."""

from __future__ import annotations

import asyncio
import csv
import threading

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding
from pydantic import BaseModel

from langchain_aimlapi import (
    AuthenticationError,
    ChatAimlapi,
    ConfigurationError,
    OutOfCreditsError,
    RateLimitError,
    ServerError,
    bulk,
)

from .world import World, answered, lines, read_lines


class Film(BaseModel):
    """A film."""

    title: str


@pytest.fixture
def source(tmp_path):
    """Twenty rows."""
    return lines(tmp_path / "in.jsonl", [{"id": i, "text": f"t{i}"} for i in range(20)])


class TestTheOutput:
    """What a user finds in the file."""

    def test_it_has_the_inputs_columns_and_the_jobs_in_the_inputs_order(self, tmp_path, source):
        """Answers that come in any order are written in the order of their rows."""
        world = World(how=lambda text, _: answered(text.upper()))
        report = bulk.run(source, world.runnable(), tmp_path / "out.jsonl", prompt="{text}")

        rows = read_lines(tmp_path / "out.jsonl")
        assert [row["id"] for row in rows] == list(range(20))
        assert [row["answer"] for row in rows] == [f"T{i}" for i in range(20)]
        assert list(rows[0]) == ["id", "text", *bulk.COLUMNS]
        assert (rows[0]["input_tokens"], rows[0]["cost_usd"], rows[0]["model"]) == (5, 0.001, "m")
        assert (report.rows, report.done, report.failed) == (20, 20, 0)
        assert report.cost_usd == pytest.approx(0.02)
        assert report.output == tmp_path / "out.jsonl"

    def test_a_row_that_cannot_be_answered_is_a_row_with_an_error(self, tmp_path, source):
        """One bad row does not end the job, and its columns have their types."""
        world = World(how=lambda text, _: ValueError("no") if text == "t3" else answered(text))
        report = bulk.run(source, world.runnable(), tmp_path / "out.jsonl", prompt="{text}")

        bad = read_lines(tmp_path / "out.jsonl")[3]
        assert (bad["error_type"], bad["error"], bad["answer"]) == ("ValueError", "no", None)
        assert (report.done, report.failed, report.errors) == (19, 1, {"ValueError": 1})

    def test_lines_that_are_no_rows_are_named(self, tmp_path):
        """A line that is no JSON object keeps its place, and says where it stands."""
        path = tmp_path / "in.jsonl"
        path.write_text('{"text": "a"}\nnot json\n[1]\n\n{"other": 1}\n', "utf-8")
        bulk.run(path, World().runnable(), tmp_path / "out.jsonl", prompt="{text}")

        rows = read_lines(tmp_path / "out.jsonl")
        assert [row["error_type"] for row in rows] == [None, "RowError", "RowError", "RowError"]
        assert "in.jsonl, line 2" in rows[1]["error"]
        assert "line 3 is a JSON list" in rows[2]["error"]
        assert "'text'" in rows[3]["error"]

    def test_structured_answers_have_a_column(self, tmp_path, aimlapi_sandbox, source):
        """With a schema `parsed` holds the object, beside the answer's figures."""
        llm = ChatAimlapi(
            model="gpt-4o", base_url=aimlapi_sandbox.base_url, api_key=aimlapi_sandbox.api_key
        )
        one = lines(tmp_path / "one.jsonl", [{"text": "a film"}])
        bulk.run(one, llm, tmp_path / "out.jsonl", prompt="{text}", schema=Film)

        (row,) = read_lines(tmp_path / "out.jsonl")
        assert row["parsed"]["title"]
        assert row["input_tokens"] > 0

    def test_embeddings_go_many_rows_a_call(self, tmp_path, source):
        """Embeddings stand in a column of their own."""
        embeddings = DeterministicFakeEmbedding(size=4)
        bulk.run(source, embeddings, tmp_path / "out.jsonl", prompt="{text}")

        rows = read_lines(tmp_path / "out.jsonl")
        assert rows[7]["embedding"] == pytest.approx(embeddings.embed_query("t7"), rel=1e-6)

    def test_rows_of_the_program_are_an_input_too(self, tmp_path):
        """Texts of a generator are the column "input"."""
        bulk.run((t for t in "ab"), World().runnable(), tmp_path / "o.csv", prompt="{input}")

        with (tmp_path / "o.csv").open(newline="") as file:
            assert [row["answer"] for row in csv.DictReader(file)] == ["A", "B"]

    def test_the_output_appears_whole_or_not_at_all(self, tmp_path, source):
        """A job that stops leaves no output, and what stood there stands."""
        (tmp_path / "out.jsonl").write_text("old", "utf-8")
        world = World(
            how=lambda text, _: OutOfCreditsError("empty") if text == "t9" else answered(text)
        )
        with pytest.raises(bulk.JobStoppedError):
            bulk.run(source, world.runnable(), tmp_path / "out.jsonl", prompt="{text}")

        assert (tmp_path / "out.jsonl").read_text("utf-8") == "old"
        assert not list(tmp_path.glob(".out*"))

    async def test_it_runs_within_a_loop(self, tmp_path, source):
        """In a notebook `run` works too, and `await arun(…)`."""
        assert (
            bulk.run(source, World().runnable(), tmp_path / "a.jsonl", prompt="{text}").done == 20
        )
        report = await bulk.arun(source, World().runnable(), tmp_path / "b.jsonl", prompt="{text}")
        assert report.done == 20
        assert threading.active_count() < 20


class TestGoingOn:
    """A job that was ended goes on where it was."""

    def test_finished_rows_are_not_asked_again(self, tmp_path, source):
        """What the journal holds is not paid for twice."""
        world = World(
            how=lambda text, _: OutOfCreditsError("empty") if text == "t9" else answered(text)
        )
        with pytest.raises(bulk.JobStoppedError) as stopped:
            bulk.run(source, world.runnable(), tmp_path / "o.jsonl", prompt="{text}", concurrency=2)
        assert "OutOfCreditsError" in str(stopped.value)
        before = stopped.value.report.done
        assert 0 < before < 20

        world.how = None
        report = bulk.run(source, world.runnable(), tmp_path / "o.jsonl", prompt="{text}")
        assert (report.done, report.resumed) == (20, before)
        asked_twice = [text for text, times in world.calls.items() if times > 1]
        assert set(asked_twice) <= {"t9", "t10", "t8"}

    def test_failed_rows_are_asked_again_on_request(self, tmp_path, source):
        """Only those, and only then."""
        world = World(how=lambda text, _: ValueError("no") if text == "t3" else answered(text))
        options = {"prompt": "{text}"}
        bulk.run(source, world.runnable(), tmp_path / "o.jsonl", **options)
        bulk.run(source, world.runnable(), tmp_path / "o.jsonl", **options)
        assert world.calls["t3"] == 1

        world.how = None
        report = bulk.run(
            source, world.runnable(), tmp_path / "o.jsonl", retry_failed=True, **options
        )
        assert (report.done, report.failed, world.calls["t3"]) == (20, 0, 2)
        assert sum(world.calls.values()) == 21

    @pytest.mark.parametrize("field", ["prompt", "source", "schema"])
    def test_another_job_is_refused_and_the_difference_named(self, tmp_path, source, field):
        """A journal is not filled with the answers of two jobs."""
        runnable, out = World().runnable(), tmp_path / "o.jsonl"
        bulk.run(source, runnable, out, prompt="{text}")
        llm = ChatAimlapi(model="gpt-4o", api_key="k")
        with pytest.raises(bulk.JobChangedError, match=field) as refused:
            if field == "prompt":
                bulk.run(source, runnable, out, prompt="Say {text}")
            elif field == "source":
                lines(source, [{"text": "other"}])
                bulk.run(source, runnable, out, prompt="{text}")
            else:
                bulk.run(source, llm, out, prompt="{text}", schema=Film)
        assert field in refused.value.fields

    def test_another_model_is_refused_and_another_key_is_not(self, tmp_path, source):
        """The model is part of the job; the key, the address and the time limits are not."""
        out = tmp_path / "o.jsonl"
        bulk.run(source, World().runnable(), out, prompt="{text}", journal=tmp_path / "j")
        from langchain_aimlapi.bulk.calls import identity_of

        first = identity_of(ChatAimlapi(model="gpt-4o", api_key="a", timeout=3), "{text}", None)
        other = ChatAimlapi(model="gpt-4o", api_key="b", base_url="http://x.test/v1", max_retries=7)
        assert identity_of(other, "{text}", None) == first
        warmer = ChatAimlapi(model="gpt-4o", api_key="a", temperature=1.0)
        assert identity_of(warmer, "{text}", None)["runnable"] != first["runnable"]
        assert "a" not in identity_of(ChatAimlapi(model="m", api_key="sk-1"), "", None)["model"]
        assert "sk-1" not in str(identity_of(ChatAimlapi(model="m", api_key="sk-1"), "", None))

    def test_force_goes_on_all_the_same(self, tmp_path, source):
        """The finished rows stay as they are."""
        world = World()
        bulk.run(source, world.runnable(), tmp_path / "o.jsonl", prompt="{text}")
        report = bulk.run(source, world.runnable(), tmp_path / "o.jsonl", prompt="{id}", force=True)
        assert (report.done, sum(world.calls.values())) == (20, 20)

    def test_rows_of_the_program_must_be_the_same_ones(self, tmp_path):
        """Rows that come from code are compared with those of the first run."""
        options = {"prompt": "{input}", "journal": tmp_path / "j"}
        world = World()
        bulk.run(["a", "b"], world.runnable(), **options)
        report = bulk.run(["a", "b", "c"], world.runnable(), tmp_path / "o.jsonl", **options)
        assert (report.done, world.calls) == (3, {"a": 1, "b": 1, "c": 1})
        with pytest.raises(bulk.SourceError, match="Row 1 differs"):
            bulk.run(["a", "x", "c"], world.runnable(), **options)

    def test_status_and_export_while_rows_are_missing(self, tmp_path, source):
        """A journal can be looked at and written out before the job is through."""
        world = World(
            how=lambda text, _: OutOfCreditsError("empty") if text == "t9" else answered(text)
        )
        out = tmp_path / "o.jsonl"
        with pytest.raises(bulk.JobStoppedError):
            bulk.run(source, world.runnable(), out, prompt="{text}", concurrency=1)
        assert bulk.status(f"{out}.journal").done == 9
        bulk.export(f"{out}.journal", source, tmp_path / "some.jsonl")
        assert [row["id"] for row in read_lines(tmp_path / "some.jsonl")] == list(range(9))


class TestEstimate:
    """What a job will cost, before it is run."""

    def test_some_rows_are_asked_and_not_again(self, tmp_path, source):
        """Their mean cost is that of all rows, and the job goes on without them."""
        world = World(how=lambda text, _: answered(text, usd=0.5 if text == "t0" else 0.1))
        options = {"prompt": "{text}"}
        found = bulk.estimate(source, world.runnable(), tmp_path / "o.jsonl", sample=4, **options)
        assert sorted(world.calls) == ["t0", "t10", "t15", "t5"]
        assert (found.rows, found.sampled, found.cost_usd) == (20, 4, pytest.approx(4.0))
        assert found.margin_usd == pytest.approx(4.0)
        assert not (tmp_path / "o.jsonl").exists()

        bulk.run(source, world.runnable(), tmp_path / "o.jsonl", **options)
        assert world.calls.total() == 20

    def test_a_cost_that_is_not_known_is_not_made_up(self, tmp_path, source):
        """A service that says no cost leaves none."""
        world = World(how=lambda text, _: text)
        found = bulk.estimate(source, world.runnable(), tmp_path / "o.jsonl", prompt="{text}")
        assert (found.sampled, found.cost_usd, found.margin_usd) == (0, None, None)


class TestTheEnd:
    """What ends a job, and what does not."""

    def test_a_wrong_key_ends_it_at_once(self, tmp_path, source):
        """No row can be answered, so no further one is asked."""
        world = World(how=lambda *_: AuthenticationError("bad key", status_code=401))
        with pytest.raises(bulk.JobStoppedError, match="AuthenticationError"):
            bulk.run(source, world.runnable(), tmp_path / "o.jsonl", prompt="{text}", concurrency=1)
        assert sum(world.calls.values()) == 1
        assert bulk.status(tmp_path / "o.jsonl.journal").failed == 0

    def test_half_of_the_last_rows_failing_ends_it(self, tmp_path):
        """A job that mostly fails says so before it has paid for all of it."""
        source = lines(tmp_path / "in.jsonl", [{"text": str(i)} for i in range(2000)])
        world = World(how=lambda text, _: ValueError("no") if int(text) % 2 else answered(text))
        with pytest.raises(bulk.JobStoppedError, match=r"of the last 200 rows failed.*ValueError"):
            bulk.run(source, world.runnable(), tmp_path / "o.jsonl", prompt="{text}")
        assert 200 <= world.calls.total() <= 200 + 256

    @pytest.mark.parametrize("concurrency", [1, 8])
    def test_the_budget_is_overshot_by_the_calls_under_way_at_most(
        self, tmp_path, source, concurrency
    ):
        """At the cap no new call begins; those under way are finished and kept."""
        world = World(how=lambda text, _: answered(text, usd=1.0), seconds=0.001)
        with pytest.raises(bulk.JobStoppedError, match="allowed") as stopped:
            bulk.run(
                source,
                world.runnable(),
                tmp_path / "o.jsonl",
                prompt="{text}",
                budget_usd=5.0,
                concurrency=concurrency,
            )
        spent = stopped.value.report.cost_usd
        assert 5.0 <= spent <= 5.0 + concurrency - 1
        assert sum(world.calls.values()) == spent

    def test_each_kind_of_failure_has_its_own_retries(self, tmp_path):
        """Many error responses do not use up what is there for broken connections."""
        errors = [RateLimitError("slow down", status_code=429)] * 6 + [
            ServerError("oops", status_code=500)
        ]
        world = World(how=lambda text, n: errors[n - 1] if n <= len(errors) else answered(text))
        source = lines(tmp_path / "in.jsonl", [{"text": "a"}])
        seen = []
        bulk.run(
            source,
            world.runnable(),
            tmp_path / "o.jsonl",
            prompt="{text}",
            retries=bulk.Retries(rate=6, transport=1),
            on_progress=seen.append,
        )
        (row,) = read_lines(tmp_path / "o.jsonl")
        assert (row["answer"], row["attempts"]) == ("a", 8)
        assert seen[-1].retries == {"rate limit": 6, "transport": 1}

    def test_a_row_out_of_retries_fails(self, tmp_path):
        """With the last error, and how often it was tried."""
        world = World(how=lambda *_: ServerError("oops", status_code=500))
        source = lines(tmp_path / "in.jsonl", [{"text": "a"}])
        bulk.run(
            source,
            world.runnable(),
            tmp_path / "o.jsonl",
            prompt="{text}",
            retries=bulk.Retries(transport=1),
        )
        (row,) = read_lines(tmp_path / "o.jsonl")
        assert (row["error_type"], row["attempts"]) == ("ServerError", 2)

    def test_what_is_given_up_is_paid_for_once_more_only(self, tmp_path, source):
        """A task that is cancelled lets go of the journal; another run goes on."""
        world = World(seconds=0.01)

        async def cancelled():
            task = asyncio.create_task(
                bulk.arun(
                    source, world.runnable(), tmp_path / "o.jsonl", prompt="{text}", concurrency=2
                )
            )
            await world.reached(6)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(cancelled())
        before = bulk.status(tmp_path / "o.jsonl.journal").done
        assert 0 < before < 20
        bulk.run(source, world.runnable(), tmp_path / "o.jsonl", prompt="{text}")
        assert sum(world.calls.values()) <= 20 + 2


class TestBadInput:
    """What is refused before anything is paid for."""

    @pytest.mark.parametrize(
        ("prompt", "said"),
        [("{txt}", "names 'txt'.*columns 'text'"), ("{text", "no template"), ("{}", "names ''")],
    )
    def test_a_template_that_does_not_fit(self, tmp_path, prompt, said):
        """The columns that are there are named."""
        path = tmp_path / "in.csv"
        path.write_text("text\na\n", "utf-8")
        world = World()
        with pytest.raises(bulk.SourceError, match=said):
            bulk.run(path, world.runnable(), tmp_path / "o.jsonl", prompt=prompt)
        assert not world.calls

    @pytest.mark.parametrize(
        ("source", "said"),
        [
            ("nothing.jsonl", "There is no file"),
            ("in.txt", "known by their ending"),
            (5, "int is no input"),
        ],
    )
    def test_an_input_that_is_none(self, tmp_path, monkeypatch, source, said):
        """The message says what an input is."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "in.txt").write_text("a", "utf-8")
        with pytest.raises(bulk.SourceError, match=said):
            bulk.run(source, World().runnable(), tmp_path / "o.jsonl", prompt="{input}")

    @pytest.mark.parametrize("sink", ["o.xlsx", "missing/o.jsonl"])
    def test_an_output_that_could_not_be_written(self, tmp_path, source, sink):
        """It is refused at the start, not after the money is spent."""
        with pytest.raises(bulk.SourceError):
            bulk.run(source, World().runnable(), tmp_path / sink, prompt="{text}")

    def test_columns_that_the_job_adds(self, tmp_path):
        """An input with a column `answer` would lose it."""
        path = tmp_path / "in.csv"
        path.write_text("answer\na\n", "utf-8")
        with pytest.raises(bulk.SourceError, match="Rename"):
            bulk.run(path, World().runnable(), tmp_path / "o.jsonl", prompt="{answer}")

    def test_a_chat_model_without_a_prompt(self, tmp_path, source):
        """It would get a dict; the message says what to give."""
        llm = ChatAimlapi(model="gpt-4o", api_key="k")
        with pytest.raises(bulk.BulkError, match="prompt="):
            bulk.run(source, llm, tmp_path / "o.jsonl")

    @pytest.mark.parametrize(
        "options", [{"concurrency": 0}, {"budget_usd": 0}, {"durability": "some"}]
    )
    def test_options_out_of_range(self, tmp_path, source, options):
        """Each is an error of ours."""
        with pytest.raises(ConfigurationError):
            bulk.run(source, World().runnable(), tmp_path / "o.jsonl", prompt="{text}", **options)

    def test_options_that_are_none(self, tmp_path, source):
        """A slip of the pen is named."""
        with pytest.raises(TypeError, match="concurency"):
            bulk.run(source, World().runnable(), tmp_path / "o.jsonl", concurency=3)


@pytest.mark.parametrize(("unfit", "attempts"), [(1, 2), (9, 3)])
def test_a_row_costs_what_all_its_answers_cost(tmp_path, unfit, attempts):
    """Also those that did not fit, whether the last one did or not."""

    def how(text, times):
        error = ValueError("unfit") if times <= unfit else None
        return {"raw": answered(text, usd=0.25), "parsed": None, "parsing_error": error}

    source = lines(tmp_path / "in.jsonl", [{"text": "a"}])
    report = bulk.run(source, World(how).runnable(), tmp_path / "o.jsonl", prompt="{text}")
    (row,) = read_lines(tmp_path / "o.jsonl")
    assert (row["attempts"], row["cost_usd"]) == (attempts, 0.25 * attempts)
    assert report.cost_usd == 0.25 * attempts
