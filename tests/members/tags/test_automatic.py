from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from qunce import reactions
from qunce.core.communities import Community
from qunce.core.facts import facts, interned_names
from qunce.core.facts.facts import Fact
from qunce.core.jobs import job_queue
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.attributes import attributes
from qunce.members.people import people
from qunce.members.tags import assignments, automatic, library, templates
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import models as tag_models
from tests import factories
from tests.factories import AT


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


@pytest.mark.both_databases
def test_new_members_get_automatic_tags_once(shop: Community, by: Staff) -> None:
    ids = factories.members(shop, "ann", "bob")
    joined = [factories.recorded_fact(shop, "member.joined", pk) for pk in ids]
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


@pytest.fixture
def react(shop: Community) -> Callable[[], None]:
    """Call the reactions to what was recorded since the last call.

    Without the consumer, which on PostgreSQL reads committed facts only.
    """
    done = 0

    def call() -> None:
        nonlocal done
        names = interned_names.names_by_id("kind", 0)
        for row in (
            Fact.objects.filter(pk__gt=done)
            .order_by("pk")
            .values_list("pk", "kind_id", "account_id", "group_id", "payload")
        ):
            done, kind, account, group, payload = row
            fact = dataclasses.replace(
                factories.recorded_fact(shop, names[kind], account),
                id=done,
                group=group,
                payload=facts.load(payload),
            )
            for reaction in reactions.CONSUMER.reactions.get(names[kind], ()):
                reaction(community=shop, facts=[fact], at=AT)

    return call


@pytest.mark.both_databases
def test_correction_of_the_joining_replaces_automatic_tags(
    shop: Community, by: Staff, react: Callable[[], None]
) -> None:
    """K4."""
    joined = datetime(2026, 3, 5, 16, 30, tzinfo=UTC)
    ann = factories.member(shop, "ann", joined_at=joined, source="抖音直播")
    mine = factories.tag(shop, "mine")
    assignments.apply(tag=mine, accounts=[ann.pk], by=by, at=AT)
    react()
    assert set(people.get(shop, "ann").tags) == {
        *("mine", "joined:2026-03", "joined:00-06", "via:抖音直播")
    }
    accounts.update(
        account=ann,
        joined_at=datetime(2025, 12, 31, 1, tzinfo=UTC),
        source="门店",
        by=by,
        at=AT,
    )
    react()
    assert set(people.get(shop, "ann").tags) == {
        *("mine", "joined:2025-12", "joined:06-12", "via:门店")
    }
    before = Fact.objects.count()
    accounts.update(account=ann, name="Ann", by=by, at=AT)
    react()
    assert Fact.objects.count() == before + 1


@pytest.mark.both_databases
def test_former_automatic_tag_stays_if_another_account_implies_it(
    shop: Community, by: Staff, react: Callable[[], None]
) -> None:
    ann = factories.member(shop, "ann", source="抖音")
    factories.member(shop, "too", source="抖音")
    factories.merge(shop, "ann", "too")
    react()
    accounts.update(account=ann, source="门店", by=by, at=AT)
    react()
    tags = people.get(shop, "too").tags
    assert {key: tags[key] for key in ("via:抖音", "via:门店")} == {
        "via:抖音": 1,
        "via:门店": 1,
    }
    factories.unmerge(shop, "ann", "too")
    react()
    assert set(people.get(shop, "ann").tags) & {"via:抖音", "via:门店"} == {"via:门店"}
    assert set(people.get(shop, "too").tags) & {"via:抖音", "via:门店"} == {"via:抖音"}


@pytest.mark.both_databases
def test_tag_that_staff_gave_or_archived_is_left_alone(
    shop: Community, by: Staff, react: Callable[[], None]
) -> None:
    ann = factories.member(shop, "ann", source="抖音")
    via = factories.tag(shop, "via:抖音")
    assignments.apply(tag=via, accounts=[ann.pk], by=by, at=AT)
    react()
    accounts.update(account=ann, source="门店", by=by, at=AT)
    react()
    assert {"via:抖音", "via:门店"} <= set(people.get(shop, "ann").tags)
    library.archive(tag=library.get(shop, "via:门店"), by=by, at=AT)
    factories.member(shop, "bob", source="门店")
    react()
    assert "via:门店" not in people.get(shop, "bob").tags
    assert "joined:2026-03" in people.get(shop, "bob").tags


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ("扫描二维码", "added:qr-code"),
        ("QR codes", "added:qr-code"),
        ("渠道活码-双11", "added:qr-code"),
        ("名片分享", "added:shared-card"),
        ("客户群", "added:group"),
        ("群发短信", "added:text-message"),
        ("Shopify", "added:shop"),
        ("parcel_card", "added:parcel-card"),
        ("抖音直播间", "added:livestream"),
        ("workshop", ""),
        ("搜索手机号", ""),
        ("", ""),
    ],
)
def test_sources_are_recognised_for_the_template(source: str, key: str) -> None:
    assert automatic.find_template_key(source) == key


@pytest.mark.both_databases
def test_template_tags_are_filled_for_old_and_new_members(
    shop: Community, by: Staff, react: Callable[[], None]
) -> None:
    factories.member(shop, "old", source="扫描二维码")
    react()
    assert "added:qr-code" not in people.get(shop, "old").tags
    templates.apply(community=shop, template="ecommerce", by=by, at=AT)
    factories.member(shop, "new", source="门店")
    react()
    queued = job_queue.QueuedJob.objects.filter(job=automatic.JOB)
    for key in list(queued.values_list("key", flat=True)):
        automatic.fill(key, at=AT)
    assert people.get(shop, "old").tags["added:qr-code"] == 1
    assert people.get(shop, "new").tags["added:shop"] == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("en", {"from a file", "phone number", "门店"}),
        ("zh-hans", {"文件导入", "手机号", "门店"}),
    ],
)
def test_tags_of_channels_have_readable_names(language: str, names: set[str]) -> None:
    shop = factories.community("other", language=language)
    by = factories.staff(shop, login="owner")
    made = [
        factories.member(shop, "a"),
        factories.member(shop, "13800138001", channel="phone"),
        factories.member(shop, "c", source="门店"),
    ]
    automatic.apply(
        community=shop, accounts=[account.pk for account in made], by=by, at=AT
    )
    tags = tag_models.Tag.objects.filter(community=shop, group__key=automatic.VIA_GROUP)
    assert {tag.name for tag in tags} == names
    assert "via:import" in {tag.key for tag in tags}
