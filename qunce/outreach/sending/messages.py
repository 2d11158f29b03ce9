"""Requests for single messages, such as those of playbooks and of test sends.

    draft = messages.Draft(
        origin=messages.Origin.PLAYBOOK,
        origin_id=step.pk,
        account=run.account,
        text="Hello {name|friend}",
        channel="assisted",
        staff=owner,
    )
    message = messages.request(draft, community=community, at=at)

The message is planned, or skipped with a reason; its outcome becomes a fact. Campaigns
claim their messages in bulk, see `channel_sending` and `assisted_sending`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.outreach import skip_reasons
from qunce.outreach.sending import (
    eligibility,
    ledger,
    message_endings,
    send_facts,
    texts,
    timing,
)
from qunce.outreach.sending.ledger import (
    Message,
    NewMessage,
    Origin,
    Priority,
    Purpose,
    RequestedMessage,
    Sender,
    State,
)
from qunce.sets.bitmaps import bitmaps

__all__ = [
    "Draft",
    "Message",
    "Origin",
    "Priority",
    "Purpose",
    "RequestedMessage",
    "State",
]


SenderKind = tuple[Origin, bool, Purpose, str, int | None, Priority]


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A message that is asked for, to the person of an account or to a group.

    `text` may have variables. Without a `staff` the channel sends it. `hold` is how long it
    may wait for the contact budget; None is what the community has set, and no time means
    that it is skipped immediately. After `stale_at` it is not sent. `content` are the versions
    of the template and of the materials.
    """

    origin: Origin
    origin_id: int
    account: int | None = None
    group: int | None = None
    text: str
    content: Mapping[str, Any] | None = None
    variant: str = ""
    purpose: Purpose = Purpose.MARKETING
    channel: str = "assisted"
    staff: Staff | None = None
    priority: Priority = Priority.NORMAL
    due_at: datetime | None = None
    stale_at: datetime | None = None
    hold: timedelta | None = None

    def __post_init__(self) -> None:
        if (self.account is None) == (self.group is None):
            raise ValueError("a message goes to an account or to a group")

    def kind_of_sender(self) -> SenderKind:
        """Drafts with the same have the same sender."""
        staff = self.staff
        return (
            self.origin,
            self.group is not None,
            self.purpose,
            self.channel,
            None if staff is None else staff.pk,
            self.priority,
        )

    def sender(self, community: Community) -> Sender:
        return Sender(
            community=community,
            origin=self.origin,
            is_group=self.group is not None,
            purpose=self.purpose,
            channel=self.channel,
            staff=self.staff,
            priority=self.priority,
        )


Key = tuple[int, int]
"""The id of what asked for a message, and its target."""


# Verbs


def request(draft: Draft, *, community: Community, at: datetime) -> Message:
    """Plan one message, or return the one that was asked for before.

    Call it in the transaction of the change that asks for it. A message that may not be
    sent is `skipped` and has a `reason`.
    """
    (row,) = request_many([draft], community=community, at=at)
    return Message.objects.get(pk=row.pk)


def request_many(
    drafts: Sequence[Draft], *, community: Community, at: datetime
) -> list[RequestedMessage]:
    """Like `request`, for many messages at once, in their order."""
    if not connection.in_atomic_block:
        raise RuntimeError("call it in the transaction that asks for the messages")
    people = account_queries.person_ids(
        draft.account for draft in drafts if draft.account is not None
    )
    senders = _senders(drafts, community)
    keys = [
        (draft.origin_id, people[draft.account] if draft.account else draft.group or 0)
        for draft in drafts
    ]
    by_sender: dict[Sender, dict[Key, Draft]] = {each: {} for each in senders.values()}
    wanted_by = {kind: by_sender[sender] for kind, sender in senders.items()}
    for draft, key in zip(drafts, keys, strict=True):
        wanted_by[draft.kind_of_sender()].setdefault(key, draft)
    found: dict[tuple[Origin, bool], dict[Key, RequestedMessage]] = {}
    # The most important first, as the first one gets the last slot of the contact budget.
    for sender in sorted(by_sender, key=lambda each: each.priority):
        wanted = by_sender[sender]
        rows = ledger.find_requested(sender, wanted)
        missing = {key: draft for key, draft in wanted.items() if key not in rows}
        if missing:
            _plan(sender, missing, at)
            new = ledger.find_requested(sender, missing)
            _record_skipped([new[key] for key in missing], community, at)
            rows |= new
        found.setdefault((sender.origin, sender.is_group), {}).update(rows)
    return [
        found[draft.origin, draft.group is not None][key]
        for draft, key in zip(drafts, keys, strict=True)
    ]


