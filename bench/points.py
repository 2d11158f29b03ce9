"""Points with 20 entries per member: balance, spend, leaderboard, liability, expiry.

Beside them stand what plug-ins for points do: the sum over the history for each balance,
one balance column that is read and written back, with the spends that it loses, and a
GROUP BY over the entries for the leaderboard, all in the same database.
"""

from __future__ import annotations

import random
import threading
import time
from datetime import timedelta
from typing import Any

import numpy as np
from django.db import connections, transaction

from bench import measure, sessions
from bench.measure import PER_SECOND, SECONDS, Row
from bench.sessions import Session
from bench.sizes import AT
from qunce.activities.points import (
    balances,
    earning,
    expiry,
    leaderboard,
    liability,
    periods,
    rules,
    spending,
    sums,
)
from qunce.activities.points.earning import Earning
from qunce.activities.points.models import EntryKind, PointRule
from qunce.core import batch_writes, column_inserts, db, timestamps
from qunce.sets import audiences

PER_MEMBER = 20
DAY = timedelta(days=1)
ROWS = 200_000
LOTS_OF_ONE = 500
TAPS, TAKERS = 12, 8
TABLES = (
    "point_use",
    "point_reason",
    "point_lot",
    "point_entry",
    "point_cap",
    "point_account",
    "point_score",
    "point_liability",
    "point_expiry_notice",
)
"""Those of points, in an order in which rows can be deleted."""


def points(session: Session) -> None:
    accounts: list[int] = (np.flatnonzero(session.world.present) + 1).tolist()
    _clear()
    rule = _make_rule(session)
    _fill(session, rule, accounts)
    _measure_balance(session, accounts)
    _measure_spend(session, accounts)
    _measure_lost_updates(session, accounts[3])
    _measure_leaderboard(session)
    _measure_liability(session)
    _measure_earning(session, rule, accounts)
    _measure_expiry(session)


def _clear() -> None:
    """Delete the points that an earlier run on the same data set has left."""
    with transaction.atomic():
        for table in TABLES:
            db.execute(f"DELETE FROM {table}")


def _make_rule(session: Session) -> PointRule:
    rule = rules.create(
        community=session.community,
        name="Bench",
        event="order",
        points=1,
        per_amount=100,
        by=session.by,
        at=AT - 400 * DAY,
    )
    rules.switch_on(rule=rule, by=session.by, at=AT - 400 * DAY)
    return rule


def _fill(session: Session, rule: PointRule, accounts: list[int]) -> None:
    """Insert lots of the last year; every second one is still there."""
    draw = np.random.default_rng(13)
    today = session.community.day(AT)
    first = int(db.rows("SELECT COALESCE(MAX(id), 0) FROM point_entry")[0][0]) + 1
    own = np.repeat(np.array(accounts, dtype=np.int64), PER_MEMBER)
    draw.shuffle(own)
    for start in range(0, len(own), ROWS):
        part = own[start : start + ROWS]
        ids = np.arange(first + start, first + start + len(part))
        days = today - draw.integers(0, 365, len(part))
        amounts = draw.integers(1, 100, len(part))
        left = np.where(draw.random(len(part)) < 0.5, amounts, 0)
        last = np.where(days + 400 < today + 30, today + 30, days + 400)
        with transaction.atomic():
            _insert(session, rule, ids, part, days, amounts, left, last)
    if db.is_postgresql():
        db.execute(
            "SELECT setval(pg_get_serial_sequence('point_entry', 'id'),"
            " (SELECT MAX(id) FROM point_entry))"
        )
    db.execute("ANALYZE")


