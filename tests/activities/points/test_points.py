"""Earning, spending and taking back points, through facts as they arrive."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from qunce import ingest, reactions
from qunce.activities.points import (
    adjustments,
    balances,
    earning,
    expiry,
    holders,
    leaderboard,
    liability,
    past_runs,
    point_settings,
    reversals,
    rules,
    spending,
)
from qunce.activities.points.models import LeaderboardOptOut, PointEntry, PointLot
from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.complaints import complaints
from qunce.ingest import incoming_facts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import staff_accounts
from qunce.sets.mirror import deriver
from tests import factories
from tests.activities.points import builders
from tests.activities.points.builders import DAY
from tests.factories import AT, LATER

pytestmark = pytest.mark.django_db


def usable(account: int, at: datetime = AT) -> int:
    return balances.balance(account_id=account, at=at).usable


def react(at: datetime = LATER) -> None:
    reactions.CONSUMER.catch_up(at=at)


@pytest.fixture
def ann(shop: Community) -> int:
    return factories.member(shop, "ann").pk


# Earning by facts


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_refund_in_thirds_takes_back_three_three_and_four(
    shop: Community, ann: int
) -> None:
    builders.rule(shop, "shopping", event="order", points=1, per_amount=10_00)
    factories.order(shop, ann, amount=100_00, key="o-1")
    react()
    assert usable(ann) == 10
    taken: list[int] = []
    for part in (33_33, 33_33, 33_34):
        factories.refund(shop, "o-1", part)
        react()
        taken.append(10 - sum(taken) - usable(ann))
    assert taken == [3, 3, 4]


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


def test_refund_takes_from_other_lots_and_then_is_owed(
    shop: Community, ann: int
) -> None:
    builders.rule(shop, "shopping", event="order", points=1, per_amount=10_00)
    factories.order(shop, ann, amount=100_00, key="o-1")
    react()
    builders.award(ann, 4)
    spending.spend(account_id=ann, amount=8, key="mall/1", by=None, at=AT)
    factories.refund(shop, "o-1", 100_00)
    react()
    found = balances.balance(account_id=ann, at=AT)
    assert (found.usable, found.owed) == (0, 4)
    builders.award(ann, 5, "prize/2")
    found = balances.balance(account_id=ann, at=AT)
    assert (found.usable, found.owed) == (1, 0)


@pytest.mark.parametrize(("new_amount", "points"), [(150_00, 15), (50_00, 5)])
def test_corrected_amount_earns_or_takes_back_the_difference(
    shop: Community, ann: int, new_amount: int, points: int
) -> None:
    builders.rule(shop, "shopping", event="order", points=1, per_amount=10_00)
    factories.order(shop, ann, amount=100_00, key="o-1")
    react()
    factories.order(shop, ann, amount=new_amount, key="o-1")
    react()
    assert usable(ann, LATER) == points
    factories.refund(shop, "o-1", new_amount)
    react()
    assert usable(ann, LATER) == 0


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


# Spending


def test_spend_takes_soonest_last_day_and_undoing_it_gives_the_same_lots(
    shop: Community, ann: int
) -> None:
    late = builders.award(ann, 10, "prize/1")
    soon = builders.award(ann, 10, "prize/2", valid_days=3)
    spending.spend(account_id=ann, amount=12, key="mall/1", by=None, at=AT)
    left = dict(PointLot.objects.values_list("pk", "left"))
    assert left == {late: 8, soon: 0}
    at = AT + 20 * DAY
    assert spending.restore(community=shop, key="mall/1", by=None, at=at)
    assert spending.restore(community=shop, key="mall/1", by=None, at=at) is None
    assert usable(ann, at) == 20
    # Seven days from then, as its old last day is over.
    assert usable(ann, at + 7 * DAY) == 20
    assert usable(ann, at + 8 * DAY) == 10


def test_key_that_spent_something_else_is_refused(shop: Community, ann: int) -> None:
    builders.award(ann, 10)
    for _time in range(2):
        spending.spend(account_id=ann, amount=4, key="mall/1", by=None, at=AT)
    assert usable(ann) == 6
    with pytest.raises(holders.KeyUsedAgain):
        spending.spend(account_id=ann, amount=5, key="mall/1", by=None, at=AT)
    with pytest.raises(spending.NotEnoughPoints, match="6 points to spend, and 7"):
        spending.spend(account_id=ann, amount=7, key="mall/2", by=None, at=AT)
    for amount in (0, -1, 10**10):
        with pytest.raises(holders.InvalidPoints):
            spending.spend(account_id=ann, amount=amount, key="x", by=None, at=AT)


# By hand


def test_above_the_limit_a_second_person_approves(
    shop: Community, by: Staff, ann: int
) -> None:
    other = factories.staff(shop, login="bob")
    small = adjustments.adjust(
        account_id=ann, points=1_000, reason="thanks", key="a", by=by, at=AT
    )
    assert small.entry is not None
    large = adjustments.adjust(
        account_id=ann, points=1_001, reason="thanks", key="b", by=by, at=AT
    )
    assert large.entry is None
    assert large.waiting is not None
    with pytest.raises(adjustments.OwnAdjustment):
        adjustments.approve(adjustment=large.waiting, by=by, at=AT)
    assert usable(ann) == 1_000
    adjustments.approve(adjustment=large.waiting, by=other, at=AT)
    assert usable(ann) == 2_001
    with pytest.raises(adjustments.AlreadyDecided):
        adjustments.approve(adjustment=large.waiting, by=other, at=AT)
    taken = adjustments.adjust(
        account_id=ann, points=-1, reason="too many", key="c", by=by, at=AT
    )
    assert taken.entry is not None
    assert usable(ann) == 2_000


# Expiry


@pytest.mark.parametrize(
    ("zone", "day_start", "last_moment"),
    [
        ("Asia/Shanghai", 0, "2026-03-07T15:59:59"),
        ("Asia/Shanghai", 240, "2026-03-07T19:59:59"),
        # Clocks go forward on March 8.
        ("America/Los_Angeles", 0, "2026-03-08T07:59:59"),
        ("Africa/Cairo", 0, "2026-03-07T21:59:59"),
    ],
)
def test_points_expire_at_the_end_of_the_community_day(
    zone: str, day_start: int, last_moment: str
) -> None:
    shop = factories.community("clock", timezone=zone, day_start=day_start)
    account = factories.member(shop, "ann").pk
    builders.award(account, 10, valid_days=3)
    last = datetime.fromisoformat(last_moment).replace(tzinfo=UTC)
    assert usable(account, last) == 10
    assert usable(account, last + timedelta(seconds=1)) == 0
    # The balance does not depend on the nightly job.
    assert expiry.expire_due(at=last) == 0
    assert expiry.expire_due(at=last + timedelta(seconds=1)) == 1
    assert expiry.expire_due(at=last + timedelta(seconds=1)) == 0
    assert liability.stored(shop) == liability.recount(shop) == {}


LAST_MOMENTS = [
    # Where, start of the day in minutes, awarded, last moment of that community day
    ("Asia/Shanghai", 0, "2026-03-05T16:00:00", "2026-03-06T15:59:59"),
    ("Asia/Shanghai", 240, "2026-03-05T20:00:00", "2026-03-06T19:59:59"),
    # March 8 has 23 hours, and November 1 has 25.
    ("America/Los_Angeles", 0, "2026-03-08T08:00:00", "2026-03-09T06:59:59"),
    ("America/Los_Angeles", 0, "2026-11-01T07:00:00", "2026-11-02T07:59:59"),
    # Days that start at 04:00 are changed before they begin: October 31 has 25 hours.
    ("America/Los_Angeles", 240, "2026-10-31T11:00:00", "2026-11-01T11:59:59"),
    ("America/Los_Angeles", 240, "2026-03-07T12:00:00", "2026-03-08T10:59:59"),
    # April 24 begins at 01:00; the last hour of October 29 comes twice.
    ("Africa/Cairo", 0, "2026-04-23T22:00:00", "2026-04-24T20:59:59"),
    ("Africa/Cairo", 0, "2026-10-28T21:00:00", "2026-10-29T21:59:59"),
]


@pytest.mark.parametrize(("zone", "day_start", "first", "last"), LAST_MOMENTS)
def test_points_of_one_day_last_as_long_as_the_day(
    zone: str, day_start: int, first: str, last: str
) -> None:
    shop = factories.community("clock", timezone=zone, day_start=day_start)
    account = factories.member(shop, "ann").pk
    begin, end = (
        datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (first, last)
    )
    builders.award(account, 10, at=begin, valid_days=1)
    assert usable(account, end) == 10
    assert usable(account, end + timedelta(seconds=1)) == 0
    # A second earlier it would have been the day before.
    builders.award(account, 5, at=begin - timedelta(seconds=1), valid_days=1)
    assert usable(account, begin) == 10


def test_nothing_expires_while_a_case_is_open(
    shop: Community, by: Staff, ann: int
) -> None:
    builders.award(ann, 10, valid_days=3)
    case = complaints.create(
        community=shop,
        kind="complaint",
        title="cracked cup",
        topic="quality",
        account=ann,
        by=by,
        at=AT,
    )
    at = AT + 30 * DAY
    assert expiry.announce_due(at=AT) == 0
    assert expiry.expire_due(at=at) == 0
    assert usable(ann, at) == 10
    found = liability.load(by=by, at=at)
    assert [(line.points, line.is_held) for line in found.lines] == [(10, True)]
    complaints.close(complaint=case, outcome="solved", by=by, at=at)
    assert usable(ann, at + 7 * DAY) == 10
    assert usable(ann, at + 8 * DAY) == 0
    assert expiry.expire_due(at=at + 8 * DAY) == 1


def test_expiry_is_announced_once_seven_days_before(shop: Community, ann: int) -> None:
    builders.award(ann, 10, valid_days=10)
    builders.award(ann, 5, "prize/2")
    assert expiry.announce_due(at=AT + DAY) == 0
    assert expiry.announce_due(at=AT + 2 * DAY) == 1
    assert expiry.announce_due(at=AT + 3 * DAY) == 0
    assert factories.recorded_facts(shop, "points.expiring") == [
        (ann, {"points": 10, "last_day": "2026-03-14"})
    ]


# The past


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


# Numbers


def test_leaderboard_ranks_members_alone(shop: Community, by: Staff) -> None:
    ids = factories.members(shop, "ann", "bob", "cat", "dan", "eve", "fay", "gus")
    ann, bob, cat, dan, _eve, fay, _gus = ids
    for account, points in zip(ids, (30, 20, 20, 90, 80, 70, 10), strict=True):
        builders.award(account, points)
    staff_accounts.mark(accounts=[dan], staff=by, by=by, at=AT)
    factories.leave(shop, "eve")
    leaderboard.opt_out(account_id=fay, by=by, at=AT)
    factories.merge(shop, "bob", "gus")
    deriver.catch_up()
    places = [
        (place.rank, place.person, place.points)
        for place in leaderboard.load(by=by, at=AT)
    ]
    assert places == [(1, ann, 30), (1, bob, 30), (3, cat, 20)]
    assert leaderboard.load(by=by, at=AT + 40 * DAY) == []
    for period in ("2026-03-05", "2026-W10", "2026-03", "all"):
        chosen = leaderboard.parse_period(period, shop.day(AT + 2 * DAY))
        assert len(leaderboard.load(by=by, at=AT, period=chosen)) == 3
    leaderboard.opt_in(account_id=fay, by=by, at=AT)
    assert not LeaderboardOptOut.objects.exists()


def test_liability_is_what_is_left_by_month(
    shop: Community, by: Staff, ann: int
) -> None:
    point_settings.update(community=shop, cost=10_00, by=by, at=AT)
    builders.award(ann, 500, "prize/1", valid_days=10)
    builders.award(ann, 300, "prize/2", valid_days=40)
    builders.award(ann, 200, "prize/3")
    spending.spend(account_id=ann, amount=100, key="mall/1", by=None, at=AT)
    found = liability.load(by=by, at=AT)
    assert [(line.month, line.points, line.cost) for line in found.lines] == [
        (date(2026, 3, 1), 400, 4_00),
        (date(2026, 4, 1), 300, 3_00),
        (None, 200, 2_00),
    ]
    assert (found.points, found.cost, found.owed) == (900, 9_00, 0)


# Scope and input


def test_staff_with_a_scope_see_and_count_nobody_else(shop: Community) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    factories.apply_tag(shop, "mine", ann)
    scope = {"tag": {"any": ["mine"]}}
    limited = factories.staff(shop, "manager", "eve", scope=scope)
    builders.award(ann, 10)
    builders.award(bob, 20)
    deriver.catch_up()
    assert [place.person for place in leaderboard.load(by=limited, at=AT)] == [ann]
    assert balances.get(account_id=ann, by=limited, at=AT).usable == 10
    hidden: list[object] = [
        lambda: balances.get(account_id=bob, by=limited, at=AT),
        lambda: balances.history(account_id=bob, by=limited, at=AT),
        lambda: spending.spend(account_id=bob, amount=1, key="k", by=limited, at=AT),
        lambda: spending.restore(community=shop, key="mall/b", by=limited, at=AT),
    ]
    spending.spend(account_id=bob, amount=1, key="mall/b", by=None, at=AT)
    for call in hidden:
        with pytest.raises(account_queries.MemberNotFound):
            call()  # type: ignore[operator]
    with pytest.raises(permissions.NotAllowed):
        liability.load(by=limited, at=AT)


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


def test_struck_out_source_is_taken_back_once(shop: Community, ann: int) -> None:
    rule = builders.rule(shop, "daily", event="check_in")
    earning.earn(
        account_id=ann, rule_key=rule.key, source_key="check_in/7", by=None, at=AT
    )
    for expected in (1, 0):
        entries = reversals.reverse_source(
            community=shop, source_key="check_in/7", by=None, at=AT
        )
        assert len(entries) == expected
    assert usable(ann) == 0
    assert PointEntry.objects.filter(owed__gt=0).count() == 0
