"""What keeps the accounts of channels from working, for staff who may change it."""

from __future__ import annotations

import zlib
from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from qunce.channels import channel_contract
from qunce.channels.accounts import accounts, missed_messages
from qunce.channels.accounts.models import ChannelAccount, MissedMessages
from qunce.console.today import items
from qunce.console.today.items import DECIDE, TodayItem
from qunce.core import day_texts, permissions
from qunce.core.staff.models import Staff

MAX_MISSED = 10


@items.register
def channel_problems(staff: Staff, at: datetime) -> list[TodayItem]:
    """One item per account with problems, or that hears nothing of its platform."""
    try:
        found = accounts.list_accounts(staff)
    except permissions.NotAllowed:
        return []
    rows = [
        account
        for account in found
        if accounts.has_problems(account) or _is_silent(account, at)
    ]
    return [_item(account, at) for account in rows]


@items.register
def missed_messages_of_groups(staff: Staff, at: datetime) -> list[TodayItem]:
    """One item per span in which messages of a group are missing."""
    try:
        found = missed_messages.list_open(staff)[:MAX_MISSED]
    except permissions.NotAllowed:
        return []
    return [_missed_item(missed, at) for missed in found]


def _missed_item(missed: MissedMessages, at: datetime) -> TodayItem:
    zone = timezone.get_current_timezone()
    text = (
        _("Messages of “%(name)s” are missing") % {"name": missed.group_name}
        if missed.group_name
        else _("Messages of a direct chat are missing")
    )
    span = {
        "since": day_texts.moment(missed.since, at, zone),
        "until": day_texts.moment(missed.until, at, zone),
    }
    return TodayItem(
        key=f"missed-{missed.pk}",
        section=DECIDE,
        icon="exclamation-triangle",
        text=text,
        reason=_("From %(since)s to %(until)s; read them in the app.") % span,
        url=reverse("channels:detail", args=[missed.account.channel]),
        action=_("Look at it"),
        minutes=5,
    )


def _is_silent(account: ChannelAccount, at: datetime) -> bool:
    return accounts.is_silent(account, at)


def _item(account: ChannelAccount, at: datetime) -> TodayItem:
    explained = [
        (problem, explanation)
        for problem, explanation in accounts.explain(account)
        if not problem.is_hint
    ]
    reasons = [explanation.problem for _problem, explanation in explained]
    if _is_silent(account, at):
        reasons.append(_("Nothing was heard from the server for some time."))
    label = channel_contract.get(account.channel).label
    # Another problem is another item, which nobody has snoozed.
    digest = zlib.crc32(repr(account.problems).encode())
    is_late = any(problem.is_blocking for problem, _explanation in explained)
    return TodayItem(
        key=f"channel-{account.pk}-{digest}",
        section=DECIDE,
        icon="exclamation-triangle",
        text=_("%(channel)s does not work as it should") % {"channel": label},
        reason=" ".join(reasons[:3]),
        url=reverse("channels:detail", args=[account.channel]),
        action=_("See what to do"),
        minutes=5,
        is_late=is_late,
    )
