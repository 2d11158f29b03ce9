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


@pytest.fixture(autouse=True)
def _two_members_with_a_tag() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    community = communities.create(key="default", at=at, language="en")
    by = staff_models.system(community)
    ids = accounts.ensure(community=community, keys=["a", "b"], by=by, at=at)
    tag = library.create(community=community, key="vip", by=by, at=at)
    assignments.set_depths(tag=tag, depths=dict.fromkeys(ids.values(), 1), by=by, at=at)


def ask(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main.main([*words, "--json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def test_a_member_is_shown_with_all_accounts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ask(capsys, "member", "merge", "a", "b", "--note", "said so")
    shown = ask(capsys, "member", "show", "b")
    assert shown["accounts"] == ["import:a", "import:b"]
    assert shown["tags"] == {"vip": 2}
    assert "member.merged" in [fact["kind"] for fact in shown["facts"]]


def test_who_was_merged_can_be_parted(capsys: pytest.CaptureFixture[str]) -> None:
    ask(capsys, "member", "merge", "a", "b")
    assert ask(capsys, "audience", "count", '{"all": []}')["count"] == 1
    ask(capsys, "member", "part", "a", "b")
    assert ask(capsys, "audience", "count", '{"all": []}')["count"] == 2


def test_erasing_has_to_be_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["member", "erase", "a"]) == 4
    ask(capsys, "member", "erase", "a", "--for-good")
    assert ask(capsys, "audience", "count", '{"all": []}')["count"] == 1
    assert main.main(["member", "show", "a"]) == 3


def test_outside_the_scope_there_is_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    scope = '{"members": {"keys": ["b"]}}'
    ask(capsys, "operator", "add", "lin", "--scope", scope)
    assert main.main(["member", "show", "a", "--as", "lin"]) == 3
    assert ask(capsys, "member", "show", "b", "--as", "lin")["present"]
