"""`qunce scores`: list, show, preview, create, change and delete, and one member."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qunce.core.communities import Community
from tests.cli.runner import Run

PART: dict[str, Any] = {
    "name": "Tenure",
    "area": "service",
    "by": "tenure",
    "weight": 1,
    "cap": 10,
}
SPEC = json.dumps({"parts": [PART]})


def test_scores(shop: Community, run: Run) -> None:
    assert "loyalty" in run("scores", "list").output
    made = run("scores", "create", "fans", SPEC, "--name", "Fans", "--json").json
    assert (made["key"], made["is_ready_made"]) == ("fans", False)
    shown = run("scores", "show", "fans", "--by", "source")
    assert "Tenure: 1 point for each day since they joined" in shown.output
    record = run("scores", "show", "fans", "--json").json
    assert record["members"] == sum(bin_["members"] for bin_ in record["bins"]) == 4
    member = run("scores", "member", "ann", "--json").json["scores"]
    assert [each["key"] for each in member] == ["activity", "loyalty", "fans"]
    assert "points from “Tenure”" in run("scores", "member", "ann").output
    changed = json.dumps({"parts": [PART | {"cap": 400}]})
    preview = run("scores", "preview", "fans", changed, "--json").json
    assert preview["after"]["members"] == 4
    assert "→" in run("scores", "preview", "fans", changed).output
    run("scores", "update", "fans", "--spec", changed, "--name", "Friends")
    assert "Friends" in run("scores", "list").output
    assert run("scores", "delete", "fans", "--json").json["state"] == "deleted"
    assert "Friends" not in run("scores", "list").output


@pytest.mark.parametrize("spec", ["{}", '{"parts": [{"name": "x"}]}'])
def test_a_wrong_spec_is_refused(shop: Community, run: Run, spec: str) -> None:
    refused = run("scores", "create", "fans", spec)
    assert refused.code != 0
    assert "1 to 20 parts" in refused.errors or "Part 1" in refused.errors
    assert "fans" not in run("scores", "list").output
