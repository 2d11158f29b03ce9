"""Handlers of the events that channels report: receipts, opt-outs and messages.

`channels.inbox` calls a handler once per event, in a transaction. Unknown members and
groups are created.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels import inbox
from qunce.channels.inbox import Handler, IncomingEvent
from qunce.core import errors, timestamps
from qunce.core.facts import facts, interned_names
from qunce.core.staff import models as staff_models
from qunce.groups import groups
from qunce.members.accounts import accounts, suppression
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.message_texts import NewText
from qunce.outreach import opt_outs
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.replies import intake
from qunce.outreach.sending import ledger, send_facts
from qunce.outreach.sending.ledger import Message, Origin, State
from qunce.outreach.sending.send_facts import SendClicked, SendDelivered


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MessagePosted(facts.FactKind):
    """A member wrote a message. Its text is stored apart, see `members.message_texts`."""

    kind = "message.posted"
    label = gettext_lazy("wrote a message")
    labels = {
        "length": gettext_lazy("number of characters"),
        # Of those that a program has sorted by what they are about.
        "topic": gettext_lazy("topic"),
        # Of those in logs that say what a message answers.
        "is_reply": gettext_lazy("answer to another message"),
    }
    reportable = True
    length: int = 0


class InvalidChannelEvent(errors.Invalid):
    """The event of the channel is incomplete or not valid."""


def record_receipt(*, event: IncomingEvent, at: datetime) -> None:
    """Payload: `message` (the key it was sent with), `state`, optionally `link`."""
    message = _find_message(event)
    rows = Message.objects.filter(pk=message.pk)
    campaign = ""
    if message.origin == Origin.CAMPAIGN:
        campaign = Campaign.objects.get(pk=message.origin_id).key
    changes: dict[str, Any] = {
        "at": event.happened_at,
        "recorded": True,
        "lease": "",
        "due_at": None,
    }
    new_facts: list[facts.FactKind] = []
    # A click proves the delivery, too. Receipts may come in any order and more than once,
    # so each transition starts only from the states that come before it.
    undelivered = [State.PLANNED, State.ACCEPTED, State.UNKNOWN]
    if ledger.transition(rows, origins=undelivered, to=State.DELIVERED, **changes):
        new_facts.append(send_facts.of(SendDelivered, message, campaign=campaign))
    if event.payload.get("state") == State.CLICKED:
        ledger.transition(rows, origins=[State.DELIVERED], to=State.CLICKED, **changes)
        link = str(event.payload.get("link", ""))[:200]
        new_facts.append(
            send_facts.of(SendClicked, message, campaign=campaign, link=link)
        )
    facts.record_many(
        new_facts,
        community=event.community,
        by=None,
        at=at,
        happened_at=[event.happened_at] * len(new_facts),
    )


def _find_message(event: IncomingEvent) -> Message:
    """The message of a receipt; raises InvalidChannelEvent."""
    if event.payload.get("state") not in (State.DELIVERED, State.CLICKED):
        raise InvalidChannelEvent(
            _("The state in a receipt must be delivered or clicked.")
        )
    number = str(event.payload.get("message", ""))
    # A channel must not complete messages of another community or channel.
    message = None
    if number.isascii() and number.isdecimal() and len(number) < 19:
        message = Message.objects.filter(
            pk=int(number), community=event.community, channel=event.channel
        ).first()
    if message is None:
        raise InvalidChannelEvent(_("A receipt must name the message it belongs to."))
    return message


def record_opt_out(*, event: IncomingEvent, at: datetime) -> None:
    """Payload: `from`, the key of the account on the channel."""
    if account := _ensure_account(event, at):
        opt_outs.opt_out(
            community=event.community,
            accounts=[account],
            by=staff_models.system(event.community),
            at=at,
            source=event.channel,
        )


def record_opt_in(*, event: IncomingEvent, at: datetime) -> None:
    """Payload: `from`, the key of the account on the channel."""
    if account := _ensure_account(event, at):
        opt_outs.opt_in(
            community=event.community,
            accounts=[account],
            by=staff_models.system(event.community),
            at=at,
            source=event.channel,
        )


def record_message(*, event: IncomingEvent, at: datetime) -> None:
    """Payload: `from`, optionally `group` and `text`."""
    by, group = staff_models.system(event.community), None
    account = _ensure_account(event, at)
    if account is None:
        return
    if event.payload.get("group"):
        key = str(event.payload["group"])
        group_ids = groups.ensure(
            community=event.community, keys=[key], by=by, at=at, platform=event.channel
        )
        group = group_ids[key]
    text = str(event.payload.get("text", ""))
    fact = MessagePosted(account=account, group=group, length=len(text))
    source_id = interned_names.ensure("source", event.community_id, [event.channel])
    facts.record_many(
        [fact],
        community=event.community,
        by=None,
        at=at,
        happened_at=[event.happened_at],
        source=source_id[event.channel] if text else None,
    )
    if text:
        moment = timestamps.to_micros(event.happened_at)
        message_texts.store(
            event.community,
            source_id[event.channel],
            [NewText(f"event:{event.pk}", account, group, moment, text)],
        )
        # It is stored apart, where it is deleted after a while.
        payload = {k: v for k, v in event.payload.items() if k != "text"}
        IncomingEvent.objects.filter(pk=event.pk).update(payload=payload)
        intake.receive_event(
            event,
            source=source_id[event.channel],
            key=f"event:{event.pk}",
            account=account,
            group=group,
            text=text,
            at=at,
        )


def _ensure_account(event: IncomingEvent, at: datetime) -> int | None:
    """The id of the account in `from`. A new one joined when the event happened.

    None for somebody who was erased; the event keeps nothing of them.
    """
    key = str(event.payload.get("from", ""))
    try:
        account_ids = accounts.ensure(
            community=event.community,
            keys={key: event.happened_at},
            by=staff_models.system(event.community),
            at=at,
            channel=event.channel,
        )
    except suppression.PersonErased:
        IncomingEvent.objects.filter(pk=event.pk).update(payload={})
        return None
    return account_ids[key]


HANDLERS: Mapping[str, Handler] = {
    "receipt": record_receipt,
    "opt_out": record_opt_out,
    "opt_in": record_opt_in,
    "message": record_message,
}


def handle_all(*, at: datetime) -> None:
    """Handle the events that channels have reported."""
    inbox.dispatch(handlers=HANDLERS, at=at)
