"""K8: a question about the past is about the people of then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.accounts import accounts
from qunce.members.accounts.models import Account
from qunce.sets import audiences
from qunce.sets.bitmaps import persisted_sets
from qunce.sets.mirror import deriver
from qunce.sets.rules import snapshots
from tests import factories
from tests.factories import AT

EVERYONE: dict[str, Any] = {"all": []}
UNTAGGED = {"not": {"tag": {"any": ["vip"]}}}
FORMER = {"with_left": {"left": {"since": "2000-01-01"}}}


def day(number: int) -> Any:
    return AT + timedelta(days=number)


@pytest.fixture
def shop(transactional_db: None) -> Community:
    """Old joined on day 1, new on day 20; gone left on day 10, back was away 5 to 8."""
    shop = factories.community()
    by = staff_models.system(shop)
    for key, joined in (("old", 1), ("new", 20), ("gone", 2), ("back", 3)):
        factories.member(shop, key, joined_at=day(joined), at=day(joined))
    accounts.leave(account=get("gone"), by=by, at=day(10))
    accounts.leave(account=get("back"), by=by, at=day(5))
    accounts.rejoin(account=get("back"), by=by, at=day(8))
    factories.apply_tag(shop, "vip", "old")
    return shop


def get(key: str) -> Account:
    return Account.objects.select_related("community").get(key=key)


def ask(shop: Community, rule: Any, at: Any) -> list[str]:
    by = staff_models.system(shop)
    ids = audiences.list_ids(community=shop, rule=rule, by=by, at=at)
    count = audiences.count(community=shop, rule=rule, by=by, at=at)
    assert count == len(ids)
    return sorted(Account.objects.in_bulk(ids)[pk].key for pk in ids)


@pytest.mark.parametrize("derived", [True, False])
@pytest.mark.parametrize(
    ("number", "present", "former"),
    [
        (0, [], []),
        (1, ["old"], []),
        (4, ["back", "gone", "old"], []),
        (5, ["gone", "old"], ["back"]),
        (7, ["gone", "old"], ["back"]),
        (8, ["back", "gone", "old"], []),
        (12, ["back", "old"], ["gone"]),
        (20, ["back", "new", "old"], ["gone"]),
        (99, ["back", "new", "old"], ["gone"]),
    ],
)
def test_population_is_that_of_the_moment(
    shop: Community, number: int, present: list[str], former: list[str], derived: bool
) -> None:
    if derived:
        deriver.catch_up()
    assert ask(shop, EVERYONE, day(number)) == present
    assert ask(shop, FORMER, day(number)) == former
    assert ask(shop, UNTAGGED, day(number)) == [key for key in present if key != "old"]
    # The answers about then and now stay apart in the caches.
    assert ask(shop, EVERYONE, day(99)) == ["back", "new", "old"]
    assert ask(shop, EVERYONE, day(number)) == present


def test_population_of_the_past_survives_a_restart(shop: Community) -> None:
    deriver.catch_up()
    persisted_sets.save_all()
    snapshots.close_all()
    assert ask(shop, EVERYONE, day(7)) == ["gone", "old"]
    assert ask(shop, EVERYONE, day(30)) == ["back", "new", "old"]


@pytest.mark.both_databases
def test_explanation_says_that_the_member_had_not_joined(shop: Community) -> None:
    explanation = audiences.explain(
        community=shop,
        rule=UNTAGGED,
        by=staff_models.system(shop),
        at=day(12),
        account=get("new").pk,
    )
    assert not explanation.holds
    assert explanation.reasons[0].text == "had not joined the community yet"
    assert not explanation.reasons[1].holds


def test_before_the_community_only_known_later_joins_are_left_out(
    shop: Community,
) -> None:
    """A file without times of joining brings members of long ago."""
    factories.member(shop, "known", joined_at=day(-5))
    assert ask(shop, EVERYONE, day(-3)) == ["back", "gone", "known", "new", "old"]
    assert ask(shop, EVERYONE, day(-7)) == ["back", "gone", "new", "old"]
    assert ask(shop, EVERYONE, day(0)) == ["known"]


def test_new_members_count_at_once(shop: Community) -> None:
    assert ask(shop, EVERYONE, day(30)) == ["back", "new", "old"]
    factories.member(shop, "newer", joined_at=day(30), at=day(30))
    assert ask(shop, EVERYONE, day(30)) == ["back", "new", "newer", "old"]
    assert ask(shop, EVERYONE, day(29)) == ["back", "new", "old"]
