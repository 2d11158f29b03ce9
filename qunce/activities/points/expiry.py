"""What expires: written off each night, and announced 7 days before.

Balances are right without this job, as they are judged by the day on which they are read;
it keeps the sums small, and says in the history what expired.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from qunce.activities.points import holders, lot_rows, point_facts
from qunce.activities.points.models import EntryKind, ExpiryNotice
from qunce.core import batch_writes, community_days, db, lots, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.lots import Case, Lot, Use
from qunce.members.accounts import queries as account_queries

NOTICE_DAYS = 7
LOTS_PER_BATCH = 2_000
ENTRY_COLUMNS = "community_id, account_id, person_id, kind, rule_id, key, amount, owed, of_id, day, at"


def expire_due(*, at: datetime) -> int:
    """Write off what has expired in all communities; returns how many lots.

    A job, every 10 minutes, as days start apart; a run that finds nothing costs one
    look-up per community.
    """
    return sum(
        expire_community(community=community, at=at)
        for community in Community.objects.order_by("pk")
    )


def expire_community(
    *,
    community: Community,
    at: datetime,
    sizer: batch_writes.BatchSizer | None = None,
) -> int:
    """Write off the lots whose last day is over, in short transactions."""
    day, after, total = community.day(at), 0, 0
    sizer = sizer or batch_writes.BatchSizer()
    while True:
        due = _list_due(community, day, after, sizer.rows)
        if not due:
            return total
        after = due[-1].id
        cases = list_cases(community, [lot.account for lot in due])
        sizer.pause()
        with transaction.atomic():
            started = time.perf_counter()
            total += _write_off(community, due, cases, day, at)
        sizer.record(len(due), time.perf_counter() - started)


def _list_due(community: Community, day: int, after: int, limit: int) -> list[Lot]:
    rows = db.rows(
        f"{lot_rows.SELECT} WHERE community_id = %s AND last_day < %s"
        ' AND "left" > 0 AND entry_id > %s ORDER BY entry_id LIMIT %s',
        [community.pk, day, after, limit],
    )
    return [Lot(*row) for row in rows]


def list_cases(community: Community, accounts: Sequence[int]) -> dict[int, list[Case]]:
    """The cases of each account's person, by account."""
    by_person = account_queries.accounts_by_person(accounts)
    people = account_queries.invert(by_person)
    cases: dict[int, list[Case]] = defaultdict(list)
    for account, own in lot_rows.list_cases(community, people).items():
        cases[people[account]] += own
    return {account: cases[person] for account, person in people.items()}


def _write_off(
    community: Community,
    due: Sequence[Lot],
    cases: dict[int, list[Case]],
    day: int,
    at: datetime,
) -> int:
    """Expire these lots, if nobody was faster; returns how many."""
    holders.lock(community, {lot.account for lot in due})
    known = lot_rows.get_many(lot.id for lot in due)
    uses = [
        use
        for lot in known.values()
        for use in lots.expire([lot], day, cases.get(lot.account, []))
    ]
    if not uses:
        return 0
    people = account_queries.person_ids(known[use.lot].account for use in uses)
    entries = _add_entries(community, uses, known, people, day, at)
    db.insert(
        "INSERT INTO point_use (entry_id, lot_id, amount) VALUES",
        [(entries[use.lot], use.lot, use.amount) for use in uses],
    )
    lot_rows.take(community.pk, uses, known)
    facts.record_many(
        [
            point_facts.PointsExpired(
                account=known[use.lot].account,
                points=use.amount,
                entry=entries[use.lot],
            )
            for use in uses
        ],
        community=community,
        by=None,
        at=at,
    )
    return len(uses)


