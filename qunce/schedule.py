"""The jobs that run on the clock. One page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from django.utils.translation import gettext_lazy as _

from qunce import activity_jobs, channel_jobs, group_jobs, queued_jobs
from qunce.channels.webhooks import calls as webhook_calls
from qunce.channels.webhooks import deliveries as webhooks
from qunce.core.communities import Community
from qunce.core.jobs import clock_watch, scheduler
from qunce.core.jobs.scheduler import Job
from qunce.core.staff import login_attempts, sessions
from qunce.importing.jobs import journal, uploads
from qunce.insight.findings import daily as findings
from qunce.insight.goals import results as goals
from qunce.insight.lifetime_value import estimates
from qunce.insight.reports import reports
from qunce.insight.words import word_days
from qunce.members.layers import layers
from qunce.members.personal_links import pruning
from qunce.members.search import member_list
from qunce.members.segments import segments, watches
from qunce.members.tag_rules import runs as tag_rule_runs
from qunce.members.tags import expiry
from qunce.outreach.campaigns import launch
from qunce.outreach.care import days as care_days
from qunce.outreach.content import files
from qunce.outreach.ideas import due_downloads
from qunce.outreach.playbooks import advancing, lifecycle, polling
from qunce.outreach.report_deliveries import deliveries
from qunce.outreach.sending import (
    assisted_messages,
    assisted_outcomes,
)
from qunce.outreach.series import posting
from qunce.sales import purchase_tags
from qunce.sets.bitmaps import persisted_sets
from qunce.sets.mirror import deriver, mirror

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
last_run_at: datetime | None = None  # when this process last ran what was due


def start_days(*, at: datetime) -> None:
    """Do what is due once per community day; called every minute, as days start apart."""
    for community in Community.objects.order_by("pk"):
        for domain in (layers, tag_rule_runs, segments, findings, goals, reports):
            domain.start_day(community=community, at=at)


def poll_playbooks(*, at: datetime) -> None:
    lifecycle.end_pauses(at=at)
    polling.poll_all(at=at)
    assisted_messages.skip_stale(at=at)


DERIVE, MERGE, PURCHASE_TAGS = "facts.derive", "facts.merge", "sales.purchase_tags"
ADVANCE = "playbooks.advance"
"""What a loop does twice a second; queued only to be tried again after an error."""
derive = partial(deriver.catch_up, wait=False, merge=False)
"""Brings derived data up to date with the fact log."""
SCHEDULE: dict[str, Job] = {
    "server.check_clock": Job(clock_watch.check, _("Check the clock"), MINUTE),
    "communities.start_day": Job(start_days, _("Start the day"), MINUTE),
    "segments.watch": Job(watches.check_all, _("Check watched segments"), MINUTE),
    "tags.expire": Job(expiry.remove_expired, _("Remove expired tags"), MINUTE),
    "members.preload_names": Job(member_list.preload, _("Load names"), 5 * MINUTE),
    "sets.save": Job(lambda at: persisted_sets.save_all(), _("Save sets"), HOUR / 12),
    "campaigns.start_scheduled": Job(
        launch.start_scheduled, _("Start scheduled campaigns"), MINUTE / 6
    ),
    "campaigns.record_final_marks": Job(
        assisted_outcomes.record_final_marks, _("Record what was sent"), MINUTE / 2
    ),
    "series.post": Job(posting.poll_all, _("Post series"), MINUTE),
    "ideas.read": Job(due_downloads.read_due, _("Read feeds and links"), MINUTE / 6),
    "playbooks.poll": Job(poll_playbooks, _("Start runs of playbooks"), MINUTE),
    "care.poll": Job(care_days.poll_all, _("Find occasions of care"), MINUTE),
    "reports.deliver": Job(deliveries.deliver_due, _("Deliver reports"), MINUTE),
    "webhooks.deliver": Job(webhook_calls.send_due, _("Call webhooks"), MINUTE / 12),
    "webhooks.prune": Job(webhooks.prune, _("Delete old webhook calls"), HOUR),
    "imports.prune": Job(journal.prune, _("Delete journals of imports"), HOUR),
    "lifetime_value.fit": Job(estimates.prepare, _("Estimate lifetime value"), HOUR),
    "words.count": Job(word_days.count_due, _("Count words"), MINUTE / 6),
    "messages.prune": Job(word_days.prune, _("Delete old texts of messages"), HOUR),
    "login_attempts.prune": Job(login_attempts.prune, _("Forget sign-ins"), HOUR),
    "sessions.prune": Job(sessions.prune, _("Delete old sessions"), HOUR),
    "member_pages.prune": Job(pruning.prune, _("Forget sign-in codes"), HOUR),
    "uploads.prune": Job(uploads.prune, _("Delete old uploads"), HOUR),
    "files.prune": Job(files.prune, _("Delete files that no material uses"), HOUR),
    DERIVE: Job(lambda *, at: derive(), _("Count new facts")),
    MERGE: Job(lambda *, at: mirror.merge(), _("Merge files of facts")),
    PURCHASE_TAGS: Job(purchase_tags.catch_up, _("Update tags of purchases")),
    ADVANCE: Job(advancing.advance_all, _("Advance runs of playbooks")),
    **channel_jobs.JOBS,
    **group_jobs.JOBS,
    **activity_jobs.JOBS,
    **queued_jobs.JOBS,
}


def run_due_jobs(
    *,
    clock: Callable[[], datetime],
    is_stopping: Callable[[], bool],
    also: Mapping[str, Job],
) -> None:
    """Run the due jobs of `SCHEDULE` and `also`."""
    global last_run_at
    due = {**SCHEDULE, **also}
    scheduler.ensure_scheduled(due, at=clock())
    scheduler.run_due(due, clock=clock, is_stopping=is_stopping)
    last_run_at = clock()
