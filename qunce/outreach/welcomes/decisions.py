"""Reactions to joins: decide which welcome a newcomer gets, and request the message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from qunce.channels import channel_contract
from qunce.core.communities import Community
from qunce.core.facts.facts import RecordedFact
from qunce.core.jobs import job_queue
from qunce.core.staff.models import Staff
from qunce.groups.entry import joins as entry_joins
from qunce.groups.groups import Group
from qunce.members.accounts import queries as account_queries
from qunce.members.staff_in_charge import assignments
from qunce.outreach import task_permissions
from qunce.outreach.sending import channel_sending, messages
from qunce.outreach.sending.ledger import Message, RequestedMessage, State
from qunce.outreach.service_styles import assignment
from qunce.outreach.service_styles.assignment import Assignment
from qunce.outreach.welcomes import joins, rule_people, selection, time_limits, welcomes
from qunce.outreach.welcomes.joins import SAME_JOIN, Newcomers
from qunce.outreach.welcomes.models import Reason, Welcome, WelcomeDecision
from qunce.outreach.welcomes.selection import Conditions, Earlier
from qunce.outreach.welcomes.time_limits import TimeLimits
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

ASSISTED = "assisted"


def react(*, community: Community, facts: Sequence[RecordedFact], at: datetime) -> None:
    """Reaction to `member.joined`, `member.rejoined`, `group.joined` and `entry.passed`.

    Nobody is welcomed for a join that is too old, or that came with a list. Where a gate
    asks newcomers, they are welcomed once they have passed it.
    """
    listed = welcomes.list_in_order(community)
    if not any(each.is_on for each in listed):
        return
    limits = time_limits.get(community)
    young = [
        fact
        for fact in facts
        if fact.account is not None and fact.happened_at >= at - limits.within
    ]
    from_lists = joins.find_listed(community, young) if young else set()
    held = entry_joins.find_held(community=community, facts=young, at=at)
    new = [fact for fact in young if fact.id not in from_lists | held]
    decide(community=community, facts=new, at=at)


def decide(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Decide about joins that nothing was decided about, and request the messages."""
    known = set(
        WelcomeDecision.objects.filter(
            fact_id__in=[fact.id for fact in facts]
        ).values_list("fact_id", flat=True)
    )
    new = [fact for fact in facts if fact.id not in known]
    if new:
        listed = welcomes.list_in_order(community)
        _Decider(community, listed, time_limits.get(community), at).decide(new)


def choose_channel(welcome: Welcome, account_channel: str, preferred: str) -> str:
    """The channel of the welcome, of the member's style, or that they joined through.

    If none of them sends automatically, staff post it.
    """
    if welcome.channel:
        return welcome.channel
    known = {each.name: each.capabilities for each in channel_contract.list_channels()}
    for name in (preferred, account_channel):
        can = known.get(name)
        if can is not None and can.to_member and not can.needs_person:
            return name
    return ASSISTED


@dataclass
class Senders:
    """The staff member who posts a welcome by hand: the staff in charge, the group's owner, or the chosen."""

    community: Community
    assignable: Mapping[int, Staff]
    in_charge: Mapping[int, int]
    owners: Mapping[int, int]

    @classmethod
    def load(cls, community: Community, newcomers: Newcomers) -> Senders:
        groups = {
            row.group_id for rows in newcomers.memberships.values() for row in rows
        }
        owned = Group.objects.filter(pk__in=groups, owner__isnull=False)
        return cls(
            community,
            {
                staff.pk: staff
                for staff in task_permissions.list_assignable_staff(community)
            },
            dict(assignments.staff_ids_by_person(newcomers.own)),
            dict(owned.values_list("pk", "owner_id")),
        )

    def choose(self, welcome: Welcome, person: int, group: int | None) -> Staff | None:
        for pk in (
            self.in_charge.get(person),
            self.owners.get(group or 0),
            welcome.staff_id,
        ):
            if pk in self.assignable:
                return self.assignable[pk or 0]
        return None


def content_of(welcome: Welcome) -> dict[str, Any]:
    """The `content` of the message: the versions of its template and its materials."""
    content: dict[str, Any] = {"welcome": welcome.pk}
    if welcome.materials:
        content["materials"] = welcome.materials
    if welcome.template_version_id:
        content["template"] = welcome.template_version_id
    return content


def draft_of(
    welcome: Welcome, *, channel: str, staff: Staff | None, stale_at: datetime
) -> dict[str, Any]:
    """What all messages of a welcome have in common, except the recipient.

    A service message that precedes everything else in the queue, at any hour.
    """
    needs_person = channel_contract.get(channel).capabilities.needs_person
    return {
        "origin": messages.Origin.WELCOME,
        "text": welcome.text,
        "content": content_of(welcome),
        "purpose": messages.Purpose.SERVICE,
        "priority": messages.Priority.URGENT,
        "channel": channel,
        "staff": staff if needs_person else None,
        "stale_at": stale_at,
    }


def group_of(
    conditions: Conditions, groups: frozenset[int], joined: int | None
) -> int | None:
    """The group that a welcome on joining a group is about."""
    if not conditions.for_group_joins:
        return None
    fitting = groups & conditions.groups if conditions.groups else groups
    return joined if joined in fitting else min(fitting, default=None)