def _add_entries(
    community: Community,
    uses: Sequence[Use],
    known: dict[int, Lot],
    people: dict[int, int],
    day: int,
    at: datetime,
) -> dict[int, int]:
    """Add an entry per lot; returns the id of each lot's entry."""
    keys = {f"expire/{use.lot}/{known[use.lot].last_day}": use.lot for use in uses}
    micros = timestamps.to_micros(at)
    db.insert(
        f"INSERT INTO point_entry ({ENTRY_COLUMNS}) VALUES",
        [
            (
                community.pk,
                known[use.lot].account,
                people[known[use.lot].account],
                int(EntryKind.EXPIRE),
                0,
                key,
                use.amount,
                0,
                0,
                day,
                micros,
            )
            for key, use in zip(keys, uses, strict=True)
        ],
    )
    found: dict[int, int] = {}
    for chunk in account_queries.chunks(list(keys)):
        condition, params = db.among(chunk)
        rows = db.rows(
            "SELECT key, id FROM point_entry"  # noqa: S608 - placeholders only
            f" WHERE rule_id = 0 AND key {condition} AND kind = %s"
            " AND community_id = %s",
            [*params, int(EntryKind.EXPIRE), community.pk],
        )
        found.update((keys[key], pk) for key, pk in rows)
    return found


# Notices


def announce_due(*, at: datetime) -> int:
    """Record `points.expiring` once for what expires within 7 days; returns how many.

    Once per person and day, on one of their accounts, however many have points. A job,
    every 10 minutes. Messages, and playbooks of the operator, follow from the fact.
    """
    return sum(
        _announce(community, at) for community in Community.objects.order_by("pk")
    )


def _announce(community: Community, at: datetime) -> int:
    day = community.day(at)
    rows = db.rows(
        'SELECT l.account_id, l.last_day, SUM(l."left") FROM point_lot l'
        " LEFT JOIN point_expiry_notice n"
        " ON n.account_id = l.account_id AND n.last_day = l.last_day"
        ' WHERE l.community_id = %s AND l.last_day BETWEEN %s AND %s AND l."left" > 0'
        " AND n.id IS NULL GROUP BY l.account_id, l.last_day"
        " ORDER BY l.account_id, l.last_day",
        [community.pk, day, day + NOTICE_DAYS],
    )
    people = account_queries.person_ids(account for account, _day, _points in rows)
    found: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for account, last_day, points in rows:
        found[people[account], last_day].append((account, int(points)))
    done = 0
    for keys in account_queries.chunks(list(found), LOTS_PER_BATCH):
        with transaction.atomic():
            done += _announce_chunk(community, {key: found[key] for key in keys}, at)
    return done


def _announce_chunk(
    community: Community,
    found: Mapping[tuple[int, int], Sequence[tuple[int, int]]],
    at: datetime,
) -> int:
    """Announce pairs of account and points, by person and last day; returns how many."""
    accounts = {account for own in found.values() for account, _points in own}
    holders.lock(community, accounts)
    by_person = account_queries.accounts_by_person(accounts)
    known = _find_notices(by_person)
    cases = list_cases(community, sorted(accounts))
    erased = account_queries.find_erased(accounts)
    notices, new_facts = [], []
    for (person, last_day), own in found.items():
        own = [row for row in own if row[0] not in erased]
        # While a case is open nothing expires, and nobody is told that it does.
        if not own or lots.held_until(last_day, cases.get(own[0][0], [])) != last_day:
            continue
        done = {
            account for account in by_person[person] if (account, last_day) in known
        }
        notices += [
            (account, last_day) for account, _points in own if account not in done
        ]
        if not done:
            new_facts.append(
                point_facts.PointsExpiring(
                    account=own[0][0],
                    points=sum(points for _account, points in own),
                    last_day=community_days.to_date(last_day).isoformat(),
                )
            )
    ExpiryNotice.objects.bulk_create(
        ExpiryNotice(
            account_id=account, community_id=community.pk, last_day=last_day, at=at
        )
        for account, last_day in notices
    )
    facts.record_many(new_facts, community=community, by=None, at=at)
    return len(new_facts)


def _find_notices(by_person: Mapping[int, Sequence[int]]) -> set[tuple[int, int]]:
    """The accounts and days of these people that were announced before."""
    known: set[tuple[int, int]] = set()
    for chunk in account_queries.chunks([a for own in by_person.values() for a in own]):
        rows = ExpiryNotice.objects.filter(account_id__in=db.id_list(chunk))
        known.update(rows.values_list("account_id", "last_day"))
    return known
