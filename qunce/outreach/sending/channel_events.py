"""Handlers of the events that channels report; `channels.inbox` calls one per event.

It calls it in a transaction. Those of messages and of joins are in `channel_messages` and
`channel_memberships`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from qunce.channels import inbox
from qunce.channels.inbox import Handler, IncomingEvent
from qunce.core import errors
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.outreach import opt_outs
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending import (
    channel_memberships,
    channel_messages,
    channel_people,
    ledger,
    send_facts,
)
from qunce.outreach.sending.channel_messages import MessagePosted as MessagePosted
from qunce.outreach.sending.ledger import Message, Origin, State
from qunce.outreach.sending.send_facts import SendClicked, SendDelivered


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
    if account := channel_people.ensure_account(event, at):
        opt_outs.opt_out(
            community=event.community,
            accounts=[account],
            by=staff_models.system(event.community),
            at=at,
            source=event.channel,
        )


def record_opt_in(*, event: IncomingEvent, at: datetime) -> None:
    """Payload: `from`, the key of the account on the channel."""
    if account := channel_people.ensure_account(event, at):
        opt_outs.opt_in(
            community=event.community,
            accounts=[account],
            by=staff_models.system(event.community),
            at=at,
            source=event.channel,
        )


HANDLERS: Mapping[str, Handler] = {
    "receipt": record_receipt,
    "opt_out": record_opt_out,
    "opt_in": record_opt_in,
    "message": channel_messages.record_message,
    "message_deleted": channel_messages.record_deleted,
    "report": channel_messages.record_report,
    "joined": channel_memberships.record_joined,
    "left": channel_memberships.record_left,
    "name_changed": channel_memberships.record_name,
    "knocked": channel_memberships.record_knock,
    "group_named": channel_memberships.record_group_name,
    "group_left": channel_memberships.record_removal,
}


def handle_all(*, at: datetime) -> None:
    """Handle the events that channels have reported."""
    while inbox.dispatch(handlers=HANDLERS, at=at) == inbox.MAX_EVENTS_PER_RUN:
        # A first sync of large rooms brings many.
        pass
