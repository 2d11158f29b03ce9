"""Races of what members and staff do: each is answered politely, and nothing is half done."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from qunce.activities.activities import lifecycle
from qunce.activities.activities.models import Activity, Answer, Entry, State, Way
from qunce.activities.check_ins import make_up_cards
from qunce.activities.check_ins.models import CheckIn, MakeUpCard, Streak
from qunce.activities.draws import certificates, draws, results, verifier, voids
from qunce.activities.draws.models import Draw, Ticket
from qunce.activities.kinds import base
from qunce.activities.points import adjustments, balances
from qunce.activities.points.models import PointEntry
from qunce.activities.prizes import prizes
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.core import errors
from qunce.core.staff.models import Staff
from qunce.members.accounts.models import Account
from qunce.members.people import people
from tests import clients, factories, threads
from tests.activities import running
from tests.activities.draws import builders
from tests.activities.draws.builders import AFTER, END
from tests.factories import AT

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]
Task = Callable[[], Any]


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def members(by: Staff, count: int) -> list[int]:
    return factories.members(by.community, *(f"m{n}" for n in range(count)))


def join(activity_id: int, account: int, key: str = "k") -> base.Reply:
    """As a request does it: the activity is read before anything else."""
    activity = Activity.objects.select_related("community").get(pk=activity_id)
    return base.take_part(
        activity=activity, account_id=account, way=Way.PORTAL, key=key, at=AT
    )


def test_who_joins_while_the_list_is_closed_has_a_ticket_in_it_or_nothing(
    by: Staff,
) -> None:
    draw = builders.open_draw(by)
    ids = members(by, 20)
    builders.join(draw, *ids[:3])
    closing = Activity.objects.select_related("community").get(pk=draw.activity_id)

    def close() -> None:
        lifecycle._close(closing, None, END)  # the job at the end of the activity

    tasks: list[Task] = [partial(join, draw.activity_id, pk) for pk in ids[3:]]
    replies = threads.run(*tasks[:9], close, *tasks[9:])
    accepted = sum(bool(reply and reply.accepted) for reply in replies)
    draw.refresh_from_db()
    assert draw.tickets_count == 3 + accepted
    assert Entry.objects.count() == Ticket.objects.count() == 3 + accepted
    assert not Ticket.objects.filter(place__isnull=True).exists()
    assert Answer.objects.filter(source=Way.PORTAL).count() == len(tasks)
    late = join(draw.activity_id, ids[-1], key="after")
    assert not late.accepted


def test_who_joins_while_it_is_cancelled_is_no_entrant(by: Staff) -> None:
    draw = builders.open_draw(by)
    ben = builders.second(by.community)
    ids = members(by, 16)
    lifecycle.cancel(activity=draw.activity, reason="Rain", by=by, at=AT)
    asked = Activity.objects.select_related("community").get(pk=draw.activity_id)
    cancel = partial(lifecycle.cancel, activity=asked, reason="Rain", by=ben, at=AT)
    tasks: list[Task] = [partial(join, draw.activity_id, pk) for pk in ids]
    threads.run(*tasks[:8], cancel, *tasks[8:])
    draw.refresh_from_db()
    assert draw.state == "void"
    assert Entry.objects.count() == Ticket.objects.count()
    stock = PrizeStock.objects.get()
    assert stock.left == stock.total
    assert not join(draw.activity_id, ids[0], key="after").accepted
    assert not Award.objects.exists()


def test_one_form_that_is_sent_twenty_times_counts_once(by: Staff) -> None:
    activity = running.running(by)
    (bob,) = members(by, 1)
    replies = threads.run(*[partial(join, activity.pk, bob)] * 20)
    assert {reply.text for reply in replies} == {replies[0].text}
    assert Counter(reply.is_repeated for reply in replies) == {True: 19, False: 1}
    for table in (Answer, Entry, CheckIn):
        assert table._default_manager.count() == 1


def test_a_second_account_that_is_merged_while_both_join_is_one_entrant(
    by: Staff,
) -> None:
    draw = builders.open_draw(by)
    left, right = members(by, 2)
    tasks: list[Task] = [
        partial(join, draw.activity_id, left),
        partial(factories.merge, by.community, "m0", "m1"),
        partial(join, draw.activity_id, right),
    ]
    threads.run(*tasks)
    builders.close(draw)
    assert (draw.tickets_count, draw.people_count) == (1, 1)
    assert sum(draw.removed.values()) == Ticket.objects.count() - 1


def complete(draw: Draw) -> bool:
    return results.complete(
        draw=draw,
        public_value="123456",
        public_bytes=b"123456",
        signature="",
        at=AFTER,
    )


def test_an_unmerge_after_winning_leaves_the_prize_with_the_account(by: Staff) -> None:
    draw = builders.open_draw(by, (builders.prize(by), 1))
    left, right = members(by, 2)
    builders.join(draw, right)
    factories.merge(by.community, "m0", "m1")
    builders.close(draw)
    complete(draw)
    award = Award.objects.get()
    assert (award.account_id, award.person_id) == (right, left)
    factories.unmerge(by.community, "m0", "m1")
    award.refresh_from_db()
    assert award.account_id == right
    draw.refresh_from_db()
    assert verifier.verify(certificates.to_text(draw)) == []


def test_who_is_erased_while_it_is_drawn_wins_nothing_that_stays(by: Staff) -> None:
    """Whichever was first, the certificate is right and the prize is with a member."""
    draw = builders.open_draw(by, (builders.prize(by), 1))
    ids = members(by, 4)
    builders.join(draw, *ids)
    builders.close(draw)

    def erase(pk: int) -> None:
        account = Account.objects.select_related("community").get(pk=pk)
        people.erase(account=account, by=by, at=AFTER)

    threads.run(*(partial(erase, pk) for pk in ids[:3]), partial(complete, draw))
    draw.refresh_from_db()
    text = certificates.to_text(draw)
    assert verifier.verify(text) == []
    assert "m0" not in json.dumps(certificates.list_winners(draw), default=vars)
    # Of the winners one may have been erased after the drawing; the job passes it on.
    held = Award.objects.exclude(state="returned").count()
    stock = PrizeStock.objects.get()
    assert (held, stock.left) in {(1, stock.total - 1), (0, stock.total)}


def test_two_who_declare_it_void_give_each_prize_back_once(by: Staff) -> None:
    draw = builders.open_draw(by, (builders.prize(by), 4))
    builders.join(draw, *members(by, 6))
    builders.close(draw)
    complete(draw)

    def declare() -> bool:
        own = Draw.objects.select_related("activity__community").get(pk=draw.pk)
        try:
            voids.declare_void(draw=own, reason="Fault", by=by, at=AFTER)
        except errors.Refused:
            return False
        return True

    assert Counter(threads.run(*[declare] * 6)) == {True: 1, False: 5}
    stock = PrizeStock.objects.get()
    assert stock.left == stock.total


def test_points_by_hand_are_approved_once_by_many(by: Staff) -> None:
    (bob,) = members(by, 1)
    waiting = adjustments.adjust(
        account_id=bob, points=5_000, reason="Thanks", key="k", by=by, at=AT
    ).waiting
    assert waiting is not None
    second = factories.staff(by.community, "manager", "second")
    third = factories.staff(by.community, "manager", "third")

    def approve(who: Staff) -> bool:
        row = adjustments.get(by=who, pk=waiting.pk, at=AT)
        try:
            adjustments.approve(adjustment=row, by=who, at=AT)
        except adjustments.AlreadyDecided:
            return False
        return True

    tasks = [partial(approve, who) for who in (second, third) * 5]
    assert sorted(threads.run(*tasks)) == [False] * 9 + [True]
    assert balances.balance(account_id=bob, at=AT).usable == 5_000
    assert PointEntry.objects.count() == 1


def test_one_form_of_points_by_hand_in_two_tabs_is_written_once(by: Staff) -> None:
    (bob,) = members(by, 1)
    form = {"points": "40", "reason": "Thanks", "key": "form"}
    tabs = [clients.browser(by) for _tab in range(6)]
    url = f"/activities/points/members/{bob}/"
    answers = threads.run(*(partial(tab.post, url, form) for tab in tabs))
    assert {answer.status_code for answer in answers} <= {200, 302, 303}
    assert list(PointEntry.objects.values_list("amount", flat=True)) == [40]


def test_one_card_fills_one_day(by: Staff) -> None:
    settings = {"cards_per_month": 0, "make_up_days": 7}
    activity = running.draft(by, settings=settings, starts_at=AT - 5 * running.DAY)
    running.publish(activity, by)
    (bob,) = members(by, 1)
    make_up_cards.grant(
        community=by.community,
        account_id=bob,
        source=MakeUpCard.Source.STAFF,
        key="thanks",
        by=by,
        at=AT,
    )

    def make_up(number: int) -> bool:
        own = Activity.objects.select_related("community").get(pk=activity.pk)
        return base.take_part(
            activity=own,
            account_id=bob,
            way=Way.PORTAL,
            said="make-up",
            key=f"tab-{number}",
            at=AT,
        ).accepted

    found = threads.run(*(partial(make_up, number) for number in range(8)))
    assert Counter(found) == {True: 1, False: 7}
    assert CheckIn.objects.filter(is_made_up=True).count() == 1


def test_days_that_are_made_up_at_the_same_time_are_all_in_the_streak(
    by: Staff,
) -> None:
    settings = {"make_up_days": 7, "cards_per_month": 7}
    activity = running.running(by, settings=settings)
    (bob,) = members(by, 1)
    at = AT + 5 * running.DAY

    def check_in(said: str, when: datetime) -> bool:
        own = Activity.objects.select_related("community").get(pk=activity.pk)
        taking_part = partial(base.take_part, activity=own, account_id=bob, at=when)
        return taking_part(way=Way.PORTAL, said=said, key=said or "tap").accepted

    assert check_in("", at)
    days = [at - n * running.DAY for n in range(1, 5)]
    found = threads.run(*(partial(check_in, f"make-up {d:%m-%d}", at) for d in days))
    assert found == [True] * 4
    assert Streak.objects.get().length == 5


def test_what_ends_while_members_check_in_has_no_later_entry(by: Staff) -> None:
    activity = running.running(by, ends_at=AT + running.HOUR)
    ids = members(by, 12)

    def close() -> None:
        own = Activity.objects.select_related("community").get(pk=activity.pk)
        lifecycle._close(own, None, AT + running.HOUR)

    tasks: list[Task] = [partial(join, activity.pk, pk) for pk in ids]
    replies = threads.run(*tasks[:6], close, *tasks[6:])
    accepted = sum(bool(reply and reply.accepted) for reply in replies)
    assert Entry.objects.count() == CheckIn.objects.count() == accepted
    activity.refresh_from_db()
    assert activity.state == State.CLOSED
    assert not join(activity.pk, ids[0], key="late").accepted


def test_a_prize_that_changes_while_it_is_published_is_what_members_read(
    by: Staff,
) -> None:
    prize = builders.prize(by, kind="points", amount=100)
    draw = draws.prepare(activity=builders.activity(by), by=by, at=AT)
    draws.set_prizes(draw=draw, prizes=[(prize, 2)], by=by, at=AT)
    lifecycle.submit(activity=draw.activity, by=by, at=AT)
    ben = builders.second(by.community)
    stale = PrizeStock.objects.get(pk=prize.pk)

    def change() -> bool:
        try:
            prizes.update(prize=stale, amount=1, by=by, at=AT)
        except errors.Refused:
            return False
        return True

    approve = partial(lifecycle.approve, activity=draw.activity, by=ben, at=AT)
    was_changed, _published = threads.run(change, approve)
    draw.refresh_from_db()
    prize.refresh_from_db()
    (promised,) = json.loads(draw.terms)["prizes"]
    assert promised["amount"] == prize.amount == (1 if was_changed else 100)
    with pytest.raises(errors.Refused):
        prizes.update(prize=stale, name="Less", by=by, at=AT)
