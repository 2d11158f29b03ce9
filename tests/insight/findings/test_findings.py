"""Findings of a community with a planted change: what, how much, since when, where (I12)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qunce.core import community_days
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.insight import metrics
from qunce.insight.findings import cells, contributions, findings, rhythm, sentences
from qunce.insight.findings.finding import Finding, Findings
from qunce.insight.notebook import notebook
from qunce.members.staff_in_charge import assignments as staff_assignments
from qunce.sets import audiences
from qunce.sets.mirror import deriver
from tests import factories, shares
from tests.insight.findings import planted
from tests.insight.findings.planted import NOW

pytestmark = pytest.mark.django_db(transaction=True)


def find(community: Community, by: Staff, **options: Any) -> Findings:
    return findings.find(community=community, by=by, at=NOW, **options)


def test_steady_community_has_no_finding_and_counts_what_it_asked() -> None:
    shop = planted.build()
    found = find(shop.community, factories.staff(shop.community))
    assert (found.findings, found.others) == ((), ())
    # Three groups with 4 questions each, and 5 of the community.
    assert found.asked == 17
    assert found.until == date(2026, 8, 23)


def test_quiet_group_is_one_finding_with_numbers_people_and_part() -> None:
    shop = planted.build(quiet="fruit")
    by = factories.staff(shop.community)
    found = find(shop.community, by)
    (finding,) = found.findings
    assert (finding.group, finding.group_name) == ("fruit", "Fruit")
    assert (finding.since, finding.days) == (date(2026, 8, 21), 3)
    own = metrics.compute_for_groups(
        community=shop.community,
        groups=["fruit"],
        first=finding.since,
        last=finding.until,
        by=by,
        at=NOW,
        names=[finding.metric],
    )
    total = sum(own["fruit"][finding.metric])
    assert finding.observed == (round(total / 3) if finding.is_daily else total)
    assert finding.difference < -5
    assert finding.is_of_community, "that of the community is the same"
    # Who wrote in the weeks before, and not since.
    people = audiences.list_ids(
        community=shop.community, rule=finding.rule, by=by, at=NOW
    )
    assert finding.people == len(people) > 10
    assert set(people) <= set(shop.members["fruit"][1:])
    assert finding.action == "write_to_silent"


def test_leaves_of_a_group_have_their_first_day_and_people() -> None:
    shop = planted.build()
    fruit = shop.members["fruit"]
    planted.remove_members(shop, "fruit", fruit[:11], planted.day_at(2))
    planted.remove_members(shop, "fruit", fruit[-2:], planted.day_at(1))
    found = find(shop.community, factories.staff(shop.community))
    (finding,) = (each for each in found.findings if each.metric == "leaves")
    assert (finding.observed, finding.since) == (13, date(2026, 8, 22))
    assert (finding.expected, finding.people) == (0, 13)
    assert finding.action == "group_posts"


def test_part_that_explains_most_is_named_and_all_parts_add_up() -> None:
    shop = planted.build()
    for key in planted.KEYS:
        # Five from the parcel and one from the counter.
        gone = [f"{key}-{n}" for n in (15, 16, 17, 18, 19, 39)]
        factories.leave(shop.community, *gone, at=planted.day_at(1))
    deriver.catch_up()
    found = find(shop.community, factories.staff(shop.community))
    (finding,) = (each for each in found.findings if each.metric == "leaves")
    cause = finding.cause
    assert (finding.level, finding.difference) == ("community", 18)
    assert finding.action == "contact_limits"
    assert cause is not None
    assert cause.dimension == "source"
    assert [(part.key, part.contribution) for part in cause.leading] == [("parcel", 15)]
    assert (cause.others, cause.remainder) == (3, 0)


@given(st.lists(st.fractions(-50, 50, max_denominator=9), min_size=1, max_size=8))
@settings(max_examples=shares.examples(40))
def test_rounded_numbers_add_up_and_none_is_off_by_more_than_one(
    exact: list[Fraction],
) -> None:
    total = round(sum(exact, Fraction(0)))
    whole = findings.round_to_sum(exact, total)
    assert sum(whole) == total
    assert all(abs(a - b) <= 1 for a, b in zip(whole, exact, strict=True))


def test_small_and_young_groups_are_not_enough_to_say() -> None:
    shop = planted.build(quiet="fruit")
    factories.group(shop.community, "tiny", *shop.members["fruit"][:5], name="Tiny")
    found = find(shop.community, factories.staff(shop.community))
    assert found.small_groups == ("Tiny",)
    assert found.not_enough >= 4


def test_holidays_and_platform_changes_are_left_out_and_named() -> None:
    shop = planted.build(quiet="fruit")
    by = factories.staff(shop.community)
    for ago in (1, 2, 3):
        notebook.create(
            community=shop.community,
            kind="platform_change",
            title="Outage",
            day=(NOW - timedelta(days=ago)).date(),
            by=by,
            at=NOW,
        )
    found = find(shop.community, by)
    assert found.findings == ()
    assert [(each.day.day, each.reason) for each in found.left_out] == [
        (21, "Outage"),
        (22, "Outage"),
        (23, "Outage"),
    ]


def test_staff_limited_to_groups_have_findings_of_these_only() -> None:
    shop = planted.build(quiet="fruit")
    own = factories.staff(shop.community, login="own", groups=["fruit", "tea"])
    other = factories.staff(shop.community, login="other", groups=["tea", "bread"])
    (finding,) = find(shop.community, own).findings
    assert finding.group == "fruit"
    assert not finding.is_of_community
    assert find(shop.community, other).findings == ()


def test_staff_with_a_scope_have_the_numbers_of_people_they_see() -> None:
    shop = planted.build(quiet="fruit")
    wide = find(shop.community, factories.staff(shop.community)).findings[0]
    keys = [f"{key}-{n}" for key in planted.KEYS for n in range(35)]
    scoped = factories.staff(
        shop.community, login="scoped", scope={"members": {"keys": keys[1:]}}
    )
    (narrow,) = find(shop.community, scoped).findings
    assert narrow.cell == wide.cell
    assert narrow.observed < wide.observed


def test_finding_survives_json() -> None:
    shop = planted.build(quiet="fruit")
    found = find(shop.community, factories.staff(shop.community))
    assert Findings.from_json(found.to_json()) == found
    finding = found.findings[0]
    assert Finding.from_json(finding.to_json()) == finding


def test_missing_orders_are_a_finding_with_money_and_buyers_who_stopped() -> None:
    community = factories.community(
        timezone="UTC", language="en", region="US", at=NOW - timedelta(days=100)
    )
    began = NOW - timedelta(days=90)
    people = [
        factories.member(community, f"m{n}", joined_at=began, at=NOW).pk
        for n in range(40)
    ]
    for ago in range(1, 50):
        number = 2 if ago <= 3 else planted.BUSY[ago % 7]
        for n in range(number):
            buyer = people[(ago * 5 + n) % 38]
            factories.order(community, buyer, 1000 + n, planted.day_at(ago))
    deriver.catch_up()
    by = factories.staff(community)
    found = find(community, by)
    (finding,) = (each for each in found.findings if each.metric in ("orders", "paid"))
    days = {"first": finding.since, "last": finding.until}
    own = metrics.compute_for_community(
        community=community, by=by, at=NOW, names=["orders", "paid"], **days
    )
    assert finding.observed == sum(own[finding.metric])
    assert (finding.since, finding.days) == (date(2026, 8, 21), 3)
    assert finding.money is not None
    assert finding.money < -10_000
    assert finding.currency == community.currency
    assert finding.action == "write_to_buyers"
    assert "less than usual" in sentences.money_line(replace(finding, metric="orders"))
    rule = finding.rule
    buyers = audiences.list_ids(community=community, rule=rule, by=by, at=NOW)
    last = {people[(ago * 5 + n) % 38] for ago in (1, 2, 3) for n in (0, 1)}
    assert finding.people == len(buyers) > 10
    assert not last & set(buyers)


def test_staff_in_charge_and_product_category_are_named_and_close() -> None:
    """I12"""
    community = factories.community(
        timezone="UTC", language="en", region="US", at=NOW - timedelta(days=100)
    )
    by = factories.staff(community)
    wang, xu = (
        factories.staff(community, "operator", login, name=login.title())
        for login in ("wang", "xu")
    )
    people = [
        factories.member(
            community, f"m{n}", joined_at=NOW - timedelta(days=90), at=NOW
        ).pk
        for n in range(60)
    ]
    for staff, own in ((wang, people[::2]), (xu, people[1::2])):
        staff_assignments.assign(
            community=community, accounts=own, staff=staff, by=by, at=NOW
        )
    for ago in range(1, 50):
        for n in range(2 * planted.BUSY[ago % 7]):
            # Of late, hardly anybody of Wang's buys; and nobody buys tea.
            if ago <= 3 and n % 2 == 0 and n > 2:
                continue
            items = [{"name": "x", "category": "tea" if n % 2 == 0 else "bread"}]
            if n == 1:
                items.append({"name": "y", "category": "tea"})
            factories.order(
                community,
                people[(ago * 6 + n) % 60],
                1000,
                planted.day_at(ago),
                items=items,
            )
    deriver.catch_up()
    found = find(community, by)
    (finding,) = (each for each in found.findings if each.metric in ("orders", "paid"))
    loaded = cells.load(by=by, at=NOW)
    counts = loaded.counts[(finding.level, finding.metric)]
    change = rhythm.find_change(counts, 0, direction=rhythm.DOWN)
    dimensions = {
        each.key: each for each in findings.list_dimensions(finding, change, loaded)
    }
    for key, part in (("staff", "wang"), ("category", "tea")):
        explanation = contributions.explain(
            expected=Fraction(change.expected),
            observed=Fraction(change.observed),
            dimensions=[dimensions[key]],
        )
        assert explanation is not None
        assert [each.key for each in explanation.leading] == [part]
        named = (*explanation.leading, *explanation.opposite)
        parts = sum((each.contribution for each in named), Fraction(0))
        whole = parts + explanation.others + explanation.remainder
        assert whole == explanation.change
        # Orders of two categories are in both parts.
        assert bool(explanation.remainder) == (key == "category")
    cause = finding.cause
    assert cause is not None
    assert cause.dimension in ("staff", "category")
    named_parts = (*cause.leading, *cause.opposite)
    total = sum(each.contribution for each in named_parts)
    assert total + cause.others + cause.remainder == finding.difference
    for key, text in (
        ("staff", "members of the staff in charge"),
        ("category", "the product category"),
    ):
        other = replace(finding, cause=replace(cause, dimension=key))
        assert text in sentences.cause_line(other)


def test_public_holidays_of_china_are_left_out_of_its_communities_only() -> None:
    days = (date(2026, 9, 28), date(2026, 10, 9))
    first, last = (community_days.from_date(day) for day in days)
    china = factories.community("cn", region="CN")
    elsewhere = factories.community("us", region="US")
    named = {each.day: each.reason for each in cells.list_left_out(china, first, last)}
    assert named[date(2026, 10, 1)] == "National Day"
    assert list(cells.list_left_out(elsewhere, first, last)) == []


def test_dissolved_group_is_no_finding() -> None:
    shop = planted.build(quiet="fruit")
    by = factories.staff(shop.community)
    assert {each.group for each in find(shop.community, by).findings} == {"fruit"}
    groups.change_stage(group=shop.groups["fruit"], transition="close", by=by, at=NOW)
    found = find(shop.community, by)
    assert "fruit" not in {each.group for each in (*found.findings, *found.others)}
    assert "fruit" not in found.small_groups
    # Two groups are left, with four questions each.
    assert found.asked == 13
