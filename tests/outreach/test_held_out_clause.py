"""The clause `held_out`: who is held out of all marketing, and of one campaign."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.campaigns import audience_plan, launch
from qunce.outreach.hold_outs import assignment, hold_outs
from qunce.sets import audiences
from qunce.sets.rules.base import RuleError
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db(transaction=True)
QUARTER: Any = {"held_out": {"community": True}}
MASK = (1 << 64) - 1


def find(by: Staff, rule: Any, at: Any = AT) -> set[int]:
    return set(audiences.people(community=by.community, rule=rule, by=by, at=at))


def is_drawn(salt: str, person: int, per_mille: int) -> bool:
    """The draw, one person at a time and in plain numbers."""
    digest = hashlib.blake2b(salt.encode(), digest_size=8).digest()
    mixed = person ^ int.from_bytes(digest, "big")
    for _round in range(2):
        mixed = (mixed + 0x9E3779B97F4A7C15) & MASK
        mixed = ((mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & MASK
        mixed ^= mixed >> 31
    return mixed >> 32 < assignment.PARTS * per_mille // 1_000


def test_hold_out_of_the_quarter_is_drawn_for_each_member(
    shop: Community, by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [f"m{number:02}" for number in range(40)]
    ids = factories.members(shop, *keys)
    assert find(by, QUARTER) == set()
    monkeypatch.setattr(hold_outs, "MIN_MEMBERS", 40)
    for per_mille in (500, 250):
        hold_outs.update(community=shop, per_mille=per_mille, by=by, at=AT)
        for at in (AT, AT + timedelta(days=100)):
            salt = hold_outs.salt(shop, at)
            drawn = {pk for pk in ids if is_drawn(salt, pk, per_mille)}
            assert find(by, QUARTER, at) == drawn
            assert drawn == set(hold_outs.list_held_out(by=by, at=at))
            others = find(by, {"not": QUARTER}, at)
            assert others == set(ids) - drawn


def test_campaign_holds_out_whom_its_start_left_out(shop: Community, by: Staff) -> None:
    ids = factories.members(shop, *(f"m{number:02}" for number in range(20)))
    campaign = factories.campaign(by, hold_out_per_mille=500)
    rule = {"held_out": {"campaign": campaign.key}}
    assert find(by, rule) == set()
    plan = audience_plan.build(campaign=campaign, by=by, at=AT)
    launch.start(campaign=campaign, by=by, at=AT)
    assert find(by, rule) == set(plan.held_out)
    assert 0 < len(plan.held_out) < len(ids)
    reasons = audiences.explain(
        community=shop, rule=rule, by=by, at=AT, account=min(plan.held_out)
    ).reasons
    assert [reason.text for reason in reasons[-1:]] == [
        f"is held out of the campaign {campaign.name}"
    ]


def test_staff_with_a_scope_name_only_their_own_campaigns(
    shop: Community, by: Staff
) -> None:
    factories.members(shop, "ann")
    scoped = factories.staff(shop, "operator", "sam", scope={"all": []})
    own, other = factories.campaign(scoped), factories.campaign(by)
    assert find(scoped, {"held_out": {"campaign": own.key}}) == set()
    with pytest.raises(RuleError, match="There is no campaign"):
        find(scoped, {"held_out": {"campaign": other.key}})


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ({}, "Write either “community” or “campaign”."),
        ({"community": True, "campaign": "a"}, "Write either “community”"),
        ({"community": 1}, "held_out.community: Write true"),
        ({"campaign": 5}, "held_out.campaign: Write a string."),
        ({"campaign": "nope"}, "held_out.campaign: There is no campaign “nope”."),
    ],
)
def test_what_the_clause_does_not_understand_is_refused(
    shop: Community, by: Staff, args: Any, sentence: str
) -> None:
    with pytest.raises(RuleError, match=sentence):
        find(by, {"held_out": args})
