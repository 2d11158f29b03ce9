"""The jobs of groups and of the inbox that run on the clock. One page."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from qunce.core.jobs.scheduler import Job
from qunce.groups.complaints import escalation
from qunce.groups.entry import requests as entry_requests
from qunce.groups.lists import lists
from qunce.groups.moderation.actions import executor
from qunce.groups.moderation.cases import cases, precision
from qunce.groups.moderation.classifier import learned_models
from qunce.groups.moderation.rules import check_states
from qunce.outreach.replies import polling as replies

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ACT = "moderation.act"
"""What a loop does when it is woken; queued only to be tried again after an error."""

JOBS: dict[str, Job] = {
    "complaints.note_late": Job(escalation.note_late, _("Find late cases"), MINUTE),
    "entry.expire": Job(
        entry_requests.expire_due, _("Refuse who does not answer at the gate"), MINUTE
    ),
    "lists.expire": Job(lists.expire_due, _("End entries of lists"), MINUTE),
    ACT: Job(executor.run_due, _("Act in groups")),
    "moderation.check_precision": Job(
        precision.check_all, _("Check how often rules are right"), MINUTE
    ),
    "moderation.learn": Job(
        learned_models.train_due, _("Learn from settled cases"), HOUR
    ),
    "moderation.prune": Job(cases.prune, _("Delete old texts of cases"), HOUR),
    "moderation.prune_states": Job(
        check_states.prune, _("Forget old messages of floods"), HOUR
    ),
    "replies.poll": Job(replies.poll_all, _("Record answers"), MINUTE / 6),
}
