"""The level of each person, as a table that reactions and a job keep up to date.

It follows from the points alone, and can be computed again at any time. Rows that are past
their last day are judged when they are read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from django.db import transaction

from qunce.activities.levels import floors, ladders, level_facts, schemes
from qunce.activities.levels.ladders import NONE, Ladder, Standing
from qunce.activities.levels.models import Level, LevelHolding, LevelScheme
from qunce.activities.points import earning, periods
from qunce.activities.points.models import EntryKind
from qunce.core import db, revisions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.groups import working_people
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.facts.facts import RecordedFact
    from qunce.core.staff.models import Staff

REVISION = "level"
NOTHING = Standing(NONE, None)
ACCOUNTS_PER_TRANSACTION = 2_000
SELECT_MONTHS = """
SELECT account_id, period, points FROM point_score
WHERE account_id {accounts} AND period IN ({periods})
"""
SELECT_DAYS = """
SELECT account_id, day, SUM(points) FROM (
    SELECT account_id, day, amount AS points FROM point_entry
    WHERE account_id {accounts} AND kind = %s AND day >= %s AND {counted}
    UNION ALL
    SELECT o.account_id, o.day, -r.amount FROM point_entry r
    JOIN point_entry o ON o.id = r.of_id
    WHERE o.account_id {accounts} AND r.kind = %s AND o.day >= %s AND {counted_o}
) earned GROUP BY account_id, day
"""


@dataclass(frozen=True)
class Scale:
    """The levels of a community, and how they are reached, at a moment."""

    community: Community
    scheme: LevelScheme
    levels: tuple[Level, ...]
    ladder: Ladder
    day: int

    def level(self, index: int) -> Level | None:
        return None if index == NONE else self.levels[index]

    def index_of(self, level_id: int | None) -> int:
        return self.places.get(level_id, NONE)

    @cached_property
    def places(self) -> dict[int | None, int]:
        return {level.pk: index for index, level in enumerate(self.levels)}


def load_scale(community: Community, day: int) -> Scale | None:
    """The levels as of a community day; None if they are switched off."""
    scheme = schemes.get(community)
    if scheme is None or not scheme.is_on:
        return None
    levels = schemes.list_all(community, archived=True)
    ladder = schemes.ladder_of(scheme, levels, day)
    return Scale(community, scheme, tuple(levels), ladder, day)


def points_needed(scale: Scale, index: int, day: int) -> int | None:
    """What a level takes in the period that a day is in."""
    return ladders.points_on(scale.ladder.levels[index], day)


# What was earned


def read_earned(
    scale: Scale, accounts: Sequence[int]
) -> dict[int, list[tuple[int, int]]]:
    """What each of these accounts earned, by month or day, from the first day needed."""
    first = scale.ladder.first_needed(scale.day)
    found: dict[int, list[tuple[int, int]]] = {}
    for chunk in account_queries.chunks(accounts):
        if scale.ladder.is_by_month:
            rows = _read_months(chunk, first, scale.day)
        else:
            rows = _read_days(chunk, first)
        for account, day, points in rows:
            if points:
                found.setdefault(account, []).append((day, points))
    return found


def _read_months(
    accounts: Sequence[int], first: int, today: int
) -> list[tuple[int, int, int]]:
    # One month more, since a time may be ahead of the clock.
    numbers = range(periods.month_of(first), periods.month_of(today) + 2)
    rows = db.rows(
        SELECT_MONTHS.format(
            accounts=db.among_ids(accounts), periods=db.placeholders(len(numbers))
        ),
        [f"m{number}" for number in numbers],
    )
    starts = {f"m{number}": periods.first_day_of(f"m{number}") for number in numbers}
    return [(account, starts[period], int(points)) for account, period, points in rows]


def _read_days(accounts: Sequence[int], first: int) -> list[tuple[int, int, int]]:
    among = db.among_ids(accounts)
    counted = " AND ".join(["{key} NOT LIKE %s"] * len(earning.UNCOUNTED))
    sql = SELECT_DAYS.format(
        accounts=among,
        counted=counted.format(key="key"),
        counted_o=counted.replace("{key}", "o.key"),
    )
    likes = [f"{prefix}%" for prefix in earning.UNCOUNTED]
    params = [
        int(EntryKind.EARN), first, *likes, int(EntryKind.REVERSE), first, *likes
    ]  # fmt: skip
    rows = db.rows(sql, params)
    return [(account, day, int(points)) for account, day, points in rows]


# Deciding


def compute(
    scale: Scale, by_person: Mapping[int, Sequence[int]]
) -> dict[int, Standing]:
    """The present standing of these people; staff have no level."""
    accounts = [account for own in by_person.values() for account in own]
    earned = read_earned(scale, accounts)
    bought = floors.read(scale.community, accounts, scale.places)
    candidates = {*earned, *bought}
    working = working_people.find(candidates)
    found: dict[int, Standing] = {}
    for person, own in by_person.items():
        if not candidates.isdisjoint(own) and working.isdisjoint(own):
            found[person] = scale.ladder.stand(
                merge_earned(earned, own),
                [floor for each in own for floor in bought.get(each, ())],
                scale.day,
            )
        else:
            found[person] = NOTHING
    return found


def merge_earned(
    earned: Mapping[int, Sequence[tuple[int, int]]], own: Sequence[int]
) -> list[tuple[int, int]]:
    """What a person earned with their accounts, ascending by day."""
    return sorted(pair for account in own for pair in earned.get(account, ()))


# Verbs


@transaction.atomic
def refresh(*, community: Community, accounts: Iterable[int], at: datetime) -> int:
    """Compute the levels of the people of these accounts; returns how many changed."""
    scale = load_scale(community, community.day(at))
    return 0 if scale is None else _refresh(scale, set(accounts), at)


def _refresh(scale: Scale, accounts: set[int], at: datetime) -> int:
    by_person = account_queries.accounts_by_person(accounts)
    # Rows of people who were merged into others have no level any more.
    every = {*by_person, *accounts, *account_queries.invert(by_person)}
    if not _compare(scale, by_person, every):
        return 0
    # Of two who write the same people at the same time, one waits here and compares again.
    rev = revisions.bump(scale.community.pk, REVISION, [0])[0]
    changed = _compare(scale, by_person, every)
    _write(scale, changed, set(by_person), rev, at)
    return len(changed)


@dataclass(frozen=True)
class Change:
    """What is stored of a person, and what it should be."""

    stored: LevelHolding | None
    standing: Standing


def _compare(
    scale: Scale, by_person: Mapping[int, Sequence[int]], every: Iterable[int]
) -> dict[int, Change]:
    """The people of whom another level, or another last day, is stored."""
    stored = _read_stored(every)
    standings = compute(scale, by_person)
    erased = account_queries.find_erased(every)
    changed: dict[int, Change] = {}
    for person in sorted(every):
        standing = standings.get(person, NOTHING)
        if person in erased:
            standing = NOTHING
        row, level = stored.get(person), scale.level(standing.index)
        old = (row.level_id, row.until) if row else (None, None)
        if old != (level.pk if level else None, standing.until):
            changed[person] = Change(row, standing)
    return changed


def _read_stored(people: Iterable[int]) -> dict[int, LevelHolding]:
    rows: dict[int, LevelHolding] = {}
    for chunk in account_queries.chunks(sorted(people)):
        found = LevelHolding.objects.filter(person_id__in=db.id_list(chunk))
        rows.update((row.person_id, row) for row in found)
    return rows


def _write(
    scale: Scale,
    changed: Mapping[int, Change],
    people: set[int],
    rev: int,
    at: datetime,
) -> None:
    rows, noted = [], list[facts.FactKind]()
    for person, change in changed.items():
        before, standing = change.stored, change.standing
        level = scale.level(standing.index)
        old = scale.index_of(before.level_id if before else None)
        is_other = old != standing.index
        rows.append(
            LevelHolding(
                person_id=person,
                community_id=scale.community.pk,
                level=level,
                since=before.since if before and not is_other else scale.day,
                until=standing.until,
                rev=rev,
            )
        )
        if is_other and person in people:
            old_level = scale.level(old)
            fact = level_facts.LevelChanged(
                account=person,
                level=level.key if level else "",
                before=old_level.key if old_level else "",
                is_up=standing.index > old,
            )
            noted.append(fact)
    LevelHolding.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["person_id"],
        update_fields=["level", "since", "until", "rev"],
    )
    facts.record_many(noted, community=scale.community, by=None, at=at)


def recount(community: Community, *, at: datetime) -> int:
    """Compute the levels of all members, in short transactions; returns how many changed."""
    scale = load_scale(community, community.day(at))
    if scale is None:
        return _clear(community)
    done = 0
    for accounts in list_pages(community):
        with transaction.atomic():
            done += _refresh(scale, accounts, at)
    LevelScheme.objects.filter(
        community=community, definition=scale.scheme.definition
    ).update(counted_day=scale.day)
    return done


def recount_by(*, by: Staff, at: datetime) -> int:
    """Compute the levels of all members at the request of staff."""
    schemes.check_may_manage(by)
    return recount(by.community, at=at)


def list_pages(community: Community) -> Iterator[set[int]]:
    """All accounts of a community, a few at a time."""
    last = 0
    while True:
        rows = db.rows(
            "SELECT id FROM members_account WHERE community_id = %s AND id > %s"
            " ORDER BY id LIMIT %s",
            [community.pk, last, ACCOUNTS_PER_TRANSACTION],
        )
        if not rows:
            return
        last = rows[-1][0]
        yield {row[0] for row in rows}


@transaction.atomic
def _clear(community: Community) -> int:
    """Take all levels away, as they are switched off."""
    rows = LevelHolding.objects.filter(community_id=community.pk, level__isnull=False)
    if not rows.exists():
        return 0
    rev = revisions.bump(community.pk, REVISION, [0])[0]
    return rows.update(level=None, until=None, rev=rev)


def run_count(key: str, *, at: datetime) -> None:
    """Count all levels of a community again, as its levels were changed; a queued job."""
    community = Community.objects.filter(pk=int(key)).first()
    if community is not None:
        recount(community, at=at)


def recount_due(*, at: datetime) -> int:
    """Count the levels of each community once a day, as periods end; a job."""
    done = 0
    for scheme in LevelScheme.objects.filter(is_on=True).select_related("community"):
        if scheme.counted_day != scheme.community.day(at):
            done += recount(scheme.community, at=at)
    return done


# Reactions


def react_to_points(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to what changes points, accounts or memberships of members."""
    accounts = {fact.account for fact in facts if fact.account is not None}
    # A merge and its undoing name the other account as well.
    accounts |= {
        int(fact.payload["other"]) for fact in facts if "other" in fact.payload
    }
    refresh(community=community, accounts=accounts, at=at)


