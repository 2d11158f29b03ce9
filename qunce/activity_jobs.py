"""The jobs of activities that run on the clock. One page."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from qunce.activities import announcements
from qunce.activities.activities import entries, lifecycle
from qunce.core.jobs.scheduler import Job

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

JOBS: dict[str, Job] = {
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
