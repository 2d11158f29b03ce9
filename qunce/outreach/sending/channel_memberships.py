"""Handlers of joins, leaves, knocks and names that channels report.

A channel's own account is reported by none, so that it is no member.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy

from qunce.channels.accounts import accounts as channel_accounts
from qunce.channels.inbox import IncomingEvent
from qunce.core import names
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.facts.fact_effects import ReportedFact, Reporter
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff import models as staff_models
from qunce.groups import groups, reported_memberships
from qunce.groups.entry import answers as entry_answers
from qunce.groups.entry import joins as entry_joins
from qunce.groups.groups import Group, GroupJoined, GroupLeft, Membership
from qunce.groups.moderation.judgements import judging
from qunce.groups.moderation.judgements.judging import Arrival
from qunce.members.accounts import models as account_models
from qunce.outreach.sending import channel_people
from qunce.outreach.welcomes import joins as welcome_joins


@facts.declare
@dataclass(frozen=True, kw_only=True)
class RemovedFromGroup(facts.FactKind):
    """Somebody has removed the channel's account: nothing of the group is seen any more."""

    kind = "channel.removed_from_group"
    label = gettext_lazy("channel removed from a group")
    channel: str


def record_joined(*, event: IncomingEvent, at: datetime) -> None:
    """Payload: `account`, `group`, optionally `name`, `is_history`."""
    found = _find(event, at)
    if found is None:
        return
    account, group = found
    channel_people.rename(account, _name(event), event=event, at=at)
    effect = reported_memberships.ChannelJoinEffect()
    effect.apply(_fact(event, GroupJoined.kind, account, group), _reporter(event, at))
    _judge(event, account, group, at, is_renaming=False)


def record_left(*, event: IncomingEvent, at: datetime) -> None:
    """Payload: `account`, `group`, `reason` (left, kicked or banned), optionally `by`."""
    found = _find(event, at)
    if found is None:
        return
    account, group = found
    how = str(event.payload.get("reason", ""))
    is_known = Membership.objects.filter(group=group, account_id=account).exists()
    if how == "banned" and not is_known:
        # Somebody who was never there, such as one that a list keeps out.
        return
    fact = _fact(event, GroupLeft.kind, account, group, how=how)
    reported_memberships.LeaveEffect().apply(fact, _reporter(event, at))


def record_name(*, event: IncomingEvent, at: datetime) -> None:
    """Payload: `account`, `group`, `name`."""
    found = _find(event, at)
    if found is None:
        return
    account, group = found
    channel_people.rename(account, _name(event), event=event, at=at)
    _judge(event, account, group, at, is_renaming=True)


def record_knock(*, event: IncomingEvent, at: datetime) -> None:
    """Payload: `account`, `group`, optionally `name`, and `text`, what they say."""
    found = _find(event, at)
    if found is None or event.payload.get("is_history"):
        return
    account, group = found
    channel_people.rename(account, _name(event), event=event, at=at)
    entry_joins.knock(group=group, account=account, at=at)
    entry_answers.read(
        community=event.community,
        account=account,
        group=group,
        text=str(event.payload.get("text", "")),
        at=at,
    )


def record_group_name(*, event: IncomingEvent, at: datetime) -> None:
    """Payload: `group`, `name`, and `is_renamed` if the group had another name before."""
    group = channel_people.ensure_group(event, at)
    name = _name(event)
    if group is None or not name or name == group.name:
        return
    # A name that staff gave it stays, until the room itself gets another one.
    if group.name == group.key or event.payload.get("is_renamed"):
        by = staff_models.system(event.community)
        groups.update(group=group, by=by, at=at, name=name)


def record_removal(*, event: IncomingEvent, at: datetime) -> None:
    """Payload: `group`. The channel's account left, or was removed by others (`by`)."""
    group = channel_people.ensure_group(event, at)
    if group is None or not event.payload.get("by"):
        return
    facts.record_many(
        [RemovedFromGroup(group=group.pk, channel=event.channel)],
        community=event.community,
        by=None,
        at=at,
        happened_at=[event.happened_at],
    )


@welcome_joins.register_lists
def find_present_before(
    community: Community, joined: Sequence[RecordedFact]
) -> set[int]:
    """Joins of people who were in a group before a channel was connected to it.

    They come together, as a list does, and are no newcomers.
    """
    channels = {
        row.channel: row
        for row in channel_accounts.list_connected().filter(community=community)
    }
    if not channels:
        return set()
    group_ids = {fact.group for fact in joined if fact.group}
    known = Group.objects.filter(pk__in=group_ids, platform__in=channels).in_bulk()
    own = account_models.Account.objects.filter(
        pk__in={fact.account for fact in joined if fact.account and not fact.group},
        channel__in=channels,
    ).in_bulk()
    found = set()
    for fact in joined:
        group, account = known.get(fact.group or 0), own.get(fact.account or 0)
        known_since = group.created_at if group is not None else None
        if account is not None:
            known_since = channels[account.channel].connected_at
        if known_since is not None and fact.happened_at < known_since:
            found.add(fact.id)
    return found


def _find(event: IncomingEvent, at: datetime) -> tuple[int, Group] | None:
    account = channel_people.ensure_account(event, at, field="account")
    if account is None:
        return None
    group = channel_people.ensure_group(event, at)
    return None if group is None else (account, group)


def _name(event: IncomingEvent) -> str:
    return names.clean(str(event.payload.get("name", "")))[:200]


def _fact(
    event: IncomingEvent, kind: str, account: int, group: Group, **payload: str
) -> ReportedFact:
    return ReportedFact(
        kind=kind,
        happened_at=event.happened_at,
        account=account,
        group=group.pk,
        payload=payload,
        key=f"event:{event.pk}",
    )


def _reporter(event: IncomingEvent, at: datetime) -> Reporter:
    return Reporter(
        community=event.community,
        by=staff_models.system(event.community),
        at=at,
        source=event.channel,
        source_id=channel_people.source_of(event),
        currency=event.community.currency,
    )


def _judge(
    event: IncomingEvent, account: int, group: Group, at: datetime, *, is_renaming: bool
) -> None:
    arrival = Arrival(
        group=group,
        account=account,
        key=event.key,
        happened_at=event.happened_at,
        name=_name(event),
        is_renaming=is_renaming,
        is_history=bool(event.payload.get("is_history")),
    )
    judging.judge_join(arrival, at=at)