@dataclass
class _Decider:
    """Decides about the joins of one batch, in the order in which they happened."""

    community: Community
    listed: Sequence[Welcome]
    limits: TimeLimits
    at: datetime
    _sets: dict[int, BitMap] = field(default_factory=dict)

    def decide(self, facts: Sequence[RecordedFact]) -> None:
        newcomers = joins.load(
            self.community,
            [fact.account for fact in facts if fact.account],
            again_after=timedelta(days=self.limits.again_after_days),
            at=self.at,
        )
        known = [fact for fact in facts if fact.account in newcomers.people]
        rows = [
            self._decide(fact, newcomers)
            for fact in sorted(known, key=lambda each: (each.happened_at, each.id))
        ]
        WelcomeDecision.objects.bulk_create(rows, batch_size=500)
        self._request([row for row in rows if not row.reason], newcomers)

    def _decide(self, fact: RecordedFact, newcomers: Newcomers) -> WelcomeDecision:
        person = newcomers.people[fact.account or 0]
        join = newcomers.join_of(fact, self.community)
        conditions = [joins.conditions_of(each) for each in self.listed]
        holding = {
            each.pk for each in self.listed if each.rule and self._holds(each, person)
        }
        row = WelcomeDecision(
            community=self.community,
            account_id=fact.account or 0,
            fact_id=fact.id,
            joined_at=fact.happened_at,
            decided_at=self.at,
            group_id=fact.group,
        )
        chosen = selection.find_first(conditions, join, holding)
        if chosen is None:
            row.reason = Reason.NO_MATCH
            return row
        row.welcome_id = chosen.id
        row.group_id = group_of(chosen, join.groups, fact.group) or fact.group
        earlier = newcomers.earlier[person]
        repeat = selection.find_repeat(
            chosen,
            row.group_id,
            earlier,
            fact.happened_at.timestamp(),
            same_join=SAME_JOIN.total_seconds(),
            again_after=timedelta(days=self.limits.again_after_days).total_seconds(),
        )
        if repeat is not None:
            row.reason = Reason(repeat.value)
            return row
        earlier.append(Earlier(fact.happened_at.timestamp(), row.group_id))
        return row

    def _holds(self, welcome: Welcome, person: int) -> bool:
        if welcome.pk not in self._sets:
            found = rule_people.find(welcome, self.at)
            self._sets[welcome.pk] = bitmaps.of([]) if found is None else found
        return person in self._sets[welcome.pk]

    def _request(self, rows: Sequence[WelcomeDecision], newcomers: Newcomers) -> None:
        if not rows:
            return
        by_pk = {each.pk: each for each in self.listed}
        styles = assignment.load(self.community, self.at)
        senders = Senders.load(self.community, newcomers)
        drafts = [
            self._draft(row, by_pk[row.welcome_id or 0], newcomers, styles, senders)
            for row in rows
        ]
        requested = messages.request_many(drafts, community=self.community, at=self.at)
        for row, message in zip(rows, requested, strict=True):
            row.message_id = message.pk
        WelcomeDecision.objects.bulk_update(rows, ["message_id"], batch_size=500)
        self._send_now(requested)

    def _draft(
        self,
        row: WelcomeDecision,
        welcome: Welcome,
        newcomers: Newcomers,
        styles: Assignment,
        senders: Senders,
    ) -> messages.Draft:
        person = newcomers.people[row.account_id]
        style = styles.style_of(person)
        channel = choose_channel(
            welcome,
            newcomers.accounts[row.account_id].channel,
            style.channel if style else "",
        )
        fields = draft_of(
            welcome,
            channel=channel,
            staff=senders.choose(welcome, person, row.group_id),
            stale_at=self.limits.last_moment(row.joined_at, channel),
        )
        return messages.Draft(origin_id=row.pk, account=row.account_id, **fields)

    def _send_now(self, requested: Sequence[RequestedMessage]) -> None:
        """Have the channels send immediately, as some allow a welcome for seconds only."""
        channels = {
            message.channel
            for message in requested
            if message.state == State.PLANNED and message.staff_id is None
        }
        for channel in sorted(channels):
            job_queue.schedule(
                job=channel_sending.JOB,
                key=f"{self.community.key}/{channel}",
                due_at=self.at,
                community=self.community,
            )


# Merges and erasing


def react_to_merge(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `member.merged`: of several welcomes of a member, one is sent."""
    merged = [fact.account for fact in facts if fact.account is not None]
    for own in account_queries.accounts_by_person(merged).values():
        rows = list(
            WelcomeDecision.objects.filter(
                account_id__in=own, message_id__isnull=False, reason=""
            ).order_by("pk")
        )
        found = Message.objects.in_bulk([row.message_id for row in rows])
        _cancel_repeated([row for row in rows if row.message_id in found], found, at)


def _cancel_repeated(
    rows: Sequence[WelcomeDecision], found: Mapping[int, Message], at: datetime
) -> None:
    """Cancel what waits and would be a second welcome for the same join or in one year."""
    kept = None
    for row in rows:
        state = found[row.message_id or 0].state
        if state in joins.NOT_WELCOMED:
            continue
        is_other_group = row.welcome is not None and row.welcome.for_each_group
        if kept is None or state != State.PLANNED or is_other_group:
            kept = row
        elif messages.cancel(
            origin=messages.Origin.WELCOME, origin_ids=[row.pk], at=at
        ):
            row.reason = Reason.MERGED
            row.save(update_fields=["reason"])


def delete_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `member.erased`: delete what was decided about these accounts."""
    accounts = [fact.account for fact in facts if fact.account is not None]
    for chunk in account_queries.chunks(accounts, size=900):
        WelcomeDecision.objects.filter(
            community=community, account_id__in=chunk
        ).delete()
