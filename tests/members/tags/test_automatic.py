from __future__ import annotations

from datetime import UTC, datetime

import pytest

from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.attributes import attributes
from qunce.members.people import people
from qunce.members.tags import automatic
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import models as tag_models
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.both_databases


def apply(shop: Community, by: Staff, *accounts: int) -> tag_models.TagBatch:
    return automatic.apply(community=shop, accounts=accounts, by=by, at=AT)


@pytest.mark.parametrize(
    ("hour", "tag"), [(16, "00-06"), (21, "00-06"), (22, "06-12"), (15, "18-24")]
)
def test_hour_is_in_the_communitys_time_zone(
    shop: Community, by: Staff, hour: int, tag: str
) -> None:
    joined = datetime(2026, 3, 5, hour, 30, tzinfo=UTC)
    ann = factories.member(shop, "ann", joined_at=joined, source="parcel card")
    apply(shop, by, ann.pk)
    month = "joined:2026-03"
    expected = {month, f"joined:{tag}", "via:parcel card"}
    assert set(people.get(shop, "ann").tags) == expected


def test_hour_is_in_the_members_own_time_zone_if_set(
    shop: Community, by: Staff
) -> None:
    joined = datetime(2026, 3, 5, 18, 30, tzinfo=UTC)
    ann, bob = (
        factories.member(shop, key, joined_at=joined).pk for key in ("ann", "bob")
    )
    zone = attributes.define(community=shop, name="timezone", type="text", by=by, at=AT)
    values = {ann: "Europe/Berlin", bob: "Nowhere/Land"}
    attributes.set_values(attribute=zone, values=values, by=by, at=AT)
    apply(shop, by, ann, bob)
    assert factories.matching_keys(shop, {"tag": {"any": ["joined:18-24"]}}) == ["ann"]
    assert factories.matching_keys(shop, {"tag": {"any": ["joined:00-06"]}}) == ["bob"]


def test_date_without_a_time_gives_no_hour_tag(shop: Community, by: Staff) -> None:
    joined = datetime(2026, 3, 4, 16, tzinfo=UTC)
    ann = factories.member(shop, "ann", joined_at=joined)
    apply(shop, by, ann.pk)
    assert set(people.get(shop, "ann").tags) == {"joined:2026-03", "via:import"}


def test_new_members_get_automatic_tags_once(shop: Community, by: Staff) -> None:
    ids = factories.members(shop, "ann", "bob")
    joined = [
        facts.RecordedFact(
            id=1,
            community=shop.pk,
            kind="member.joined",
            account=account,
            group=None,
            happened_at=AT,
            recorded_at=AT,
            actor=None,
            source=None,
            payload={},
        )
        for account in ids
    ]
    for _time in range(2):
        automatic.react(community=shop, facts=joined, at=AT)
    assert factories.matching_keys(
        shop, {"tag": {"all": ["via:import", "joined:18-24"]}}
    ) == [
        "ann",
        "bob",
    ]
    assert len(factories.recorded_facts(shop, "tag.added")) == 6


def test_groups_are_named_in_the_communitys_language(by: Staff) -> None:
    english = factories.community("english", language="en")
    ann = factories.member(english, "ann")
    automatic.apply(
        community=english,
        accounts=[ann.pk],
        by=factories.staff(english, "owner", "x"),
        at=AT,
    )
    assert tag_groups.get_by_key(english, automatic.VIA_GROUP).name == "Joined through"
