"""Malls: an item for points, once and whole, and undoing it while it is not delivered."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity, Answer, Entry, Way
from qunce.activities.kinds import base
from qunce.activities.kinds.base import InvalidSetting, NotBetter
from qunce.activities.mall import redemptions
from qunce.activities.mall.models import Redemption
from qunce.activities.points import spending
from qunce.activities.points.models import PointLot
from qunce.activities.prizes import claims, delivery, prizes
from qunce.activities.prizes.models import Award, ClaimedBy, PrizeStock
from qunce.core import community_days
from qunce.core.staff.models import Staff
from qunce.members.accounts.models import Account
from qunce.members.people import people
from qunce.sets.doctor import doctor
from tests import factories
from tests.activities import running
from tests.activities.draws.builders import prize
from tests.activities.mall import builders
from tests.activities.mall.builders import item, open_mall, redeem, rich
from tests.activities.points import builders as points
from tests.factories import AT

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def left() -> int:
    return PrizeStock.objects.get().left


def test_redeeming_takes_stock_points_and_makes_an_award(by: Staff) -> None:
    mall = open_mall(by)
    (bob,) = rich(by, "bob")
    reply = redeem(mall, bob)
    assert reply.text == "“杯子” is yours for 30 points. You have 70 points left."
    assert (left(), points.usable(bob)) == (9, 70)
    award = Award.objects.get()
    assert (award.account_id, award.source, award.state) == (bob, "mall", "to_claim")
    row = builders.last()
    assert (row.award, row.points, row.item) == (award, 30, 1)
    facts = factories.recorded_facts(by.community, "item.redeemed")
    assert [(who, payload["points"]) for who, payload in facts] == [(bob, 30)]
    assert doctor.run_checks(only="prizes") == []


@pytest.mark.parametrize("said", ["1", "#1", " 杯子 ", "", "第1"])
def test_an_item_is_named_by_its_number_or_name(by: Staff, said: str) -> None:
    mall = open_mall(by)
    (bob,) = rich(by, "bob")
    assert redeem(mall, bob, said).accepted


@pytest.mark.parametrize("said", ["3", "tea", "", "1 2", "-1"])
def test_an_unknown_item_is_asked_back_and_writes_nothing(by: Staff, said: str) -> None:
    mall = open_mall(by, item(prize(by)), item(prize(by, name="茶"), 50))
    (bob,) = rich(by, "bob")
    reply = redeem(mall, bob, said)
    assert not reply.accepted
    assert "1 杯子 (30 points), 2 茶 (50 points)" in reply.text
    assert not Answer.objects.exists() and not Entry.objects.exists()


def test_without_points_nothing_changes(by: Staff) -> None:
    mall = open_mall(by)
    (bob,) = rich(by, "bob", amount=29)
    reply = redeem(mall, bob)
    assert reply.text == "There are 29 points to spend, and 30 are needed."
    assert (left(), points.usable(bob)) == (10, 29)
    assert not Entry.objects.exists() and not Redemption.objects.exists()
    assert not Award.objects.exists()


def test_the_same_form_redeems_once(by: Staff) -> None:
    mall = open_mall(by, item(prize(by), most=None))
    (bob,) = rich(by, "bob")
    first = redeem(mall, bob, key="k")
    again = redeem(mall, bob, key="k")
    assert (first.text, again.is_repeated) == (again.text, True)
    assert left() == 9
    redeem(mall, bob, key="another")
    assert (left(), points.usable(bob)) == (8, 40)


def test_one_person_gets_at_most_n_with_all_their_accounts(by: Staff) -> None:
    mall = open_mall(by, item(prize(by), most=2))
    bob, bobby = rich(by, "bob", "bobby")
    for key in ("a", "b"):
        assert redeem(mall, bob, key=key).accepted
    factories.merge(by.community, "bob", "bobby")
    reply = redeem(mall, bobby)
    assert reply.text == "You have reached the limit per person for “杯子”: 2."
    assert left() == 8
    # What was undone does not count.
    redemptions.undo(redemption=builders.last(), by=None, at=AT)
    assert redeem(mall, bobby, key="c").accepted


def test_after_the_last_piece_nothing_is_written(by: Staff) -> None:
    mall = open_mall(by, item(prize(by, total=1)))
    bob, cy = rich(by, "bob", "cy")
    redeem(mall, bob)
    assert Answer.objects.count() == 1
    reply = redeem(mall, cy)
    assert (reply.text, reply.accepted) == ("“杯子” is sold out.", False)
    assert Answer.objects.count() == Entry.objects.count() == 1
    assert points.usable(cy) == 100


def test_an_archived_prize_is_held_with_its_reason_and_the_others_go_on(
    by: Staff,
) -> None:
    mug, tea = prize(by), prize(by, name="茶")
    mall = open_mall(by, item(mug), item(tea))
    (bob,) = rich(by, "bob")
    prizes.archive(prize=mug, by=by, at=AT)
    assert redeem(mall, bob, "1").text == "“杯子” is not offered at the moment."
    assert redeem(mall, bob, "2", key="tea").accepted
    rules = base.get("mall").describe(mall)
    assert "1: “杯子” is not offered at the moment." in rules
    assert any(line.startswith("2: 茶 for 30 points") for line in rules)


def test_undoing_restores_the_same_lots_with_their_last_day(by: Staff) -> None:
    mall = open_mall(by)
    (bob,) = factories.members(by.community, "bob")
    day = by.community.day(AT)
    soon = points.award(bob, 20, key="soon", at=AT, last_day=day + 3)
    late = points.award(bob, 20, key="late", at=AT, last_day=day + 40)
    redeem(mall, bob)
    assert points.usable(bob) == 10
    redemptions.undo(redemption=builders.last(), by=None, at=AT + 30 * MINUTE)
    lots = {lot.pk: (lot.left, lot.last_day) for lot in PointLot.objects.all()}
    # The one that would expire within 7 days stays that long; the other keeps its day.
    assert lots == {soon: (20, day + 7), late: (20, day + 40)}
    assert (left(), Award.objects.get().state) == (10, "returned")
    facts = factories.recorded_facts(by.community, "item.returned")
    assert [who for who, _payload in facts] == [bob]
    with pytest.raises(redemptions.CannotUndo, match="undone already"):
        redemptions.undo(redemption=builders.last(), by=None, at=AT)
    assert (points.usable(bob), left()) == (40, 10)
    assert doctor.run_checks(only="prizes") == []


def test_a_member_undoes_it_within_the_time_and_staff_later_with_a_reason(
    by: Staff,
) -> None:
    mall = open_mall(by)
    (bob,) = rich(by, "bob")
    redeem(mall, bob)
    row, late = builders.last(), AT + 31 * MINUTE
    with pytest.raises(redemptions.CannotUndo, match="30 minutes"):
        redemptions.undo(redemption=row, by=None, at=late)
    with pytest.raises(Exception, match="reason"):
        redemptions.undo(redemption=row, by=by, at=late)
    redemptions.undo(redemption=row, by=by, at=late, reason="Wrong size")
    assert points.usable(bob) == 100
    assert Award.objects.get().return_reason == "Wrong size"
    assert builders.last().undone_by == by


def test_where_only_staff_undo_a_member_cannot(by: Staff) -> None:
    mall = open_mall(by, undo_minutes=None)
    (bob,) = rich(by, "bob")
    redeem(mall, bob)
    with pytest.raises(redemptions.CannotUndo, match="Only our staff"):
        redemptions.undo(redemption=builders.last(), by=None, at=AT)


def test_what_is_handed_over_or_sent_stays_redeemed(by: Staff) -> None:
    mall = open_mall(by)
    (bob,) = rich(by, "bob")
    redeem(mall, bob)
    award = Award.objects.get()
    claims.claim(award=award, way=ClaimedBy.PAGE, at=AT)
    assert redemptions.may_undo(builders.last(), AT)
    delivery.hand_over(award=award, by=by, at=AT)
    for staff, reason in ((None, ""), (by, "Late")):
        with pytest.raises(redemptions.CannotUndo, match="stays redeemed"):
            redemptions.undo(redemption=builders.last(), by=staff, at=AT, reason=reason)
    assert (left(), points.usable(bob)) == (9, 70)


def test_what_nobody_claims_in_time_gives_the_points_back(by: Staff) -> None:
    mall = open_mall(by)
    (bob,) = rich(by, "bob")
    redeem(mall, bob)
    claims.return_unclaimed(at=AT + 15 * running.DAY)
    assert (left(), points.usable(bob, AT + 15 * running.DAY)) == (10, 100)
    assert builders.last().undone_by is None


def test_points_of_an_erased_member_are_not_given_back(by: Staff) -> None:
    mall = open_mall(by)
    (bob,) = rich(by, "bob")
    redeem(mall, bob)
    people.erase(account=Account.objects.get(pk=bob), by=by, at=AT)
    points.react()
    claims.return_unclaimed(at=AT + 15 * running.DAY)
    assert left() == 10
    assert not PointLot.objects.filter(account_id=bob, left__gt=0).exists()


def test_staff_redeem_for_members_whom_they_see(by: Staff) -> None:
    mall = open_mall(by)
    (bob,) = rich(by, "bob")
    assert redeem(mall, bob, way=Way.STAFF, by=by).accepted
    row = builders.last()
    assert (row.by, row.source) == (by, "staff")
    assert redemptions.list_visible(activity=mall, by=by, at=AT) == [row]
    group = factories.group(by.community, "south")
    scope = {"group": {"any": [group.key]}}
    cat = factories.staff(by.community, "operator", "cat", scope=scope)
    assert redemptions.list_visible(activity=mall, by=cat, at=AT) == []
    with pytest.raises(redemptions.RedemptionNotFound):
        redemptions.get(activity=mall, pk=row.pk, by=cat, at=AT)


def test_the_budget_in_money_is_not_exceeded(by: Staff) -> None:
    mall = open_mall(
        by, item(prize(by, cost=500), most=None), money_limit=1_000, points_limit=0
    )
    (bob,) = rich(by, "bob")
    replies = [redeem(mall, bob, key=key).accepted for key in "abc"]
    assert replies == [True, True, False]
    assert (left(), points.usable(bob)) == (8, 40)
    redemptions.undo(redemption=builders.last(), by=None, at=AT)
    assert redeem(mall, bob, key="d").accepted


def change(mall: Activity, by: Staff, **settings: object) -> None:
    merged = {**mall.settings, **settings}
    activities.change(activity=mall, by=by, at=AT, settings=merged)


def test_after_publication_it_only_becomes_better(by: Staff) -> None:
    mug, tea = prize(by), prize(by, name="茶")
    mall = open_mall(by, item(mug))
    worsened: tuple[dict[str, Any], ...] = (
        {"items": [item(mug, 31)]},
        {"items": [item(tea), item(mug)]},
        {"items": []},
        {"undo_minutes": 29},
        {"undo_minutes": None},
    )
    for worse in worsened:
        with pytest.raises(NotBetter):
            change(mall, by, **worse)
    change(mall, by, items=[item(mug, 20, None), item(tea)], undo_minutes=60)
    assert mall.settings["items"][0]["price"] == 20


@pytest.mark.parametrize(
    ("price", "most"), [(0, 1), (-1, 1), (1_000_001, 1), (5, 0), (5, -1), ("5", 1)]
)
def test_numbers_out_of_their_limits_name_the_row(
    by: Staff, price: object, most: object
) -> None:
    row = {"prize": str(prize(by).pk), "price": price, "most": most}
    with pytest.raises(InvalidSetting, match="row 1"):
        running.draft(by, "mall", settings={"items": [row]})


def test_a_prize_twice_an_unknown_one_and_none_are_refused(by: Staff) -> None:
    mug = prize(by)
    for rows in ([item(mug), item(mug)], [{**item(mug), "prize": "999"}]):
        with pytest.raises(InvalidSetting):
            running.draft(by, "mall", settings={"items": rows})
    with pytest.raises(InvalidSetting, match="at least one prize"):
        running.running(by, "mall")


def test_points_that_expired_are_not_spent(by: Staff) -> None:
    mall = open_mall(by)
    (bob,) = factories.members(by.community, "bob")
    day = by.community.day(AT)
    points.award(bob, 50, at=AT, last_day=day)
    next_day = datetime.combine(community_days.to_date(day + 1), AT.timetz())
    with pytest.raises(spending.NotEnoughPoints):
        spending.spend(account_id=bob, amount=1, key="x", by=None, at=next_day)
    assert not redeem(mall, bob, at=next_day).accepted


@pytest.mark.parametrize("said", ["1", "１", "#１", "第1", "＃1"])
def test_full_width_digits_name_an_item(by: Staff, said: str) -> None:
    (bob,) = builders.rich(by, "bob")
    activity = builders.open_mall(by)
    assert builders.redeem(activity, bob, said=said).accepted
