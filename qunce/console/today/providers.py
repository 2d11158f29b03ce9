"""Providers of Today's items, each reading one kind of work."""

from __future__ import annotations

import math
import zlib
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce import job_texts
from qunce.channels import inbox
from qunce.console.today import items
from qunce.console.today.items import CHANGED, DECIDE, DO, TodayItem
from qunce.core import community_days, permissions, stored_sentences, timestamps
from qunce.core.jobs import clock_watch, job_failures, job_queue
from qunce.core.staff.models import Staff
from qunce.importing.jobs import access, jobs
from qunce.members.layers import layers
from qunce.members.people import notes, visibility
from qunce.members.tags import models as tag_models
from qunce.members.tags import report as tag_report
from qunce.outreach.campaigns import approvals, campaigns
from qunce.outreach.sending import campaign_tasks

MAX_IMPORT_AGE = timedelta(days=3)
MAX_PAIRS_NAMED = 3
MAX_ITEMS_PER_PROVIDER = 50
"""Further items appear when these are done."""
SECONDS_PER_MESSAGE = 10
"""What sending one message by hand takes, rounded up."""


@items.register
def own_tasks(staff: Staff, at: datetime) -> list[TodayItem]:
    """Open tasks of this staff member."""
    return [_task_item(task, at) for task in campaign_tasks.list_open(staff, at)]


def _task_item(task: campaign_tasks.CampaignTask, at: datetime) -> TodayItem:
    remaining = task.unclaimed_count + campaign_tasks.list_open_messages(task).count()
    if task.campaign.target == campaigns.Target.GROUPS:
        text = ngettext(
            "Send “%(campaign)s” to %(n)s more group",
            "Send “%(campaign)s” to %(n)s more groups",
            remaining,
        )
    else:
        text = ngettext(
            "Send “%(campaign)s” to %(n)s more recipient",
            "Send “%(campaign)s” to %(n)s more recipients",
            remaining,
        )
    return TodayItem(
        key=f"task-{task.pk}",
        section=DO,
        icon="paper-airplane",
        text=text % {"campaign": task.campaign.name, "n": f"{remaining:,}"},
        reason=_("Assigned by %(name)s") % {"name": task.campaign.by.name},
        url=reverse("outreach:task-detail", args=[task.pk]),
        action=_("Continue"),
        minutes=max(1, math.ceil(remaining * SECONDS_PER_MESSAGE / 60)),
        due_at=task.due_at,
        is_late=task.is_late(at),
    )


@items.register
def late_tasks(staff: Staff, at: datetime) -> list[TodayItem]:
    """Late tasks of others, for staff who oversee tasks."""
    return [
        TodayItem(
            key=f"late-{task.pk}",
            section=DECIDE,
            icon="clock",
            text=_("%(name)s has not finished “%(campaign)s”")
            % {"name": task.staff, "campaign": task.campaign.name},
            reason=_("It was due %(time)s.")
            % {"time": timezone.localtime(task.due_at).strftime("%m-%d %H:%M")}
            if task.due_at
            else "",
            url=reverse("outreach:task-detail", args=[task.pk]),
            action=_("See or hand over"),
            minutes=2,
            due_at=task.due_at,
            is_late=True,
        )
        for task in campaign_tasks.list_late_of_others(staff, at)[
            :MAX_ITEMS_PER_PROVIDER
        ]
    ]


@items.register
def stopped_campaigns(staff: Staff, at: datetime) -> list[TodayItem]:
    """Campaigns that stopped automatically, with the reason."""
    return [
        TodayItem(
            key=f"stopped-{campaign.pk}-{campaign.state}",
            section=DECIDE,
            icon="pause-circle",
            text=_("“%(campaign)s” stopped automatically")
            % {"campaign": campaign.name},
            reason=campaign.note,
            url=reverse("outreach:campaign-detail", args=[campaign.pk]),
            action=_("Review and continue"),
            minutes=3,
        )
        for campaign in campaigns.list_stopped(staff)[:MAX_ITEMS_PER_PROVIDER]
    ]


@items.register
def waiting_approvals(staff: Staff, at: datetime) -> list[TodayItem]:
    """Campaigns of others that this staff member can approve."""
    return [
        TodayItem(
            key=f"approval-{campaign.pk}",
            section=DECIDE,
            icon="check",
            text=_("“%(campaign)s” waits for your approval")
            % {"campaign": campaign.name},
            reason=_("Submitted by %(name)s") % {"name": campaign.submitted_by},
            url=reverse("outreach:campaign-review", args=[campaign.pk]),
            action=_("Review"),
            minutes=3,
            due_at=campaign.send_at,
        )
        for campaign in approvals.list_waiting(staff)[:MAX_ITEMS_PER_PROVIDER]
    ]


