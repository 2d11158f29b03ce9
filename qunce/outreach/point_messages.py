"""Messages about points that expire soon: by the channel, or posted by staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.staff_in_charge import assignments
from qunce.outreach import prize_messages, task_permissions
from qunce.outreach.sending import messages

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff


@dataclass(frozen=True, kw_only=True)
class Notice:
    """`fact` is the number of the fact; after `stale_at` the text is no longer true."""

    fact: int
    account: int
    text: str
    stale_at: datetime


def notify(*, community: Community, notices: Sequence[Notice], at: datetime) -> None:
    """Write to members; call it in the transaction of the reaction.

    Each is written to by an account whose channel can do it. Without one, the staff in
    charge post it, else the first of the staff who may.
    """
    people = account_queries.person_ids(notice.account for notice in notices)
    by_person = account_queries.accounts_by_person(people)
    channels = _find_channels(by_person, community)
    staff = _choose_staff(
        {p: own for p, own in by_person.items() if p not in channels}, community
    )
    drafts = []
    for notice in notices:
        person = people[notice.account]
        account, channel = channels.get(
            person, (notice.account, prize_messages.ASSISTED)
        )
        by_hand = None if person in channels else staff.get(person)
        if person in channels or by_hand is not None:
            drafts.append(
                messages.Draft(
                    origin=messages.Origin.ACTIVITY,
                    origin_id=notice.fact,
                    account=account,
                    text=notice.text,
                    purpose=messages.Purpose.SERVICE,
                    channel=channel,
                    staff=by_hand,
                    stale_at=notice.stale_at,
                )
            )
    messages.request_many(drafts, community=community, at=at)


def _find_channels(
    by_person: dict[int, list[int]], community: Community
) -> dict[int, tuple[int, str]]:
    """The first account of each person whose channel can write, and that channel."""
    can_send = cache(lambda channel: prize_messages.can_send(channel, community))
    accounts = [account for own in by_person.values() for account in own]
    channels: dict[int, str] = {}
    for chunk in account_queries.chunks(accounts):
        rows = Account.objects.filter(pk__in=chunk)
        channels.update(rows.values_list("pk", "channel"))
    found: dict[int, tuple[int, str]] = {}
    for person, own in by_person.items():
        for account in own:
            if person not in found and can_send(channels[account]):
                found[person] = account, channels[account]
    return found


def _choose_staff(
    by_person: dict[int, list[int]], community: Community
) -> dict[int, Staff]:
    able = {each.pk: each for each in task_permissions.list_assignable_staff(community)}
    first = next(iter(able.values()), None)
    if first is None or not by_person:
        return {}
    in_charge = assignments.staff_ids_by_person(by_person)
    return {p: able.get(in_charge.get(p, 0), first) for p in by_person}
