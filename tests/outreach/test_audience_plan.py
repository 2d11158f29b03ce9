"""Audience plans: set algebra against checking person by person (P10)."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import staff_accounts
from qunce.outreach import opt_outs, skip_reasons
from qunce.outreach.campaigns import audience_plan, campaigns, launch
from qunce.outreach.campaigns import review as campaign_review
from qunce.outreach.sending import (
    assisted_outcomes,
    assisted_sending,
    campaign_claims,
    eligibility,
)
from qunce.sets import audiences
from qunce.sets.mirror import deriver
from tests import factories, shares
from tests.factories import AT, LATER


@dataclass(frozen=True)
class Person:
    matched: bool
    excluded: bool
    left: bool
    opted_out: bool
    messages: int
    seen_by: frozenset[int]


PEOPLE = st.lists(
    st.builds(
        Person,
        matched=st.sampled_from([True, True, False]),
        excluded=st.booleans(),
        left=st.booleans(),
        opted_out=st.booleans(),
        messages=st.integers(0, 3),
        seen_by=st.frozensets(st.sampled_from([0, 1])),
    ),
    min_size=1,
    max_size=8,
)


def reason(person: Person, *, skip_recently_contacted: bool) -> str:
    """The oracle: the first reason that applies to this person."""
    if person.left:
        return "left"
    if person.excluded:
        return "excluded"
    if person.opted_out:
        return "opted_out"
    if skip_recently_contacted and person.messages >= 2:
        return "over_contact_limit"
    return "" if person.seen_by else "not_visible"


COUNTER = iter(range(10**6))


def create_shop(people: list[Person]) -> tuple[Community, list[int], list[Staff]]:
    number = next(COUNTER)
    shop = factories.community(f"shop{number}")
    staff = [
        factories.staff(
            shop,
            "operator",
            f"s{turn}-{number}",
            scope={"tag": {"any": [f"seen{turn}"]}},
        )
        for turn in (0, 1)
    ]
    ids = [factories.member(shop, f"m{n}", name=f"M{n}").pk for n in range(len(people))]
    pairs = list(zip(ids, people, strict=True))
    factories.apply_tag(shop, "asked", *[pk for pk, one in pairs if one.matched])
    factories.apply_tag(shop, "excluded", *[pk for pk, one in pairs if one.excluded])
    for turn in (0, 1):
        seen = [pk for pk, one in pairs if turn in one.seen_by]
        factories.apply_tag(shop, f"seen{turn}", *seen)
    return shop, ids, staff


def apply_history(shop: Community, ids: list[int], people: list[Person]) -> None:
    """Send messages, then record opt-outs and departures."""
    boss = factories.staff(shop, "owner", f"boss-{shop.key}")
    for turn in range(3):
        keys = [f"m{n}" for n, one in enumerate(people) if one.messages > turn]
        if not keys:
            break
        rule = {"members": {"keys": keys}}
        sent = factories.started_campaign(
            boss, rule=rule, skip_recently_contacted=False
        )
        factories.open_recipients(sent, boss)
        task = factories.task(sent, boss)
        for row in assisted_sending.open_next(task=task, by=boss, at=AT):
            assisted_sending.mark_sent(task=task, target=row.target_id, by=boss, at=AT)
        if (
            turn != 1
        ):  # The second one stays unrecorded, to count pending contacts, too.
            assisted_outcomes.record_final_marks(at=LATER)
    deriver.catch_up()
    out = [pk for pk, one in zip(ids, people, strict=True) if one.opted_out]
    opt_outs.opt_out(community=shop, accounts=out, by=boss, at=LATER)
    for n, one in enumerate(people):
        if one.left:
            account = account_queries.get(shop, f"m{n}")
            accounts.leave(account=account, by=boss, at=LATER)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
@settings(max_examples=shares.examples(15))
@given(people=PEOPLE, skip_recently_contacted=st.booleans())
def test_plan_agrees_with_checking_each_person(
    people: list[Person], skip_recently_contacted: bool
) -> None:
    shop, ids, staff = create_shop(people)
    apply_history(shop, ids, people)
    boss = Staff.objects.get(login=f"boss-{shop.key}")
    draft = factories.campaign(
        boss,
        rule={"tag": {"any": ["asked"]}},
        exclude={"tag": {"any": ["excluded"]}},
        staff=[one.pk for one in staff],
        skip_recently_contacted=skip_recently_contacted,
    )
    plan = audience_plan.build(campaign=draft, by=boss, at=LATER)
    expected = {
        pk: reason(one, skip_recently_contacted=skip_recently_contacted)
        for pk, one in zip(ids, people, strict=True)
        if one.matched
    }
    assert set(plan.targets) == {pk for pk, why in expected.items() if not why}
    assert plan.excluded == dict(Counter(why for why in expected.values() if why))
    assert plan.matched == len(expected)
    assert plan.size + sum(plan.excluded.values()) == plan.matched
    for turn, one in enumerate(staff):
        for person in plan.shares.get(one.pk, []):
            assert turn in people[ids.index(person)].seen_by


def test_review_shows_ten_recipients_with_their_text(
    shop: Community, by: Staff
) -> None:
    factories.named_members(shop, *(f"p{n:02}" for n in range(25)))
    factories.member(shop, "nameless")
    draft = factories.campaign(by, text="Hi {name}, {staff} here")
    review = campaign_review.build(campaign=draft, by=by, at=AT)
    assert (review.matched, review.size, len(review.samples)) == (26, 26, 10)
    assert review.samples[0].text == "Hi P00, Ann here"
    assert [share.size for share in review.shares] == [26]
    alone = factories.campaign(
        by, text="{name}", rule={"members": {"keys": ["nameless"]}}
    )
    (sample,) = campaign_review.build(campaign=alone, by=by, at=AT).samples
    assert (sample.name, sample.text) == ("nameless", None)
    assert sample.missing == "There is no value for {name}."


@pytest.mark.django_db(transaction=True)
def test_plan_creates_the_system_user_if_it_is_missing() -> None:
    shop = factories.community("quiet")
    boss = factories.staff(shop, "owner", "boss")
    accounts.create(community=shop, key="a", by=boss, at=AT)
    assert (
        audience_plan.build(campaign=factories.campaign(boss), by=boss, at=AT).size == 1
    )


@given(st.integers(0, 100), st.integers(1, 12))
def test_samples_are_evenly_spaced(size: int, limit: int) -> None:
    indexes = campaign_review.evenly_spaced(size, limit)
    assert len(indexes) == min(size, limit) == len(set(indexes))
    assert all(0 <= index < size for index in indexes)
    gaps = [after - before for before, after in itertools.pairwise(indexes)]
    assert not gaps or max(gaps) - min(gaps) <= 1


def test_start_is_refused_if_the_audience_has_changed(
    shop: Community, by: Staff
) -> None:
    factories.named_members(shop, "a", "b")
    draft = factories.campaign(by)
    with pytest.raises(
        launch.AudienceChanged, match="sent to 2 recipients instead of 3"
    ):
        launch.start(campaign=draft, by=by, at=AT, expected=3)
    assert draft.state == "draft"
    launch.start(campaign=draft, by=by, at=AT, expected=2)
    draft.refresh_from_db()
    assert (draft.state, draft.size) == ("sending", 2)


def test_empty_audience_is_refused(shop: Community, by: Staff) -> None:
    draft = factories.campaign(by, rule={"any": []})
    with pytest.raises(launch.AudienceEmpty):
        launch.start(campaign=draft, by=by, at=AT)


def test_campaign_of_scoped_staff_goes_to_members_they_see(shop: Community) -> None:
    factories.apply_tag(shop, "south", *factories.named_members(shop, "a"))
    factories.named_members(shop, "b")
    cat = factories.staff(shop, "operator", "cat", scope={"tag": {"any": ["south"]}})
    plan = audience_plan.build(campaign=factories.campaign(cat), by=cat, at=AT)
    assert (plan.matched, plan.size) == (1, 1)


@pytest.mark.both_databases
def test_groups_are_assigned_to_their_owners(shop: Community, by: Staff) -> None:
    cat = factories.staff(shop, "operator", "cat")
    keys = ("n", "e", "s", "w")
    circles = [groups.create(community=shop, key=key, by=by, at=AT) for key in keys]
    groups.update(group=circles[3], owner=cat, by=by, at=AT)
    draft = factories.campaign(
        by,
        target="groups",
        text="x",
        rule=None,
        groups=[one.pk for one in circles],
        staff=[by.pk, cat.pk],
    )
    plan = audience_plan.build(campaign=draft, by=by, at=AT)
    assert circles[3].pk in plan.shares[cat.pk]
    assert plan.size == 4


@pytest.mark.both_databases
def test_groups_outside_the_scope_cannot_be_chosen(shop: Community, by: Staff) -> None:
    north = groups.create(community=shop, key="north", by=by, at=AT)
    cat = factories.staff(shop, "operator", "cat")
    cat.groups = ["south"]
    with pytest.raises(groups.GroupNotFound):
        factories.campaign(cat, target="groups", text="x", rule=None, groups=[north.pk])
    assert campaigns.list_visible(cat).count() == 0


@pytest.mark.django_db(transaction=True)
def test_messages_count_as_contacts_for_seven_days() -> None:
    shop = factories.community()
    by = factories.staff(shop, "owner", "ann")
    factories.named_members(shop, "a")
    for _turn in range(2):
        sent = factories.started_campaign(by)
        factories.open_recipients(sent, by)
        task = factories.task(sent, by)
        assisted_sending.mark_sent(
            task=task, target=account_queries.get(shop, "a").pk, by=by, at=AT
        )
    assisted_outcomes.record_final_marks(at=LATER)
    deriver.catch_up()
    draft = factories.campaign(by)
    for days, size in ((6, 0), (7, 1)):
        at = AT + timedelta(days=days)
        assert audience_plan.build(campaign=draft, by=by, at=at).size == size


def test_people_who_work_here_get_no_campaign(shop: Community, by: Staff) -> None:
    """V2"""
    ann, ben, _eve = factories.members(shop, "ann", "ben", "eve")
    staff_accounts.mark(accounts=[ann], by=by, at=AT)
    draft = factories.campaign(by)
    plan = audience_plan.build(campaign=draft, by=by, at=AT)
    assert (plan.size, plan.matched) == (2, 3)
    assert plan.excluded == {skip_reasons.WORKS_HERE: 1}
    # Also whoever is marked after the start.
    staff_accounts.mark(accounts=[ben], by=by, at=AT)
    sender = campaign_claims.sender_of(draft, by)
    people = audiences.people(community=shop, rule={"all": []}, by=by, at=AT)
    checker = eligibility.checker_for(sender, people, by=by, at=AT)
    assert checker.reasons_to_skip([ben])[ben] == skip_reasons.WORKS_HERE
    funnel = audiences.funnel(community=shop, rule=factories.EVERYONE, by=by, at=AT)
    assert (funnel.total, funnel.everyone, funnel.uncounted) == (1, 1, 2)
