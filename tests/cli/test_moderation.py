from __future__ import annotations

from pathlib import Path

import pytest

from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.core.facts import interned_names
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.groups.moderation.rules import rules
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.message_texts import NewText
from tests import factories
from tests.cli.runner import Run
from tests.factories import AT, HOUR

pytestmark = pytest.mark.django_db(transaction=True)
ADVERT = "cheap shoes, add me"


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture(autouse=True)
def rule(shop: Community, owner: Staff) -> str:
    check = {"check": "keywords", "options": {"keywords": ["shoes"]}}
    created = rules.create(
        community=shop, name="Adverts", checks=[check], by=owner, at=AT
    )
    return created.key


def store(shop: Community, *texts: str) -> None:
    """Store messages of the group, an hour ago."""
    bob = factories.member(shop, "writer").pk
    source = interned_names.ensure("source", shop.pk, ["fake"])["fake"]
    moment = timestamps.to_micros(AT - HOUR)
    group = Group.objects.get(community=shop, key="room").pk
    rows = [
        NewText(f"m{number}", bob, group, moment, text)
        for number, text in enumerate(texts)
    ]
    message_texts.store(shop, source, rows)


def test_pasted_messages_become_cases_that_are_decided(
    run: Run, rule: str, tmp_path: Path
) -> None:
    assert run("moderation", "set-mode", rule, "propose").code == 0
    file = tmp_path / "pasted.txt"
    file.write_text(f"Eve 10:01\n{ADVERT}\n\nBob 10:02\nhello\n", encoding="utf-8")
    judged = run("moderation", "judge", "room", str(file), "--json").json["messages"]
    assert [row["case"] for row in judged] == [1, None]
    assert run("moderation", "judge", "nowhere", str(file)).code == 3
    (case,) = run("moderation", "cases", "--json").json["cases"]
    assert (case["author_name"], case["rule"], case["state"]) == ("Eve", rule, "open")
    assert "keywords" in run("moderation", "show", "1").output
    assert run("moderation", "dismiss", "1", "--reason", "a joke").code == 0
    assert run("moderation", "cases").output == ""
    assert run("moderation", "reopen", "1").code == 0
    assert run("moderation", "confirm", "1", "--json").json["verdict"] == "right"
    assert run("moderation", "undo", "1", "--json").json["state"] == "undone"
    assert ADVERT in run("moderation", "cases", "--state", "undone").output
    assert run("moderation", "show", "2").code == 3


def test_a_rule_is_tried_before_it_may_act(
    run: Run, shop: Community, rule: str
) -> None:
    store(shop, "hello", ADVERT)
    assert run("moderation", "set-mode", rule, "act").code == 4
    tried = run("moderation", "try", rule)
    assert "1 of the last 2 messages" in tried.output
    assert f"> {ADVERT}" in tried.output
    before = run("moderation", "try", rule, "--until", "2020-01-01", "--json").json
    assert (before["total"], before["messages"]) == (0, [])
    assert run("moderation", "set-mode", rule, "act").code == 0
    (listed,) = run("moderation", "rules", "--json").json["rules"]
    assert (listed["mode"], listed["is_tried"], listed["settled"]) == ("act", True, 0)
    assert run("moderation", "try", "nothing").code == 3
