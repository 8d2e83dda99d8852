"""The catalogue is generated: from documented model specs, and from the service's own list."""

from __future__ import annotations

import urllib.error

import pytest

from langchain_aimlapi._catalogue.entry import read_entry

from .samples import SUPPORTS, documented, listed


def spec_of(data, model):
    """What the package reads of a model in a file."""
    return read_entry(data, model).spec


def test_same_input_gives_same_bytes(refreshed, tmp_path):
    """The order of models, words and keys in the source changes nothing in the file."""
    one, other = documented("a/one"), documented("b/other", params=["tools"])
    shuffled = dict(reversed(documented("a/one", roles=["system", "assistant", "user"]).items()))

    refreshed(one, other, to=tmp_path / "first.json")
    refreshed(other, shuffled, to=tmp_path / "second.json")

    assert (tmp_path / "first.json").read_bytes() == (tmp_path / "second.json").read_bytes()


def test_shared_rows_stand_once(refreshed):
    """Two models with the same schema share its rows; a third with another adds its own."""
    data = refreshed(documented("a"), documented("b"), documented("c", params=["tools"]))

    assert data["models"]["a"]["parameters"] == data["models"]["b"]["parameters"]
    assert data["models"]["a"]["shape"] == data["models"]["c"]["shape"]
    assert (len(data["shapes"]), len({m["parameters"] for m in data["models"].values()})) == (2, 3)


def test_a_new_model_changes_its_own_line_only(refreshed, tmp_path):
    """What a reviewer sees of a new model is that model."""
    refreshed(documented("a"), documented("c"))
    before = set((tmp_path / "models.json").read_text("utf-8").splitlines())
    refreshed(documented("a"), documented("b"), documented("c"))
    after = set((tmp_path / "models.json").read_text("utf-8").splitlines())

    assert [line[:4] for line in after - before] == ['"b":']
    assert before <= after


def test_specs_arrive(refreshed):
    """What is documented of a model is what the package reads."""
    spec = spec_of(refreshed(documented("a/one")), "a/one")

    assert spec.parameters == {"tools", "temperature", "max_tokens", "reasoning_effort"}
    assert spec.ranges == {"temperature": {"maximum": 2, "minimum": 0}}
    assert spec.efforts == ("low", "high")
    assert spec.roles == {"user", "system", "assistant"}
    assert spec.user_parts == {"openai": {"text", "string"}}
    assert (spec.listing, spec.context_window, spec.generic) == ("listed", 128000, False)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, set()),
        ({"params": ["thinking"]}, {"enabled", "disabled"}),
        ({"params": ["thinking"], "dialects": ["anthropic"]}, {"enabled", "budget_tokens"}),
        (
            {
                "params": ["thinking"],
                "dialects": ["anthropic", "openai"],
                "supports": SUPPORTS | {"tool_shapes": ["anthropic_server_tools"]},
            },
            {"enabled", "disabled", "adaptive", "budget_tokens"},
        ),
    ],
)
def test_three_forms_of_thinking(refreshed, changes, expected):
    """`thinking` is a switch, Claude's budget, or the newest Claude's choice."""
    assert spec_of(refreshed(documented("a", **changes)), "a").thinking == expected


def test_contradicting_schemas_keep_both_dialects(refreshed):
    """Where two schemas of one id disagree, each dialect keeps the parameters of its own."""
    params = ["max_tokens", "system", "stop_sequences", "stop", "response_format", "tools"]
    changes = {"dialects": ["anthropic", "openai"], "params": params}
    spec = spec_of(refreshed(documented("a", **changes)), "a")

    assert spec.parameters == set(params)
    assert spec.in_dialect("openai").parameters == set(params) - {"system", "stop_sequences"}
    assert spec.in_dialect("anthropic").parameters == set(params) - {"stop", "response_format"}


def test_one_schema_is_the_same_in_its_dialect(refreshed):
    """An id with one schema has one set of parameters, whatever it is asked in."""
    spec = spec_of(refreshed(documented("a")), "a")

    assert spec.in_dialect("openai") is spec


def test_responses_only_ids_are_added(refresh, refreshed):
    """Ids that the model specs lack, being on another route, are there; documented ones win."""
    data = refreshed(documented("a"), documented(refresh.RESPONSES_ONLY[0]))

    assert spec_of(data, refresh.RESPONSES_ONLY[0]).route == "chat"
    assert {spec_of(data, name).route for name in refresh.RESPONSES_ONLY[1:]} == {"responses"}


def test_asks_for_everything_once(refreshed, listing):
    """The list is asked for with all its details, whether the base URL has its `/v1` or not."""
    service = listing(listed("a/one"))
    refreshed(documented("a/one"), live=service.url)
    refreshed(documented("a/one"), live=service.url + "/v1/")

    assert service.asked == ["/v1/models?include=all"] * 2


