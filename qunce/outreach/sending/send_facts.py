"""Kinds of facts about messages to members and what members did with them."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.core.facts import facts


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SendDelivered(facts.FactKind):
    """The channel confirms the delivery. `campaign` is the key of the campaign."""

    kind = "send.delivered"
    reportable = True
    label = gettext_lazy("got a message")
    labels = {"campaign": gettext_lazy("campaign")}
    campaign: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SendMarkedSent(facts.FactKind):
    """A staff member marked the message as sent by hand, which no channel confirms."""

    kind = "send.marked_sent"
    label = gettext_lazy("was sent a message by staff")
    labels = {"campaign": gettext_lazy("campaign")}
    campaign: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SendClicked(facts.FactKind):
    """The member opened a link in the message."""

    kind = "send.clicked"
    reportable = True
    label = gettext_lazy("clicked a link in a message")
    labels = {"campaign": gettext_lazy("campaign"), "link": gettext_lazy("link")}
    campaign: str
    link: str = ""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SendFailed(facts.FactKind):
    """The message was not delivered. `reason` is a code."""

    kind = "send.failed"
    label = gettext_lazy("had an undelivered message")
    labels = {"campaign": gettext_lazy("campaign"), "reason": gettext_lazy("reason")}
    campaign: str
    reason: str = ""
