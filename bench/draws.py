"""A draw with many tickets, and prizes taken by sixteen callers at the same time.

The rivals of the stock do the same work - an award, its fact, the same key once - but decide
as other programs do: they lock the row and count the prizes that were given, or count them
and award one more, which gives away too many.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from django.db import connections, transaction

from bench import measure, pages, sessions
from bench.measure import PER_SECOND, Row
from bench.sessions import Session
from bench.sizes import AT
from qunce.activities.activities import activities, lifecycle
from qunce.activities.draws import (
    certificates,
    drand,
    draws,
    entrants,
    results,
    ticket_tree,
    verifier,
)
from qunce.activities.draws.models import Draw, Ticket, random_secret
from qunce.activities.prizes import awards, prizes
from qunce.activities.prizes.models import Award, PrizeStock, State
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts.models import Account

HOUR = timedelta(hours=1)
END = AT - HOUR
CALLERS, WINNERS = 16, 100
TRIES, STOCK, PRESENT = 2_000, 400, 100_000
LATE_TRIES, GOAL_LATE_PER_SECOND = 4_000, 1_000.0
BATCH = 5_000
GOAL_CLOSED_S, GOAL_DRAWN_S, GOAL_VERIFIED_S, GOAL_PER_SECOND = 60.0, 1.0, 20.0, 200.0
SIGNATURE = "cd" * 48
"""Of no round: what it takes to verify one is not measured here."""
_numbers = itertools.count(1)


def draws_and_prizes(session: Session) -> None:
    by = staff_models.system(session.community)
    measure_draw(session, by)
    measure_stock(session, by)


# The draw


def measure_draw(session: Session, by: Staff) -> None:
    """Close a list of a ticket per member, draw 100 winners, and verify the whole list."""
    draw = open_draw(session, by)
    tickets = add_tickets(session, draw)
    before = measure.memory()["RssAnon"]
    closed = measure.repeat(lambda: entrants.close(draw.activity, END), 1)
    more = (measure.memory()["RssAnon"] - before) / 1024**2
    draw.refresh_from_db()
    value = drand.value_of(SIGNATURE)
    drawn = measure.repeat(
        lambda: results.complete(
            draw=draw,
            public_value=value,
            public_bytes=bytes.fromhex(value),
            signature=SIGNATURE,
            at=AT,
        ),
        1,
    )
    draw.refresh_from_db()
    text = certificates.to_text(draw)
    problems: list[str] = []
    verified = measure.repeat(lambda: problems.extend(verifier.verify(text)), 1)
    sessions.check_equal("verified list", ours=problems, right=[])
    for key, question, times, goal, note in (
        (
            "draw-close",
            f"{tickets:,} tickets closed",
            closed,
            GOAL_CLOSED_S,
            f"{more:.0f} MB over idle",
        ),
        ("draw-winners", f"{WINNERS} winners drawn", drawn, GOAL_DRAWN_S, ""),
        (
            "draw-verify",
            "Whole list verified in Python",
            verified,
            GOAL_VERIFIED_S,
            f"{len(text) / 1e6:.1f} MB",
        ),
    ):
        session.record(measure.row(key, question, times, goal=goal * 1000, note=note))


def open_draw(session: Session, by: Staff) -> Draw:
    activity = activities.create(
        community=session.community,
        kind=draws.KIND,
        name=f"bench {next(_numbers)}",
        text="bench",
        refusal="bench",
        may_join={"all": []},
        starts_at=END - 24 * HOUR,
        ends_at=END,
        by=by,
        at=END - 24 * HOUR,
    )
    draw = draws.prepare(activity=activity, by=by, at=END - 24 * HOUR)
    prize = make_prize(session, by, WINNERS)
    draws.set_prizes(draw=draw, prizes=[(prize, WINNERS)], by=by, at=END - 24 * HOUR)
    lifecycle.submit(activity=activity, by=by, at=END - 24 * HOUR)
    second = pages.owner(session)
    lifecycle.approve(activity=activity, by=second, at=END - 24 * HOUR)
    draw.refresh_from_db()
    return draw


def add_tickets(session: Session, draw: Draw) -> int:
    """A ticket of every member; joining itself is not measured here."""
    rows = Account.objects.filter(community=session.community).order_by("pk")
    accounts = list(rows.values_list("pk", flat=True))
    terms = bytes.fromhex(draw.terms_hash)
    for start in range(0, len(accounts), BATCH):
        made = []
        for account in accounts[start : start + BATCH]:
            secret = random_secret()
            made.append(
                Ticket(
                    draw=draw,
                    account_id=account,
                    person_id=account,
                    secret=secret,
                    leaf=ticket_tree.leaf_of(terms, secret),
                    created_at=END - HOUR,
                )
            )
        Ticket.objects.bulk_create(made, batch_size=500)
    return len(accounts)


def make_prize(session: Session, by: Staff, total: int) -> PrizeStock:
    return prizes.create(
        community=session.community,
        name=f"bench {next(_numbers)}",
        kind="pick_up",
        instructions="at the desk",
        total=total,
        by=by,
        at=END - 24 * HOUR,
    )


# The stock


def measure_stock(session: Session, by: Staff) -> None:
    """Prizes given out per second, beside rivals; how many each gave out too many.

    Each has a stock of its own, of which many were given before.
    """
    account = Account.objects.filter(community=session.community).order_by("pk")[0].pk
    is_tiny = session.workspace.size.name == "tiny"
    present = TRIES if is_tiny else PRESENT

    def prepared() -> PrizeStock:
        prize = make_prize(session, by, present + STOCK)
        add_awards(prize, account, present)
        return prize

    def award(prize: PrizeStock, number: int, *, is_taken: bool = False) -> bool:
        found = awards.award(
            stock=prize,
            account_id=account,
            source="bench",
            source_key=f"{prize.pk}:{number}",
            at=AT,
            is_taken=is_taken,
        )
        return found is not None

    def count_then_award(prize: PrizeStock, number: int) -> bool:
        """Count what was given, award one more, as MoChat does."""
        if Award.objects.filter(stock=prize).count() >= prize.total:
            return False
        return award(prize, number, is_taken=True)

    @transaction.atomic
    def lock_and_count(prize: PrizeStock, number: int) -> bool:
        """Lock the prize, count what was given, award one more."""
        PrizeStock.objects.select_for_update().get(pk=prize.pk)
        return count_then_award(prize, number)

    mine = prepared()
    speed, given = run(partial(award, mine), TRIES)
    rivals, notes = {}, [f"{present:,} given before", f"ours gave {given} of {STOCK}"]
    for name, take in (
        ("lock and count", lock_and_count),
        ("count, then award", count_then_award),
    ):
        rivals[name], count = run(partial(take, prepared()), TRIES)
        notes.append(f"{name} gave {count}")
    sessions.check_equal("prizes given", ours=given, stock=STOCK)
    session.record(
        Row(
            "prize-stock",
            f"{TRIES:,} tries for {STOCK} prizes by {CALLERS} callers",
            PER_SECOND,
            speed,
            TRIES,
            goal=GOAL_PER_SECOND,
            rivals=rivals,
            note="; ".join(notes),
        )
    )
    measure_sold_out(session, partial(award, mine))


def measure_sold_out(session: Session, take: Callable[[int], bool]) -> None:
    """Further tries once nothing is left, which write nothing."""
    before = Award.objects.count()
    speed, given = run(lambda number: take(TRIES + number), LATE_TRIES)
    sessions.check_equal("prizes of a sold-out stock", ours=given, right=0)
    sessions.check_equal("awards written", ours=Award.objects.count(), right=before)
    session.record(
        Row(
            "prize-sold-out",
            f"{LATE_TRIES:,} tries for a prize that is sold out",
            PER_SECOND,
            speed,
            LATE_TRIES,
            goal=GOAL_LATE_PER_SECOND,
        )
    )


def add_awards(prize: PrizeStock, account: int, count: int) -> None:
    """Awards that were handed over before."""
    for start in range(0, count, BATCH):
        Award.objects.bulk_create(
            (
                Award(
                    community_id=prize.community_id,
                    stock=prize,
                    account_id=account,
                    person_id=account,
                    source="bench",
                    source_key=f"{prize.pk}:before:{number}",
                    state=State.DELIVERED,
                    awarded_at=END,
                    claim_until=END,
                    delivered_at=END,
                )
                for number in range(start, min(start + BATCH, count))
            ),
            batch_size=500,
        )
    PrizeStock.objects.filter(pk=prize.pk).update(left=prize.total - count)


def run(take: Callable[[int], bool], tries: int) -> tuple[float, int]:
    """Tries per second, and how many got a prize."""

    def work(first: int) -> int:
        try:
            return sum(take(number) for number in range(first, tries, CALLERS))
        finally:
            connections.close_all()

    start = time.perf_counter()
    with ThreadPoolExecutor(CALLERS) as pool:
        given = sum(pool.map(work, range(CALLERS)))
    return tries / (time.perf_counter() - start), given
