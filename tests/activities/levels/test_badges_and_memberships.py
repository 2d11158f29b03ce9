"""Badges are awarded once and kept; memberships extend, end and are reminded of (E9)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.activities.levels import badges, cards, membership_orders, memberships
from qunce.activities.levels.models import Badge, BadgeAward, MembershipTerm
from qunce.core import community_days
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.outreach.tasks.staff_tasks import TaskRequest
from qunce.sets import audiences
from qunce.sets.mirror import deriver
from tests import factories
from tests.activities.levels import builders
from tests.activities.points import builders as point_builders
from tests.factories import AT, LATER

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def ids(shop: Community) -> list[int]:
    return factories.members(shop, "ann", "bob", "cat")


def has_badge(of: Community, key: str) -> set[int]:
    rule = {"badge": {"key": key}}
    by = staff_models.system(of)
    return set(audiences.people(community=of, rule=rule, by=by, at=LATER))


def test_rule_awards_once_and_never_again_after_it_was_revoked(
    shop: Community, by: Staff, ids: list[int]
) -> None:
    factories.tag(shop, "vip")
    factories.apply_tag(shop, "vip", "ann", "bob")
    badge = badges.create(
        community=shop, name="Tea", letters="茶", rule={"tag": {"any": ["vip"]}},
        by=by, at=AT, key="tea",
    )  # fmt: skip
    assert badges.award_due(at=AT) == 0
    badges.switch(badge=badge, is_on=True, by=by, at=AT)
    assert (badges.award_due(at=AT), badges.award_due(at=AT)) == (2, 0)
    assert has_badge(shop, "tea") == {ids[0], ids[1]}
    with pytest.raises(badges.InvalidBadge, match="reason"):
        badges.revoke(badge=badge, account_id=ids[0], by=by, at=AT, reason=" ")
    badges.revoke(badge=badge, account_id=ids[0], by=by, at=AT, reason="Sold it")
    assert has_badge(shop, "tea") == {ids[1]}
    assert badges.award_due(at=LATER) == 0
    # By hand it may be given again.
    badges.award(badge=badge, account_id=ids[0], by=by, at=LATER)
    badges.award(badge=badge, account_id=ids[0], by=by, at=LATER)
    assert has_badge(shop, "tea") == {ids[0], ids[1]}
    assert len(factories.recorded_facts(shop, "badge.awarded")) == 3
    assert len(factories.recorded_facts(shop, "badge.revoked")) == 1
    assert BadgeAward.objects.count() == 2


def test_badge_of_one_account_is_of_the_person(
    shop: Community, by: Staff, ids: list[int]
) -> None:
    badge = badges.create(
        community=shop, name="Tea", letters="T", rule={"all": []}, by=by, at=AT
    )
    badges.award(badge=badge, account_id=ids[1], by=by, at=AT)
    factories.merge(shop, "ann", "bob")
    assert (
        badges.award(badge=badge, account_id=ids[0], by=by, at=AT).account_id == ids[1]
    )
    badges.switch(badge=badge, is_on=True, by=by, at=AT)
    assert badges.award_due(at=AT) == 1
    assert [row.badge.name for row in cards.find(account_id=ids[0], at=AT).badges] == [
        "Tea"
    ]


def test_rule_that_cannot_be_answered_is_shown_and_stops_no_other(
    shop: Community, by: Staff, ids: list[int]
) -> None:
    factories.segment(shop, "loyal", {"all": []})
    broken = badges.create(
        community=shop, name="A", letters="A", by=by, at=AT,
        rule={"segment": {"any": ["loyal"]}},
    )  # fmt: skip
    good = badges.create(
        community=shop, name="B", letters="B", rule={"all": []}, by=by, at=AT
    )
    for badge in (broken, good):
        badges.switch(badge=badge, is_on=True, by=by, at=AT)
    Badge.objects.filter(pk=broken.pk).update(rule={"tag": {"any": ["gone"]}})
    assert badges.award_due(at=AT) == 3
    broken.refresh_from_db()
    assert "gone" in broken.problem


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 14)), min_size=1, max_size=6)
)
def test_terms_follow_each_other_without_gaps_or_overlaps(
    bought: list[tuple[int, int]],
) -> None:
    start = community_days.from_date(date(2026, 1, 31))
    days = sorted((start + day, months) for day, months in bought)
    found = memberships.spans(days)
    for (first, last), (day, months) in zip(found, days, strict=True):
        assert first >= day
        assert months * 28 - 1 <= last - first + 1 <= months * 31 + 3
    for (before, (_day, _months)), (first, _last) in zip(
        zip(found, days, strict=True), found[1:], strict=False
    ):
        assert first > before[1]


TERMS = [
    # bought on, months, last days by hand
    ([("2026-01-31", 1)], ["2026-02-27"]),
    ([("2026-01-31", 1), ("2026-02-10", 1)], ["2026-02-27", "2026-03-30"]),
    ([("2024-02-29", 12), ("2024-03-01", 12)], ["2025-02-27", "2026-02-27"]),
    ([("2026-03-15", 12), ("2027-03-15", 1)], ["2027-03-14", "2027-04-14"]),
    ([("2026-03-15", 1), ("2026-06-01", 1)], ["2026-04-14", "2026-06-30"]),
]


@pytest.mark.parametrize(("bought", "last"), TERMS)
def test_last_days_of_terms(bought: list[tuple[str, int]], last: list[str]) -> None:
    days = [
        (community_days.from_date(date.fromisoformat(day)), months)
        for day, months in bought
    ]
    found = [community_days.to_date(day) for _first, day in memberships.spans(days)]
    assert [day.isoformat() for day in found] == last


@pytest.mark.both_databases
def test_order_buys_a_term_renewal_extends_and_refund_cancels(
    shop: Community, by: Staff, ids: list[int]
) -> None:
    builders.define(shop)
    plan = memberships.create_plan(
        community=shop, name="Club", category="Cards", level=builders.level(shop, "gold"),
        months=1, by=by, at=AT - DAY,
    )  # fmt: skip
    card = [{"product": "c", "name": "Card", "category": "cards", "quantity": 1}]
    factories.order(shop, ids[0], 100, items=card)
    factories.order(shop, ids[1], 100)
    point_builders.react(AT)
    assert builders.level_of(shop, ids[0]) == "gold"
    assert builders.level_of(shop, ids[1]) == ""
    memberships.enter(plan=plan, account_id=ids[0], key="k", by=by, at=LATER)
    memberships.enter(plan=plan, account_id=ids[0], key="k", by=by, at=LATER)
    held = cards.find(account_id=ids[0], at=LATER).memberships
    assert community_days.to_date(held[0].last_day) == date(2026, 5, 4)
    factories.refund(shop, "o1", 40)
    point_builders.react()
    assert MembershipTerm.objects.filter(cancelled_at__isnull=True).count() == 2
    factories.refund(shop, "o1")
    point_builders.react()
    held = cards.find(account_id=ids[0], at=LATER).memberships
    assert community_days.to_date(held[0].last_day) == date(2026, 4, 5)
    assert builders.level_of(shop, ids[0], LATER) == "gold"
    term = MembershipTerm.objects.get(cancelled_at__isnull=True)
    memberships.cancel(term=term, by=by, at=LATER, reason="Typed wrongly")
    point_builders.react()
    assert builders.level_of(shop, ids[0], LATER) == ""
    # What was bought before the plan was defined buys nothing.
    with pytest.raises(memberships.InvalidMembership, match="another member"):
        memberships.enter(plan=plan, account_id=ids[1], key="k", by=by, at=LATER)


def test_reminder_becomes_a_staff_task_once_and_not_after_a_renewal(
    shop: Community, by: Staff, ids: list[int]
) -> None:
    plan = memberships.create_plan(
        community=shop, name="Club", months=1, remind_days=7, by=by, at=AT
    )
    for number, account in enumerate(ids[:2]):
        memberships.enter(plan=plan, account_id=account, key=f"k{number}", by=by, at=AT)
    memberships.enter(plan=plan, account_id=ids[1], key="again", by=by, at=LATER)
    early = datetime(2026, 3, 27, 12, tzinfo=UTC)
    due = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert membership_orders.remind_due(at=early) == 0
    assert membership_orders.remind_due(at=due) == 1
    assert membership_orders.remind_due(at=due + DAY) == 0
    point_builders.react(due)
    request = TaskRequest.objects.get(kind="ending_memberships")
    assert "2026-04-04" in request.title
    assert [
        fact[0] for fact in factories.recorded_facts(shop, "membership.ending")
    ] == [ids[0]]


def test_clauses_answer_who_has_which_level(shop: Community, ids: list[int]) -> None:
    builders.define(shop)
    builders.earn(ids[0], 500)
    builders.earn(ids[1], 100)
    deriver.catch_up()
    by = staff_models.system(shop)

    def people(rule: object, at: datetime = AT) -> set[int]:
        found = audiences.people(community=shop, rule=rule, by=by, at=at)
        return set(found)

    assert people({"level": {"at_least": "silver"}}) == set(ids[:2])
    assert people({"level": {"is": "silver"}}) == {ids[1]}
    assert people({"level": {"none": True}}) == {ids[2]}
    # Before the job of the day has run, too.
    later = datetime(2026, 6, 1, tzinfo=UTC)
    assert people({"level": {"at_least": "silver"}}, later) == set()
    for wrong in (
        {"at_least": "silver", "is": "gold"},
        {"none": False},
        {"is": "iron"},
    ):
        with pytest.raises(Exception, match=r"level|true|exactly"):
            audiences.check(community=shop, rule={"level": wrong})
