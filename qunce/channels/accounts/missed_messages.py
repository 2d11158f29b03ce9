"""Messages that a channel could not bring: of which group, and between which moments.

After a long pause a platform may have more than is read, or no longer show it. Staff are
notified, since rules, digests and the texts of members know nothing of these messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels.accounts import accounts
from qunce.channels.accounts.accounts import ChannelFact
from qunce.channels.accounts.models import ChannelAccount, MissedMessages
from qunce.core import errors
from qunce.core.facts import facts
from qunce.core.staff.models import Staff

MAX_LISTED = 50


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MessagesMissed(ChannelFact):
    """`number` names the row that says of which group, and from when to when."""

    kind = "channel.messages_missed"
    label = gettext_lazy("messages of a group missed")
    labels = {"number": gettext_lazy("number")}
    number: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MissedMessagesNoted(ChannelFact):
    kind = "channel.missed_messages_noted"
    label = gettext_lazy("missed messages of a group noted")
    labels = {"number": gettext_lazy("number")}
    number: int


class MissedMessagesNotFound(errors.NotFound):
    """No such messages are missing, or somebody has taken note already."""


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A span of which a channel brings nothing, as the channel reports it."""

    group_key: str
    group_name: str
    since: datetime
    until: datetime


def record(account: ChannelAccount, gap: Gap, *, at: datetime) -> MissedMessages:
    """Store a gap, in the transaction that stores what comes after it."""
    row = MissedMessages.objects.create(
        account=account,
        group_key=gap.group_key[:255],
        group_name=gap.group_name[:200],
        since=min(gap.since, gap.until),
        until=gap.until,
        found_at=at,
    )
    fact = MessagesMissed(channel=account.channel, number=row.pk)
    facts.record(fact, community=account.community, by=None, at=at)
    return row


@transaction.atomic
def note(*, missed: MissedMessages, by: Staff, at: datetime) -> None:
    """Take note, so that nobody else is notified of it."""
    account = missed.account
    accounts.check_may(by, account)
    rows = MissedMessages.objects.filter(pk=missed.pk, noted_at__isnull=True)
    if not rows.update(noted_at=at, noted_by=by):
        raise MissedMessagesNotFound(_("Somebody has taken note of it already."))
    fact = MissedMessagesNoted(channel=account.channel, number=missed.pk)
    facts.record(fact, community=account.community, by=by, at=at)


def list_open(by: Staff) -> models.QuerySet[MissedMessages]:
    """What nobody has taken note of, the latest first."""
    accounts.check_may(by)
    rows = MissedMessages.objects.filter(
        account__community=by.community,
        account__disconnected_at__isnull=True,
        noted_at__isnull=True,
    )
    return rows.select_related("account__community").order_by("-until", "-pk")


def get(pk: int, *, by: Staff) -> MissedMessages:
    for missed in list_open(by).filter(pk=pk):
        return missed
    raise MissedMessagesNotFound(_("Somebody has taken note of it already."))
