"""Kinds of facts about messages to members and what members did with them.

A fact of our own names its `message` in the ledger and its `origin`.
Others report messages without either. `campaign` is the key of the campaign, if it was one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from django.utils.translation import gettext_lazy

from qunce.core.facts import facts

if TYPE_CHECKING:
    from qunce.outreach.sending.ledger import LeasedMessage, Message, RequestedMessage

LABELS = {
    "campaign": gettext_lazy("campaign"),
    "reason": gettext_lazy("reason"),
    "message": gettext_lazy("number of the message"),
    "origin": gettext_lazy("origin of the message"),
    "purpose": gettext_lazy("purpose"),
    "channel": gettext_lazy("channel"),
    "link": gettext_lazy("link"),
}


@dataclass(frozen=True, kw_only=True)
class SendFact(facts.FactKind):
    """What all facts of messages have in common."""

    labels = LABELS
    campaign: str = ""
    message: int = 0
    origin: str = ""
    purpose: str = ""
    channel: str = ""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SendDelivered(SendFact):
    """The channel confirms the delivery. `campaign` is the key of the campaign."""

    kind = "send.delivered"
    reportable = True
    label = gettext_lazy("got a message")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SendMarkedSent(SendFact):
    """A staff member marked the message as sent by hand, which no channel confirms."""

    kind = "send.marked_sent"
    label = gettext_lazy("was sent a message by staff")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SendClicked(SendFact):
    """The member opened a link in the message."""

    kind = "send.clicked"
    reportable = True
    label = gettext_lazy("clicked a link in a message")
    link: str = ""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SendFailed(SendFact):
    """The message was not delivered. `reason` is a code."""

    kind = "send.failed"
    label = gettext_lazy("had an undelivered message")
    reason: str = ""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SendSkipped(SendFact):
    """The message was not sent. `reason` is a code, such as `over_contact_limit`."""

    kind = "send.skipped"
    label = gettext_lazy("was left out of a message")
    reason: str = ""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SendUnknown(SendFact):
    """Nobody knows whether the message arrived, and it is not sent again."""

    kind = "send.unknown"
    label = gettext_lazy("may have got a message")
    reason: str = ""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SendCancelled(SendFact):
    """A planned message was cancelled before it was sent."""

    kind = "send.cancelled"
    label = gettext_lazy("had a cancelled message")


NOT_SENT_KINDS = (SendSkipped.kind, SendFailed.kind, SendCancelled.kind)
"""The facts after which a message is known not to have been sent."""
AnySendFact = TypeVar("AnySendFact", bound=SendFact)


def of(
    kind: type[AnySendFact],
    row: Message | LeasedMessage | RequestedMessage,
    *,
    campaign: str = "",
    **fields: Any,
) -> AnySendFact:
    """A fact about a message of the ledger."""
    target = {"group" if row.is_group else "account": row.target_id}
    return kind(
        campaign=campaign,
        message=row.pk,
        origin=row.origin,
        purpose=row.purpose,
        channel=row.channel,
        **target,
        **fields,
    )


def skipped(row: Message | RequestedMessage, campaign: str = "") -> SendSkipped:
    return of(SendSkipped, row, campaign=campaign, reason=row.reason)
