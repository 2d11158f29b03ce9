"""What keeps the accounts of channels from working, for staff who may change it."""

from __future__ import annotations

import zlib
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.channels import channel_contract
from qunce.channels.accounts import accounts
from qunce.channels.accounts.models import ChannelAccount
from qunce.console.today import items
from qunce.console.today.items import DECIDE, TodayItem
from qunce.core import permissions
from qunce.core.staff.models import Staff


@items.register
def channel_problems(staff: Staff, at: datetime) -> list[TodayItem]:
    """One item per account with problems, or that hears nothing of its platform."""
    try:
        found = accounts.list_accounts(staff)
    except permissions.NotAllowed:
        return []
    rows = [account for account in found if account.problems or _is_silent(account, at)]
    return [_item(account, at) for account in rows]


def _is_silent(account: ChannelAccount, at: datetime) -> bool:
    return accounts.is_silent(account, at)


def _item(account: ChannelAccount, at: datetime) -> TodayItem:
    explained = accounts.explain(account)
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