@items.register
def answered_approvals(staff: Staff, at: datetime) -> list[TodayItem]:
    """Campaigns of this staff member that were rejected, or approved without a time."""
    return [
        _answered_item(campaign)
        for campaign in approvals.list_answered(staff)[:MAX_ITEMS_PER_PROVIDER]
    ]


def _answered_item(campaign: campaigns.Campaign) -> TodayItem:
    if campaign.state == campaigns.State.REJECTED:
        text, reason = _("“%(campaign)s” was rejected"), campaign.note
        page, action = "outreach:campaign-detail", _("See why")
    else:
        text = _("“%(campaign)s” is approved and waits for you to start it")
        reason = _("Approved by %(name)s") % {"name": campaign.approved_by}
        page, action = "outreach:campaign-review", _("Review")
    answer = zlib.crc32(f"{campaign.approved_digest} {campaign.note}".encode())
    return TodayItem(
        key=f"answer-{campaign.pk}-{campaign.state}-{answer}",
        section=DO,
        icon="paper-airplane",
        text=text % {"campaign": campaign.name},
        reason=reason,
        url=reverse(page, args=[campaign.pk]),
        action=action,
        minutes=3,
    )


@items.register
def follow_ups(staff: Staff, at: datetime) -> list[TodayItem]:
    """Open next steps of this staff member, due by the end of today."""
    end = _end_of_day(at)
    due = notes.list_open_until(
        by=staff, until=end, at=at, limit=MAX_ITEMS_PER_PROVIDER
    )
    return [
        TodayItem(
            key=f"note-{note.pk}-{note.due_at:%m%d%H%M}",
            section=DO,
            icon="chat-bubble-left-ellipsis",
            text=_("%(name)s: %(step)s")
            % {"name": note.account, "step": note.next_step},
            reason=note.text[:120] or _("Your follow-up"),
            url=reverse("members:detail", args=[note.account_id]),
            action=_("Follow up"),
            minutes=3,
            due_at=note.due_at,
            is_late=note.due_at is not None and note.due_at < at,
        )
        for note in due
    ]


def list_due_tomorrow(staff: Staff, at: datetime) -> list[datetime]:
    """Return the due times of tomorrow's follow-ups."""
    tonight = _end_of_day(at)
    tomorrow = tonight + timedelta(days=1)
    due = notes.list_open_until(
        by=staff, until=tomorrow, at=at, limit=MAX_ITEMS_PER_PROVIDER
    )
    return [note.due_at for note in due if note.due_at and note.due_at > tonight]


def _end_of_day(at: datetime) -> datetime:
    return timezone.localtime(at).replace(hour=23, minute=59, second=59, microsecond=0)


@items.register
def imports(staff: Staff, at: datetime) -> list[TodayItem]:
    """Recent imports that were rejected, failed or skipped rows.

    Nothing is left to do for one that was undone or cancelled by a person, or whose file
    was imported again, as it is or corrected.
    """
    if not access.may_import(staff):
        return []
    every = jobs.ImportJob.objects.filter(community=staff.community)
    is_again = Q(upload=OuterRef("upload")) | Q(
        file_name=OuterRef("file_name"), target=OuterRef("target")
    )
    later = every.filter(is_again, pk__gt=OuterRef("pk"))
    finished = every.filter(
        Q(state="failed") | Q(state__in=["done", "rejected"], rows_broken__gt=0),
        finished_at__gte=timestamps.to_micros(at - MAX_IMPORT_AGE),
    ).exclude(Exists(later))
    return [
        TodayItem(
            key=f"import-{job.pk}-{job.state}",
            section=DECIDE,
            icon="arrow-up-tray",
            text=_import_text(job),
            reason=_import_reason(job),
            url=reverse("importing:job-detail", args=[job.pk]),
            action=_("See the rows") if job.rows_broken else _("See the report"),
            minutes=5,
            may_dismiss=True,
        )
        for job in finished.select_related("by").order_by("-pk")[:20]
    ]


def _import_reason(job: jobs.ImportJob) -> str:
    if job.state == "failed":
        return stored_sentences.translate(job.error)
    text = _(
        "Imported by %(name)s. The report lists the row, the column and the fix for each "
        "error."
    )
    return text % {"name": job.by.name}


def _import_text(job: jobs.ImportJob) -> str:
    if job.state == "failed":
        return _("%(file)s: the import stopped") % {"file": job.file_name}
    if job.state == "done":
        text = ngettext(
            "%(file)s: %(n)s row was skipped",
            "%(file)s: %(n)s rows were skipped",
            job.rows_broken,
        )
    else:
        text = ngettext(
            "%(file)s was rejected: %(n)s broken row",
            "%(file)s was rejected: %(n)s broken rows",
            job.rows_broken,
        )
    return text % {"file": job.file_name, "n": f"{job.rows_broken:,}"}


