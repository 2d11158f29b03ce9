"""Failed attempts to get in: each waits longer than the last, until one is locked out.

An attempt is counted before it is tried, so a thousand at once are no way around; one
that gets in is forgotten. A login is guarded more patiently than a login from one
address, since otherwise anybody could lock anybody out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils.translation import ngettext

from qunce.core import errors, timestamps

RESET_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Limit:
    """`free` failures cost nothing; then the wait doubles from `first` up to `most`."""

    free: int
    first: timedelta
    most: timedelta

    def wait(self, failures: int) -> timedelta:
        over = failures - self.free
        if over <= 0:
            return timedelta(0)
        return min(self.most, self.first * (1 << min(over - 1, 20)))


LIMITS = {
    "pair": Limit(4, timedelta(seconds=5), timedelta(hours=1)),
    "login": Limit(12, timedelta(seconds=5), timedelta(minutes=15)),
    "address": Limit(40, timedelta(seconds=5), timedelta(minutes=15)),
    "code": Limit(4, timedelta(seconds=5), timedelta(hours=1)),
}


class LoginAttempt(models.Model):
    """`whom` is a kind of `LIMITS` and a name: `login:ann`, `address:192.0.2.7`."""

    whom = models.CharField(max_length=200, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    last_at = timestamps.TimestampField()
    barred_until = timestamps.TimestampField()

    class Meta:
        db_table = "core_login_attempt"
        indexes = [models.Index(fields=["last_at"], name="attempts_by_last")]

    def __str__(self) -> str:
        return self.whom


class TooManyAttempts(errors.Refused):
    """Too many attempts failed; one has to wait."""

    def __init__(self, text: str, *, wait: timedelta) -> None:
        super().__init__(text)
        self.wait = wait


@transaction.atomic
def start(*whom: tuple[str, str], at: datetime) -> None:
    """Count an attempt of each, or refuse it where one of them has to wait."""
    rows = [_row(kind, name, at) for kind, name in whom]
    latest = max(row.barred_until for row in rows)
    if latest > at:
        raise TooManyAttempts(_said(latest - at), wait=latest - at)
    for (kind, _name), row in zip(whom, rows, strict=True):
        row.failures += 1
        row.last_at = at
        row.barred_until = at + LIMITS[kind].wait(row.failures)
        row.save()


def _row(kind: str, name: str, at: datetime) -> LoginAttempt:
    whom = f"{kind}:{name}"[:200]
    LoginAttempt.objects.bulk_create(
        [LoginAttempt(whom=whom, failures=0, last_at=at, barred_until=at)],
        ignore_conflicts=True,
    )
    row = LoginAttempt.objects.select_for_update().get(whom=whom)
    if at - row.last_at >= RESET_AFTER:
        row.failures, row.barred_until = 0, at
    return row


def _said(wait: timedelta) -> str:
    seconds = max(1, -(-wait // timedelta(seconds=1)))
    if seconds < 60:
        return ngettext(
            "Too many attempts failed. Try again in %(n)s second.",
            "Too many attempts failed. Try again in %(n)s seconds.",
            seconds,
        ) % {"n": seconds}
    minutes = -(-seconds // 60)
    return ngettext(
        "Too many attempts failed. Try again in %(n)s minute.",
        "Too many attempts failed. Try again in %(n)s minutes.",
        minutes,
    ) % {"n": minutes}


def reset(*whom: tuple[str, str]) -> None:
    """One got in: what failed before does not count."""
    keys = [f"{kind}:{name}"[:200] for kind, name in whom]
    LoginAttempt.objects.filter(whom__in=keys).delete()


def unlock(login: str) -> None:
    """Let a login in again, wherever it was tried from."""
    begins = models.Q(whom=f"login:{login}"[:200]) | models.Q(
        whom__startswith=f"pair:{login} "
    )
    LoginAttempt.objects.filter(begins).delete()


def is_blocked(kind: str, name: str, at: datetime) -> bool:
    now = timestamps.to_micros(at)
    return LoginAttempt.objects.filter(
        whom=f"{kind}:{name}"[:200], barred_until__gt=now
    ).exists()


def prune(*, at: datetime) -> int:
    """Drop what counts no more."""
    old = timestamps.to_micros(at - RESET_AFTER)
    return LoginAttempt.objects.filter(last_at__lt=old).delete()[0]
