"""What is known of joins when they are decided about: read for many members at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.core.facts import interned_names
from qunce.core.facts.facts import RecordedFact
from qunce.groups.entry import joins as entry_joins
from qunce.groups.groups import Membership
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.accounts import SOURCE_NAMESPACE
from qunce.members.accounts.models import Account
from qunce.outreach.sending.ledger import Message, State
from qunce.outreach.welcomes.models import Event, Welcome, WelcomeDecision
from qunce.outreach.welcomes.selection import Conditions, Earlier, Join

SAME_JOIN = timedelta(hours=1)
"""What a member joins within this time is one join, with one welcome."""
LOOK_BACK = timedelta(days=8)
"""How long ago somebody may have joined a group for it to be part of a join."""
NOT_WELCOMED = (State.SKIPPED, State.FAILED, State.CANCELLED)

FindListed = Callable[[Community, Sequence[RecordedFact]], set[int]]
_finders: list[FindListed] = []


def register_lists(find_listed: FindListed) -> FindListed:
    """Register a function that returns the ids of facts which came with a list.

    Members of a list are not welcomed: those of an imported file joined long ago, even if
    the file does not say when.
    """
    if find_listed not in _finders:
        _finders.append(find_listed)
    return find_listed


def find_listed(community: Community, facts: Sequence[RecordedFact]) -> set[int]:
    return {pk for find in _finders for pk in find(community, facts)}


def conditions_of(welcome: Welcome) -> Conditions:
    hours = None
    if welcome.hour_from is not None and welcome.hour_until is not None:
        hours = (welcome.hour_from, welcome.hour_until)
    return Conditions(
        id=welcome.pk,
        is_on=welcome.is_on,
        for_group_joins=welcome.event == Event.GROUP,
        sources=frozenset(welcome.sources),
        groups=frozenset(welcome.groups),
        hours=hours,
        has_rule=welcome.rule is not None,
        for_each_group=welcome.for_each_group,
    )


def minute_of(community: Community, at: datetime) -> int:
    """The minute of a time on the clock of the community."""
    local = at.astimezone(ZoneInfo(community.timezone))
    return local.hour * 60 + local.minute


@dataclass(frozen=True)
class Newcomers:
    """Members by the account that joined; `own` are the accounts of each person.

    `asked_at` is when a gate began to ask them that they have passed since.
    """

    accounts: Mapping[int, Account]
    people: Mapping[int, int]
    own: Mapping[int, Sequence[int]]
    sources: Mapping[int, str] = field(default_factory=dict)
    memberships: Mapping[int, Sequence[Membership]] = field(default_factory=dict)
    earlier: Mapping[int, list[Earlier]] = field(default_factory=dict)
    asked_at: Mapping[int, datetime] = field(default_factory=dict)

    def join_of(self, fact: RecordedFact, community: Community) -> Join:
        """A join with what the member joined at the same time."""
        account = self.accounts[fact.account or 0]
        begun = min(self.asked_at.get(account.pk, fact.happened_at), fact.happened_at)
        since, until = begun - SAME_JOIN, fact.happened_at + SAME_JOIN
        own = [self.accounts[pk] for pk in self.own[self.people[account.pk]]]
        joined = [time for each in own for time in (each.joined_at, each.rejoined_at)]
        groups = {
            row.group_id
            for each in own
            for row in self.memberships.get(each.pk, ())
            if since <= row.joined_at <= until
        }
        if fact.group is not None:
            groups.add(fact.group)
        return Join(
            is_of_community=fact.group is None
            or any(time is not None and since <= time <= until for time in joined),
            source=self.sources.get(account.source_id or 0, ""),
            groups=frozenset(groups),
            minute=minute_of(community, fact.happened_at),
        )


def load(
    community: Community,
    accounts: Iterable[int],
    *,
    again_after: timedelta,
    at: datetime,
) -> Newcomers:
    """What is known of these members, and of when they were welcomed."""
    wanted = sorted(set(accounts))
    people = account_queries.person_ids(wanted)
    own = account_queries.accounts_by_person(wanted)
    person_of = account_queries.invert(own)
    rows: dict[int, Account] = {}
    memberships: dict[int, list[Membership]] = {}
    for chunk in account_queries.chunks(sorted(person_of), size=900):
        rows |= Account.objects.in_bulk(chunk)
        for row in Membership.objects.filter(
            account_id__in=chunk,
            present=True,
            joined_at__gte=timestamps.to_micros(at - LOOK_BACK),
        ):
            memberships.setdefault(row.account_id, []).append(row)
    sources = interned_names.names_by_id(SOURCE_NAMESPACE, community.pk)
    return Newcomers(
        accounts=rows,
        people=people,
        own=own,
        sources=sources,
        memberships=memberships,
        earlier=_earlier(person_of, since=at - again_after),
        asked_at=entry_joins.asked_at(wanted),
    )


def _earlier(person_of: Mapping[int, int], since: datetime) -> dict[int, list[Earlier]]:
    """Person → their welcomes since then that were sent, or are still to be sent."""
    found: dict[int, list[Earlier]] = {person: [] for person in person_of.values()}
    for chunk in account_queries.chunks(sorted(person_of), size=900):
        rows = list(
            WelcomeDecision.objects.filter(
                account_id__in=chunk,
                message_id__isnull=False,
                decided_at__gte=timestamps.to_micros(since),
            ).order_by("pk")
        )
        sent = set(
            Message.objects.filter(pk__in=[row.message_id for row in rows])
            .exclude(state__in=NOT_WELCOMED)
            .values_list("pk", flat=True)
        )
        for row in rows:
            if row.message_id in sent:
                found[person_of[row.account_id]].append(
                    Earlier(row.joined_at.timestamp(), row.group_id)
                )
    return found
