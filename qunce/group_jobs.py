"""The jobs of groups that run on the clock: lists, entry gates, moderation. One page."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from qunce.core.jobs.scheduler import Job
from qunce.groups.complaints import escalation
from qunce.groups.lists import lists

MINUTE = timedelta(minutes=1)

JOBS: dict[str, Job] = {
    "complaints.note_late": Job(escalation.note_late, _("Find late cases"), MINUTE),
    "lists.expire": Job(lists.expire_due, _("End entries of lists"), MINUTE),
}
