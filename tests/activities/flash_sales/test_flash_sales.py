"""Flash sales: a piece is held, confirmed in time, or passed on to who waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Answer, Entry, Way
from qunce.activities.flash_sales import pieces, reservations
from qunce.activities.flash_sales.models import FlashSale, Reservation, Waiter
from qunce.activities.flash_sales.reservations import CannotConfirm
from qunce.activities.kinds import base, flash_sale
from qunce.activities.kinds.base import InvalidSetting, NotBetter
from qunce.activities.points.models import PointLot
from qunce.activities.prizes import claims, prizes
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.sets.doctor import doctor
from tests import clients, factories
from tests.activities import running
from tests.activities.draws.builders import prize
from tests.activities.flash_sales.builders import last, left, open_sale, take
from tests.activities.mall.builders import rich
from tests.activities.points import builders as points
from tests.factories import AT

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
LAPSED = AT + 15 * MINUTE


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def states() -> list[tuple[int, str]]:
    return list(Reservation.objects.order_by("pk").values_list("account_id", "state"))


def facts(by: Staff, name: str) -> list[int | None]:
    found = factories.recorded_facts(by.community, f"flash_sale.{name}")
    return [who for who, _payload in found]


def test_a_piece_is_held_and_confirmed_with_points(by: Staff) -> None:
    sale = open_sale(by)
    (bob,) = rich(by, "bob")
    reply = take(sale, bob)
    assert reply.text == (
        "A piece is held for you until 03-05 20:15. Confirm it for 30 points: write "
        "“flash sale confirm”."
    )
    assert (left(), points.usable(bob), PrizeStock.objects.get().left) == (9, 100, 0)
    reply = take(sale, bob, "confirm", way=Way.CHAT, key="c")
    assert reply.text == "Confirmed for 30 points."
    assert (left(), points.usable(bob)) == (9, 70)
    row = last()
    assert (row.state, row.confirmed_by, row.points) == ("confirmed", "points", 30)
    assert (Award.objects.get(), PrizeStock.objects.get().left) == (row.award, 0)
    assert facts(by, "reserved") == facts(by, "confirmed") == [bob]
    assert doctor.run_checks(only="prizes") == []


def test_the_page_does_not_pay_with_a_word(by: Staff) -> None:
    sale = open_sale(by)
    (bob,) = rich(by, "bob")
    take(sale, bob)
    reply = take(sale, bob, "confirm", key="c")
    assert (reply.accepted, points.usable(bob)) == (False, 100)


def test_after_the_last_piece_nothing_is_written(by: Staff) -> None:
    sale = open_sale(by, 1)
    bob, cy = rich(by, "bob", "cy")
    take(sale, bob)
    reply = take(sale, cy)
    assert not reply.accepted and reply.text.startswith("Sold out.")
    assert Answer.objects.count() == Entry.objects.count() == 1
    assert take(sale, bob, key="again").text.startswith("A piece is held for you")
    assert Answer.objects.count() == 1


def test_what_lapses_goes_down_the_waitlist(by: Staff) -> None:
    sale = open_sale(by, 1)
    bob, cy, dan = rich(by, "bob", "cy", "dan")
    take(sale, bob)
    assert take(sale, cy, "候补").text == "You are on the waitlist; 0 are before you."
    assert take(sale, dan, "waitlist").text.endswith("1 are before you.")
    assert take(sale, cy, "候补", key="b").text.endswith("0 are before you.")
    assert pieces.lapse_due(at=LAPSED - MINUTE) == 0
    assert pieces.lapse_due(at=LAPSED) == 1
    assert states() == [(bob, "lapsed"), (cy, "reserved")]
    row = last()
    assert (row.from_waitlist, row.held_until) == (True, LAPSED + 15 * MINUTE)
    assert (facts(by, "lapsed"), facts(by, "reserved")) == ([bob], [bob, cy])
    first = Reservation.objects.select_related("sale__activity").get(account_id=bob)
    with pytest.raises(CannotConfirm):
        reservations.confirm_with_points(reservation=first, at=LAPSED)
    reservations.confirm_with_points(reservation=row, at=LAPSED)
    assert left() == 0
    assert doctor.run_checks(only="prizes") == []


def test_a_lapse_is_judged_when_somebody_reserves(by: Staff) -> None:
    sale = open_sale(by, 1)
    bob, cy = rich(by, "bob", "cy")
    take(sale, bob)
    assert take(sale, cy, at=LAPSED).accepted
    assert states() == [(bob, "lapsed"), (cy, "reserved")]


def test_who_may_not_join_any_more_is_passed_over(by: Staff) -> None:
    sale = open_sale(by, 1)
    bob, cy, dan = rich(by, "bob", "cy", "dan")
    take(sale, bob)
    for account in (cy, dan):
        take(sale, account, "waitlist")
    factories.leave(by.community, "cy")
    pieces.lapse_due(at=LAPSED)
    assert states()[1:] == [(dan, "reserved")]
    assert Waiter.objects.get(account_id=cy).state == "gone"


def test_who_has_as_many_as_one_can_does_not_get_another_by_waiting(by: Staff) -> None:
    sale = open_sale(by, 2)
    bob, cy, dan = rich(by, "bob", "cy", "dan")
    for account in (cy, bob):
        take(sale, account)
    reservations.confirm_with_points(reservation=last(), at=AT)
    reply = take(sale, bob, "waitlist", key="w")
    assert reply.text == "You have reached the limit per person: 1."
    take(sale, dan, "waitlist")
    factories.merge(by.community, "bob", "dan")
    pieces.lapse_due(at=LAPSED)
    assert (Waiter.objects.get().state, left()) == ("gone", 1)


def test_one_person_holds_as_many_as_one_can(by: Staff) -> None:
    sale = open_sale(by, most=2)
    bob, bobby = rich(by, "bob", "bobby")
    take(sale, bob)
    take(sale, bobby)
    factories.merge(by.community, "bob", "bobby")
    reply = take(sale, bobby, key="third")
    assert reply.text == "You have reached the limit per person: 2."
    assert left() == 8


def test_without_points_the_reservation_stays(by: Staff) -> None:
    sale = open_sale(by)
    (bob,) = rich(by, "bob", amount=29)
    take(sale, bob)
    reply = take(sale, bob, "确认", way=Way.CHAT, key="c")
    assert not reply.accepted
    assert (states(), points.usable(bob)) == ([(bob, "reserved")], 29)


def test_staff_confirm_and_declare_void_with_a_reason(by: Staff) -> None:
    sale = open_sale(by, 2)
    bob, cy = rich(by, "bob", "cy")
    take(sale, bob)
    reservations.confirm(reservation=last(), by=by, at=AT)
    assert points.usable(bob) == 100
    take(sale, cy)
    reservations.confirm_with_points(reservation=last(), at=AT)
    with pytest.raises(Exception, match="reason"):
        reservations.declare_void(reservation=last(), reason=" ", by=by, at=AT)
    reservations.declare_void(reservation=last(), reason="Broken", by=by, at=AT)
    row = last()
    assert (row.state, row.reason, points.usable(cy)) == ("void", "Broken", 100)
    assert FlashSale.objects.get().total == 1
    assert PrizeStock.objects.get().left == 1
    assert doctor.run_checks(only="prizes") == []


def test_a_void_reservation_goes_to_the_next(by: Staff) -> None:
    sale = open_sale(by, 1)
    bob, cy = rich(by, "bob", "cy")
    take(sale, bob)
    row = last()
    take(sale, cy, "waitlist")
    reservations.declare_void(reservation=row, reason="Asked for it", by=by, at=AT)
    assert states() == [(bob, "void"), (cy, "reserved")]


def pay(by: Staff, account: int, amount: int, at: datetime, fact: int = 7) -> int:
    paid = [(fact, account, amount, at)]
    return reservations.confirm_by_orders(
        community=by.community, paid=paid, at=at + 5 * MINUTE
    )


def test_an_order_of_the_amount_confirms_what_was_held_then(by: Staff) -> None:
    sale = open_sale(by, price_points=None, order_amount=8_800)
    bob, cy = rich(by, "bob", "cy")
    take(sale, bob)
    take(sale, cy)
    assert pay(by, bob, 8_799, AT + MINUTE) == 0
    assert pay(by, bob, 8_800, AT - MINUTE) == 0
    assert pay(by, bob, 8_800, AT + MINUTE) == 1
    assert pay(by, bob, 8_800, AT + MINUTE) == 0
    assert states() == [(bob, "confirmed"), (cy, "reserved")]
    # It was paid in time, and reported after the reservation had lapsed.
    pieces.lapse_due(at=LAPSED)
    assert pay(by, cy, 9_000, LAPSED - MINUTE, fact=8) == 1
    assert (states()[1], left()) == ((cy, "confirmed"), 8)


@pytest.mark.parametrize("is_held", [True, False])
def test_orders_of_others_cost_no_query_each(
    by: Staff, is_held: bool, django_assert_max_num_queries: Any
) -> None:
    sale = open_sale(by, price_points=None, order_amount=8_800)
    bob, cy = rich(by, "bob", "cy")
    if is_held:
        take(sale, bob)
    paid = [(fact, cy, 9_000, AT + MINUTE) for fact in range(100)]
    if is_held:
        paid.append((100, bob, 9_000, AT + MINUTE))
    with django_assert_max_num_queries(60 if is_held else 1):
        confirmed = reservations.confirm_by_orders(
            community=by.community, paid=paid, at=AT + MINUTE
        )
    assert confirmed == is_held


def test_an_order_for_a_piece_that_is_gone_is_left_to_staff(by: Staff) -> None:
    sale = open_sale(by, 1, price_points=None, order_amount=1)
    bob, cy = rich(by, "bob", "cy")
    take(sale, bob)
    take(sale, cy, at=LAPSED)
    assert pay(by, bob, 5, LAPSED - MINUTE) == 0
    first = Reservation.objects.get(account_id=bob)
    assert (first.state, first.order_fact) == ("lapsed", 7)
    assert left() == 0


def test_at_the_end_what_is_left_returns_and_what_is_held_stays(by: Staff) -> None:
    sale = open_sale(by, 3)
    bob, cy = rich(by, "bob", "cy")
    end = AT + running.HOUR
    for account in (bob, cy):
        take(sale, account, at=end - MINUTE)
    lifecycle.move_due(at=end)
    assert (left(), PrizeStock.objects.get().left) == (0, 1)
    reservations.confirm_with_points(
        reservation=Reservation.objects.select_related("sale__activity__community").get(
            account_id=bob
        ),
        at=end + 13 * MINUTE,
    )
    pieces.lapse_due(at=end + 14 * MINUTE)
    assert PrizeStock.objects.get().left == 2
    assert FlashSale.objects.get().total == 1
    assert doctor.run_checks(only="prizes") == []


def test_a_cancelled_sale_voids_what_is_only_reserved(by: Staff) -> None:
    sale = open_sale(by, 3)
    bob, cy = rich(by, "bob", "cy")
    for account in (bob, cy):
        take(sale, account)
    reservations.confirm_with_points(reservation=last(), at=AT)
    lifecycle.cancel(activity=sale, reason="Rain", by=by, at=AT)
    lifecycle.cancel(activity=sale, reason="Rain", by=running.approver(by), at=AT)
    assert states() == [(bob, "void"), (cy, "confirmed")]
    assert PrizeStock.objects.get().left == 2


def test_what_nobody_claims_in_time_gives_the_points_back(by: Staff) -> None:
    sale = open_sale(by, 1)
    (bob,) = rich(by, "bob")
    take(sale, bob)
    reservations.confirm_with_points(reservation=last(), at=AT)
    claims.return_unclaimed(at=AT + 15 * running.DAY)
    assert PrizeStock.objects.get().left == 1
    assert PointLot.objects.get().left == 100
    assert states() == [(bob, "void")]


def test_an_archived_prize_is_held_with_its_reason(by: Staff) -> None:
    sale = open_sale(by)
    (bob,) = rich(by, "bob")
    prizes.archive(prize=PrizeStock.objects.get(), by=by, at=AT)
    assert take(sale, bob).text == "“杯子” is not offered at the moment."
    assert left() == 10


def test_only_better_after_publication(by: Staff) -> None:
    sale = open_sale(by)
    for worse in ({"pieces": 9}, {"hold_minutes": 14}, {"price_points": 31}):
        settings: dict[str, Any] = {**sale.settings, **worse}
        with pytest.raises(NotBetter):
            activities.change(activity=sale, by=by, at=AT, settings=settings)
    settings = {**sale.settings, "hold_minutes": 20, "price_points": 5}
    activities.change(activity=sale, by=by, at=AT, settings=settings)


@pytest.mark.parametrize("worse", [{"pieces": 0}, {"pieces": -1}, {"hold_minutes": 0}])
def test_numbers_out_of_their_limits_are_refused(
    by: Staff, worse: dict[str, int]
) -> None:
    with pytest.raises(InvalidSetting):
        open_sale(by, stock=prize(by), **worse)


def test_a_stock_with_fewer_pieces_is_named(by: Staff) -> None:
    with pytest.raises(pieces.NotEnoughPieces, match="only 5"):
        open_sale(by, 6, stock=prize(by, total=5))


def test_the_text_to_copy_says_how_the_waitlist_works(by: Staff) -> None:
    sale = open_sale(by)
    assert "“flash sale waitlist”" in flash_sale.waitlist_text(sale)
    assert "A piece is held for 15 minutes." in " ".join(
        base.get("flash_sale").describe(sale)
    )


TIMES = [
    # Zone, start of day, when it was reserved, and until when as members read it.
    ("Asia/Shanghai", 0, datetime(2026, 3, 5, 15, 50, tzinfo=UTC), "03-06 00:05"),
    ("Asia/Shanghai", 4, datetime(2026, 3, 5, 19, 50, tzinfo=UTC), "03-06 04:05"),
    # 01:50 is followed by 03:00 on 8 March, and 01:59 by 01:00 on 1 November.
    ("America/Los_Angeles", 0, datetime(2026, 3, 8, 9, 50, tzinfo=UTC), "03-08 03:05"),
    ("America/Los_Angeles", 0, datetime(2026, 11, 1, 8, 50, tzinfo=UTC), "11-01 01:05"),
    # In Cairo, 24 April begins at 01:00.
    ("Africa/Cairo", 0, datetime(2026, 4, 23, 21, 50, tzinfo=UTC), "04-24 01:05"),
]


@pytest.mark.parametrize(("zone", "day_start", "at", "shown"), TIMES)
def test_a_quarter_of_an_hour_is_one_on_days_that_change(
    zone: str, day_start: int, at: datetime, shown: str
) -> None:
    shop: Community = factories.community(
        "far", language="en", timezone=zone, day_start=day_start * 60
    )
    by = factories.staff(shop)
    (bob,) = factories.members(shop, "bob")
    sale = open_sale(by, price_points=None)
    sale.__class__.objects.update(starts_at=at - MINUTE, ends_at=at + 2 * MINUTE)
    assert f"until {shown}." in take(sale, bob, at=at).text
    row = last()
    assert pieces.lapse_due(at=at + 15 * MINUTE - MINUTE) == 0
    reservations.confirm(reservation=row, by=by, at=at + 14 * MINUTE)


@pytest.mark.parametrize(("written", "stored"), [("88.00", 8_800), (8_800, 8_800)])
def test_the_amount_of_an_order_is_written_as_money(
    by: Staff, written: Any, stored: int
) -> None:
    sale = open_sale(by, price_points=None, order_amount=written)
    assert sale.settings["order_amount"] == stored
    page = clients.browser(by).get(f"/activities/{sale.pk}/edit/").content.decode()
    assert 'value="88.00"' in page


@pytest.mark.parametrize("written", ["88.001", "a lot", "-1", 0, True])
def test_what_is_no_amount_is_refused_with_the_field(by: Staff, written: Any) -> None:
    with pytest.raises(InvalidSetting, match="An order of at least"):
        open_sale(by, price_points=None, order_amount=written)
