"""What follows when somebody on the blacklist is in a group."""

from __future__ import annotations

import pytest

from qunce import reactions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.facts.facts import Fact
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.groups.lists import list_facts, lists
from qunce.groups.lists.models import ListEntry
from qunce.groups.moderation.models import Action
from qunce.members.people import people
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import audience_plan
from tests import factories
from tests.factories import AT, LATER

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Community:
    return factories.community()


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop)


def react() -> None:
    for _round in range(3):
        reactions.CONSUMER.catch_up(at=LATER)


def list_blocked() -> list[tuple[int | None, int | None]]:
    kind = facts.find_kind(list_facts.JoinBlocked.kind) or 0
    rows = Fact.objects.filter(kind_id=kind).order_by("pk")
    return list(rows.values_list("account_id", "group_id"))


def blacklist(by: Staff, account: int | None = None, **fields: object) -> ListEntry:
    return lists.add(
        community=by.community,
        list_name="black",
        account=account,
        by=by,
        at=AT,
        **fields,  # type: ignore[arg-type]
    )


def test_join_of_a_blacklisted_person_is_recorded(
    shop: Community, owner: Staff
) -> None:
    spammer, friend = factories.members(shop, "spammer", "friend")
    north = factories.group(shop, "north")
    blacklist(owner, spammer)
    react()
    groups.add_members(group=north, accounts=[spammer, friend], by=owner, at=LATER)
    react()
    assert list_blocked() == [(spammer, north.pk)]
    (ban,) = Action.objects.all()
    assert (ban.kind, ban.account_id, ban.group) == ("ban", spammer, north)


def test_end_of_the_entry_lifts_the_ban(shop: Community, owner: Staff) -> None:
    (spammer,) = factories.members(shop, "spammer")
    factories.group(shop, "north", spammer)
    south = factories.group(shop, "south", spammer)
    entry = blacklist(owner, spammer)
    react()
    Action.objects.filter(group=south).update(state="done")
    lists.remove(entry=entry, by=owner, at=LATER)
    react()
    planned = Action.objects.order_by("pk").values_list("kind", "state", "group__key")
    assert list(planned) == [
        ("ban", "cancelled", "north"),
        ("ban", "done", "south"),
        ("unban", "pending", "south"),
    ]


def test_listing_finds_the_groups_where_the_person_is(
    shop: Community, owner: Staff
) -> None:
    (spammer,) = factories.members(shop, "spammer")
    north, south = (
        factories.group(shop, "north", spammer),
        factories.group(shop, "south", spammer),
    )
    react()
    entry = blacklist(owner, spammer, groups=[south])
    react()
    assert list_blocked() == [(spammer, south.pk)]
    lists.extend(entry=entry, groups=[], by=owner, at=LATER)
    react()
    assert {(spammer, north.pk), (spammer, south.pk)} <= set(list_blocked())


def test_merge_with_a_listed_person_finds_the_other_account(
    shop: Community, owner: Staff
) -> None:
    spammer, _other = factories.members(shop, "spammer", "other")
    north = factories.group(shop, "north", "other")
    blacklist(owner, spammer)
    react()
    assert list_blocked() == []
    factories.merge(shop, "spammer", "other")
    react()
    assert list_blocked() == [(_other, north.pk)]


def test_listed_id_becomes_a_member(shop: Community, owner: Staff) -> None:
    entry = blacklist(owner, channel="matrix", channel_key="@spam:evil.org")
    react()
    account = factories.member(shop, "@spam:evil.org", channel="matrix").pk
    react()
    entry.refresh_from_db()
    assert entry.account_id == account


def test_erasing_ends_the_entry_and_keeps_nothing(
    shop: Community, owner: Staff
) -> None:
    account = factories.member(shop, "spammer", name="Spam King")
    entry = blacklist(owner, account.pk, reason="Spam King posts adverts")
    react()
    people.erase(account=account, by=owner, at=LATER)
    react()
    entry.refresh_from_db()
    assert entry.ending == "erased"
    assert entry.account_id is None
    assert "Spam" not in f"{entry.name}{entry.reason}{entry.channel_key}"


def test_sends_pass_over_blacklisted_people(shop: Community, owner: Staff) -> None:
    spammer, _friend = factories.members(shop, "spammer", "friend")
    campaign = factories.campaign(owner)
    blacklist(owner, spammer)
    plan = audience_plan.build(campaign=campaign, by=owner, at=AT)
    assert plan.excluded[skip_reasons.BLACKLISTED] == 1
    assert len(plan.targets) == 1
