"""The identities of outreach: recipients by state, and the tasks of staff."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from qunce.core import community_days
from qunce.insight import identities
from qunce.insight.identities import Comparison, Question
from qunce.insight.staff_performance import performance
from qunce.insight.staff_performance.tasks import Ending
from qunce.outreach.campaigns import results
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending.campaign_tasks import CampaignTask
from qunce.outreach.tasks.staff_tasks import StaffTask, State, TaskTarget

MAX_CAMPAIGNS = 50
"""The newest campaigns, which are compared."""


@identities.register(
    "recipients",
    statement=_(
        "The recipients of a campaign are those waiting, sent, delivered, skipped, failed, "
        "unknown and cancelled, and those of its staff tasks added up."
    ),
)
def compare_recipients(question: Question) -> Iterator[Comparison]:
    started = Campaign.objects.filter(
        community=question.community, started_at__isnull=False
    )
    campaigns = list(started.order_by("-pk")[:MAX_CAMPAIGNS])
    progress = results.progress_by_campaign(campaigns)
    tasks = list(CampaignTask.objects.filter(campaign__in=campaigns).order_by("pk"))
    by_task = results.progress_by_task(tasks)
    for campaign in campaigns:
        of_tasks = sum(
            by_task[task.pk].total for task in tasks if task.campaign_id == campaign.pk
        )
        total = progress[campaign.pk].total
        yield Comparison(where=campaign.key, left=total, right=of_tasks)


@identities.register(
    "staff tasks",
    statement=_(
        "The staff tasks of each person are those open, done and cancelled; a done task has "
        "no member without an outcome."
    ),
)
def compare_tasks(question: Question) -> Iterator[Comparison]:
    tasks = StaffTask.objects.filter(request__community=question.community).order_by()
    assigned = dict(tasks.values_list("staff__login").annotate(Count("pk")))
    by_state: dict[str, int] = {}
    counts = tasks.filter(state__in=State.values)
    for login, _state, count in counts.values_list("staff__login", "state").annotate(
        Count("pk")
    ):
        by_state[login] = by_state.get(login, 0) + count
    for login, count in sorted(assigned.items()):
        yield Comparison(where=login, left=count, right=by_state.get(login, 0))
    targets = TaskTarget.objects.filter(task__in=tasks.filter(state=State.DONE))
    unanswered = targets.filter(outcome="").count()
    yield Comparison(where=str(_("done tasks")), left=unanswered, right=0)


@identities.register(
    "staff performance",
    statement=_(
        "In staff performance, the tasks of each person are those done, not possible, "
        "open, overdue and cancelled, and the tasks of all of them are the total."
    ),
)
def compare_performance(question: Question) -> Iterator[Comparison]:
    first, last = performance.default_span(question.by, question.at)
    found = performance.compute(first=first, last=last, by=question.by, at=question.at)
    assigned = _count_assigned(question, first, last)
    rows = [(row.staff.login, row.tasks) for row in found.rows if row.staff]
    for where, counts in [*rows, (str(_("all staff")), found.total.tasks)]:
        if counts is not None:
            endings = sum(getattr(counts, ending) for ending in Ending.values)
            yield Comparison(where=where, left=counts.assigned, right=endings)
    for login, counts in rows:
        number = counts.assigned if counts else 0
        yield Comparison(where=login, left=number, right=assigned.pop(login, 0))
    yield Comparison(where=str(_("other staff")), left=0, right=assigned.total())


def _count_assigned(question: Question, first: date, last: date) -> Counter[str]:
    """Login → tasks of both kinds assigned on these days, counted by the database."""
    community = question.community
    begin, end = (
        community_days.start_of(community.timezone, community.day_start, day)
        for day in (
            community_days.from_date(first),
            community_days.from_date(last) + 1,
        )
    )
    sources: tuple[QuerySet[Any], ...] = (
        CampaignTask.objects.filter(campaign__community=community, staff__isnull=False),
        StaffTask.objects.filter(request__community=community),
    )
    counted = Counter[str]()
    for rows in sources:
        inside = rows.filter(created_at__gte=begin, created_at__lt=end).order_by()
        counted.update(dict(inside.values_list("staff__login").annotate(Count("pk"))))
    return counted
