from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from qunce.cli import main
from qunce.core import communities
from qunce.core.staff import models as staff_models
from qunce.members.accounts import accounts
from qunce.members.tags import assignments, library

pytestmark = pytest.mark.django_db(transaction=True)
NOW = "2026-03-05"
CARRIES = '{"tag": {"any": ["vip"]}}'


@pytest.fixture(autouse=True)
def _three_members_of_whom_one_carries_a_tag() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    community = communities.create(key="default", at=at)
    by = staff_models.system(community)
    people = accounts.ensure(community=community, keys=["a", "b", "c"], by=by, at=at)
    tag = library.create(community=community, key="vip", by=by, at=at)
    assignments.apply(tag=tag, accounts=[people["a"]], by=by, at=at)


def ask(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main.main([*words, "--json", "--at", NOW]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def test_a_segment_is_added_listed_and_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    added = ask(capsys, "segment", "add", "vips", CARRIES, "--name", "Very important")
    assert ask(capsys, "segment") == added
    assert [(s["key"], s["members"]) for s in added["segments"]] == [("vips", 1)]
    assert ask(capsys, "audience", "count", "segment:vips")["count"] == 1


def test_adding_it_again_changes_the_rule_and_keeps_the_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ask(capsys, "segment", "add", "vips", CARRIES, "--name", "Very important")
    told = ask(capsys, "segment", "add", "vips", '{"all": []}')
    assert told["segments"][0]["members"] == 3
    assert told["segments"][0]["name"] == "Very important"


def test_a_frozen_list_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(capsys, "segment", "freeze", "then", CARRIES)["members"] == 1
    ask(capsys, "tag", "vip", "--members", "b,c")
    frozen = '{"segment": {"frozen": ["then"]}}'
    assert ask(capsys, "audience", "list", frozen) == {"keys": ["a"]}


def test_a_layering_is_made_and_laid_out_at_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    spec = '{"by": "rules", "layers": [{"key": "in", "rule": %s}, {"key": "out"}]}'
    told = ask(capsys, "layering", "vips", spec % CARRIES)
    assert told["sizes"] == {"in": 1, "out": 2}
    asked = '{"layer": {"of": "vips", "in": ["out"]}}'
    assert ask(capsys, "audience", "list", asked) == {"keys": ["b", "c"]}


@pytest.mark.parametrize("spec", ["value", "lifecycle"])
def test_the_ready_made_layerings_lay_out_everyone(
    spec: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sum(ask(capsys, "layering", spec, spec)["sizes"].values()) == 3
