"""Styles of service: who has which, and that the contact budget really is the style's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.campaigns import audience_plan, review
from qunce.outreach.contact_budget import member_policies, policies, pressure
from qunce.outreach.contact_budget.limits import (
    Budget,
    Clock,
    Contact,
    Limit,
    Mode,
    QuietHours,
    Span,
)
from qunce.outreach.sending import messages
from qunce.outreach.sending.messages import Draft, Origin
from qunce.outreach.service_styles import (
    assignment,
    budgets,
    explanations,
    rules,
    styles,
)
from qunce.outreach.service_styles.explanations import MemberStyle
from qunce.outreach.service_styles.models import ServiceStyle
from qunce.outreach.service_styles.rules import Draft as Rule
from qunce.sets.bitmaps import bitmaps
from tests import factories
from tests.factories import AT, HOUR

DAY = timedelta(days=1)


def at_most(count: int, span: Span = Span.WEEK) -> list[dict[str, Any]]:
    return [policies.to_json(Limit(span, Mode.AT_MOST, count))]


def style(by: Staff, name: str, **fields: Any) -> ServiceStyle:
    return styles.create(community=by.community, name=name, by=by, at=AT, **fields)


def assign(by: Staff, default: ServiceStyle, *given_rules: Rule) -> None:
    rules.update(
        community=by.community, rules=given_rules, default=default, by=by, at=AT
    )


def names(of: Community, *accounts: int) -> list[str]:
    found = assignment.load(of, AT)
    return [str(found.style_of(pk)) for pk in accounts]


@given(st.lists(st.frozensets(st.integers(1, 9)), max_size=5))
def test_everyone_is_in_the_first_set_that_has_them(sets: list[frozenset[int]]) -> None:
    parts = assignment.divide([bitmaps.of(each) for each in sets])
    for person in range(1, 10):
        expected = [i for i, people in enumerate(sets) if person in people][:1]
        assert [i for i, people in enumerate(parts) if person in people] == expected


BUDGETS = st.builds(
    Budget,
    limits=st.lists(
        st.builds(
            Limit,
            span=st.sampled_from(Span),
            mode=st.sampled_from(Mode),
            count=st.integers(1, 3),
            rolling=st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
    gap=st.sampled_from([timedelta(), 3 * HOUR]),
    quiet=st.none() | st.just(QuietHours(22 * 60, 8 * 60)),
)


@given(BUDGETS, BUDGETS, st.lists(st.integers(-40, 40), max_size=6), st.booleans())
def test_style_replaces_what_it_sets_and_nothing_else(
    common: Budget, own: Budget, hours: list[int], has_gap: bool
) -> None:
    """What fits is what fits its own limits, and the community's where it has none."""
    stored = ServiceStyle(
        limits=[policies.to_json(each) for each in own.limits] or None,
        gap_minutes=own.gap // timedelta(minutes=1) if has_gap else None,
        quiet_start=own.quiet.start if own.quiet else None,
        quiet_end=own.quiet.end if own.quiet else None,
    )
    found = budgets.of(stored, common)
    clock = Clock(ZoneInfo("Asia/Shanghai"))
    contacts = [Contact(AT + each * HOUR, "assisted", "marketing") for each in hours]
    kinds = {"channel": "assisted", "purpose": "marketing"}

    def refused(budget: Budget, **parts: Any) -> Any:
        only = Budget(**{"limits": (), **parts})
        return only.refusal(contacts, AT, clock=clock, **kinds) is not None

    limits = (own if own.limits else common).limits
    gap = own.gap if has_gap else common.gap
    assert (found.refusal(contacts, AT, clock=clock, **kinds) is not None) == (
        refused(found, limits=limits) or refused(found, gap=gap)
    )
    assert found.quiet == (own.quiet or common.quiet)


