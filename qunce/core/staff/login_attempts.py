"""Throttles sign-in: after some failures each attempt has to wait longer than the last.

An attempt is counted before it is tried, so that a thousand at the same time do not get
around the limit, and success takes the count back. The limit of a login is more patient
than that of a login from one address, since otherwise anybody could lock anybody out. A
device on which somebody has signed in before has a limit of its own, so that the failures
of others do not lock its owner out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils.translation import ngettext

from qunce.core import errors, timestamps

RESET_AFTER = timedelta(days=1)
MAX_SUBJECT_LENGTH = 200


@dataclass(frozen=True)
class Limit:
    """`free` failures without a wait, which then doubles from `first_wait` to `max_wait`.

    One failure is forgotten for each `max_wait` that passes without an attempt, and all
    after a day.
    """

    free: int
    first_wait: timedelta
    max_wait: timedelta

    def wait(self, failures: int) -> timedelta:
        excess = failures - self.free
        if excess <= 0:
            return timedelta(0)
        # The shift is capped because a timedelta of 2 ** 10000 seconds overflows.
        return min(self.max_wait, self.first_wait * (1 << min(excess - 1, 20)))

    def remaining(self, failures: int, elapsed: timedelta) -> int:
        """How many failures still count after this time without an attempt."""
        if elapsed >= RESET_AFTER:
            return 0
        return max(0, failures - max(0, elapsed // self.max_wait))


LIMITS = {
    "pair": Limit(4, timedelta(seconds=5), timedelta(hours=1)),
    "login": Limit(12, timedelta(seconds=5), timedelta(minutes=15)),
    "address": Limit(40, timedelta(seconds=5), timedelta(minutes=15)),
    "device": Limit(4, timedelta(seconds=5), timedelta(hours=1)),
    "code": Limit(4, timedelta(seconds=5), timedelta(hours=1)),
}
Subject = tuple[str, str]
"""What is limited: a kind of `LIMITS` and a name, such as ("address", "192.0.2.7").

The name of a pair is a login and an address, that of a device a login and the device's
id, and that of a code the id of the staff."""


class LoginAttempt(models.Model):
    """Recent failures of one subject, stored as `login:ann` or `address:192.0.2.7`."""

    subject = models.CharField(max_length=MAX_SUBJECT_LENGTH, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    last_at = timestamps.TimestampField()
    blocked_until = timestamps.TimestampField()

    class Meta:
        db_table = "core_login_attempt"
        indexes = [models.Index(fields=["last_at"], name="login_attempts_by_last")]

    def __str__(self) -> str:
        return self.subject


class TooManyAttempts(errors.Refused):
    """Too many attempts failed; `wait` is the time until the next is possible."""

    def __init__(self, text: str, *, wait: timedelta) -> None:
        super().__init__(text)
        self.wait = wait


@transaction.atomic
def start(*subjects: Subject, at: datetime) -> None:
    """Count an attempt of all subjects, or raise TooManyAttempts if one has to wait."""
    # All callers name the subjects in the same order, so that two attempts do not
    # deadlock.
    rows = []
    for kind, name in subjects:
        subject = _key(kind, name)
        # Inserted before it is locked, so that two first attempts lock the same row.
        LoginAttempt.objects.bulk_create(
            [LoginAttempt(subject=subject, failures=0, last_at=at, blocked_until=at)],
            ignore_conflicts=True,
        )
        # On SQLite this locks nothing, and need not: a transaction that writes is alone.
        row = LoginAttempt.objects.select_for_update().get(subject=subject)
        row.failures = LIMITS[kind].remaining(row.failures, at - row.last_at)
        rows.append(row)
    # A refused attempt is not counted, or impatient people would lock themselves out
    # for longer and longer.
    blocked_until = max(row.blocked_until for row in rows)
    if blocked_until > at:
        wait = blocked_until - at
        raise TooManyAttempts(_sentence(wait), wait=wait)
    for (kind, _name), row in zip(subjects, rows, strict=True):
        row.failures += 1
        row.last_at = at
        row.blocked_until = at + LIMITS[kind].wait(row.failures)
        row.save()


def _key(kind: str, name: str) -> str:
    return f"{kind}:{name}"[:MAX_SUBJECT_LENGTH]


def _sentence(wait: timedelta) -> str:
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


def reset(*subjects: Subject) -> None:
    """Forget the failures of subjects whose attempt succeeded."""
    keys = [_key(kind, name) for kind, name in subjects]
    LoginAttempt.objects.filter(subject__in=keys).delete()


def cancel(subject: Subject, *, at: datetime) -> None:
    """Do not count the attempt that was just started, as it succeeded."""
    rows = LoginAttempt.objects.filter(subject=_key(*subject), failures__gt=0)
    # The earlier failures still count, but the next person need not wait for this one.
    rows.update(
        failures=models.F("failures") - 1, blocked_until=timestamps.to_micros(at)
    )


def unlock(login: str) -> None:
    """Forget the failures of a login, from any address or device."""
    rows = models.Q(subject=_key("login", login))
    for kind in ("pair", "device"):
        rows |= models.Q(subject__startswith=f"{kind}:{login} ")
    LoginAttempt.objects.filter(rows).delete()


def prune(*, at: datetime) -> int:
    """Delete rows that no longer count; returns how many."""
    oldest = timestamps.to_micros(at - RESET_AFTER)
    return LoginAttempt.objects.filter(last_at__lt=oldest).delete()[0]


def is_blocked(kind: str, name: str, at: datetime) -> bool:
    now = timestamps.to_micros(at)
    return LoginAttempt.objects.filter(
        subject=_key(kind, name), blocked_until__gt=now
    ).exists()
