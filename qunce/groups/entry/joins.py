"""Reactions of the gate: people who join or knock, and those who are erased."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from qunce.core.communities import Community
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff import models as staff_models
from qunce.groups.entry import gates, requests
from qunce.groups.entry.models import (
    EntryGate,
    EntryRequest,
    RulesAcceptance,
    State,
)
from qunce.groups.groups import Group, Membership
from qunce.members.accounts import queries as account_queries

RECENT = timedelta(hours=1)
"""An older join is history, such as what a channel reports after an outage."""
PASSED_FOR = timedelta(days=30)
"""Somebody who was let in is not asked again for this time, for example after the invitation."""


def react_to_joined(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `group.joined`: ask people whom a channel reports.

    Nobody is asked whom staff or a file have put into the group.
    """
    open_gates = gates.find_open([fact.group for fact in facts if fact.group])
    if not open_gates:
        return
    system = staff_models.system(community)
    for fact in facts:
        if (
            fact.group in open_gates
            and fact.account is not None
            and fact.actor == system.pk
            and fact.happened_at >= at - RECENT
            and not has_passed(fact.group or 0, fact.account, at)
        ):
            requests.open_request(
                group=open_gates[fact.group or 0].group,
                account=fact.account,
                is_inside=True,
                happened_at=fact.happened_at,
                by=system,
                at=at,
            )


def has_passed(group: int, account: int, at: datetime) -> bool:
    accounts = account_queries.account_ids_of_person(account)
    rows = EntryRequest.objects.filter(
        group=group,
        account_id__in=accounts,
        state=State.PASSED,
        decided_at__gte=at - PASSED_FOR,
    )
    return rows.exists()


def knock(*, group: Group, account: int, at: datetime) -> EntryRequest | None:
    """Somebody knocks at a group; None if it has no gate that is on."""
    gate = gates.find(group)
    if gate is None or not gate.is_on:
        return None
    system = staff_models.system(group.community)
    return requests.open_request(group=group, account=account, by=system, at=at)


def find_held(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> set[int]:
    """The ids of the joins of people whom a gate asks, and who have not passed it.

    It is one of the group itself, or the join of the community at the same time.
    """
    waiting = EntryRequest.objects.filter(
        community=community,
        account_id__in=[fact.account for fact in facts if fact.account],
        asked_at__gte=at - PASSED_FOR,
    ).exclude(state=State.PASSED)
    asked: dict[int, dict[int, datetime]] = {}
    for account, group, asked_at in waiting.values_list(
        "account_id", "group_id", "asked_at"
    ):
        asked.setdefault(account, {})[group] = asked_at
    coming = _find_coming(community, facts)
    return {
        fact.id
        for fact in facts
        if fact.id in coming
        or (fact.account in asked and _is_held(fact, asked[fact.account or 0]))
    }


def _find_coming(community: Community, facts: Sequence[RecordedFact]) -> set[int]:
    """Joins of the community with a gated group, whose own join is not reacted to yet."""
    system = staff_models.system(community)
    new = [fact for fact in facts if fact.group is None and fact.actor == system.pk]
    rows = Membership.objects.filter(
        account_id__in=[fact.account for fact in new if fact.account],
        group__in=EntryGate.objects.filter(community=community, is_on=True).values(
            "group"
        ),
        present=True,
    )
    joined = dict(rows.values_list("account_id", "joined_at"))
    passed = EntryRequest.objects.filter(
        account_id__in=list(joined), state=State.PASSED
    )
    done = set(passed.values_list("account_id", flat=True))
    return {
        fact.id
        for fact in new
        if fact.account in joined
        and fact.account not in done
        and abs(joined[fact.account or 0] - fact.happened_at) <= RECENT
    }


def _is_held(fact: RecordedFact, asked: Mapping[int, datetime]) -> bool:
    if fact.group is not None:
        return fact.group in asked
    return any(abs(time - fact.happened_at) <= RECENT for time in asked.values())


def asked_at(accounts: Sequence[int]) -> dict[int, datetime]:
    """Account → when they were asked first at a gate that they have passed since."""
    rows = EntryRequest.objects.filter(account_id__in=accounts, state=State.PASSED)
    found: dict[int, datetime] = {}
    for account, time in rows.order_by("-asked_at").values_list(
        "account_id", "asked_at"
    ):
        found[account] = time
    return found


def delete_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `member.erased`: delete their requests and acceptances."""
    accounts = [fact.account for fact in facts if fact.account is not None]
    for chunk in account_queries.chunks(accounts, size=900):
        EntryRequest.objects.filter(community=community, account_id__in=chunk).delete()
        RulesAcceptance.objects.filter(
            rules__community=community, account_id__in=chunk
        ).delete()
