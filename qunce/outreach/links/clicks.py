"""Clicks: what follows when somebody opens a tracked link.

The first browser that opens a link of a message is the member's. A link that is opened
in another browser was forwarded, or the member has two; that counts as a share and not as
a second click of the member.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, models, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy

from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.links import previews, tokens
from qunce.outreach.links.previews import Visit
from qunce.outreach.links.tokens import InvalidToken, Token
from qunce.outreach.links.tracked_links import TrackedLink
from qunce.outreach.sending import ledger, send_facts
from qunce.outreach.sending.ledger import Message, Origin, State
from qunce.outreach.sending.send_facts import (
    SendClicked,
    SendDelivered,
    SendFact,
    SendMarkedSent,
)

log = logging.getLogger(__name__)

SENT = (State.MARKED, State.ACCEPTED, State.DELIVERED)
MAX_OPENINGS = 1_000
"""Openings of one message that become facts; a program must not fill the log."""
SAME_OPENING = timedelta(seconds=30)
"""Opened again in the same browser within this time, a link was tapped twice."""


class FirstBrowser(models.Model):
    """The browser that opened a link of a message first, as a digest of its cookie."""

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True)
    browser = models.BinaryField(max_length=32)
    openings = models.PositiveIntegerField(default=0)
    last_link_id = models.BigIntegerField()
    opened_at = timestamps.TimestampField()
    """When a link of the message was last opened, in any browser."""

    def __str__(self) -> str:
        return f"first browser of {self.message_id}"


@facts.declare
@dataclass(frozen=True, kw_only=True)
class LinkShared(SendFact):
    """Somebody opened a link of the member's message in another browser."""

    kind = "send.link_shared"
    label = gettext_lazy("shared a link of a message")
    link: str = ""


@dataclass(frozen=True, kw_only=True)
class Request:
    """An opened link: `browser` is the secret in its cookie.

    `is_by_staff` says that somebody is signed in there: they look where a link leads before
    they send it.
    """

    token: str
    browser: str
    method: str = "GET"
    agent: str = ""
    purpose: str = ""
    is_by_staff: bool = False


def open_link(request: Request, *, at: datetime) -> str:
    """The address that a link leads to; raises InvalidToken.

    The address stays open after its message was deleted, because the person who has the
    link wants to get there. Only the click is not counted then.
    """
    token = tokens.decode(request.token)
    link = TrackedLink.objects.filter(pk=token.link).select_related("community").first()
    if link is None:
        raise InvalidToken
    message = _find_message(token, link.community)
    visit = Visit(
        request.method, request.agent, request.purpose, _time_since_sent(message, at)
    )
    browser = hashlib.sha256(request.browser.encode()).digest()
    try:
        if previews.is_by_program(visit):
            if count := previews.WRITES.add(link.pk, at):
                rows = TrackedLink.objects.filter(pk=link.pk)
                rows.update(previews=F("previews") + count)
        elif message is not None and not request.is_by_staff:
            _record(message, link, browser, at)
    except DatabaseError:
        # Whoever opens a link gets where it leads, also while nothing can be written.
        log.exception("a click of message %s was not recorded", message)
    return link.url


def _find_message(token: Token, community: Community) -> Message | None:
    rows = ledger.list_of(token.origin, token.origin_id).filter(
        community=community, is_group=token.is_group, target_id=token.target
    )
    return rows.first()


def _time_since_sent(message: Message | None, at: datetime) -> timedelta | None:
    # In other states, the time of the last change is not that of sending.
    if message is None or message.state not in SENT:
        return None
    return at - message.changed_at


def _record(message: Message, link: TrackedLink, browser: bytes, at: datetime) -> None:
    """Record a click of the member, or a share."""
    with transaction.atomic():
        first, is_new = FirstBrowser.objects.select_for_update().get_or_create(
            message=message,
            defaults={"browser": browser, "opened_at": at, "last_link_id": link.pk},
        )
        is_same = bytes(first.browser) == browser
        is_again = first.last_link_id == link.pk and at - first.opened_at < SAME_OPENING
        if is_same and is_again and not is_new:
            return
        if first.openings >= MAX_OPENINGS:
            return
        first.openings += 1
        first.opened_at, first.last_link_id = at, link.pk
        first.save(update_fields=["openings", "opened_at", "last_link_id"])
        campaign = ""
        if message.origin == Origin.CAMPAIGN:
            campaign = Campaign.objects.get(pk=message.origin_id).key
        new_facts = []
        if is_same or message.is_group:
            new_facts += _advance(message, campaign, at)
        kind = SendClicked if is_same or message.is_group else LinkShared
        new_facts.append(
            send_facts.of(kind, message, campaign=campaign, link=link.url[:200])
        )
        facts.record_many(new_facts, community=link.community, by=None, at=at)


def _advance(message: Message, campaign: str, at: datetime) -> list[facts.FactKind]:
    """Set the state to clicked; returns the outcome if it is not in the log yet."""
    rows = Message.objects.filter(pk=message.pk)
    changes: dict[str, Any] = {"at": at, "recorded": True, "lease": "", "due_at": None}
    # A click proves that the message arrived, whatever was known about it before.
    proven = {
        SendDelivered: [State.PLANNED, State.ACCEPTED, State.UNKNOWN],
        SendMarkedSent: [State.MARKED],
    }
    new_facts: list[facts.FactKind] = []
    for kind, origins in proven.items():
        unrecorded = rows.filter(recorded=False) | rows.filter(state=State.UNKNOWN)
        if ledger.transition(unrecorded, origins=origins, to=State.CLICKED, **changes):
            new_facts.append(send_facts.of(kind, message, campaign=campaign))
    recorded = [State.MARKED, State.DELIVERED]
    ledger.transition(rows, origins=recorded, to=State.CLICKED, **changes)
    return new_facts
