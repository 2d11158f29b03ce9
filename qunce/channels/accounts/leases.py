"""Which process receives the events of an account: the one that has its lease.

A lease begins with the token of the process, so that those of a killed process are freed
at the next start and nobody waits for their end.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db.models import Q

from qunce.channels.accounts.models import ChannelAccount
from qunce.core.jobs import process_tokens

PERIOD = timedelta(seconds=90)
"""Longer than one call waits for news."""


def claim(account: ChannelAccount, *, at: datetime) -> str:
    """Lease an account that no living process has; returns the lease, or ""."""
    lease = process_tokens.own() + secrets.token_hex(8)
    # One that ends later than any lease comes from a clock that was set back since.
    free = (
        Q(lease="")
        | Q(leased_until__lte=at)
        | Q(leased_until__gt=at + PERIOD)
        | Q(leased_until__isnull=True)
    )
    rows = ChannelAccount.objects.filter(
        free, pk=account.pk, disconnected_at__isnull=True
    )
    return lease if rows.update(lease=lease, leased_until=at + PERIOD) else ""


def renew(account: ChannelAccount, lease: str, *, at: datetime) -> bool:
    """Renew a lease. False if another process has the account, or it is disconnected."""
    rows = ChannelAccount.objects.filter(
        pk=account.pk, lease=lease, disconnected_at__isnull=True
    )
    return bool(rows.update(leased_until=at + PERIOD))


def release(account: ChannelAccount, lease: str) -> None:
    rows = ChannelAccount.objects.filter(pk=account.pk, lease=lease)
    rows.update(lease="", leased_until=None)


def free_those_of(token: str) -> int:
    """Free the leases of a process that has ended."""
    rows = ChannelAccount.objects.filter(lease__startswith=token)
    return rows.update(lease="", leased_until=None)
