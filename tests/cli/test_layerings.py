from __future__ import annotations

import json
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.layers import layers
from tests import factories
from tests.cli.runner import Run
from tests.factories import AT

pytestmark = pytest.mark.django_db(transaction=True)
SPEC = {
    "by": "rules",
    "layers": [
        {"key": "high", "rule": {"tag": {"any": ["vip"]}}},
        {"key": "low"},
    ],
}
LATER = ("--at", "2026-03-06T12:00:00Z")


def test_layering_is_created_and_run(run: Run, shop: Community) -> None:
    created = run("layerings", "add", "worth", json.dumps(SPEC), "--json").json
    assert created["sizes"] == {"high": 2, "low": 2}
    low = '{"layer": {"of": "worth", "in": ["low"]}}'
    assert run("audience", "list", low).output == "cyd\ndee\n"


@pytest.mark.parametrize("spec", ["value", "lifecycle"])
def test_ready_made_layerings_include_everyone(
    spec: str, run: Run, shop: Community
) -> None:
    created = run("layerings", "add", spec, spec, "--json").json
    assert sum(created["sizes"].values()) == 4


def test_sizes_and_layer_changes_are_shown(run: Run, shop: Community) -> None:
    def listed(*words: str) -> dict[str, Any]:
        (layering,) = run("layerings", *words, "--json").json["layerings"]
        found: dict[str, Any] = layering
        return found

    by = staff_models.system(shop)
    layers.create(community=shop, key="worth", spec=SPEC, by=by, at=AT)
    assert listed("list")["sizes"] == {}
    first = listed("run")
    assert first["sizes"] == {"high": 2, "low": 2}
    assert (first["day"], first["moved"]) == ("2026-03-05", 0)
    run("tags", "apply", "vip", "--members", "cyd")
    second = listed("run", "worth", *LATER)
    assert second["sizes"] == {"high": 3, "low": 1}
    assert second["moved"] == 1
    assert {"from": "low", "to": "high", "count": 1} in second["matrix"]
    shown = run("layerings", "show", "worth", "--json").json
    assert shown == second | {"spec": SPEC}
    assert "low → high: 1" in run("layerings", "show", "worth").output
    status = run("status", "--json").json
    assert status["layers"] == {"worth": {"high": 3, "low": 1}}
    assert run("layerings", "show", "nowhere").code == 3


def test_staff_with_a_scope_see_their_members_only(run: Run, shop: Community) -> None:
    factories.staff(
        shop, login="lin", scope={"members": {"keys": ["bob", "cyd"]}}, role="operator"
    )
    run("layerings", "add", "worth", json.dumps(SPEC))
    run("tags", "apply", "vip", "--members", "cyd,dee")
    run("layerings", "run", *LATER)
    own = run("layerings", "show", "worth", "--as", "lin", "--json", *LATER).json
    assert own["sizes"] == {"high": 2, "low": 0}
    assert own["moved"] == 1
    assert own["matrix"] == [
        {"from": "high", "to": "high", "count": 1},
        {"from": "low", "to": "high", "count": 1},
    ]
    everyone = run("layerings", "show", "worth", "--json", *LATER).json
    assert everyone["sizes"] == {"high": 4, "low": 0}
    assert everyone["moved"] == 2


def test_changes_between_two_days_are_counted_and_listed(
    run: Run, shop: Community
) -> None:
    run("layerings", "add", "worth", json.dumps(SPEC))
    run("tags", "apply", "vip", "--members", "cyd")
    run("layerings", "run", *LATER)
    asked = ("layerings", "changes", "worth", "--since", "2026-03-05")
    found = run(*asked, "--json", *LATER).json
    assert (found["since"], found["until"]) == ("2026-03-05", "2026-03-06")
    counts = {(each["from"], each["to"]): each["count"] for each in found["changes"]}
    assert counts == {("high", "high"): 2, ("low", "low"): 1, ("low", "high"): 1}
    (rule,) = [each["rule"] for each in found["changes"] if each["count"] == 2]
    assert run("audience", "count", json.dumps(rule), *LATER).output == "2\n"
    risen = run(*asked, "--from", "low", "--to", "high", *LATER)
    assert risen.output == "cyd\n"
    assert "low → high: 1" in run(*asked, *LATER).output
    early = run("layerings", "changes", "worth", "--since", "2020-01-01", *LATER)
    assert early.code != 0


def test_layering_is_archived_and_restored(run: Run, shop: Community) -> None:
    run("layerings", "add", "worth", json.dumps(SPEC))
    assert run("layerings", "archive", "worth", "--json").json["state"] == "archived"
    assert run("layerings", "list", "--json").json == {"layerings": []}
    assert run("layerings", "restore", "worth").code == 0
    assert len(run("layerings", "list", "--json").json["layerings"]) == 1


def test_viewers_create_and_run_nothing(run: Run, shop: Community) -> None:
    factories.staff(shop, login="vic", role="viewer")
    create = ("layerings", "add", "worth", json.dumps(SPEC))
    assert run(*create, "--as", "vic").code == 4
    assert run(*create).code == 0
    assert run("layerings", "run", "worth", "--as", "vic", *LATER).code == 4
    assert run("layerings", "show", "worth", "--json").json["day"] == "2026-03-05"
