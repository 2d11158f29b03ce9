"""How often members may send something: per person, link, device and address.

Households and whole offices share an address, so that an address alone refuses nobody: it
has a high limit, and only devices that nobody knows wait when it is reached.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from qunce.core import db, errors, timestamps
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
    digests = {
        kind: _digest(f"{action}:{kind}:{name}")
        for kind in sorted(most)
        if (name := subjects.get(kind))
    }
    counts = _add(sorted(digests.values()), window)
    too_many = [kind for kind, digest in digests.items() if counts[digest] > most[kind]]
    if too_many and not (is_known and too_many == ["address"]):
        raise TooManyRequests(_("That was too often. Wait a few minutes."))


def _digest(subject: str) -> str:
    """So that no table has the addresses of members."""
    return salted_hmac("limit", subject, algorithm="sha256").hexdigest()[:30]


def _add(subjects: Sequence[str], window: int) -> dict[str, int]:
    """Add one to each, and return what they are now.

    One statement, as every tap of a member passes here. The order of the subjects is the
    same in all processes, so that two of them never wait for each other.
    """
    if not subjects:
        return {}
    values = ", ".join(["(%s, %s, 1)"] * len(subjects))
    found = db.rows_not_durable(
        'INSERT INTO personal_links_requestcount AS known (subject, "window", count)'  # noqa: S608 - placeholders
        f' VALUES {values} ON CONFLICT (subject, "window")'
        " DO UPDATE SET count = known.count + 1 RETURNING subject, count",
        [value for subject in subjects for value in (subject, window)],
    )
    return dict(found)


def prune(*, at: datetime) -> int:
    """Delete the counts of past windows; returns how many."""
    window = timestamps.to_micros(at - WINDOW) // (WINDOW // timestamps.MICROSECOND)
    return RequestCount.objects.filter(window__lt=window).delete()[0]
