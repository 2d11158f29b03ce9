from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from qunce.cli import main
from qunce.core import communities
from qunce.core.staff import models as staff_models
from qunce.members.accounts import accounts

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _two_members() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    community = communities.create(key="default", at=at, language="en")
    by = staff_models.system(community)
    accounts.ensure(community=community, keys=["a", "b"], by=by, at=at)


def ask(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main.main([*words, "--json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def test_a_template_is_made_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert "subject:english" in ask(capsys, "tags", "template", "education")["made"]
    assert ask(capsys, "tags", "template", "education") == {"made": []}
    groups = {each["group"] for each in ask(capsys, "tags")["tags"]}
    assert groups == {"learner", "project", "subject"}


def test_a_group_refuses_a_name_that_does_not_fit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ask(capsys, "tags", "group", "stage", "--prefix", "stage:", "--exclusive")
    assert main.main(["tag", "new", "--new-in", "stage", "--members", "a"]) == 2
    assert "stage:" in capsys.readouterr().err
    ask(capsys, "tag", "stage:new", "--new-in", "stage", "--members", "a")


def test_a_merged_tag_leads_on(capsys: pytest.CaptureFixture[str]) -> None:
    ask(capsys, "tags", "group", "any")
    ask(capsys, "tag", "vip", "--new-in", "any", "--members", "a")
    ask(capsys, "tag", "gold", "--new-in", "any", "--members", "b")
    assert ask(capsys, "tags", "merge", "gold", "vip")["changed"] == 2
    ask(capsys, "tags", "synonym", "vip", "noble")
    for key in ("vip", "gold", "noble"):
        rule = json.dumps({"tag": {"any": [key]}})
        assert ask(capsys, "audience", "count", rule)["count"] == 2


def test_what_needs_tidying_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    ask(capsys, "tags", "group", "any")
    ask(capsys, "tag", "likes tea", "--new-in", "any", "--members", "a")
    ask(capsys, "tag", "Likes-Tea", "--new-in", "any", "--members", "a,b")
    told = ask(capsys, "tags", "tidy")
    assert told["twins"] == [["Likes-Tea", "likes tea"]]
    assert told["of_one_person"] == ["likes tea"] and told["unused"] == []
