"""Messages about points and memberships that end soon: by the channel, or in a task of staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.outreach import expiry_tasks, prize_messages
from qunce.outreach.expiry_tasks import Subject
from qunce.outreach.sending import messages

if TYPE_CHECKING:
    from qunce.core.communities import Community


@dataclass(frozen=True, kw_only=True)
class Notice:
    """`fact` is the number of the fact, `day` the last one, such as 2026-03-14.

    After `stale_at` the text is no longer true.
    """

    fact: int
    account: int
    text: str
    day: str
    stale_at: datetime


def notify(
    *,
    community: Community,
    notices: Sequence[Notice],
    at: datetime,
    subject: Subject = expiry_tasks.POINTS,
) -> None:
    """Write to members; call it in the transaction of the reaction.

    Each is written to by an account whose channel can do it. The others become one staff
    task per last day, which the staff in charge of them share.
    """
    people = account_queries.person_ids(notice.account for notice in notices)
    by_person = account_queries.accounts_by_person(people)
    channels = _find_channels(by_person, community)
    drafts: list[messages.Draft] = []
    by_hand: dict[datetime, tuple[str, list[int]]] = {}
    for notice in notices:
        person = people[notice.account]
        if person not in channels:
            by_hand.setdefault(notice.stale_at, (notice.day, []))[1].append(person)
            continue
        account, channel = channels[person]
        drafts.append(
            messages.Draft(
                origin=messages.Origin.ACTIVITY,
                origin_id=notice.fact,
                account=account,
                text=notice.text,
                purpose=messages.Purpose.SERVICE,
                channel=channel,
                stale_at=notice.stale_at,
            )
        )
    messages.request_many(drafts, community=community, at=at)
    for end, (day, own) in sorted(by_hand.items()):
        expiry_tasks.ask(
            community=community,
            people=own,
            day=day,
            due_at=end,
            at=at,
            subject=subject,
        )


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
