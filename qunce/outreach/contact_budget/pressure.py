"""Contact pressure: the messages that members got or are going to get.

The ledger counts them in the transaction that claims the next message, recorded or not.
Messages that files and programs reported are in no ledger and are read from the fact log.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from qunce.core import db, timestamps
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.accounts import queries as account_queries
from qunce.outreach.contact_budget import member_policies
from qunce.outreach.contact_budget.limits import (
    LONGEST_WINDOW,
    ROLLING,
    Contact,
    Limit,
    Mode,
    Span,
)
from qunce.outreach.contact_budget.member_policies import MemberPolicies
from qunce.outreach.contact_budget.policies import Policy
from qunce.sets import audiences, person_arrays
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap

    Ints = NDArray[np.int64]

Counts = TypeVar("Counts", int, "NDArray[np.int64]")
KINDS = ("send.delivered", "send.marked_sent")
"""Facts of messages that reached somebody."""
REPORTED_PURPOSE = "marketing"
"""What reported messages are counted as: their purpose is not known."""


@dataclass(frozen=True)
class Reported:
    """Parallel arrays of people and microseconds, by person, of reported messages."""

    people: Ints
    times: Ints

    def of_each(self, people: Iterable[int]) -> dict[int, list[Contact]]:
        """Person → their reported messages, for those of these people who have any."""
        wanted = np.array(list(people), np.int64)
        firsts = np.searchsorted(self.people, wanted, side="left")
        lasts = np.searchsorted(self.people, wanted, side="right")
        having = np.flatnonzero(lasts > firsts)
        return {
            person: [
                Contact(timestamps.from_micros(micros), "", REPORTED_PURPOSE)
                for micros in self.times[first:last].tolist()
            ]
            for person, first, last in zip(
                wanted[having].tolist(),
                firsts[having].tolist(),
                lasts[having].tolist(),
                strict=True,
            )
        }


NOTHING_REPORTED = Reported(np.empty(0, np.int64), np.empty(0, np.int64))


def list_reported(community: Community, at: datetime) -> Reported:
    """Reported messages of the longest window.

    Call it outside the claiming transaction: what others report may be a moment late.
    """
    people, times = person_arrays.reported_times(
        community=community, kinds=KINDS, since=at - LONGEST_WINDOW, at=at
    )
    return Reported(people, times)


def contacts_by_person(
    people: Iterable[int], *, policy: Policy, reported: Reported, at: datetime
) -> dict[int, list[Contact]]:
    """Person → their messages of the longest window, and those planned for later."""
    by_person = account_queries.accounts_by_person(people)
    person_of = account_queries.invert(by_person)
    found: dict[int, list[Contact]] = {person: [] for person in by_person}
    since = timestamps.to_micros(at - LONGEST_WINDOW)
    only = "" if policy.counts_assisted else " AND staff_id IS NULL"
    for chunk in account_queries.chunks(sorted(person_of)):
        rows = db.rows(
            "SELECT target_id, counted_at, channel, purpose FROM outreach_message"  # noqa: S608 - ids only
            f" WHERE target_id {db.among_ids(chunk)}"
            f" AND counted_at > %s AND NOT is_group{only}",
            [since],
        )
        for target, micros, channel, purpose in rows:
            contact = Contact(timestamps.from_micros(micros), channel, purpose)
            found[person_of[target]].append(contact)
    if len(reported.people):
        for person, contacts in reported.of_each(found).items():
            found[person] += contacts
    return found


@dataclass(frozen=True)
class Pressure:
    """How many messages of a limit somebody got in its window that ends now."""

    limit: Limit
    count: int

    @property
    def is_reached(self) -> bool:
        return self.limit.most is not None and self.count >= self.limit.most

    @property
    def used(self) -> int:
        return millionths_used(self.limit, self.count)


def millionths_used(limit: Limit, counts: Counts) -> Counts:
    """How much of a limit these numbers of messages use, in millionths.

    All of a limit of no messages is used before the first one. Without a limit it is the
    number itself, so that it comes after those that are used.
    """
    if limit.most is None:
        return counts
    if limit.most == 0:
        return (counts + 1) * 1_000_000
    return counts * 1_000_000 // limit.most


def nearest(lines: Sequence[Pressure]) -> Pressure:
    """The limit that is nearest to exhaustion, of equal ones the first."""
    return max(lines, key=lambda line: line.used)


SHOWN_WITHOUT_LIMIT = Limit(Span.WEEK, Mode.OFF)
"""What is shown where no limit is set: marketing messages in 7 days."""


def shown_limits(policy: Policy) -> list[Limit]:
    """The limits whose pressure is shown, in the order of their spans."""
    active = [limit for limit in policy.budget.limits if limit.most is not None]
    return active or [SHOWN_WITHOUT_LIMIT]


def pressure_by_person(
    people: Iterable[int], *, community: Community, at: datetime
) -> dict[int, list[Pressure]]:
    """Person → what counts for each limit now, with what is planned for later."""
    budgets = member_policies.load(community, at)
    reported = list_reported(community, at)
    found = contacts_by_person(people, policy=budgets.others, reported=reported, at=at)
    measured = {}
    for person, contacts in found.items():
        policy = budgets.of(person)
        measured[person] = [
            _measure(limit, contacts, policy, at) for limit in shown_limits(policy)
        ]
    return measured


def _measure(
    limit: Limit, contacts: Iterable[Contact], policy: Policy, at: datetime
) -> Pressure:
    start = limit.window_start(at, policy.clock)
    count = sum(
        (each.at > start if limit.rolling else each.at >= start)
        and limit.channel in ("", each.channel)
        and limit.purpose == each.purpose
        for each in contacts
    )
    return Pressure(limit, count)


def count_of_group(group: int, at: datetime) -> int:
    """How many messages a group got in 7 days, with those that are planned."""
    ((count,),) = db.rows(
        "SELECT count(*) FROM outreach_message"
        " WHERE target_id = %s AND is_group AND counted_at > %s",
        [group, timestamps.to_micros(at - ROLLING[Span.WEEK])],
    )
    return int(count)


# Everybody at once


def over_budget(
    *,
    community: Community,
    policies: MemberPolicies,
    channel: str,
    purpose: str,
    at: datetime,
) -> BitMap | None:
    """The people for whom one more message now does not fit; None means everybody.

    What is planned for later counts as well, so that it keeps its place.
    """
    counter = WindowCounter(community, policies.others, purpose, at)
    others = _over(policies.others, counter, channel)
    if others is None and not policies.parts:
        return None
    styled = bitmaps.union(people for _policy, people in policies.parts)
    if others is None:
        others = _everybody(community, at)
    found = others - styled
    for policy, people in policies.parts:
        over = _over(policy, counter, channel)
        found |= people if over is None else people & over
    return found


def _everybody(community: Community, at: datetime) -> BitMap:
    rule: dict[str, object] = {"with_left": {"all": []}}
    by = staff_models.system(community)
    return audiences.people(
        community=community, rule=rule, by=by, at=at, with_staff=True
    )


def _over(policy: Policy, counter: WindowCounter, channel: str) -> BitMap | None:
    """The people for whom one more message does not fit a policy; None is everybody."""
    found = bitmaps.of([])
    limits = policy.budget.limits_of(channel, counter.purpose)
    if any(limit.mode == Mode.NONE for limit in limits):
        return None
    windows = [
        (limit.window_start(counter.at, policy.clock), limit.channel, limit.most or 0)
        for limit in limits
    ]
    if policy.budget.gap:
        windows.append((counter.at - policy.budget.gap, "", 1))
    for start, only_channel, most in windows:
        counts = counter.count(only_channel, start)
        found |= bitmaps.of(np.nonzero(counts >= most)[0])
    return found


def at_limit_after_one(
    *,
    community: Community,
    policies: MemberPolicies,
    channel: str,
    purpose: str,
    at: datetime,
) -> BitMap | None:
    """The people for whom one more message is the last that fits; None is everybody."""
    fewer = replace(
        policies,
        others=_one_less(policies.others, channel, purpose),
        parts=tuple(
            (_one_less(policy, channel, purpose), people)
            for policy, people in policies.parts
        ),
    )
    return over_budget(
        community=community, policies=fewer, channel=channel, purpose=purpose, at=at
    )


def _one_less(policy: Policy, channel: str, purpose: str) -> Policy:
    limits = tuple(
        replace(limit, count=limit.count - 1)
        if limit.count > 1
        else replace(limit, mode=Mode.NONE)
        for limit in policy.budget.limits_of(channel, purpose)
    )
    budget = replace(policy.budget, limits=limits, gap=timedelta())
    return replace(policy, budget=budget)


@dataclass
class WindowCounter:
    """Counts the messages of each person in windows; styles may have the same ones."""

    community: Community
    policy: Policy
    purpose: str
    at: datetime
    _reported: Reported | None = None
    _counts: dict[tuple[str, datetime], Ints] = field(default_factory=dict)

    def count(self, channel: str, start: datetime) -> Ints:
        if self._reported is None:
            self._reported = list_reported(self.community, self.at)
        key = (channel, start)
        if key not in self._counts:
            self._counts[key] = _count(
                self.community,
                self.policy,
                channel,
                self.purpose,
                start,
                self._reported,
                self.at,
            )
        return self._counts[key]


def used_by_everybody(
    *, community: Community, policies: MemberPolicies, at: datetime
) -> Ints:
    """The millionths that each person has used of the limit nearest to exhaustion.

    By person id, for everybody; `nearest` is the same for one person.
    """
    reported = list_reported(community, at)
    everybody = _everybody(community, at)
    size = everybody.max() + 1 if everybody else 0

    @functools.cache
    def used(limit: Limit) -> Ints:
        start = limit.window_start(at, policies.others.clock)
        counts = _count(
            community,
            policies.others,
            limit.channel,
            limit.purpose,
            start,
            reported,
            at,
        )
        padded = np.zeros(size, dtype=np.int64)
        padded[: len(counts)] = counts[:size]
        return millionths_used(limit, padded)

    def most_used(policy: Policy) -> Ints:
        limits = shown_limits(policy)
        most: Ints = np.maximum.reduce([used(limit) for limit in limits])
        return most

    numbers = most_used(policies.others)
    for policy, people in policies.parts:
        own = bitmaps.array_of(people)
        own = own[own < size]
        numbers[own] = most_used(policy)[own]
    return numbers


def _count(
    community: Community,
    policy: Policy,
    channel: str,
    purpose: str,
    start: datetime,
    reported: Reported | None,
    at: datetime,
) -> Ints:
    # A calendar window has its start, a rolling one does not; a microsecond matters to
    # nobody here, as the claim counts exactly.
    accounts = _contacted(community, policy, channel, purpose, start)
    people = person_arrays.people_of(community=community, accounts=accounts, at=at)
    if reported is not None and not channel and purpose == REPORTED_PURPOSE:
        recent = reported.times > timestamps.to_micros(start)
        people = np.concatenate([people, reported.people[recent]])
    return np.bincount(people)


def _contacted(
    community: Community, policy: Policy, channel: str, purpose: str, since: datetime
) -> Ints:
    """The account of each message that counts, repeated as often as it got one."""
    # One text with all ids: a million rows would take most of a second to fetch.
    joined = (
        "string_agg(target_id::text, ',')"
        if db.is_postgresql()
        else "group_concat(target_id)"
    )
    only = "" if policy.counts_assisted else " AND staff_id IS NULL"
    params: list[object] = [community.pk, purpose, timestamps.to_micros(since)]
    if channel:
        only += " AND channel = %s"
        params.append(channel)
    ((text,),) = db.rows(
        f"SELECT {joined} FROM outreach_message WHERE community_id = %s"  # noqa: S608 - our own conditions
        f" AND purpose = %s AND counted_at > %s AND NOT is_group{only}",
        params,
    )
    return np.fromstring(text or "", dtype=np.int64, sep=",")
