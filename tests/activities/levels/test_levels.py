"""Levels of members: reached, kept, lost, multiplied, and never taken away early (E9)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from qunce.activities.levels import gifts, holdings, previews, schemes
from qunce.activities.levels.models import LevelGift, LevelHolding
from qunce.activities.levels.schemes import InvalidLevels, LevelInput, SchemeInput
from qunce.activities.points import reversals, spending
from qunce.activities.points.models import EntryKind, PointEntry
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.groups import groups, memberships
from qunce.members.accounts import queries as account_queries
from qunce.members.people import staff_accounts
from qunce.sets.doctor import doctor
from tests import factories
from tests.activities.levels import builders, oracle
from tests.activities.levels.builders import GOLD, SILVER
from tests.activities.points import builders as point_builders
from tests.factories import AT, LATER

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


def on(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 12, tzinfo=UTC)


@pytest.fixture
def ann(shop: Community) -> int:
    return factories.member(shop, "ann").pk


def changes(of: Community) -> list[tuple[int | None, str, str]]:
    found = factories.recorded_facts(of, "level.changed")
    return [(account, fact["before"], fact["level"]) for account, fact in found]


@pytest.mark.both_databases
def test_level_is_reached_by_earning_and_not_lost_by_spending(
    shop: Community, ann: int
) -> None:
    builders.define(shop)
    builders.earn(ann, 99)
    assert builders.level_of(shop, ann) == ""
    builders.earn(ann, 1)
    assert builders.level_of(shop, ann) == "silver"
    builders.earn(ann, 400)
    assert builders.level_of(shop, ann) == "gold"
    spending.spend(account_id=ann, amount=450, key="mall/1", by=None, at=AT)
    point_builders.react()
    assert builders.level_of(shop, ann) == "gold"
    assert changes(shop) == [(ann, "", "silver"), (ann, "silver", "gold")]
    assert not doctor.run_checks(only="levels")


def test_points_taken_back_as_their_reason_disappeared_lower_the_level(
    shop: Community, ann: int
) -> None:
    builders.define(shop)
    point_builders.rule(shop, event="order", per_amount=1, points=1)
    factories.order(shop, ann, 600)
    point_builders.react(AT)
    assert builders.level_of(shop, ann) == "gold"
    factories.refund(shop, "o1", 150)
    point_builders.react()
    assert builders.level_of(shop, ann) == "silver"
    factories.refund(shop, "o1")
    point_builders.react()
    assert builders.level_of(shop, ann) == ""
    assert [change[1:] for change in changes(shop)] == [
        ("", "gold"), ("gold", "silver"), ("silver", "")
    ]  # fmt: skip


def test_kept_at_the_end_of_the_month_and_lost_after_the_grace(
    shop: Community, ann: int
) -> None:
    builders.define(shop)
    builders.earn(ann, 500)
    assert builders.level_of(shop, ann, on(4, 30)) == "gold"
    # Right also before the job of the day ran, and afterwards.
    assert builders.level_of(shop, ann, on(5, 3)) == "gold"
    assert builders.level_of(shop, ann, on(5, 4)) == ""
    assert holdings.recount_due(at=on(5, 3)) == 0
    assert holdings.recount_due(at=on(5, 4)) == 1
    assert holdings.recount_due(at=on(5, 4)) == 0
    assert LevelHolding.objects.get(person_id=ann).level is None
    assert changes(shop)[-1] == (ann, "gold", "")


@pytest.mark.both_databases
def test_merge_adds_what_both_earned_and_unmerge_takes_it_apart(
    shop: Community, ann: int
) -> None:
    bob = factories.member(shop, "bob").pk
    builders.define(shop)
    builders.earn(ann, 60)
    builders.earn(bob, 440)
    assert builders.level_of(shop, bob) == "silver"
    factories.merge(shop, "ann", "bob")
    point_builders.react()
    assert builders.level_of(shop, ann) == "gold"
    assert builders.level_of(shop, bob) == ""
    factories.unmerge(shop, "ann", "bob")
    point_builders.react()
    assert builders.level_of(shop, ann) == ""
    assert builders.level_of(shop, bob) == "silver"
    assert not doctor.run_checks(only="levels")


def test_staff_and_erased_members_have_no_level(shop: Community, ann: int) -> None:
    bob = factories.member(shop, "bob").pk
    builders.define(shop)
    builders.earn(ann, 100)
    builders.earn(bob, 100)
    by = staff_models.system(shop)
    staff_accounts.mark(accounts=[bob], by=by, at=AT)
    from qunce.members.people import people

    people.erase(account=account_queries.get(shop, "ann"), by=by, at=LATER)
    point_builders.react()
    holdings.recount(shop, at=LATER)
    assert builders.level_of(shop, bob) == ""
    assert not LevelHolding.objects.filter(person_id=ann).exists()
    assert not doctor.run_checks(only="levels")


def test_a_role_of_staff_ends_the_level_at_once_and_its_end_restores_it(
    shop: Community, ann: int
) -> None:
    builders.define(shop)
    builders.earn(ann, 100)
    by = staff_models.system(shop)
    staff_accounts.mark(accounts=[ann], by=by, at=AT)
    point_builders.react(AT)
    assert builders.level_of(shop, ann) == ""
    staff_accounts.unmark(account=ann, by=by, at=AT)
    point_builders.react(AT)
    assert builders.level_of(shop, ann) == "silver"
    north = factories.group(shop, "north")
    groups.add_members(group=north, accounts=[ann], by=by, at=AT)
    for role, level in (("service", ""), ("member", "silver")):
        memberships.change_role(group=north, account=ann, role=role, by=by, at=AT)
        point_builders.react(AT)
        assert builders.level_of(shop, ann) == level
    assert not doctor.run_checks(only="levels")


def test_rules_are_multiplied_before_caps_and_rounded_down(
    shop: Community, ann: int
) -> None:
    bob = factories.member(shop, "bob").pk
    builders.define(shop)
    builders.earn(ann, 500)
    rule = point_builders.rule(
        shop, event="order", per_amount=100, points=3, name="Buy"
    )
    from qunce.activities.points import phrases

    assert "Gold 150 %" in phrases.earns(rule)
    factories.order(shop, ann, 350)  # 10 points, 15 with the multiplier
    factories.order(shop, bob, 350)
    point_builders.react(AT)
    earned = dict(
        PointEntry.objects.filter(rule_id=rule.pk).values_list("account_id", "amount")
    )
    assert earned == {ann: 15, bob: 10}
    # A third of the refund takes a third back of what was multiplied.
    factories.refund(shop, "o1", 117)
    factories.refund(shop, "o1")
    point_builders.react()
    taken = PointEntry.objects.filter(kind=EntryKind.REVERSE, account_id=ann)
    assert [entry.amount for entry in taken.order_by("pk")] == [5, 10]
    from qunce.activities.points import rules

    rules.update(rule=rule, is_multiplied=False, by=staff_models.system(shop), at=LATER)
    factories.order(shop, ann, 350, paid_at=LATER, key="o9")
    point_builders.react()
    assert PointEntry.objects.get(rule_id=rule.pk, key__endswith="o9").amount == 10


def test_higher_thresholds_wait_for_the_next_period(shop: Community, ann: int) -> None:
    builders.define(shop)
    builders.earn(ann, 100)
    by = staff_models.system(shop)
    wanted = SchemeInput(
        period="month", grace_days=0, levels=[
            LevelInput(key="silver", name="Silver", points=200), GOLD
        ],
    )  # fmt: skip
    found = previews.preview(community=shop, wanted=wanted, by=by, at=LATER)
    assert [(row.name, row.people, row.now) for row in found.rows] == [
        ("Silver", 1, 1), ("Gold", 0, 0)
    ]  # fmt: skip
    schemes.define(community=shop, wanted=wanted, by=by, at=LATER)
    holdings.recount(shop, at=LATER)
    assert builders.level_of(shop, ann, on(3, 31)) == "silver"
    assert builders.level_of(shop, ann, on(4, 30)) == "silver"
    builders.earn(ann, 150, on(4, 5))
    assert builders.level_of(shop, ann, on(5, 10)) == ""


def test_archived_level_and_other_period_keep_what_was_reached(
    shop: Community, ann: int
) -> None:
    builders.define(shop)
    builders.earn(ann, 600)
    by = staff_models.system(shop)
    schemes.define(
        community=shop,
        wanted=SchemeInput(period="rolling", days=7, grace_days=0, levels=[SILVER]),
        by=by,
        at=LATER,
    )
    holdings.recount(shop, at=LATER)
    assert builders.level_of(shop, ann, on(3, 31)) == "gold"
    holdings.recount(shop, at=on(4, 1))
    assert builders.level_of(shop, ann, on(4, 1)) == ""
    again = SchemeInput(period="rolling", days=7, grace_days=0, levels=[SILVER, GOLD])
    schemes.define(community=shop, wanted=again, by=by, at=on(4, 1))
    assert [each.key for each in schemes.list_all(shop)] == ["silver", "gold"]


def test_preview_counts_and_stores_nothing(shop: Community, ann: int) -> None:
    bob = factories.member(shop, "bob").pk
    factories.leave(shop, "bob")
    for account in (ann, bob):
        point_builders.award(account, 300)
    by = staff_models.system(shop)
    wanted = SchemeInput(period="quarter", levels=[SILVER, GOLD])
    found = previews.preview(community=shop, wanted=wanted, by=by, at=AT)
    assert [(row.name, row.points, row.people) for row in found.rows] == [
        ("Silver", 100, 1), ("Gold", 500, 0)
    ]  # fmt: skip
    assert (found.higher, found.lower, found.without) == (1, 0, 0)
    assert not schemes.list_all(shop)
    builders.define(shop)
    lower = SchemeInput(
        period="month", levels=[SILVER, LevelInput(key="gold", name="G", points=200)]
    )
    found = previews.preview(community=shop, wanted=lower, by=by, at=AT)
    assert (found.higher, found.lower) == (1, 0)


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("period", SchemeInput(period="week", levels=[SILVER])),
        ("grace_days", SchemeInput(period="month", grace_days=28, levels=[SILVER])),
        ("days", SchemeInput(period="rolling", days=0, levels=[SILVER])),
        ("gift_budget", SchemeInput(gift_budget=-1, levels=[SILVER])),
        ("levels", SchemeInput()),
        ("levels", SchemeInput(levels=[SILVER] * 21)),
        ("points", SchemeInput(levels=[LevelInput(name="A", points=0)])),
        ("points", SchemeInput(levels=[GOLD, SILVER])),
        ("name", SchemeInput(levels=[SILVER, LevelInput(name="SILVER", points=200)])),
        ("name", SchemeInput(levels=[LevelInput(name="x" * 41, points=1)])),
        ("title", SchemeInput(levels=[LevelInput(name="A", title="x" * 13, points=1)])),
        ("percent", SchemeInput(levels=[LevelInput(name="A", points=1, percent=99)])),
        ("percent", SchemeInput(levels=[LevelInput(name="A", points=1, percent=1001)])),
        (
            "gift_stock",
            SchemeInput(levels=[LevelInput(name="A", points=1, gift_stock=9)]),
        ),
    ],
)
def test_what_cannot_be_stored_is_refused_with_its_field(
    shop: Community, field: str, wanted: SchemeInput
) -> None:
    by = staff_models.system(shop)
    with pytest.raises(InvalidLevels) as caught:
        schemes.define(community=shop, wanted=wanted, by=by, at=AT)
    assert caught.value.field == field
    assert str(caught.value)


def test_order_of_levels_stays(shop: Community) -> None:
    builders.define(shop)
    swapped = [
        LevelInput(key="gold", name="Gold", points=50),
        LevelInput(key="silver", name="Silver", points=60),
    ]
    with pytest.raises(InvalidLevels, match="order"):
        schemes.define(
            community=shop,
            wanted=SchemeInput(levels=swapped),
            by=staff_models.system(shop),
            at=AT,
        )


# Gifts


def gift_levels(**fields: object) -> tuple[LevelInput, LevelInput]:
    gold = LevelInput(**{**GOLD.__dict__, **fields})
    return SILVER, gold


@pytest.mark.both_databases
def test_gift_of_points_is_given_once_a_month_within_the_budget(
    shop: Community, ann: int
) -> None:
    bob, cat = factories.members(shop, "bob", "cat")
    builders.define(shop, *gift_levels(gift_points=30), gift_budget=60)
    for account in (ann, bob, cat):
        builders.earn(account, 500)
    assert gifts.give_due(at=AT) == 2
    assert gifts.give_due(at=LATER) == 0
    given = gifts.count_given(community=shop, by=staff_models.system(shop), at=AT)
    assert (given.people, given.points, given.budget) == (2, 60, 60)
    assert point_builders.usable(ann) == 530
    # A gift was not earned.
    point_builders.react()
    assert not doctor.run_checks(only="levels")
    assert not doctor.run_checks(only="points")
    scale = holdings.load_scale(shop, shop.day(AT))
    assert scale is not None
    counted = holdings.read_earned(scale, [ann])[ann]
    assert sum(points for _day, points in counted) == 500
    assert gifts.give_due(at=on(4, 1)) == 2
    assert LevelGift.objects.count() == 4


def test_gifts_skip_those_who_left_and_pairs_get_one(shop: Community, ann: int) -> None:
    bob = factories.member(shop, "bob").pk
    cat = factories.member(shop, "cat").pk
    builders.define(shop, *gift_levels(gift_points=30))
    builders.earn(ann, 500)
    builders.earn(cat, 500)
    factories.leave(shop, "cat")
    assert gifts.give_due(at=AT) == 1
    builders.earn(bob, 500)
    factories.merge(shop, "ann", "bob")
    point_builders.react()
    assert gifts.give_due(at=LATER) == 0
    factories.unmerge(shop, "ann", "bob")
    point_builders.react()
    assert gifts.give_due(at=LATER) == 1
    assert sorted(LevelGift.objects.values_list("account_id", flat=True)) == [ann, bob]


def test_prize_as_a_gift_stays_within_its_stock(shop: Community, ann: int) -> None:
    from qunce.activities.prizes import prizes

    bob = factories.member(shop, "bob").pk
    by = factories.staff(shop)
    prize = prizes.create(
        community=shop, name="Tea", kind="service", total=1, by=by, at=AT
    )
    builders.define(shop, *gift_levels(gift_stock=prize.pk))
    builders.earn(ann, 500)
    builders.earn(bob, 500)
    assert gifts.give_due(at=AT) == 1
    prize.refresh_from_db()
    assert prize.left == 0
    assert LevelGift.objects.get().award_id is not None


# Random histories


@pytest.mark.both_databases
def test_stored_levels_follow_random_histories(shop: Community) -> None:
    for seed in range(4):
        random = Random(seed)  # noqa: S311
        of = factories.community(f"c{seed}", timezone=random.choice(ZONES))
        period = random.choice(["month", "quarter", "rolling"])
        builders.define(of, at=on(1, 1), period=period, days=40, grace_days=5)
        people = factories.members(of, "a", "b", "c", at=on(1, 1))
        earned: dict[int, list[tuple[int, int, date]]] = {each: [] for each in people}
        merged = False
        at = on(1, 2)
        for _step in range(25):
            at += timedelta(days=random.randint(0, 9), hours=random.randint(0, 23))
            account = random.choice(people)
            action = random.choice(["earn", "earn", "earn", "reverse", "merge", "day"])
            if action == "earn":
                points = random.randint(1, 250)
                entry = builders.earn(account, points, at)
                earned[account].append((entry, points, _date(of, at)))
            elif action == "reverse" and earned[account]:
                gone = earned[account].pop(random.randrange(len(earned[account])))
                reversals.reverse_awards(
                    community=of, entries=[gone[0]], by=None, at=at
                )
            elif action == "merge":
                (factories.unmerge if merged else factories.merge)(of, "a", "b", at)
                merged = not merged
            point_builders.react(at)
            holdings.recount_due(at=at)
            groups = [people[:2], people[2:]] if merged else [[each] for each in people]
            for own in groups:
                expected = oracle.level(
                    period=period,
                    days=40,
                    grace=5,
                    thresholds=[100, 500],
                    earned=[
                        (day, n) for each in own for _entry, n, day in earned[each]
                    ],
                    on=_date(of, at),
                )
                stored = builders.level_of(of, own[0], at)
                assert stored == ["silver", "gold", ""][expected], (seed, at, own)
        assert not doctor.run_checks(only="levels")


ZONES = ["Asia/Shanghai", "America/Los_Angeles", "Africa/Cairo"]


def _date(of: Community, at: datetime) -> date:
    from qunce.core import community_days

    return community_days.to_date(of.day(at))