def _insert(session: Session, rule: PointRule, *columns: Any) -> None:
    ids, accounts, days, amounts, left, last = columns
    community = session.community.pk
    column_inserts.insert(
        "point_entry",
        {
            "id": ids,
            "account_id": accounts,
            "person_id": accounts,
            "key": [f"bench/{each}" for each in ids.tolist()],
            "amount": amounts,
            "day": days,
        },
        {
            "community_id": community,
            "kind": int(EntryKind.EARN),
            "rule_id": rule.pk,
            "owed": 0,
            "of_id": 0,
            "at": timestamps.to_micros(AT),
        },
    )
    column_inserts.insert(
        "point_lot",
        {
            "entry_id": ids,
            "account_id": accounts,
            "amount": amounts,
            "left": left,
            "usable_from": days,
            "last_day": last,
        },
        {
            "community_id": community,
            "paid": 0,
            "refunded": 0,
            "taken": 0,
            "root_id": 0,
        },
    )
    rows = list(zip(accounts.tolist(), last.tolist(), left.tolist(), strict=True))
    sums.add_liability(community, rows)
    scored = zip(accounts.tolist(), days.tolist(), amounts.tolist(), strict=True)
    sums.add_scores(community, scored, today=session.community.day(AT))


def _measure_balance(session: Session, accounts: list[int]) -> None:
    draw = random.Random(13)  # noqa: S311
    chosen = [draw.choice(accounts) for _ in range(session.workspace.size.repeats)]
    asked = iter(chosen * 2)
    times = measure.repeat(
        lambda: balances.balance(account_id=next(asked), at=AT), len(chosen), warm=5
    )
    summed = iter(chosen)

    def sum_history() -> Any:
        return db.rows(
            "SELECT SUM(CASE WHEN kind = 1 THEN amount ELSE -amount END)"
            " FROM point_entry WHERE account_id = %s",
            [next(summed)],
        )

    theirs = measure.repeat(sum_history, len(chosen) // 2)
    session.record(
        measure.row(
            "points-balance",
            "balance of a member",
            times,
            goal=3,
            others={"SUM over history, wrong after expiry": theirs.percentile(50)},
        )
    )


def _measure_spend(session: Session, accounts: list[int]) -> None:
    """Spends of which each takes from 500 lots."""
    repeats = max(session.workspace.size.repeats // 10, 2)
    today = session.community.day(AT)
    for number in range(repeats):
        earnings = [
            Earning(
                accounts[number],
                f"many/{number}/{each}",
                1,
                today,
                usable_from=today,
                last_day=today + 5,
            )
            for each in range(LOTS_OF_ONE)
        ]
        earning.earn_many(
            community=session.community, rule=None, earnings=earnings, by=None, at=AT
        )
    numbers = iter(range(repeats))

    def spend() -> None:
        number = next(numbers)
        spending.spend(
            account_id=accounts[number],
            amount=LOTS_OF_ONE,
            key=f"bench/spend/{number}",
            by=None,
            at=AT,
        )

    times = measure.repeat(spend, repeats)
    question = f"spend that takes from {LOTS_OF_ONE} lots"
    session.record(measure.row("points-spend", question, times, goal=20))


def _measure_lost_updates(session: Session, account: int) -> None:
    """Spends at the same time: ours, and a balance that is read and written back."""
    with transaction.atomic():
        db.execute("DROP TABLE IF EXISTS bench_balance")
        db.execute(
            "CREATE TABLE bench_balance (id INTEGER PRIMARY KEY, points INTEGER)"
        )
        db.execute("INSERT INTO bench_balance VALUES (1, 1000)")

    def column(_number: int) -> None:
        ((before,),) = db.rows("SELECT points FROM bench_balance WHERE id = 1")
        time.sleep(0)
        db.execute("UPDATE bench_balance SET points = %s WHERE id = 1", [before - 1])

    def ours(number: int) -> None:
        spending.spend(
            account_id=account, amount=1, key=f"race/{number}", by=None, at=AT
        )

    before = balances.balance(account_id=account, at=AT).usable
    seconds = _race(ours)
    after = balances.balance(account_id=account, at=AT).usable
    sessions.check_equal("points spent", ours=before - after, asked=TAPS * TAKERS)
    rival = _race(column)
    left = db.rows("SELECT points FROM bench_balance WHERE id = 1")[0][0]
    db.execute("DROP TABLE bench_balance")
    lost = TAPS * TAKERS - (1000 - int(left))
    session.record(
        Row(
            "points-race",
            f"{TAKERS} callers spend one balance",
            PER_SECOND,
            TAPS * TAKERS / seconds,
            TAPS * TAKERS,
            others={"balance column": TAPS * TAKERS / rival},
            note=f"ours lost 0, the balance column lost {lost} of {TAPS * TAKERS}",
        )
    )


def _race(act: Any) -> float:
    def work(taker: int) -> None:
        try:
            for tap in range(TAPS):
                act(taker * TAPS + tap)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(each,)) for each in range(TAKERS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start


def _measure_leaderboard(session: Session) -> None:
    today = session.community.day(AT)
    month = leaderboard.this_month(today).move(-1)
    people = audiences.people(
        community=session.community, rule={"all": []}, by=session.by, at=AT
    )
    times = measure.repeat(
        lambda: leaderboard.rank(session.community, people, month), 20, warm=1
    )
    first = periods.first_day_of(month.key)

    def group() -> Any:
        return db.rows(
            "SELECT account_id, SUM(amount) AS points FROM point_entry"
            " WHERE community_id = %s AND kind = 1 AND day BETWEEN %s AND %s"
            " GROUP BY account_id ORDER BY points DESC LIMIT 100",
            [session.community.pk, first, first + 30],
        )

    theirs = measure.repeat(group, 2)
    session.record(
        measure.row(
            "points-leaderboard",
            "leaderboard of a month, 100 places",
            times,
            goal=200,
            rivals={"SUM … GROUP BY": theirs.percentile(50)},
            ratio_goal=20,
        )
    )
    for name in ("day", "week", "all"):
        period = periods.parse(name, today)
        times = measure.repeat(
            lambda period=period: leaderboard.rank(session.community, people, period),
            20,
            warm=1,
        )
        text = (
            f"leaderboard of {'all time' if name == 'all' else f'a {name}'}, 100 places"
        )
        session.record(measure.row(f"points-leaderboard-{name}", text, times, goal=200))


def _measure_liability(session: Session) -> None:
    times = measure.repeat(lambda: liability.compute(session.community, AT), 20, warm=1)
    recount = measure.repeat(lambda: liability.recount(session.community), 1)
    sessions.check_equal(
        "liability",
        ours=times.answer.points,
        recount=sum(recount.answer.values()),
    )
    session.record(
        measure.row(
            "points-liability",
            "liability by month",
            times,
            goal=300,
            others={"SUM over lots": recount.each[0]},
        )
    )


def _measure_earning(session: Session, rule: PointRule, accounts: list[int]) -> None:
    """Orders of a file that earn, as the reaction to their facts does it."""
    size, today = session.workspace.size, session.community.day(AT)
    earnings = [
        Earning(
            accounts[number % len(accounts)],
            f"order/0/bench-{number}",
            5,
            today,
            500,
            today,
            today,
        )
        for number in range(size.imported_orders)
    ]
    start = time.perf_counter()
    for first in range(0, len(earnings), 5_000):
        earning.earn_many(
            community=session.community,
            rule=rule,
            earnings=earnings[first : first + 5_000],
            by=None,
            at=AT,
        )
    rate = len(earnings) / (time.perf_counter() - start)
    session.record(
        Row(
            "points-earn",
            "orders that earn points",
            PER_SECOND,
            rate,
            len(earnings),
            goal=8_000,
        )
    )


def _measure_expiry(session: Session) -> None:
    """Expire what the orders earned today, tomorrow."""
    start = time.perf_counter()
    sizer = batch_writes.BatchSizer()
    expired = expiry.expire_community(
        community=session.community, at=AT + DAY, sizer=sizer
    )
    seconds = time.perf_counter() - start
    session.record(
        Row(
            "points-expire",
            f"{expired:,} lots expire",
            SECONDS,
            seconds,
            expired,
            goal=90 * max(expired, 1) / 1_000_000 + 1,
            note=f"longest lock {sizer.longest * 1000:,.0f} ms",
        )
    )
