"""What became of a campaign: by state, by reason, by who of the staff, and row by row."""

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
from qunce.outreach.campaigns import review
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.outreach.sending.recipients import REACHED, Recipient, State
from qunce.outreach.sending.tasks import Task

EXPORT = permissions.declare("campaigns.export", permissions.Role.MANAGER)
EXPORT_CHUNK = 1_000


@dataclass
class Progress:
    """`waiting` have no row yet; `counts` is by state of those that do."""

    unclaimed_count: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def of(self, *states: State) -> int:
        return sum(self.counts.get(state, 0) for state in states)

    @property
    def total(self) -> int:
        return self.unclaimed_count + sum(self.counts.values())

    @property
    def left(self) -> int:
        """Not done yet."""
        return self.unclaimed_count + self.of(State.PLANNED)

    @property
    def done(self) -> int:
        return self.total - self.left

    @property
    def reached(self) -> int:
        return self.of(*REACHED)


def progress(campaign: Campaign) -> Progress:
    return progress_by_campaign([campaign])[campaign.pk]


def progress_by_campaign(several: Sequence[Campaign]) -> dict[int, Progress]:
    """Each campaign's own, for a list in two queries."""
    found = {campaign.pk: Progress() for campaign in several}
    tasks = Task.objects.filter(campaign__in=found).order_by().values_list("campaign")
    for pk, waiting in tasks.annotate(Sum("unclaimed_count")):
        found[pk].unclaimed_count = waiting
    rows = Recipient.objects.filter(campaign__in=found).order_by()
    counts = rows.values_list("campaign", "state").annotate(Count("target_id"))
    for pk, state, count in counts:
        found[pk].counts[state] = count
    return found


def progress_by_task(tasks: list[Task]) -> dict[int, Progress]:
    """Each task's own, for a list of tasks in two queries."""
    found = {task.pk: Progress(task.unclaimed_count) for task in tasks}
    campaigns = {task.campaign_id for task in tasks}
    rows = Recipient.objects.filter(campaign_id__in=campaigns, task_id__in=found)
    counts = (
        rows.order_by().values_list("task_id", "state").annotate(Count("target_id"))
    )
    for task, state, count in counts:
        found[task].counts[state] = count
    return found


@dataclass(frozen=True)
class TaskProgress:
    """How far one of the staff is. `late` holds from the due time on."""

    task: Task
    progress: Progress
    late: bool


def list_task_progress(campaign: Campaign, at: datetime) -> list[TaskProgress]:
    """Who has most left to do comes first: who has not sent."""
    rows = list(
        campaign.tasks.select_related("staff").defer("unclaimed").order_by("pk")
    )
    far = progress_by_task(rows)
    shares = [TaskProgress(task, far[task.pk], task.is_late(at)) for task in rows]
    return sorted(shares, key=lambda share: (-share.progress.left, share.task.pk))


def count_by_reason(campaign: Campaign) -> list[tuple[str, str, int]]:
    """State, reason in words and how many, for those skipped or failed; most first."""
    rows = Recipient.objects.filter(
        campaign=campaign, state__in=[State.SKIPPED, State.FAILED]
    )
    counts = (
        rows.order_by().values_list("state", "reason").annotate(n=Count("target_id"))
    )
    found = [(state, skip_reasons.label_of(reason), n) for state, reason, n in counts]
    return sorted(found, key=lambda row: (-row[2], row[0], row[1]))


@dataclass(frozen=True)
class RecipientLine:
    """One receiver as it is read; the key only where there is a member."""

    row: Recipient
    name: str
    staff: str

    @property
    def reason(self) -> str:
        words = skip_reasons.label_of(self.row.reason) if self.row.reason else ""
        return f"{words} · {self.row.note}" if self.row.note else words


def list_recipients(
    *,
    campaign: Campaign,
    by: Staff,
    at: datetime,
    state: str = "",
    after: int = 0,
    limit: int = 50,
) -> list[RecipientLine]:
    """Receivers after a target, in its order; only whom `by` sees."""
    rows = Recipient.objects.filter(campaign=campaign)
    if state:
        rows = rows.filter(state=state)
    found: list[RecipientLine] = []
    while len(found) < limit:
        some = _rows_after(rows, after, limit)
        found += _to_lines(campaign, some, by, at)
        if len(some) < limit:
            break
        after = some[-1].target_id
    return found[:limit]


def _rows_after(rows: QuerySet[Recipient], after: int, limit: int) -> list[Recipient]:
    rest = rows.filter(target_id__gt=after).order_by("target_id")
    return list(rest.select_related("task__staff").defer("task__unclaimed")[:limit])


def _to_lines(
    campaign: Campaign, rows: list[Recipient], by: Staff, at: datetime
) -> list[RecipientLine]:
    targets = [row.target_id for row in rows]
    if campaign.target == Target.GROUPS:
        listed = group_visibility.list_visible(by).filter(pk__in=targets)
        seen = set(listed.values_list("pk", flat=True))
    else:
        heads = account_queries.person_ids(targets)
        people = visibility.filter_visible(by=by, accounts=targets, at=at)
        seen = {target for target in targets if heads[target] in people}
    names = review.recipient_names(campaign, targets, by)
    return [
        RecipientLine(row, names[row.target_id], str(row.task.staff or ""))
        for row in rows
        if row.target_id in seen
    ]


def export_recipients(
    *, campaign: Campaign, by: Staff, at: datetime
) -> Iterator[RecipientLine]:
    """All receivers, read a piece at a time."""
    permissions.check_may(by, EXPORT)
    rows = Recipient.objects.filter(campaign=campaign)
    after = 0
    while some := _rows_after(rows, after, EXPORT_CHUNK):
        yield from _to_lines(campaign, some, by, at)
        after = some[-1].target_id