@pytest.mark.both_databases
def test_each_member_has_one_style_by_the_order_of_the_rules(
    shop: Community, by: Staff
) -> None:
    bob, vip, both = factories.members(shop, "bob", "vip", "both", source="street")
    factories.group(shop, "north", vip, both)
    parcel = factories.member(shop, "parcel", source="parcel").pk
    factories.segment(shop, "chosen", {"group": {"any": ["north"]}})
    styles.create_usual(community=shop, by=by, at=AT)
    styles.create_usual(community=shop, by=by, at=AT)
    care, service, feed = styles.list_all(by)
    assert names(shop, bob, vip) == ["Mass feed", "Mass feed"]
    assign(
        by,
        service,
        Rule({"source": {"any": ["parcel"]}}, feed),
        Rule({"segment": {"any": ["chosen"]}}, care),
        Rule({"group": {"any": ["north"]}}, feed),
    )
    assert names(shop, bob, vip, both, parcel) == [
        "Customer service",
        "Close care",
        "Close care",
        "Mass feed",
    ]
    with pytest.raises(rules.InvalidStyleRules, match="a source, a layer, a group"):
        assign(by, feed, Rule({"tag": {"any": ["vip"]}}, care))
    with pytest.raises(styles.ServiceStyleInUse, match="Give them another"):
        styles.delete(style=care, by=by, at=AT)
    assign(by, feed)
    styles.delete(style=care, by=by, at=AT)
    assert names(shop, vip) == ["Mass feed"]


def test_rule_about_a_hidden_group_is_not_named_on_the_page_of_a_member(
    shop: Community, by: Staff
) -> None:
    (vip,) = factories.members(shop, "vip")
    factories.group(shop, "secret", vip)
    styles.create_usual(community=shop, by=by, at=AT)
    care, _service, feed = styles.list_all(by)
    about = {"group": {"any": ["secret"]}}
    assign(by, feed, Rule(about, care))
    limited = factories.staff(shop, "operator", "op")
    limited.groups = ["open"]
    shown = [
        explanations.find_style(account=vip, by=asker, at=AT) for asker in (by, limited)
    ]
    assert shown == [MemberStyle(care, about), MemberStyle(care, is_hidden=True)]


@pytest.mark.both_databases
def test_budget_of_sends_and_of_reviews_is_that_of_the_style(
    shop: Community, by: Staff
) -> None:
    """A weekly limit of 1, 3 and none: what is claimed is what the sets say."""
    ids = factories.members(shop, "feed1", "feed2", "care1", "care2", "none1")
    factories.group(shop, "care", *ids[2:4])
    factories.group(shop, "none", ids[4])
    feed = style(by, "Feed", limits=at_most(1))
    care = style(by, "Care", limits=at_most(3), gap_minutes=0)
    nothing = style(by, "None", limits=[policies.to_json(Limit(Span.DAY, Mode.NONE))])
    assign(
        by,
        feed,
        Rule({"group": {"any": ["care"]}}, care),
        Rule({"group": {"any": ["none"]}}, nothing),
    )
    allowed = dict(zip(ids, (1, 1, 3, 3, 0), strict=True))
    full = "over_contact_limit"
    for before in range(4):
        campaign = factories.campaign(by)
        plan = audience_plan.build(campaign=campaign, by=by, at=AT)
        fitting = {pk for pk, most in allowed.items() if before < most}
        assert set(plan.targets) == fitting
        assert plan.excluded.get(full, 0) == len(ids) - len(fitting)
        if before == 0:
            shown = review.build(campaign=campaign, by=by, at=AT)
            # For the two of the feed this is the last one of the week.
            assert (shown.size, shown.at_limit_after) == (4, 2)
        assert send(by, before, ids) == [
            "planned" if pk in fitting else full for pk in ids
        ]
    lines = pressure.pressure_by_person(ids[:3], community=shop, at=AT)
    assert [[(p.count, p.limit.most) for p in lines[pk]] for pk in ids[:3]] == [
        [(1, 1)],
        [(1, 1)],
        [(3, 3)],
    ]
    assert pressure.over_budget(
        community=shop,
        policies=member_policies.load(shop, AT + 8 * DAY),
        channel="assisted",
        purpose="marketing",
        at=AT + 8 * DAY,
    ) == bitmaps.of(ids[4:])


def test_name_that_cannot_be_stored_is_refused_with_the_reason(by: Staff) -> None:
    with pytest.raises(styles.InvalidServiceStyle, match="cannot be stored"):
        style(by, "Quiet\0")


@transaction.atomic
def send(by: Staff, number: int, accounts: list[int]) -> list[str]:
    drafts = [
        Draft(
            origin=Origin.PLAYBOOK,
            origin_id=number,
            account=pk,
            text="Hello",
            staff=by,
            hold=timedelta(),
        )
        for pk in accounts
    ]
    rows = messages.request_many(drafts, community=by.community, at=AT)
    return [row.reason or row.state for row in rows]
