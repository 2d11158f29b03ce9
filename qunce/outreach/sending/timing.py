"""When a message may be sent: quiet hours, the contact budget, and until when it may wait."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from qunce.core import db
from qunce.core.communities import Community
from qunce.outreach import skip_reasons
from qunce.outreach.contact_budget import (
    kept_places,
    member_policies,
    member_zones,
    pressure,
)
from qunce.outreach.contact_budget.kept_places import KeptPlaces
from qunce.outreach.contact_budget.limits import Contact
from qunce.outreach.contact_budget.member_policies import MemberPolicies
from qunce.outreach.contact_budget.policies import Policy
from qunce.outreach.contact_budget.pressure import Reported
from qunce.outreach.sending import eligibility, ledger
from qunce.outreach.sending.ledger import Priority, Purpose, Sender
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

LOCK = 710_010
"""The class of the advisory locks of contact budgets on PostgreSQL."""


@dataclass(frozen=True)
class Planner:
    """Decides about the messages of one sender.

    It is created before the claiming transaction. `budget_applies` is false for messages
    that the operator sends regardless of the contact budget. `kept` are the places that
    campaigns of higher priority keep.
    """

    sender: Sender
    policies: MemberPolicies
    reported: Reported
    budget_applies: bool = True
    kept: tuple[KeptPlaces, ...] = ()

    def policy_of(self, target: int | None) -> Policy:
        """The budget of a person, or of a group if the sender sends to groups."""
        if self.sender.is_group or target is None:
            return self.policies.of_groups
        return self.policies.of(target)

    def list_policies(self) -> list[Policy]:
        """All that `policy_of` may return."""
        return [self.policies.of_groups] if self.sender.is_group else [*self.policies]

    def quiet_until(self, policy: Policy, at: datetime) -> datetime | None:
        """When the quiet hours end in which this time is; None if it is in none."""
        quiet = policy.budget.quiet
        if quiet is None or not quiet.contain(at, policy.clock):
            return None
        return quiet.end_after(at, policy.clock)

    def in_quiet_hours(self, targets: BitMap, at: datetime) -> BitMap:
        """Those of the targets whose style of service has quiet hours now."""
        found = bitmaps.of([])
        if self.sender.is_group:
            return found
        if self.quiet_until(self.policies.others, at) is not None:
            styled = bitmaps.union(people for _policy, people in self.policies.parts)
            found = targets - styled
        for policy, people in self.policies.parts:
            if self.quiet_until(policy, at) is not None:
                found |= targets & people
        return found

    def is_counted(self) -> bool:
        """Whether these messages count, for a member's budget or a group's pressure."""
        return self.sender.purpose != Purpose.MODERATION

    def contacts(self, people: Iterable[int], at: datetime) -> dict[int, list[Contact]]:
        """Person → what they got or get; locks the budget until the end of the transaction.

        Otherwise two workers at the same time would both give away the last slot.
        """
        if self.sender.is_group or not self.is_limited():
            return {person: [] for person in people}
        if db.is_postgresql():
            pk = self.sender.community.pk
            db.rows("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, pk])
        found = pressure.contacts_by_person(
            people, policy=self.policies.others, reported=self.reported, at=at
        )
        if self.kept:
            self._add_kept(found)
        return found

    def _add_kept(self, contacts: dict[int, list[Contact]]) -> None:
        """Add the messages that campaigns keep a place for, and that would fit."""
        people = bitmaps.of(contacts)
        wanted = {each.campaign: each.people() & people for each in self.kept}
        affected = bitmaps.union(wanted.values())
        done = ledger.find_pairs(list(wanted), list(affected))
        for each in self.kept:
            own = list(wanted[each.campaign])
            if each.needs_address:
                own = sorted(eligibility.channel_addresses(each.channel, own))
            for person in own:
                if (each.campaign, person) in done:
                    continue
                contact, policy = each.contact_of(person), self.policies.of(person)
                if each.budget_applies and policy.budget.refusal(
                    contacts[person],
                    contact.at,
                    channel=each.channel,
                    purpose=each.purpose,
                    clock=policy.clock,
                ):
                    continue
                contacts[person].append(contact)

    def zones(self, people: Iterable[int]) -> dict[int, ZoneInfo]:
        """Person → their time zone, where their quiet hours are not the community's."""
        if self.sender.is_group or not any(each.budget.quiet for each in self.policies):
            return {}
        attribute = self.policies.others.zone_attribute
        if not attribute or self._ignores_quiet_hours():
            return {}
        community = self.sender.community
        return member_zones.zones_of(community, people, attribute=attribute)

    def is_limited(self) -> bool:
        """Whether the budget of anybody limits these messages."""
        return any(self._limits(policy) for policy in self.policies)

    def _limits(self, policy: Policy) -> bool:
        budget = policy.budget
        limits = budget.limits_of(self.sender.channel, self.sender.purpose)
        return self.budget_applies and bool(limits or budget.gap)

    def plan(
        self,
        contacts: list[Contact],
        at: datetime,
        *,
        policy: Policy,
        stale_at: datetime | None = None,
        hold: timedelta | None = None,
        zone: ZoneInfo | None = None,
    ) -> tuple[datetime, str]:
        """When a message is sent and "", or a time and the reason why it is not.

        The message is added to `contacts`, for the next one to the same person, whose
        budget is `policy`. `zone` is theirs, if it is not the community's; their quiet
        hours are in it.
        """
        sender, budget, clock = self.sender, policy.budget, policy.clock
        moment = at
        quiet_clock = clock if zone is None else replace(clock, zone=zone)
        if budget.quiet is not None and not self._ignores_quiet_hours():
            moment = budget.quiet.end_after(at, quiet_clock)
        if self._limits(policy) and not sender.is_group:
            kinds = {"channel": sender.channel, "purpose": sender.purpose.value}
            refusal = budget.refusal(contacts, moment, clock=clock, **kinds)
            if refusal is not None:
                wait = budget.hold if hold is None else hold
                until = moment + wait
                free = budget.first_time(
                    contacts,
                    moment,
                    clock=clock,
                    until=until,
                    quiet_clock=quiet_clock,
                    **kinds,
                )
                if not wait or free is None:
                    is_kept = self.kept_for(contacts, moment, policy=policy)
                    return moment, skip_reasons.KEPT_PLACE if is_kept else refusal.value
                moment = free
        if stale_at is not None and moment > stale_at:
            return moment, skip_reasons.STALE
        if self.is_counted():
            contacts.append(Contact(moment, sender.channel, sender.purpose.value))
        return moment, ""

    def kept_for(
        self, contacts: Iterable[Contact], at: datetime, *, policy: Policy
    ) -> int | None:
        """The campaign whose place a refused message would take, if it is one."""
        known = [each for each in contacts if each.kept_for is None]
        for contact in (None, *(each for each in contacts if each.kept_for)):
            known += [] if contact is None else [contact]
            if policy.budget.refusal(
                known,
                at,
                channel=self.sender.channel,
                purpose=self.sender.purpose.value,
                clock=policy.clock,
            ):
                return None if contact is None else contact.kept_for
        return None

    def _ignores_quiet_hours(self) -> bool:
        is_moderation = self.sender.purpose == Purpose.MODERATION
        return is_moderation or self.sender.priority == Priority.URGENT