@items.register
def layer_moves(staff: Staff, at: datetime) -> list[TodayItem]:
    """Layerings in which visible members changed layer since yesterday."""
    yesterday = staff.community.day(at) - 1
    since = community_days.to_date(yesterday).isoformat()
    counts = {
        layering: len(
            layers.moved_since(layering, yesterday)
            & visibility.visible_people(by=staff, at=at)
        )
        for layering in layers.list_active(staff.community)
    }
    return [
        TodayItem(
            key=f"layers-{layering.pk}-{yesterday}",
            section=CHANGED,
            icon="square-3-stack-3d",
            text=ngettext(
                "%(layering)s: %(n)s member changed layer since yesterday",
                "%(layering)s: %(n)s members changed layer since yesterday",
                count,
            )
            % {"layering": layering.name, "n": f"{count:,}"},
            reason=_("Layers are recomputed every day."),
            url=f"{reverse('layers:changes', args=[layering.pk])}?since={since}",
            action=_("View these members"),
            minutes=2,
            may_dismiss=True,
            is_notice=True,
        )
        for layering, count in counts.items()
        if count
    ]


@items.register
def similar_tags(staff: Staff, at: datetime) -> list[TodayItem]:
    """Pairs of similar tags, as long as both are in use."""
    if not permissions.may(staff, tag_models.MANAGE):
        return []
    pairs = tag_report.list_duplicates(staff.community)
    if not pairs:
        return []
    names = _(", ").join(f"{a.name} / {b.name}" for a, b in pairs[:MAX_PAIRS_NAMED])
    return [
        TodayItem(
            key="tag-twins-"
            + "-".join(f"{a.pk}.{b.pk}" for a, b in pairs[:MAX_PAIRS_NAMED]),
            section=DECIDE,
            icon="tag",
            text=ngettext(
                "%(n)s pair of tags may mean the same: %(named)s",
                "%(n)s pairs of tags may mean the same: %(named)s",
                len(pairs),
            )
            % {"n": len(pairs), "named": names},
            reason=_("Two names for the same thing split your counts."),
            url=reverse("tags:report"),
            action=_("Merge or keep both"),
            minutes=2,
        )
    ]


@items.register
def failed_jobs(staff: Staff, at: datetime) -> list[TodayItem]:
    """Background jobs that keep failing; each disappears when it has succeeded."""
    if not permissions.may(staff, job_queue.MANAGE):
        return []
    rows = job_queue.list_reported(staff.community, at=at)[:MAX_ITEMS_PER_PROVIDER]
    texts = [job_texts.describe(row, at=at) for row in rows]
    return [
        TodayItem(
            key=f"job-{text.row.pk}-{text.row.cause}-{text.state}",
            section=DO,
            icon="exclamation-triangle",
            text=_("Failed: %(job)s") % {"job": text.title},
            reason=f"{text.reason} {text.remedy}".strip(),
            url=reverse("settings:job-list"),
            action=_("See the jobs"),
            minutes=5,
        )
        for text in texts
    ]


@items.register
def unhandled_events(staff: Staff, at: datetime) -> list[TodayItem]:
    """Events of channels that were given up; it disappears when they are handled."""
    if not permissions.may(staff, job_queue.MANAGE):
        return []
    count = inbox.list_exhausted(staff.community).count()
    if not count:
        return []
    return [
        TodayItem(
            key=f"events-{count}",
            section=DO,
            icon="exclamation-triangle",
            text=ngettext(
                "%(count)s event of a channel could not be handled.",
                "%(count)s events of channels could not be handled.",
                count,
            )
            % {"count": count},
            reason=str(job_failures.CAUSES[job_failures.INTERNAL][1]),
            url=reverse("settings:job-list"),
            action=_("See the jobs"),
            minutes=5,
        )
    ]


@items.register
def clock_set_back(staff: Staff, at: datetime) -> list[TodayItem]:
    """The clock of the server was set back, within the last day."""
    if not permissions.may(staff, job_queue.MANAGE):
        return []
    set_back = clock_watch.find_set_back()
    if set_back is None:
        return []
    before, after = (
        timezone.localtime(moment).strftime("%m-%d %H:%M")
        for moment in (set_back.before, set_back.after)
    )
    return [
        TodayItem(
            key=f"clock-{timestamps.to_micros(set_back.after)}",
            section=DECIDE,
            icon="clock",
            text=_("The clock of the server was set back from %(before)s to %(after)s")
            % {"before": before, "after": after},
            reason=_(
                "What was recorded in between has a time that is still to come. Check "
                "the clock; jobs go on in any case."
            ),
            url=reverse("settings:job-list"),
            action=_("See the jobs"),
            minutes=5,
        )
    ]