# Reads


@dataclass(frozen=True)
class Held:
    """The level of a person; `until` is a community day, None if nothing ends it."""

    level: Level
    since: int
    until: int | None


def find_held(
    community: Community, people: Iterable[int], today: int
) -> dict[int, Held]:
    """The levels of these people today; those past their last day are computed."""
    found: dict[int, Held] = {}
    past: list[int] = []
    chosen = sorted(set(people))
    for chunk in account_queries.chunks(chosen):
        rows = LevelHolding.objects.filter(
            person_id__in=db.id_list(chunk), level__isnull=False
        )
        for row in rows.select_related("level"):
            if row.until is not None and row.until < today:
                past.append(row.person_id)
            elif row.level is not None:
                found[row.person_id] = Held(row.level, row.since, row.until)
    if past and (scale := load_scale(community, today)) is not None:
        by_person = account_queries.accounts_by_person(past)
        for person, standing in compute(scale, by_person).items():
            if (level := scale.level(standing.index)) is not None:
                found[person] = Held(level, today, standing.until)
    return found


def count_people(community: Community) -> Counter[int]:
    """How many people have each level, by its id, as of the last count."""
    rows = db.rows(
        "SELECT level_id, COUNT(*) FROM level_holding"
        " WHERE community_id = %s AND level_id IS NOT NULL GROUP BY level_id",
        [community.pk],
    )
    return Counter({level: int(people) for level, people in rows})


