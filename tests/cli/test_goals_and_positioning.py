"""`qunce goals` and `qunce positioning`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qunce.core.communities import Community
from tests.cli.runner import Run

pytestmark = pytest.mark.django_db(transaction=True)


def test_goals_are_set_changed_and_archived(run: Run, shop: Community) -> None:
    span = ("2026-03-01", "2026-03-10")
    made = run("goals", "add", "new_members", "at_least", "20", *span, "--name", "M")
    assert made.code == 0, made.errors
    assert "M: 4 / 20 (20 %), behind" in made.output
    (row,) = run("goals", "list", "--json").json["goals"]
    assert (row["standing"], row["expected"]) == ("behind", "8")
    goal = str(row["id"])
    refused = run("goals", "update", goal, "--target", "many")
    assert refused.code == 2
    assert "“many” is not a target" in refused.errors
    assert "met" in run("goals", "update", goal, "--target", "4").output
    assert run("goals", "show", goal, "--json").json["change"] is None
    assert run("goals", "archive", goal).code == 0
    assert run("goals", "list", "--json").json["goals"] == []
    assert "M" in run("goals", "list", "--archived").output
    assert run("goals", "restore", goal).code == 0


def test_the_sheet_is_saved_from_a_file(
    run: Run, shop: Community, tmp_path: Path
) -> None:
    file = tmp_path / "sheet.json"
    hook = {"text": "First cup free", "kind": "tag", "key": "vip"}
    content = {"reason": "Fresh beans", "hooks": [hook], "served": [{"circle": "x"}]}
    file.write_text(json.dumps(content), "utf-8")
    saved = run("positioning", "save", str(file))
    assert saved.code == 0, saved.errors
    assert "Fresh beans" in saved.output
    file.write_text('{"slogan": "x"}', "utf-8")
    refused = run("positioning", "save", str(file))
    assert refused.code == 2
    assert "no part “slogan”" in refused.errors
    (row,) = run("positioning", "hooks", "--json").json["hooks"]
    assert (row["people"], row["joined"]) == (2, 2)
    assert run("positioning", "served", "--json").json["served"][0]["count"] is None
    file.write_text('{"reason": "Other"}', "utf-8")
    run("positioning", "save", str(file))
    assert run("positioning", "show", "--json").json["reason"] == "Other"
    assert "Fresh beans" in run("positioning", "show", "--version", "1").output
    assert run("positioning", "restore", "1", "--json").json["version"] == 3
    assert len(run("positioning", "versions", "--json").json["versions"]) == 3
    wrong = run("positioning", "views", "moon")
    assert wrong.code == 2
    assert "no attribute “moon”" in wrong.errors