def _senders(drafts: Iterable[Draft], community: Community) -> dict[SenderKind, Sender]:
    """The senders of drafts; most have the same, which is built once."""
    first: dict[SenderKind, Draft] = {}
    for draft in drafts:
        first.setdefault(draft.kind_of_sender(), draft)
    return {kind: draft.sender(community) for kind, draft in first.items()}


@transaction.atomic
def cancel(*, origin: Origin, origin_ids: Sequence[int], at: datetime) -> int:
    """Cancel the messages of these origins that are not sent yet; returns how many.

    A message that a channel is sending at this moment is not stopped any more, but it is
    not sent again if that fails or its sender dies.
    """
    rows = Message.objects.filter(origin=origin, origin_id__in=origin_ids)
    waiting = rows.filter(lease="")
    cancelled = message_endings.cancel(waiting, at=at)
    being_sent = rows.filter(state=State.PLANNED).exclude(lease="")
    locked = being_sent.select_for_update(of=("self",)).order_by("pk")
    ids = list(locked.values_list("pk", flat=True))
    if ids:
        too_old = at - timestamps.MICROSECOND
        Message.objects.filter(pk__in=ids).update(stale_at=too_old)
        # Some may have come back in the meantime, to be tried again.
        cancelled += message_endings.cancel(waiting, at=at)
    return cancelled


def _plan(sender: Sender, wanted: Mapping[Key, Draft], at: datetime) -> None:
    """Decide about messages without a row, and create their rows."""
    targets = bitmaps.of({target for _origin_id, target in wanted})
    checker = eligibility.checker_for(sender, targets, by=None, at=at)
    planner = timing.planner_for(sender, at)
    reasons = checker.reasons_to_skip(list(targets))
    contacts = planner.contacts(list(targets), at)
    zones = planner.zones(list(targets))
    plans = timing.Plans(planner)
    rendered = _render(sender, wanted)
    order = sorted(wanted.items(), key=lambda item: (item[1].due_at or at, item[0]))
    rows = []
    for key, draft in order:
        target = key[1]
        reason = reasons.get(target, skip_reasons.NOT_VISIBLE)
        row = _new_row(key, draft, rendered[key], reason)
        if not row.reason:
            policy = planner.policy_of(target)
            moment, row.reason = plans.plan(
                contacts[target],
                max(at, draft.due_at or at),
                policy=policy,
                stale_at=draft.stale_at,
                hold=draft.hold,
                zone=zones.get(target),
            )
            row.due_at = timestamps.to_micros(moment)
            row.counted_at = row.due_at if planner.is_counted() else None
            if row.reason == skip_reasons.KEPT_PLACE:
                own = contacts[target]
                row.kept_for_id = planner.kept_for(own, moment, policy=policy)
        rows.append(row)
    written = {draft.text for draft in wanted.values()}
    texts.shorten_links(rows, sender, written=written)
    ledger.insert(sender, rows, at=at)


def _new_row(key: Key, draft: Draft, text: str | None, reason: str) -> NewMessage:
    """The row of a draft, which is skipped for a reason or without a text."""
    origin_id, target = key
    return NewMessage(
        target=target,
        origin_id=origin_id,
        reason=reason or (skip_reasons.NO_VALUE if text is None else ""),
        text=text or "",
        variant=draft.variant,
        content=None if draft.content is None else json.dumps(dict(draft.content)),
        stale_at=_micros(draft.stale_at),
    )


def _render(sender: Sender, wanted: Mapping[Key, Draft]) -> dict[Key, str | None]:
    """The text of each draft, None without a value for one of its variables."""
    targets: dict[str, list[int]] = {}
    for (_origin_id, target), draft in wanted.items():
        targets.setdefault(draft.text, []).append(target)
    rendered = {
        text: texts.render(
            text,
            own,
            community=sender.community,
            is_group=sender.is_group,
            staff=sender.staff,
        )
        for text, own in targets.items()
    }
    return {key: rendered[draft.text][key[1]][0] for key, draft in wanted.items()}


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else timestamps.to_micros(moment)


def _record_skipped(
    rows: Sequence[RequestedMessage], community: Community, at: datetime
) -> None:
    skipped = [row for row in rows if row.state == State.SKIPPED]
    new_facts = [send_facts.skipped(row) for row in skipped]
    facts.record_many(new_facts, community=community, by=None, at=at)