@dataclass(frozen=True)
class Plans:
    """Plans many messages: the same is planned once for all who are far from a limit."""

    planner: Planner
    _fresh: dict[tuple[object, ...], tuple[datetime, str, list[Contact]]] = field(
        default_factory=dict
    )
    _always_fit: dict[int, int | None] = field(default_factory=dict)

    def plan(
        self,
        contacts: list[Contact],
        at: datetime,
        *,
        policy: Policy,
        stale_at: datetime | None = None,
        hold: timedelta | None = None,
        zone: ZoneInfo | None = None,
    ) -> tuple[datetime, str]:
        """Like `Planner.plan`; a contact is added to `contacts`, too."""
        plan = functools.partial(
            self.planner.plan,
            at=at,
            policy=policy,
            stale_at=stale_at,
            hold=hold,
            zone=zone,
        )
        if contacts and not self._fits(len(contacts), policy):
            return plan(contacts)
        # By identity, as comparing policies takes longer than all the rest.
        key = (id(policy), at, stale_at, hold, zone)
        found = self._fresh.get(key)
        if found is None:
            added: list[Contact] = []
            found = *plan(added), added
            self._fresh[key] = found
        moment, reason, added = found
        contacts += added
        return moment, reason

    def _fits(self, count: int, policy: Policy) -> bool:
        """Whether one more fits after so many messages, whenever they were."""
        if id(policy) not in self._always_fit:
            sender = self.planner.sender
            limit = policy.budget.always_fit(sender.channel, sender.purpose.value)
            self._always_fit[id(policy)] = limit
        limit = self._always_fit[id(policy)]
        return limit is None or count < limit


def planner_for(
    sender: Sender, at: datetime, *, budget_applies: bool = True
) -> Planner:
    community: Community = sender.community
    policies = member_policies.load(community, at)
    planner = Planner(sender, policies, pressure.NOTHING_REPORTED, budget_applies)
    if sender.is_group or not planner.is_limited():
        return planner
    kept = kept_places.load(community, priority=sender.priority, at=at)
    reported = pressure.list_reported(community, at)
    return replace(planner, reported=reported, kept=tuple(kept))
