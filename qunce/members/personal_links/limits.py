"""How often members may send something: per person, link, device and address.

Households and whole offices share an address, so that an address alone refuses nobody: it
has a high limit, and only devices that nobody knows wait when it is reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from qunce.core import errors, timestamps
from qunce.members.personal_links.models import RequestCount

WINDOW = timedelta(minutes=10)
MAX_REQUESTS = {"person": 120, "link": 120, "device": 60, "address": 1_200}
"""In ten minutes. A person with two devices sends twice as much."""
MAX_CODES = {"person": 10, "link": 10, "device": 10, "address": 200}
"""Sign-in codes that are shown or typed in ten minutes."""
MAX_BEACONS = {"person": 400, "device": 200, "address": 6_000}


class TooManyRequests(errors.Refused):
    """More was sent than a person can in this time."""


def count(
    subjects: Mapping[str, str],
    *,
    most: Mapping[str, int] = MAX_REQUESTS,
    action: str = "",
    is_known: bool,
    at: datetime,
) -> None:
    """Count a request of the subjects, kind → name; raises TooManyRequests.

    `is_known` says that the device has a link or is signed in: then its address does not
    count against it.
    """
    window = timestamps.to_micros(at) // (WINDOW // timestamps.MICROSECOND)
    too_many = [
        kind
        for kind, limit in sorted(most.items())
        if (name := subjects.get(kind))
        and _add(_digest(f"{action}:{kind}:{name}"), window) > limit
    ]
    if too_many and not (is_known and too_many == ["address"]):
        raise TooManyRequests(_("That was too often. Wait a few minutes."))


def _digest(subject: str) -> str:
    """So that no table has the addresses of members."""
    return salted_hmac("limit", subject, algorithm="sha256").hexdigest()[:30]


@transaction.atomic
def _add(subject: str, window: int) -> int:
    RequestCount.objects.bulk_create(
        [RequestCount(subject=subject, window=window)], ignore_conflicts=True
    )
    rows = RequestCount.objects.filter(subject=subject, window=window)
    rows.update(count=F("count") + 1)
    return rows.get().count


def prune(*, at: datetime) -> int:
    """Delete the counts of past windows; returns how many."""
    window = timestamps.to_micros(at - WINDOW) // (WINDOW // timestamps.MICROSECOND)
    return RequestCount.objects.filter(window__lt=window).delete()[0]
