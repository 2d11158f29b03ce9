"""Asks platforms on the clock for what they do not report unasked.

What comes is stored in the inbox. An account that cannot be asked keeps no other waiting.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Protocol, runtime_checkable

from django.db import OperationalError

from qunce.channels.accounts import accounts, providers
from qunce.channels.accounts.models import ChannelAccount

log = logging.getLogger(__name__)


@runtime_checkable
class PolledProvider(Protocol):
    """A provider whose platform is asked every now and then."""

    def poll(self, account: ChannelAccount, *, at: datetime) -> None:
        """Ask once. A platform that is down or asks to wait is asked the next time."""
        ...


def poll_all(*, at: datetime) -> None:
    """Ask the platform of each connected account that nothing blocks."""
    for account in accounts.list_connected():
        provider = providers.get(account.channel)
        if accounts.is_blocked(account) or not isinstance(provider, PolledProvider):
            continue
        try:
            provider.poll(account, at=at)
        except OperationalError:
            raise
        except Exception:
            log.exception("%s was not asked for news", account)
