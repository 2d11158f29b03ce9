"""Auctions in points: the highest bid holds points, late bids move the end, one wins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qunce.activities import chat, pasted_lines
from qunce.activities.activities import activities, entries, lifecycle
from qunce.activities.activities.models import Activity, Answer, Entry, Way
from qunce.activities.auctions import bids, rules
from qunce.activities.auctions.models import Bid
from qunce.activities.kinds.base import InvalidSetting, NotBetter
from qunce.activities.points import balances, reversals, spending
from qunce.activities.points.models import PointLot
from qunce.activities.prizes import claims, delivery, prizes
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.core.staff.models import Staff
from qunce.groups.chat_readers import ChatMessage
from qunce.members.people import staff_accounts
from qunce.sets.doctor import doctor
from tests import factories
from tests.activities import running
from tests.activities.auctions.builders import (
    END,
    auction,
    bid,
    open_auction,
    standing,
)
from tests.activities.mall.builders import rich
from tests.activities.points import builders as points
from tests.factories import AT

pytestmark = pytest.mark.django_db
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def left() -> int:
    return PrizeStock.objects.get().left


def close(at: datetime = END) -> None:
    lifecycle.move_due(at=at)


def test_a_bid_reserves_points_and_releases_those_of_the_bid_before(by: Staff) -> None:
    mug = open_auction(by)
    bob, cy = rich(by, "bob", "cy")
    assert left() == 9
    reply = bid(mug, bob, 10)
    assert reply.text.startswith("Your bid of 10 points is the highest.")
    assert (points.usable(bob), points.usable(cy)) == (90, 100)
    assert bid(mug, cy, 15).accepted
    assert (points.usable(bob), points.usable(cy)) == (100, 85)
    assert standing() == [(bob, 10, "outbid"), (cy, 15, "leading")]
    placed = factories.recorded_facts(by.community, "bid.placed")
    first, second = Bid.objects.order_by("pk")
    assert [payload["outbid"] for _who, payload in placed] == [0, first.pk]
    assert second.amount == auction().price == 15
    assert doctor.run_checks(only="prizes") == []


@pytest.mark.parametrize(
    "said", ["14", "10", "9", "0", "-20", "", "all", "1e3", "9999999999"]
)
def test_what_is_no_high_enough_bid_is_answered_and_writes_nothing(
    by: Staff, said: str
) -> None:
    mug = open_auction(by)
    bob, cy = rich(by, "bob", "cy")
    bid(mug, bob, 10)
    reply = bid(mug, cy, said)
    assert not reply.accepted
    if said != "9999999999":
        assert "15" in reply.text
    assert Answer.objects.count() == Entry.objects.count() == 1
    assert points.usable(cy) == 100


@pytest.mark.parametrize("said", ["15", " 15 points", "15分", "１５ 积分", "15 积分"])
def test_an_amount_is_read_as_people_write_it(by: Staff, said: str) -> None:
    mug = open_auction(by)
    (bob,) = rich(by, "bob")
    assert bid(mug, bob, said).accepted
    assert auction().price == 15


def test_without_the_points_nothing_changes(by: Staff) -> None:
    mug = open_auction(by)
    bob, cy = rich(by, "bob", "cy")
    bid(mug, bob, 10)
    reply = bid(mug, cy, 101)
    assert reply.text == "There are 100 points to spend, and 101 are needed."
    assert standing() == [(bob, 10, "leading")]
    assert (auction().price, points.usable(bob)) == (10, 90)
    assert Entry.objects.count() == 1


def test_somebody_raises_their_own_bid_with_the_points_it_holds(by: Staff) -> None:
    mug = open_auction(by)
    (bob,) = rich(by, "bob")
    bid(mug, bob, 60)
    assert bid(mug, bob, 90).accepted
    assert points.usable(bob) == 10


def test_a_late_bid_moves_the_end_to_60_seconds_after_it(by: Staff) -> None:
    mug = open_auction(by)
    bob, cy = rich(by, "bob", "cy")
    bid(mug, bob, 10, at=END - MINUTE)
    assert (auction().ends_at, auction().extensions) == (END, 0)
    late = END - SECOND
    assert bid(mug, cy, 15, at=late).accepted
    assert (auction().ends_at, auction().extensions) == (late + MINUTE, 1)
    assert Activity.objects.get(pk=mug.pk).ends_at == late + MINUTE
    # The job at the old end closes nothing.
    close()
    assert Activity.objects.get(pk=mug.pk).state == "running"
    assert bid(mug, bob, 20, at=END + 30 * SECOND).accepted


def test_the_end_moves_at_most_ten_times(by: Staff) -> None:
    mug = open_auction(by)
    bob, cy = rich(by, "bob", "cy", amount=1_000)
    at = END - SECOND
    for n in range(12):
        at = auction().ends_at - SECOND
        assert bid(mug, (bob, cy)[n % 2], 10 + 5 * n, at=at).accepted
        mug.refresh_from_db()
    last = auction()
    assert last.extensions == rules.MAX_EXTENSIONS == 10
    assert last.ends_at == END - SECOND * 10 + MINUTE * 10
    reply = bid(mug, cy, 500, at=last.ends_at)
    assert (reply.text, reply.accepted) == ("It is over.", False)


def test_a_bid_at_the_end_is_too_late(by: Staff) -> None:
    mug = open_auction(by)
    (bob,) = rich(by, "bob")
    assert not bid(mug, bob, 10, at=END).accepted
    with pytest.raises(bids.BidRefused, match="over"):
        bids.place(
            activity=mug, account_id=bob, amount=10, way=Way.STAFF, by=by, at=END
        )
    assert (points.usable(bob), Bid.objects.count()) == (100, 0)


def test_a_clock_that_is_set_back_opens_nothing_and_reorders_nothing(by: Staff) -> None:
    mug = open_auction(by)
    bob, cy = rich(by, "bob", "cy")
    bid(mug, bob, 10, at=END - 30 * SECOND)
    # The bid counts as if it came at the time of the newest one.
    assert bid(mug, cy, 15, at=END - 30 * MINUTE).accepted
    assert auction().last_at == END - 30 * SECOND
    assert auction().ends_at == END + 30 * SECOND
    assert not bid(mug, bob, 15, at=END - 20 * MINUTE).accepted
    close(auction().ends_at)
    mug.refresh_from_db()
    assert not bid(mug, bob, 50, at=END - 10 * MINUTE).accepted
    assert [state for *_bid, state in standing()] == ["outbid", "won"]


def test_the_highest_wins_and_pays_what_was_reserved(by: Staff) -> None:
    mug = open_auction(by)
    bob, cy = rich(by, "bob", "cy")
    bid(mug, bob, 10)
    bid(mug, cy, 40)
    close()
    award = Award.objects.get()
    assert (award.account_id, award.source, left()) == (cy, "auction", 9)
    assert (points.usable(bob), points.usable(cy)) == (100, 60)
    won = factories.recorded_facts(by.community, "auction.won")
    assert [(who, payload["points"]) for who, payload in won] == [(cy, 40)]
    assert doctor.run_checks(only="prizes") == []


def test_without_a_bid_the_prize_returns(by: Staff) -> None:
    open_auction(by)
    close()
    assert (left(), auction().state, Award.objects.count()) == (10, "closed", 0)


def test_who_does_not_count_any_more_is_passed_over_with_their_points(
    by: Staff,
) -> None:
    mug = open_auction(by)
    bob, cy, dan = rich(by, "bob", "cy", "dan")
    for account, amount in ((bob, 10), (cy, 20), (dan, 30)):
        bid(mug, account, amount)
    factories.leave(by.community, "dan")
    staff_accounts.mark(accounts=[cy], by=by, at=AT)
    close()
    assert standing() == [(bob, 10, "won"), (cy, 20, "passed"), (dan, 30, "passed")]
    assert points.usable(bob) == 90
    assert PointLot.objects.get(account_id=dan).left == 100


def test_an_entry_that_is_struck_out_does_not_win(by: Staff) -> None:
    mug = open_auction(by)
    bob, cy = rich(by, "bob", "cy")
    bid(mug, bob, 10)
    bid(mug, cy, 20)
    entries.strike_out(entry=Entry.objects.get(account_id=cy), by=by, at=AT)
    close()
    assert standing() == [(bob, 10, "won"), (cy, 20, "passed")]


def test_an_unclaimed_win_goes_to_the_next_who_still_has_the_points(by: Staff) -> None:
    mug = open_auction(by)
    bob, cy, dan = rich(by, "bob", "cy", "dan")
    for account, amount in ((bob, 60), (cy, 70), (dan, 80)):
        bid(mug, account, amount)
    close()
    spending.spend(account_id=cy, amount=50, key="mall/x", by=None, at=END)
    late = END + 15 * running.DAY
    claims.return_unclaimed(at=late)
    assert doctor.run_checks(only="prizes") == []
    points.react(late)
    assert standing() == [(bob, 60, "won"), (cy, 70, "passed"), (dan, 80, "passed")]
    assert (points.usable(bob, late), points.usable(dan, late)) == (40, 100)
    assert left() == 9
    claims.return_unclaimed(at=late + 15 * running.DAY)
    points.react(late + 15 * running.DAY)
    assert (left(), points.usable(bob, late + 15 * running.DAY)) == (10, 100)
    assert doctor.run_checks(only="prizes") == []


def test_a_prize_that_staff_take_back_gives_the_points_back(by: Staff) -> None:
    mug = open_auction(by)
    (bob,) = rich(by, "bob")
    bid(mug, bob, 60)
    close()
    award = Award.objects.get()
    delivery.take_back(award=award, reason="Broken", by=by, at=END)
    assert (left(), points.usable(bob, END)) == (10, 100)
    assert standing() == [(bob, 60, "void")]


def test_staff_declare_the_highest_void_and_the_next_leads_again(by: Staff) -> None:
    mug = open_auction(by)
    bob, cy = rich(by, "bob", "cy")
    bid(mug, bob, 10)
    bid(mug, cy, 88, way=Way.STAFF, by=by)
    wrong = Bid.objects.get(amount=88)
    with pytest.raises(Exception, match="reason"):
        bids.declare_void(bid=wrong, reason="", by=by, at=AT)
    bids.declare_void(bid=wrong, reason="It was 18", by=by, at=AT)
    assert standing() == [(bob, 10, "leading"), (cy, 88, "void")]
    assert (points.usable(bob), points.usable(cy), auction().price) == (90, 100, 10)
    assert bid(mug, cy, 18, way=Way.STAFF, by=by).accepted
    assert bid(mug, bob, 88, key="again").accepted


def test_a_cancelled_auction_gives_everything_back(by: Staff) -> None:
    mug = open_auction(by)
    (bob,) = rich(by, "bob")
    bid(mug, bob, 60)
    lifecycle.cancel(activity=mug, reason="Rain", by=by, at=AT)
    lifecycle.cancel(activity=mug, reason="Rain", by=running.approver(by), at=AT)
    assert (left(), points.usable(bob), standing()) == (10, 100, [(bob, 60, "void")])


def test_a_merge_and_an_unmerge_move_no_points(by: Staff) -> None:
    mug = open_auction(by)
    bob, bobby, cy = rich(by, "bob", "bobby", "cy", amount=60)
    bid(mug, bob, 50)
    factories.merge(by.community, "bob", "bobby")
    # The other account brings its points with it.
    assert bid(mug, bobby, 110).accepted
    factories.unmerge(by.community, "bob", "bobby")
    assert not bid(mug, cy, 120).accepted
    close()
    assert Award.objects.get().account_id == bobby
    total = sum(PointLot.objects.values_list("left", flat=True))
    assert total == 180 - 110


def test_points_taken_back_while_they_are_reserved_are_owed(by: Staff) -> None:
    mug = open_auction(by)
    (bob,) = factories.members(by.community, "bob")
    earned = points.award(bob, 50)
    bid(mug, bob, 50)
    reversals.reverse_awards(community=by.community, entries=[earned], by=None, at=AT)
    assert balances.balance(account_id=bob, at=AT).owed == 50
    (cy,) = rich(by, "cy")
    bid(mug, cy, 60)
    # What is released pays what is owed first.
    held = balances.balance(account_id=bob, at=AT)
    assert (held.usable, held.owed) == (0, 0)


def test_a_bid_from_the_chat_and_from_a_paste_obeys_the_same_update(by: Staff) -> None:
    mug = open_auction(by)
    group = factories.group(by.community, "north", *rich(by, "bob", "cy"))
    bob, cy = factories.account_ids(by.community, ("bob", "cy"))
    for account, text in ((bob, "竞拍 88"), (cy, "竞拍90"), (cy, "竞拍 93")):
        message = ChatMessage(
            community=by.community,
            account=account,
            group=group.pk,
            text=text,
            key=f"event:{text}",
            happened_at=AT,
        )
        assert chat.read(message, at=AT)
    assert standing() == [(bob, 88, "outbid"), (cy, 93, "leading")]
    result = pasted_lines.paste(
        activity=mug, group=group, text="bob：竞拍 95\nbob：竞拍 98", by=by, at=AT
    )
    assert [row.state for row in result.rows] in (
        [],
        ["refused", "taken"],
        ["unsure", "unsure"],
    )


def test_nothing_changes_after_publication_and_numbers_have_limits(by: Staff) -> None:
    mug = open_auction(by)
    for name in ("start", "step"):
        settings = {**mug.settings, name: 1}
        with pytest.raises(NotBetter):
            activities.change(activity=mug, by=by, at=AT, settings=settings)
    stock = PrizeStock.objects.get()
    for start, step in ((0, 1), (1, 0), (-1, 1), (1_000_001, 1)):
        with pytest.raises(InvalidSetting):
            open_auction(by, start, step, stock=stock)
    prizes.archive(prize=stock, by=by, at=AT)
    with pytest.raises(InvalidSetting):
        open_auction(by, stock=stock)


TIMES = [
    ("Asia/Shanghai", 0, datetime(2026, 3, 6, 15, 59, 30, tzinfo=UTC)),
    ("Asia/Shanghai", 4, datetime(2026, 3, 6, 19, 59, 30, tzinfo=UTC)),
    # Clocks are set forward at 10:00 UTC, and back at 09:00 UTC.
    ("America/Los_Angeles", 0, datetime(2026, 3, 8, 9, 59, 30, tzinfo=UTC)),
    ("America/Los_Angeles", 0, datetime(2026, 11, 1, 8, 59, 30, tzinfo=UTC)),
    ("Africa/Cairo", 0, datetime(2026, 4, 23, 21, 59, 30, tzinfo=UTC)),
]


@pytest.mark.parametrize(("zone", "day_start", "at"), TIMES)
def test_a_minute_is_one_when_clocks_change(
    zone: str, day_start: int, at: datetime
) -> None:
    shop = factories.community(
        "far", language="en", timezone=zone, day_start=day_start * 60
    )
    by = factories.staff(shop)
    (bob,) = rich(by, "bob")
    end = at + 30 * SECOND
    mug = open_auction(by, ends_at=end)
    assert bid(mug, bob, 10, at=at).accepted
    assert auction().ends_at == at + MINUTE
