"""Sends: what went out to members and what they did with it, as kinds of facts."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.core.facts import facts


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SendDelivered(facts.FactKind):
    """The channel says that the member got it. `campaign` is the campaign's key."""

    kind = "send.delivered"
    reportable = True
    label = gettext_lazy("got a message")
    campaign: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SendMarkedSent(facts.FactKind):
    """Staff say that they sent it by hand, which is not the same as delivered."""

    kind = "send.marked_sent"
    label = gettext_lazy("was sent a message by staff")
    campaign: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SendClicked(facts.FactKind):
    """The member opened a link of it."""

    kind = "send.clicked"
    reportable = True
    label = gettext_lazy("clicked a link in a message")
    campaign: str
    link: str = ""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SendFailed(facts.FactKind):
    """It did not arrive, and why."""

    kind = "send.failed"
    label = gettext_lazy("had an undelivered message")
    campaign: str
    reason: str = ""
