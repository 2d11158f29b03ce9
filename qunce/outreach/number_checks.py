"""The identities of outreach: recipients by state, and the tasks of staff."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from qunce.insight import identities
from qunce.insight.identities import Comparison, Question
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
