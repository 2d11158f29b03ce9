"""Earning points: by a rule, for a prize or by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.activities.points import (
    caps,
    holders,
    multipliers,
    point_facts,
    rules,
    sums,
)
from qunce.activities.points.holders import Holder
from qunce.activities.points.models import (
    MAX_POINTS,
    EntryKind,
    PointEntry,
    PointLot,
    PointReason,
    PointRule,
)
from qunce.core import db, lots
from qunce.core.facts import facts
from qunce.groups import working_people
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

IMPORT_PREFIX, GIFT_PREFIX = "import/", "level_gift/"
UNCOUNTED = (IMPORT_PREFIX, GIFT_PREFIX)
"""Keys of balances from another system and of gifts of levels, which were not earned.

They count on no leaderboard and for no level.
"""


@dataclass(frozen=True)
class Earned:
    """`entry` is None if nothing was earned; `why_not` is then a sentence."""

    entry: PointEntry | None
    why_not: str = ""


@dataclass(frozen=True)
class Earning:
    """What an account may earn for a source on a day; `paid` is the amount of an order.

    `others` are keys that count as the same source, `root` the lot of the same order. The
    `percent` that multiplied the points is None before the multiplier is applied.
    """

    account: int
    key: str
    points: int
    day: int
    paid: int = 0
    usable_from: int = 0
    last_day: int = lots.NEVER
    root: int = 0
    others: tuple[str, ...] = ()
    percent: int | None = None


def counts(key: str) -> bool:
    """Whether what was earned under this key counts on leaderboards and for levels."""
    return not key.startswith(UNCOUNTED)


# Verbs


@transaction.atomic
def earn(
    *,
    account_id: int,
    rule_key: str,
    source_key: str,
    by: Staff | None,
    at: datetime,
    amount: int | None = None,
) -> Earned:
    """Earn by a rule, once per source; `amount` is that of the rule by default.

    A cap may leave less, or nothing. What is owed is paid first.
    """
    account = holders.get_account(account_id, by)
    holders.check_may_adjust(by, account, at)
    community = account.community
    rule = rules.get_by_key(community, rule_key)
    if not rule.is_on or rule.archived_at is not None:
        return Earned(None, _("The rule is switched off."))
    if at < rule.starts_at:
        return Earned(None, _("The rule has not started yet."))
    points = rule.points if amount is None else amount
    holders.check_amount(points)
    key, today = holders.clean_key(source_key), community.day(at)
    if find(rule, key) is not None:
        return Earned(None, _("Points were earned for this before."))
    if working_people.find([account.pk]):
        return Earned(None, _("Staff earn no points."))
    usable_from, last_day = rules.days_of(rule, today)
    earning = Earning(
        account.pk, key, points, today, usable_from=usable_from, last_day=last_day
    )
    found = earn_many(community=community, rule=rule, earnings=[earning], by=by, at=at)
    if found:
        return Earned(found[0])
    if find(rule, key) is not None:
        return Earned(None, _("Points were earned for this before."))
    return Earned(None, _("The cap of the rule is reached."))


@transaction.atomic
def award(
    *,
    account_id: int,
    amount: int,
    key: str,
    by: Staff | None,
    at: datetime,
    reason: str = "",
    valid_days: int | None = None,
    last_day: int | None = None,
) -> Earned:
    """Earn without a rule or a cap, once per key: a prize, or a balance from elsewhere.

    `key` starts with what asks, such as `prize/17`. Without `valid_days` or a `last_day`
    the points never expire.
    """
    account = holders.get_account(account_id, by)
    holders.check_may_adjust(by, account, at)
    holders.check_amount(amount)
    key, reason = holders.clean_key(key), holders.clean_reason(reason)
    community, today = account.community, account.community.day(at)
    if last_day is None:
        last_day = lots.NEVER if valid_days is None else today + valid_days - 1
    if last_day < today:
        raise holders.InvalidPoints(_("The last day is over. Enter a later one."))
    earning = Earning(
        account.pk, key, amount, today, usable_from=today, last_day=last_day
    )
    found = earn_many(community=community, rule=None, earnings=[earning], by=by, at=at)
    if not found:
        before = get_award(community, key)
        if before.amount != amount or before.account_id != account.pk:
            raise holders.KeyUsedAgain(
                _("“%(key)s” was used for other points. Use a new key.") % {"key": key}
            )
        return Earned(None, _("Points were earned for this before."))
    add_reasons(found, {key: reason})
    return Earned(found[0])


@transaction.atomic
def earn_many(
    *,
    community: Community,
    rule: PointRule | None,
    earnings: Sequence[Earning],
    by: Staff | None,
    at: datetime,
) -> list[PointEntry]:
    """Earn for many accounts, in one transaction; returns the new entries.

    Each source earns once. Staff and erased members earn nothing.
    """
    first = {each.key: each for each in reversed(earnings)}
    accounts = {each.account for each in first.values()}
    by_person = account_queries.accounts_by_person(accounts)
    people = account_queries.invert(by_person)
    owed = holders.lock(community, people)
    barred = account_queries.find_erased(accounts)
    if rule is not None:
        barred |= working_people.find(accounts)
    known = find_known(community, rule, first.values())
    today = community.day(at)
    chosen = [
        each
        for each in sorted(first.values(), key=lambda one: (one.day, one.key))
        if each.account not in barred
        and known.isdisjoint((each.key, *each.others))
        and each.last_day >= today
        and each.points > 0
    ]
    if rule is not None:
        chosen = multiply(rule, chosen, by_person, people, at)
    fitting = _fit(community, rule, chosen, by_person, people)
    rows = [
        PointEntry(
            community_id=community.pk,
            account_id=each.account,
            person_id=people[each.account],
            kind=EntryKind.EARN,
            rule_id=rule.pk if rule else 0,
            key=each.key,
            amount=points,
            day=each.day,
            at=at,
            by_id=by.pk if by else None,
        )
        for each, points in fitting
    ]
    entries = PointEntry.objects.bulk_create(rows)
    _add_lots(community, entries, [each for each, _points in fitting], today)
    _record(community, entries, rule, by, at)
    _settle(community, entries, by_person, people, owed, by, at)
    return entries


def multiply(
    rule: PointRule,
    earnings: Sequence[Earning],
    by_person: Mapping[int, Sequence[int]],
    people: Mapping[int, int],
    at: datetime,
) -> list[Earning]:
    """The earnings with the multipliers of their people, rounded down."""
    found: Mapping[int, int] = {}
    if rule.is_multiplied and any(each.percent is None for each in earnings):
        found = multipliers.find(rule.community, by_person, at)
    multiplied = []
    for each in earnings:
        percent = found.get(people[each.account], 100)
        if each.percent is not None or percent == 100:
            multiplied.append(each)
            continue
        points = min(each.points * percent // 100, MAX_POINTS)
        multiplied.append(replace(each, points=points, percent=percent))
    return multiplied


def add_reasons(entries: Sequence[PointEntry], reasons: Mapping[str, str]) -> None:
    """Store why these entries were written, by their keys; empty reasons are not."""
    PointReason.objects.bulk_create(
        PointReason(
            community_id=entry.community_id,
            entry=entry,
            text=holders.clean_reason(reasons[entry.key]),
        )
        for entry in entries
        if reasons.get(entry.key, "").strip()
    )


def find_known(
    community: Community, rule: PointRule | None, earnings: Iterable[Earning]
) -> set[str]:
    keys = sorted({key for each in earnings for key in (each.key, *each.others)})
    known: set[str] = set()
    for chunk in account_queries.chunks(keys):
        condition, params = db.among(chunk)
        rows = db.rows(
            "SELECT key FROM point_entry"  # noqa: S608 - placeholders only
            f" WHERE community_id = %s AND rule_id = %s AND kind = %s AND key {condition}",
            [community.pk, rule.pk if rule else 0, int(EntryKind.EARN), *params],
        )
        known.update(row[0] for row in rows)
    return known


def _fit(
    community: Community,
    rule: PointRule | None,
    earnings: Sequence[Earning],
    by_person: dict[int, list[int]],
    people: dict[int, int],
) -> list[tuple[Earning, int]]:
    """What the caps of the rule leave of each earning."""
    if rule is None or not caps.limits_of(rule):
        return [(each, each.points) for each in earnings]
    used = caps.Caps(community, rule, by_person)
    used.load((people[each.account], each.day) for each in earnings)
    fitting = [
        (each, used.fit(people[each.account], each.day, each.points))
        for each in earnings
    ]
    used.save()
    return [(each, points) for each, points in fitting if points > 0]


def _add_lots(
    community: Community,
    entries: Sequence[PointEntry],
    earnings: Sequence[Earning],
    today: int,
) -> None:
    pairs = list(zip(entries, earnings, strict=True))
    PointLot.objects.bulk_create(
        PointLot(
            entry_id=entry.pk,
            community_id=community.pk,
            account_id=entry.account_id,
            amount=entry.amount,
            left=entry.amount,
            usable_from=each.usable_from,
            last_day=each.last_day,
            paid=each.paid,
            root_id=each.root,
            percent=each.percent or 100,
        )
        for entry, each in pairs
    )
    sums.add_liability(
        community.pk,
        [(entry.account_id, each.last_day, entry.amount) for entry, each in pairs],
    )
    sums.add_scores(
        community.pk,
        [
            (entry.account_id, entry.day, entry.amount)
            for entry in entries
            if counts(entry.key)
        ],
        today=today,
    )


def _record(
    community: Community,
    entries: Sequence[PointEntry],
    rule: PointRule | None,
    by: Staff | None,
    at: datetime,
) -> None:
    facts.record_many(
        [
            point_facts.PointsEarned(
                account=entry.account_id,
                points=entry.amount,
                entry=entry.pk,
                rule=rule.key if rule else "",
            )
            for entry in entries
        ],
        community=community,
        by=by,
        at=at,
    )


def _settle(
    community: Community,
    entries: Sequence[PointEntry],
    by_person: dict[int, list[int]],
    people: dict[int, int],
    owed: dict[int, int],
    by: Staff | None,
    at: datetime,
) -> None:
    """Pay what was owed by those who earned."""
    earners = {people[entry.account_id] for entry in entries}
    for person in sorted(earners):
        if any(owed.get(account) for account in by_person[person]):
            holder = Holder(community, person, by, at)
            holder.settle()
            holder.record()


# Reads


def find(rule: PointRule, key: str) -> PointEntry | None:
    """What a rule earned for a source."""
    return PointEntry.objects.filter(
        community_id=rule.community_id,
        rule_id=rule.pk,
        key=key,
        kind=EntryKind.EARN,
    ).first()


def get_award(community: Community, key: str) -> PointEntry:
    """What was earned without a rule under this key."""
    return PointEntry.objects.get(
        community_id=community.pk, rule_id=0, key=key, kind=EntryKind.EARN
    )
