"""Receives the events of all connected accounts, each in a thread of its own.

A thread waits at the platform for news, stores what comes and handles it immediately, so
that a member is answered within a second or two. Of several processes one has the lease
of an account.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from django.db import close_old_connections, connections

from qunce.channels.accounts import accounts, leases, providers
from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.accounts.providers import Problem

log = logging.getLogger(__name__)

MIN_PAUSE, MAX_PAUSE = 0.5, 60.0
"""Seconds until a failed call is tried again, doubled with each failure."""


class TryLater(Exception):
    """The platform cannot be asked now, or asks to wait."""

    def __init__(self, wait: timedelta | None = None) -> None:
        super().__init__("try later")
        self.wait = wait


class AccountRefused(Exception):
    """The platform refuses the account until staff do something."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


class LeaseLost(Exception):
    """Another process receives the events of this account now."""


@runtime_checkable
class Receiver(Protocol):
    """A provider whose platform is asked for events."""

    def receive(
        self, account: ChannelAccount, *, lease: str, clock: Callable[[], datetime]
    ) -> int:
        """Wait for events and store them; returns how many there were.

        Raises TryLater, AccountRefused or LeaseLost.
        """
        ...


def receive_once(
    account: ChannelAccount, *, lease: str, clock: Callable[[], datetime]
) -> int:
    """Receive what is new on one account, whose lease the caller has."""
    receiver = providers.get(account.channel)
    if not isinstance(receiver, Receiver):
        raise TypeError(f"{account.channel} is not asked for events")
    return receiver.receive(account, lease=lease, clock=clock)


@dataclass
class AccountLoop:
    """Receives the events of one account until the lease is lost or we are stopping."""

    account: ChannelAccount
    lease: str
    clock: Callable[[], datetime]
    handle: Callable[[datetime], object]
    stopping: threading.Event

    def run(self) -> None:
        pause = MIN_PAUSE
        try:
            while not self.stopping.is_set():
                try:
                    if not self._may_go_on():
                        return
                    if receive_once(self.account, lease=self.lease, clock=self.clock):
                        self.handle(self.clock())
                    pause = MIN_PAUSE
                    continue
                except LeaseLost:
                    return
                except AccountRefused as error:
                    accounts.record_problems(
                        self.account, [error.problem], at=self.clock()
                    )
                    return
                except TryLater as error:
                    wait = error.wait
                    seconds = pause if wait is None else wait.total_seconds()
                except Exception:
                    log.exception("events of %s were not received", self.account)
                    seconds = pause
                pause = min(2 * pause, MAX_PAUSE)
                close_old_connections()
                self.stopping.wait(min(seconds, MAX_PAUSE))
        finally:
            try:
                leases.release(self.account, self.lease)
            finally:
                connections.close_all()

    def _may_go_on(self) -> bool:
        return leases.renew(self.account, self.lease, at=self.clock())


@dataclass
class Receiving:
    """Starts a loop for each connected account that no process has."""

    clock: Callable[[], datetime]
    handle: Callable[[datetime], object]
    stopping: threading.Event = field(default_factory=threading.Event)
    _threads: dict[int, threading.Thread] = field(default_factory=dict)

    def stop(self) -> None:
        """Let the loops end. One that waits for news ends with the process."""
        self.stopping.set()

    def start_missing(self, is_stopping: Callable[[], bool]) -> None:
        """Start the loops that are missing; call it again and again."""
        for account in accounts.list_connected():
            if is_stopping():
                return
            running = self._threads.get(account.pk)
            if running is not None and running.is_alive():
                continue
            if accounts.is_blocked(account):
                continue
            if isinstance(providers.get(account.channel), Receiver):
                self._start(account)

    def _start(self, account: ChannelAccount) -> None:
        lease = leases.claim(account, at=self.clock())
        if not lease:
            return
        # Read again, since another process may have moved the cursor until now.
        account.refresh_from_db()
        loop = AccountLoop(account, lease, self.clock, self.handle, self.stopping)
        thread = threading.Thread(
            target=loop.run, name=f"channel-{account.pk}", daemon=True
        )
        self._threads[account.pk] = thread
        thread.start()
