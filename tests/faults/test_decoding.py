"""The fuzzer's targets with a few thousand inputs: every build runs what a long run found."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.mutation import mutated
from fuzz.targets import TARGETS

CORPUS = Path(__file__).parents[2] / "fuzz" / "corpus"
FIRST = sorted(path for path in CORPUS.rglob("*") if path.is_file())
SEEDS = st.integers(0, 2**32 - 1)


def case_id(path):
    """Name an input by its target and file."""
    return str(path.relative_to(CORPUS))


def test_each_target_has_first_inputs():
    """A fuzzer without an example of what is right takes for ever to find what is wrong."""
    assert {path.parent.name for path in FIRST} == set(TARGETS)


@pytest.mark.parametrize("path", FIRST, ids=case_id)
def test_first_inputs_keep_the_rules(path):
    """Good examples, and all that ever broke a rule."""
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_keep_the_rules(target, data):
    """Noise gives an answer or an error of ours."""
    TARGETS[target](data)


@pytest.mark.parametrize("path", FIRST, ids=case_id)
@given(st.lists(SEEDS, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_values_of_any_type_keep_the_rules(path, seeds):
    """A field may hold anything, be missing, come twice or stand elsewhere."""
    data = path.read_bytes()
    for seed in seeds:
        data = mutated(data, seed) or data

    TARGETS[path.parent.name](data)


@pytest.mark.parametrize("path", [path for path in FIRST if path.suffix == ".json"], ids=case_id)
@given(SEEDS)
def test_a_mutation_is_still_json(path, seed):
    """Otherwise the parser alone would be fuzzed."""
    changed = mutated(path.read_bytes(), seed)

    assert changed is not None
    orjson.loads(changed[changed.find(b"{") :])


@pytest.mark.parametrize("data", [b"", b"no brace", b"{broken", b"data: {broken}\n\n"])
def test_what_is_no_json_is_left_to_others(data):
    """The fuzzer then changes bytes."""
    assert mutated(data, 1) is None