def points_today(level: Level, today: int) -> int | None:
    """What a level takes today; None if nobody reaches it."""
    return ladders.points_on(level.steps, today)


def list_past(community: Community, today: int) -> list[int]:
    """The people whose stored level has ended, and was not computed again yet."""
    rows = LevelHolding.objects.filter(
        community_id=community.pk, level__isnull=False, until__lt=today
    )
    return list(rows.values_list("person_id", flat=True))


def find_wrong(community: Community) -> list[int]:
    """The people whose stored level is not what follows from their points.

    As of the day of the last count; none while a count is due, as levels were changed.
    """
    scheme = schemes.get(community)
    rows = LevelHolding.objects.filter(community_id=community.pk, level__isnull=False)
    if scheme is None or not scheme.is_on:
        return list(rows.values_list("person_id", flat=True))
    if scheme.counted_day is None:
        return []
    scale = load_scale(community, scheme.counted_day)
    wrong: list[int] = []
    for accounts in list_pages(community) if scale else ():
        wrong += _find_wrong(scale, accounts) if scale else []
    return wrong


def _find_wrong(scale: Scale, accounts: set[int]) -> list[int]:
    by_person = account_queries.accounts_by_person(accounts)
    people = {person: own for person, own in by_person.items() if person in accounts}
    erased = account_queries.find_erased(people)
    stored = _read_stored(accounts)
    wrong = []
    for person, standing in compute(scale, people).items():
        level = scale.level(standing.index)
        wanted = level.pk if level and person not in erased else None
        row = stored.pop(person, None)
        if (row.level_id if row else None) != wanted:
            wrong.append(person)
    wrong += [row.person_id for row in stored.values() if row.level_id]
    # Those who began to work here lose their level at the start of the next day.
    return sorted(set(wrong) - working_people.find(wrong))
