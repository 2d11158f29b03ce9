"""Earning points by facts, up to the caps of a rule, and over the past."""

from __future__ import annotations

import pytest

from qunce import ingest
from qunce.activities.points import earning, past_runs, rules
from qunce.activities.points.models import PointLot
from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.ingest import incoming_facts
from qunce.members.people import staff_accounts
from qunce.sets.mirror import deriver
from tests import factories
from tests.activities.points import builders
from tests.activities.points.builders import DAY, react, usable
from tests.factories import AT, LATER

pytestmark = pytest.mark.django_db


def test_order_earns_once_however_often_it_is_delivered(
    shop: Community, ann: int
) -> None:
    rule = builders.rule(shop, "shopping", event="order", points=1, per_amount=10_00)
    for _time in range(5):
        factories.order(shop, ann, amount=100_00, key="o-1")
        react()
    assert usable(ann) == 10
    # The same fact again, as after a crash of a consumer that is not ours.
    lot = PointLot.objects.get()
    again = earning.Earning(ann, "order/0/o-1", 10, shop.day(AT))
    assert not earning.earn_many(
        community=shop, rule=rule, earnings=[again], by=None, at=AT
    )
    assert PointLot.objects.get() == lot


def test_joining_earns_once_per_person_and_never_before_the_rule(
    shop: Community,
) -> None:
    early = factories.member(shop, "early", at=AT - 60 * DAY).pk
    builders.rule(shop, "welcome", event="join")
    ann, bob = factories.members(shop, "ann", "bob")
    react()
    assert [usable(pk) for pk in (early, ann, bob)] == [0, 10, 10]
    facts = [factories.recorded_fact(shop, "member.joined", pk) for pk in (ann, bob)]
    assert {fact.account for fact in facts} == {ann, bob}


def test_programs_report_reviews_and_never_points(
    shop: Community, by: Staff, ann: int
) -> None:
    builders.rule(shop, "review")
    fact = incoming_facts.IncomingFact(
        kind="review.written", happened_at=AT, member="ann", payload={}
    )
    ingest.record_facts(community=shop, incoming=[fact], by=by, at=AT)
    react()
    assert usable(ann) == 10
    for kind in ("points.earned", "points.spent", "points.reversed", "points.expired"):
        fact = incoming_facts.IncomingFact(
            kind=kind, happened_at=AT, member="ann", payload={"points": 9}
        )
        with pytest.raises(errors.QunceError):
            ingest.record_facts(community=shop, incoming=[fact], by=by, at=AT)
    assert usable(ann) == 10


def test_staff_earn_nothing(shop: Community, by: Staff, ann: int) -> None:
    rule = builders.rule(shop)
    staff_accounts.mark(accounts=[ann], staff=by, by=by, at=AT)
    earned = earning.earn(
        account_id=ann, rule_key=rule.key, source_key="x", by=by, at=AT
    )
    assert (earned.entry, earned.why_not) == (None, "Staff earn no points.")


def test_past_earns_only_when_the_rule_is_run_over_it(
    shop: Community, by: Staff, ann: int
) -> None:
    for number in range(3):
        factories.order(
            shop, ann, amount=100_00, key=f"o-{number}", paid_at=AT - 90 * DAY
        )
    rule = builders.rule(
        shop, "shopping", event="order", points=1, per_amount=10_00, day_cap=25
    )
    react()
    deriver.catch_up()
    assert usable(ann, LATER) == 0
    since = AT - 100 * DAY
    preview = past_runs.preview(rule=rule, since=since, by=by, at=LATER)
    assert preview == past_runs.Preview(events=3, people=1, points=25, capped=5)
    assert usable(ann, LATER) == 0
    assert past_runs.run(rule=rule, since=since, by=by, at=LATER) == 25
    assert past_runs.run(rule=rule, since=since, by=by, at=LATER) == 0
    assert usable(ann, LATER) == 25


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("points", 0),
        ("points", 10**12),
        ("day_cap", -1),
        ("valid_days", 0),
        ("event", "winning"),
        ("per_amount", None),
        ("wait_days", 10**6),
    ],
)
def test_rule_that_cannot_be_kept_is_refused(
    shop: Community, by: Staff, field: str, value: object
) -> None:
    fields = {"name": "Shopping", "event": "order", "points": 1, "per_amount": 100}
    with pytest.raises(rules.InvalidRule) as refused:
        rules.create(community=shop, by=by, at=AT, **{**fields, field: value})  # type: ignore[arg-type]
    assert refused.value.field == field


# Caps


def test_caps_leave_what_still_fits(shop: Community, ann: int) -> None:
    rule = builders.rule(shop, day_cap=15, week_cap=35, month_cap=40)

    def earn(day: int, key: str) -> int:
        earned = earning.earn(
            account_id=ann,
            rule_key=rule.key,
            source_key=key,
            by=None,
            at=AT + day * DAY,
        )
        return earned.entry.amount if earned.entry else 0

    # AT is a Thursday; the week ends with Sunday, and the month has 31 days.
    amounts = [earn(day, f"{day}/{n}") for day in range(5) for n in range(2)]
    assert amounts == [10, 5, 10, 5, 5, 0, 0, 0, 5, 0]
    assert earn(31, "april") == 10


def test_cap_holds_for_a_person_whose_accounts_are_merged(shop: Community) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    rule = builders.rule(shop, day_cap=15)
    for account in (ann, bob):
        earning.earn(
            account_id=account,
            rule_key=rule.key,
            source_key=f"first/{account}",
            by=None,
            at=AT,
        )
    factories.merge(shop, "ann", "bob")
    earned = earning.earn(
        account_id=bob, rule_key=rule.key, source_key="second", by=None, at=AT
    )
    assert earned.why_not == "The cap of the rule is reached."
    assert usable(ann) == 20
    factories.unmerge(shop, "ann", "bob")
    assert (usable(ann), usable(bob)) == (10, 10)


def test_none_is_a_cap_and_no_limit_is_none(shop: Community, ann: int) -> None:
    nothing = builders.rule(shop, "nothing", day_cap=0)
    endless = builders.rule(shop, "endless")
    for rule, expected in ((nothing, 0), (endless, 10)):
        before = usable(ann)
        earning.earn(account_id=ann, rule_key=rule.key, source_key="x", by=None, at=AT)
        assert usable(ann) - before == expected
