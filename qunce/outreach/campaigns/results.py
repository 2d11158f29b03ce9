"""Results of a campaign: by state, by reason, by staff task, and row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, QuerySet, Sum

from qunce.core import permissions
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import campaigns, review
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.outreach.sending.recipients import REACHED, Recipient, State
from qunce.outreach.sending.tasks import Task

EXPORT = permissions.declare("campaigns.export", permissions.Role.MANAGER)
EXPORT_CHUNK = 1_000


# Counts


@dataclass
class Progress:
    """Targets without a row (`unclaimed_count`), and rows by state (`counts`)."""

    unclaimed_count: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def of(self, *states: State) -> int:
        return sum(self.counts.get(state, 0) for state in states)

    @property
    def total(self) -> int:
        return self.unclaimed_count + sum(self.counts.values())

    @property
    def left(self) -> int:
        """Targets that are still to be done."""
        return self.unclaimed_count + self.of(State.PLANNED)

    @property
    def done(self) -> int:
        return self.total - self.left

    @property
    def reached(self) -> int:
        return self.of(*REACHED)


def progress(campaign: Campaign) -> Progress:
    return progress_by_campaign([campaign])[campaign.pk]


def progress_by_campaign(campaigns: Sequence[Campaign]) -> dict[int, Progress]:
    """Campaign id → its progress, with two queries for all of them."""
    by_campaign = {campaign.pk: Progress() for campaign in campaigns}
    tasks = Task.objects.filter(campaign__in=by_campaign).order_by()
    unclaimed = tasks.values_list("campaign").annotate(Sum("unclaimed_count"))
    for pk, count in unclaimed:
        by_campaign[pk].unclaimed_count = count
    rows = Recipient.objects.filter(campaign__in=by_campaign).order_by()
    counts = rows.values_list("campaign", "state").annotate(Count("target_id"))
    for pk, state, count in counts:
        by_campaign[pk].counts[state] = count
    return by_campaign


def progress_by_task(tasks: list[Task]) -> dict[int, Progress]:
    """Task id → its progress, with one query for all of them."""
    by_task = {task.pk: Progress(task.unclaimed_count) for task in tasks}
    # The campaign is the first column of the index that answers this.
    campaigns = {task.campaign_id for task in tasks}
    rows = Recipient.objects.filter(campaign_id__in=campaigns, task_id__in=by_task)
    counts = (
        rows.order_by().values_list("task_id", "state").annotate(Count("target_id"))
    )
    for pk, state, count in counts:
        by_task[pk].counts[state] = count
    return by_task


@dataclass(frozen=True)
class TaskProgress:
    """The progress of a staff task. `late` is whether it is past its due time."""

    task: Task
    progress: Progress
    late: bool


def list_task_progress(campaign: Campaign, at: datetime) -> list[TaskProgress]:
    """The tasks of a campaign, those with the most left to do first."""
    rows = list(
        campaign.tasks.select_related("staff").defer("unclaimed").order_by("pk")
    )
    by_task = progress_by_task(rows)
    lines = [TaskProgress(task, by_task[task.pk], task.is_late(at)) for task in rows]
    return sorted(lines, key=lambda line: (-line.progress.left, line.task.pk))


def count_by_reason(campaign: Campaign) -> list[tuple[str, str, int]]:
    """State, label of the reason and count of skipped and failed rows, most first."""
    rows = Recipient.objects.filter(
        campaign=campaign, state__in=[State.SKIPPED, State.FAILED]
    )
    counts = (
        rows.order_by().values_list("state", "reason").annotate(n=Count("target_id"))
    )
    lines = [(state, skip_reasons.label_of(reason), n) for state, reason, n in counts]
    return sorted(lines, key=lambda line: (-line[2], line[0], line[1]))


# Rows


@dataclass(frozen=True)
class RecipientLine:
    """A recipient for display, with the names of the target and of the sender."""

    row: Recipient
    name: str
    staff: str

    @property
    def reason(self) -> str:
        label = skip_reasons.label_of(self.row.reason) if self.row.reason else ""
        return f"{label} · {self.row.note}" if self.row.note else label


def list_recipients(
    *,
    campaign: Campaign,
    by: Staff,
    at: datetime,
    state: str = "",
    after: int = 0,
    limit: int = 50,
) -> list[RecipientLine]:
    """Recipients that `by` sees, by target id, after the target `after`."""
    campaigns.check_visible(campaign, by)
    rows = Recipient.objects.filter(campaign=campaign)
    if state:
        rows = rows.filter(state=state)
    lines: list[RecipientLine] = []
    # Visibility is decided after reading, so one page may need several reads.
    while len(lines) < limit:
        chunk = _rows_after(rows, after, limit)
        lines += _to_lines(campaign, chunk, by, at)
        if len(chunk) < limit:
            break
        after = chunk[-1].target_id
    return lines[:limit]


def _rows_after(rows: QuerySet[Recipient], after: int, limit: int) -> list[Recipient]:
    page = rows.filter(target_id__gt=after).order_by("target_id")
    return list(page.select_related("task__staff").defer("task__unclaimed")[:limit])


def _to_lines(
    campaign: Campaign, rows: list[Recipient], by: Staff, at: datetime
) -> list[RecipientLine]:
    """The lines of the rows that `by` sees."""
    targets = [row.target_id for row in rows]
    if campaign.target == Target.GROUPS:
        groups = group_visibility.list_visible(by).filter(pk__in=targets)
        visible = set(groups.values_list("pk", flat=True))
    else:
        person_ids = account_queries.person_ids(targets)
        people = visibility.filter_visible(by=by, accounts=targets, at=at)
        visible = {target for target in targets if person_ids[target] in people}
    names = review.recipient_names(campaign, targets, by)
    return [
        RecipientLine(row, names[row.target_id], str(row.task.staff or ""))
        for row in rows
        if row.target_id in visible
    ]


def export_recipients(
    *, campaign: Campaign, by: Staff, at: datetime
) -> Iterator[RecipientLine]:
    """All recipients that `by` sees, read in chunks."""
    permissions.check_may(by, EXPORT)
    campaigns.check_visible(campaign, by)
    rows = Recipient.objects.filter(campaign=campaign)
    after = 0
    while chunk := _rows_after(rows, after, EXPORT_CHUNK):
        yield from _to_lines(campaign, chunk, by, at)
        after = chunk[-1].target_id
