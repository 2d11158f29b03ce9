"""K5: tag rules on the command line."""

from __future__ import annotations

import json

import pytest

from qunce.core.communities import Community
from tests import factories
from tests.cli.runner import Run
from tests.members.tag_rules.builders import tags_of

pytestmark = [pytest.mark.django_db(transaction=True)]


def test_rule_is_added_tried_run_and_undone(run: Run, shop: Community) -> None:
    (zoe,) = factories.members(shop, "zoe")
    for key in ("gold", "asked"):
        factories.tag(shop, key)
    condition = json.dumps({"rule": {"members": {"keys": ["zoe"]}}})
    added = run(
        *("tag-rules", "add", "Gold", condition, "--do", "add", "gold"),
        *("--do", "raise", "asked=3", "--json"),
    ).json
    assert added["state"] == "draft"
    assert run("tag-rules", "dry-run", "Gold", "--json").json["changes"] == [
        {"kind": "gained", "tag": "gold", "reason": "", "members": 1},
        {"kind": "gained", "tag": "asked", "reason": "", "members": 1},
    ]
    assert run("tag-rules", "run", "Gold").code != 0
    run("tag-rules", "activate", "Gold")
    done = run("tag-rules", "run", "Gold", "--json").json
    assert (done["gained"], tags_of(zoe)) == (2, {"gold": 1, "asked": 3})
    assert "Gold: active" in run("tag-rules", "show", "Gold").output
    assert run("tag-rules", "undo", str(done["id"]), "--json").json["restored"] == 2
    assert tags_of(zoe) == {}
    run("tag-rules", "archive", "Gold")
    assert run("tag-rules", "list", "--json").json == {"tag_rules": []}
    run("tag-rules", "restore", "Gold")
    assert run("tag-rules", "move", "Gold", "later", "--json").json["position"] == 1
    assert "paused" in run("tag-rules", "list").output
    assert run("tag-rules", "add", "Bad", "{", "--do", "add", "gold").code != 0
