"""The jobs of activities that run on the clock. One page."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from qunce.activities import announcements
from qunce.activities.activities import entries, lifecycle
from qunce.activities.draws import beacon
from qunce.activities.points import expiry, leaderboard
from qunce.activities.prizes import addresses, claims
from qunce.core.jobs.scheduler import Job

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

JOBS: dict[str, Job] = {
    "draws.fetch": Job(beacon.fetch_due, _("Fetch the public values of draws"), MINUTE),
    "prizes.remind": Job(claims.remind_due, _("Remind winners of prizes"), MINUTE),
    "prizes.return": Job(
        claims.return_unclaimed, _("Take back prizes that nobody claimed"), MINUTE
    ),
    "prizes.delete_addresses": Job(
        addresses.delete_old, _("Delete old addresses of winners"), HOUR
    ),
    "points.expire": Job(expiry.expire_due, _("Write off expired points"), HOUR / 6),
    "points.announce": Job(
        expiry.announce_due, _("Announce points that expire"), HOUR / 6
    ),
    "points.prune": Job(
        leaderboard.prune_due, _("Delete old days and weeks of leaderboards"), HOUR
    ),
    "activities.move": Job(
        lifecycle.move_due, _("Start and close activities"), MINUTE / 6
    ),
    "activities.announce": Job(
        announcements.announce_due, _("Announce activities"), MINUTE / 6
    ),
    "activities.prune": Job(
        entries.prune_answers, _("Delete old answers of activities"), HOUR
    ),
}