def test_list_goes_over_specs_and_schema_stays(refreshed, listing):
    """The list knows windows and capabilities; the schema knows requests."""
    service = listing(listed("a/one"))
    data = refreshed(documented("a/one", listed="unlisted", context=1), live=service.url)
    entry = read_entry(data, "a/one")

    assert entry.spec.parameters == spec_of(refreshed(documented("a/one")), "a/one").parameters
    assert (entry.listing, entry.context_window, entry.max_output) == ("listed", 64000, 8000)
    assert (entry.name, entry.released, entry.vendor) == ("Acme One", "2026-05-01", "OpenAI")
    assert (entry.inputs, entry.capabilities) == ({"text", "image"}, {"tools", "streaming"})
    assert data["pricing"]["a/one"]["units"][0]["price"] == 3.25


def test_new_id_has_no_schema(refreshed, listing):
    """An id that only the list has is known, and gets the plain dialect for want of a model spec."""
    entry = read_entry(refreshed(documented("b"), live=listing(listed("a/one")).url), "a/one")

    assert entry.spec is None
    assert (entry.vendor, entry.listing, entry.context_window) == ("Acme", "listed", 64000)


def test_withdrawn_id_is_unlisted(refreshed, listing):
    """An id that the list no longer has is not offered any more; a deprecated one stays so."""
    service = listing(listed("a/one"))
    old = documented("old", listed="deprecated")
    data = refreshed(documented("a/one"), documented("gone"), old, live=service.url)

    assert read_entry(data, "gone").listing == "unlisted"
    assert read_entry(data, "old").listing == "deprecated"


def test_alias_shares_what_is_known(refreshed, listing):
    """A documented alias lends its schema, and takes what the list says of the model."""
    service = listing(listed("a/one", aliases=["one", "uno", "a/one"]))
    data = refreshed(documented("one", listed="unlisted"), live=service.url)

    assert spec_of(data, "a/one").parameters == spec_of(data, "one").parameters
    assert read_entry(data, "one").listing == "listed"
    assert read_entry(data, "one").max_output == 8000
    assert data["aliases"] == {"uno": "a/one"}


def test_other_kinds_are_passed_over(refreshed, listing):
    """A model that makes pictures is no chat model, unless a request schema says it chats."""
    pictures = {"type": "openai/image-generations"}
    service = listing(listed("a/one"), listed("a/pic", **pictures), listed("b", **pictures))
    data = refreshed(documented("b"), live=service.url)

    assert "a/pic" not in data["models"]
    assert read_entry(data, "b").max_output == 8000


def test_refreshes_the_file_as_it_stands(refreshed, listing):
    """Without model specs, the list is merged over the catalogue that is there."""
    refreshed(documented("a/one"))
    data = refreshed(live=listing(listed("a/one")).url)

    assert spec_of(data, "a/one").max_output == 8000


def test_sparse_items_are_taken(refreshed, listing):
    """The list leaves out what it does not know; so does the catalogue."""
    bare = {"id": "acme/two", "type": "openai/chat-completions", "info": {}, "pricing": None}
    entry = read_entry(refreshed(documented("a"), live=listing(bare).url), "acme/two")

    assert (entry.vendor, entry.name, entry.max_output) == ("acme", None, None)
    assert entry.capabilities == set()


def test_empty_list_leaves_the_file_alone(refreshed, refresh, listing, tmp_path):
    """A service that lists no chat model has a bad day: nothing is withdrawn for it."""
    refreshed(documented("a"))
    before = (tmp_path / "models.json").read_bytes()

    with pytest.raises(SystemExit, match="left as it is"):
        refresh.main(["--live", listing().url, "--to", str(tmp_path / "models.json")])
    assert (tmp_path / "models.json").read_bytes() == before


def test_no_service_leaves_the_file_alone(refreshed, refresh, listing, tmp_path):
    """An unreachable service is an error, not an empty catalogue."""
    refreshed(documented("a"))
    before = (tmp_path / "models.json").read_bytes()

    with pytest.raises(urllib.error.URLError):
        refresh.main(["--live", "http://127.0.0.1:1", "--to", str(tmp_path / "models.json")])
    assert (tmp_path / "models.json").read_bytes() == before


def test_needs_a_source(refresh, capsys):
    """Without a source there is nothing to do, and the script says what to give."""
    with pytest.raises(SystemExit):
        refresh.main([])
    assert "--from" in capsys.readouterr().err


def test_colliding_keys_are_refused(refresh):
    """Two rows never share a key, so that no model gets another's spec."""
    table = {refresh.share({}, {"names": "a"}): {"names": "b"}}

    with pytest.raises(SystemExit, match="longer"):
        refresh.share(table, {"names": "a"})
