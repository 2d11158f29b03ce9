"""Deletes what member pages no longer need."""

from __future__ import annotations

from datetime import datetime, timedelta

from qunce.core import timestamps
from qunce.members.personal_links import channel_sign_in, limits, sign_in_codes
from qunce.members.personal_links.models import Device, LinkRevocation, PageView

KEPT_VIEWS = timedelta(days=400)
KEPT_DEVICES = timedelta(days=90)
LONGEST_LINK = timedelta(days=31)


def prune(*, at: datetime) -> None:
    """Delete old codes and counts, devices without a link, and views of a year ago."""
    limits.prune(at=at)
    sign_in_codes.prune(at=at)
    channel_sign_in.prune(at=at)
    half_hour = timedelta(minutes=30)
    oldest = timestamps.to_micros(at - KEPT_VIEWS) // (
        half_hour // timestamps.MICROSECOND
    )
    PageView.objects.filter(half_hour__lt=oldest).delete()
    # No link that was made before it is valid any more.
    LinkRevocation.objects.filter(
        revoked_at__lt=timestamps.to_micros(at - LONGEST_LINK)
    ).delete()
    unused = Device.objects.filter(
        links__isnull=True,
        sign_ins__isnull=True,
        last_seen_at__lt=timestamps.to_micros(at - KEPT_DEVICES),
    )
    Device.objects.filter(
        pk__in=list(unused.values_list("pk", flat=True)[:5_000])
    ).delete()
