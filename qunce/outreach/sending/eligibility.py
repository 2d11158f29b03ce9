"""Whether somebody may get a message at all, checked in the transaction that claims it.

Since an audience was computed, members may have left, opted out, or become invisible to
the staff member who sends. How often they got messages is checked by `contact_budget`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.channels import channel_contract
from qunce.core import db
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Stage
from qunce.groups.lists import lists
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.outreach import opt_outs, skip_reasons
from qunce.outreach.hold_outs import hold_outs
from qunce.outreach.sending.ledger import Origin, Purpose, Sender
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

TO_AUDIENCES = frozenset({Origin.CAMPAIGN, Origin.PLAYBOOK, Origin.CARE})
"""Messages to audiences, which volunteers are not in; others reach them as members."""


@dataclass(frozen=True)
class EligibilityChecker:
    """Checks recipients for the staff member who sends, or for a channel.

    It is created before the claiming transaction, because sets are read for it; in the
    transaction only rows are read. `by` decides which groups a channel sends to.
    `addresses` has the channel's keys of the people who were checked last.
    """

    sender: Sender
    by: Staff | None
    at: datetime
    works_here: BitMap = field(default_factory=lambda: bitmaps.of([]))
    held_out: BitMap = field(default_factory=lambda: bitmaps.of([]))
    addresses: dict[int, str] = field(default_factory=dict)

    def reasons_to_skip(self, targets: Sequence[int]) -> dict[int, str]:
        """Target → the reason to skip it, or "".

        People who were merged since are returned under their new first account.
        """
        if self.sender.is_group:
            failed = self._check_groups(targets)
        else:
            by_person = account_queries.accounts_by_person(targets)
            targets = sorted(by_person)
            failed = self._check_people(by_person)
        reasons = dict.fromkeys(targets, "")
        # The first reason whose set contains the target; so it is written last.
        for why, among in reversed(failed.items()):
            reasons.update((target, why) for target in among if target in reasons)
        return reasons

    def _check_groups(self, groups: Sequence[int]) -> dict[str, set[int]]:
        by = self.sender.staff or self.by
        if by is None:
            channel = channel_contract.get(self.sender.channel)
            needs_person = channel.capabilities.needs_person
            return {skip_reasons.NO_SENDER: set(groups)} if needs_person else {}
        visible = group_visibility.list_visible(by).filter(pk__in=groups)
        states = dict(visible.values_list("pk", "state"))
        return {
            skip_reasons.NOT_VISIBLE: set(groups) - set(states),
            skip_reasons.GROUP_RETIRED: {
                pk for pk, state in states.items() if state == Stage.DEAD
            },
        }

    def _check_people(
        self, by_person: Mapping[int, Sequence[int]]
    ) -> dict[str, set[int]]:
        """The people to whom each reason applies."""
        people = sorted(by_person)
        sender, everyone = self.sender, set(people)
        found = _present_accounts(by_person)
        present = {person for person, _channel, _key in found}
        visible = everyone
        if sender.staff is not None and sender.staff.scope is not None:
            visible = visibility.filter_visible(
                by=sender.staff, accounts=people, at=self.at
            )
        reachable = everyone
        needs_person = channel_contract.get(sender.channel).capabilities.needs_person
        without_sender = everyone if needs_person and sender.staff is None else set()
        if not needs_person:
            self.addresses.clear()
            self.addresses.update(_addresses(sender.channel, found))
            reachable = set(self.addresses)
        opted_out: set[int] = set()
        blacklisted: set[int] = set()
        if sender.purpose != Purpose.MODERATION and sender.origin != Origin.TEST:
            opted_out = opt_outs.among(by_person, purpose=sender.purpose.value)
            blacklisted = lists.blacklisted_among(by_person, at=self.at)
        return {
            skip_reasons.WORKS_HERE: set(bitmaps.of(people) & self.works_here),
            skip_reasons.LEFT: everyone - present,
            skip_reasons.BLACKLISTED: blacklisted,
            skip_reasons.OPTED_OUT: opted_out,
            skip_reasons.HELD_OUT: set(bitmaps.of(people) & self.held_out),
            skip_reasons.NOT_VISIBLE: everyone - visible,
            skip_reasons.NO_ADDRESS: everyone - reachable,
            skip_reasons.NO_SENDER: without_sender,
        }


def checker_for(
    sender: Sender,
    targets: BitMap,
    *,
    by: Staff | None,
    at: datetime,
    also_held_out: BitMap | None = None,
) -> EligibilityChecker:
    """A checker for these targets; `also_held_out` is the hold-out of a campaign."""
    if sender.is_group:
        return EligibilityChecker(sender, by, at)
    community = sender.community
    held_out = bitmaps.of([])
    if sender.purpose == Purpose.MARKETING:
        held_out = hold_outs.held_out(community, targets, at)
        if also_held_out is not None:
            held_out |= also_held_out
    works_here = bitmaps.of([])
    if sender.origin in TO_AUDIENCES:
        works_here = audiences.uncounted_people(community=community, at=at)
    elif sender.origin not in (Origin.TEST, Origin.ACTIVITY):
        works_here = audiences.staff_people(community=community, at=at)
    return EligibilityChecker(sender, by, at, works_here, held_out)


def channel_addresses(channel: str, person_ids: Sequence[int]) -> dict[int, str]:
    """Person → the key of their account on the channel."""
    if not person_ids:
        return {}
    by_person = account_queries.accounts_by_person(person_ids)
    return _addresses(channel, _present_accounts(by_person))


def _addresses(
    channel: str, accounts: Sequence[tuple[int, str, str]]
) -> dict[int, str]:
    # With several accounts on the channel, the first one wins: it overwrites the others.
    return {
        person: key
        for person, its_channel, key in reversed(accounts)
        if its_channel == channel
    }


def _present_accounts(
    by_person: Mapping[int, Sequence[int]],
) -> list[tuple[int, str, str]]:
    """Person, channel and key of each of their accounts that has not left, in order."""
    person_of = account_queries.invert(by_person)
    found: list[tuple[int, str, str]] = []
    for chunk in account_queries.chunks(sorted(person_of)):
        # Not through the ORM, which takes longer than the database for a thousand rows.
        rows = db.rows(
            "SELECT id, channel, key FROM members_account"  # noqa: S608 - ids only
            f" WHERE id {db.among_ids(chunk)}"
            " AND present AND erased_at IS NULL ORDER BY id"
        )
        found += [(person_of[pk], channel, key) for pk, channel, key in rows]
    return found
