"""Tickets of an instant draw with a stock, drawn by sixteen callers at the same time.

The rivals draw the same tickets - the same key once, the number, the award and the facts -
but decide as other programs do whether the prize is left: they lock the row and count the
tickets that won, or count them and award one more, which gives away too many.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from unittest import mock

from bench import pages, sessions
from bench.draws import BATCH, CALLERS, END, GOAL_PER_SECOND, HOUR, make_prize, run
from bench.measure import PER_SECOND, Row
from bench.sessions import Session
from bench.sizes import AT
from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Way
from qunce.activities.instant_draws import instant_draws, instant_prizes
from qunce.activities.instant_draws.models import InstantPrize, InstantTicket
from qunce.activities.kinds import base
from qunce.activities.prizes.models import PrizeStock
from qunce.core import community_days
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts.models import Account

TRIES, STOCK, PRESENT = 2_000, 400, 100_000
PER_DAY = 100
Take = Callable[..., int]
_numbers = itertools.count(1)


def instant_tickets(session: Session) -> None:
    """Tickets drawn per second, beside rivals; how many prizes each gave out too many."""
    by = staff_models.system(session.community)
    is_tiny = session.workspace.size.name == "tiny"
    present = TRIES if is_tiny else PRESENT
    speed, given = _measure(session, by, present)
    rivals = {}
    notes = [f"{present:,} tickets present", f"ours gave {given} of {STOCK}"]
    for name, take in (
        ("lock and count", _lock_and_count),
        ("count, then insert (MoChat)", _count_then_insert),
    ):
        with _deciding(take):
            rivals[name], count = _measure(session, by, present)
        notes.append(f"{name} gave {count}")
    sessions.check_equal("prizes won", ours=given, stock=STOCK)
    session.record(
        Row(
            "instant-ticket",
            f"{TRIES:,} instant tickets for {STOCK} prizes by {CALLERS} callers",
            PER_SECOND,
            speed,
            TRIES,
            goal=GOAL_PER_SECOND,
            rivals=rivals,
            note="; ".join(notes),
        )
    )


@contextmanager
def _deciding(take: Take) -> Iterator[None]:
    with mock.patch.object(instant_prizes, "take", take):
        yield


def _lock_and_count(prize: InstantPrize, *, released: int) -> int:
    """Lock the prize, count the tickets that won, and give one more."""
    InstantPrize.objects.select_for_update().get(pk=prize.pk)
    return _count_then_insert(prize, released=released)


def _count_then_insert(prize: InstantPrize, *, released: int) -> int:
    """Count the tickets that won, and give one more."""
    won = InstantTicket.objects.filter(draw=prize.draw_id, won=prize.position)
    if won.count() >= released:
        return 0
    return 10**7 + next(_numbers)


def _measure(session: Session, by: Staff, present: int) -> tuple[float, int]:
    """Tickets per second of a new draw, and how many won."""
    activity = _open(session, by, present)
    rows = Account.objects.filter(community=session.community).order_by("pk")
    accounts = list(rows.values_list("pk", flat=True)[:TRIES])
    before = _count_won(activity)
    speed, _accepted = run(partial(_draw, activity.pk, accounts), TRIES)
    return speed, _count_won(activity) - before


def _draw(activity_id: int, accounts: list[int], number: int) -> bool:
    """As a request does it: the activity is read before anything else."""
    activity = Activity.objects.select_related("community").get(pk=activity_id)
    reply = base.take_part(
        activity=activity,
        account_id=accounts[number % len(accounts)],
        way=Way.PORTAL,
        said="417520",
        key=f"bench:{number}",
        at=AT,
    )
    return reply.accepted


def _count_won(activity: Activity) -> int:
    rows = InstantTicket.objects.filter(draw__activity=activity)
    return rows.exclude(won=None).count()


def _open(session: Session, by: Staff, present: int) -> Activity:
    """A draw whose only prize every ticket wins while it is left, many of them before."""
    prize = make_prize(session, by, STOCK)
    row = {"prize": str(prize.pk), "odds": "100", "count": STOCK, "per_hour": None}
    start = END - 24 * HOUR
    activity = activities.create(
        community=session.community,
        kind=instant_draws.KIND,
        name=f"bench {next(_numbers)}",
        text="bench",
        refusal="bench",
        may_join={"all": []},
        settings={"prizes": [row], "tickets_per_day": PER_DAY},
        starts_at=start,
        ends_at=AT + 24 * HOUR,
        by=by,
        at=start,
    )
    lifecycle.submit(activity=activity, by=by, at=start)
    lifecycle.approve(activity=activity, by=pages.owner(session), at=start)
    _add_tickets(activity, prize, present)
    return activity


def _add_tickets(activity: Activity, prize: PrizeStock, present: int) -> None:
    """Tickets that won before, of accounts beyond those that draw."""
    draw = instant_draws.find(activity)
    day = community_days.to_date(activity.community.day(END))
    first = 10**9
    for start in range(0, present, BATCH):
        InstantTicket.objects.bulk_create(
            (
                InstantTicket(
                    draw=draw,
                    account_id=first + number,
                    person_id=first + number,
                    number=1,
                    key=f"before:{number}",
                    day=day,
                    roll=0,
                    drawn=0,
                    won=0,
                    at=END,
                )
                for number in range(start, min(start + BATCH, present))
            ),
            batch_size=500,
        )
    InstantPrize.objects.filter(draw=draw).update(total=present + STOCK, taken=present)
