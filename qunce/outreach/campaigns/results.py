"""Results of a campaign: by state, by reason, by staff task, and row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, QuerySet, Sum
from django.utils.translation import gettext_lazy

from qunce.core import permissions
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import campaigns, content, variants
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.outreach.contact_budget import kept_places
from qunce.outreach.sending import ledger
from qunce.outreach.sending.campaign_tasks import CampaignTask
from qunce.outreach.sending.ledger import REACHED, Message, Origin, State

EXPORT = permissions.declare(
    "campaigns.export",
    permissions.Role.MANAGER,
    label=gettext_lazy("export campaign recipients"),
)
EXPORT_CHUNK = 1_000


# Counts


@dataclass
class Progress:
    """Targets without a row (`unclaimed_count`), and rows by state (`counts`)."""

    unclaimed_count: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, state: str, count: int) -> None:
        if count:
            self.counts[state] = self.counts.get(state, 0) + count

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
    tasks = CampaignTask.objects.filter(campaign__in=by_campaign).order_by()
    sums = tasks.values_list("campaign").annotate(
        Sum("unclaimed_count"), Sum("cancelled_count")
    )
    for pk, unclaimed, cancelled in sums:
        by_campaign[pk].unclaimed_count = unclaimed
        by_campaign[pk].add(State.CANCELLED, cancelled)
    rows = Message.objects.filter(origin=Origin.CAMPAIGN, origin_id__in=by_campaign)
    counts = rows.values_list("origin_id", "state").annotate(Count("target_id"))
    for pk, state, count in counts:
        by_campaign[pk].add(state, count)
    return by_campaign


def progress_by_task(tasks: list[CampaignTask]) -> dict[int, Progress]:
    """CampaignTask id → its progress, with one query for all of them."""
    by_task = {task.pk: Progress(task.unclaimed_count) for task in tasks}
    for task in tasks:
        by_task[task.pk].add(State.CANCELLED, task.cancelled_count)
    task_of = {(task.campaign_id, task.staff_id): task.pk for task in tasks}
    rows = Message.objects.filter(
        origin=Origin.CAMPAIGN, origin_id__in={campaign for campaign, _ in task_of}
    )
    counts = rows.values_list("origin_id", "staff_id", "state")
    for campaign, staff, state, count in counts.annotate(Count("target_id")):
        if pk := task_of.get((campaign, staff)):
            by_task[pk].add(state, count)
    return by_task


@dataclass(frozen=True)
class TaskProgress:
    """The progress of a staff task. `late` is whether it is past its due time."""

    task: CampaignTask
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
    rows = ledger.list_of(Origin.CAMPAIGN, campaign.pk).filter(
        state__in=[State.SKIPPED, State.FAILED]
    )
    counts = (
        rows.order_by().values_list("state", "reason").annotate(n=Count("target_id"))
    )
    lines = [(state, skip_reasons.label_of(reason), n) for state, reason, n in counts]
    return sorted(lines, key=lambda line: (-line[2], line[0], line[1]))


@dataclass(frozen=True)
class VariantResult:
    """How many recipients a variant has, and how many it reached and made click.

    `total` counts those of the start, whether or not they have a message yet. `name` is
    empty for the text of the campaign itself.
    """

    name: str
    total: int
    reached: int
    clicked: int


def count_by_variant(campaign: Campaign) -> list[VariantResult]:
    """The variants of a campaign in their order, and the campaign's own text last."""
    rows = ledger.list_of(Origin.CAMPAIGN, campaign.pk).order_by()
    counts: dict[str, dict[str, int]] = {}
    for variant, state, n in rows.values_list("variant", "state").annotate(Count("pk")):
        counts.setdefault(variant, {})[state] = n
    # Rows without a message yet, and skipped ones, have no variant.
    totals = {name: len(people) for name, people in variants.load(campaign).items()}
    names = [*(each.name for each in variants.of(campaign)), variants.EVERYONE_ELSE]
    found = []
    for name in names:
        states = counts.get(name, {})
        reached = sum(states.get(state, 0) for state in REACHED)
        clicked = states.get(State.CLICKED, 0)
        found.append(VariantResult(name, totals.get(name, 0), reached, clicked))
    return found


# Rows


@dataclass(frozen=True)
class RecipientLine:
    """A recipient for display, with the names of the target and of the sender."""

    row: Message
    name: str
    staff: str
    kept_for: str = ""

    @property
    def reason(self) -> str:
        label = ""
        if self.row.reason:
            label = skip_reasons.sentence(self.row.reason, kept_for=self.kept_for)
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
    rows = ledger.list_of(Origin.CAMPAIGN, campaign.pk)
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


def _rows_after(rows: QuerySet[Message], after: int, limit: int) -> list[Message]:
    page = rows.filter(target_id__gt=after).order_by("target_id")
    return list(page.select_related("staff")[:limit])


def _to_lines(
    campaign: Campaign, rows: list[Message], by: Staff, at: datetime
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
    names = content.recipient_names(campaign, targets, by)
    kept_for = {row.kept_for_id for row in rows if row.kept_for_id}
    kept = kept_places.find_names(sorted(kept_for), by)
    return [
        RecipientLine(
            row,
            names[row.target_id],
            str(row.staff or ""),
            kept.get(row.kept_for_id or 0, ""),
        )
        for row in rows
        if row.target_id in visible
    ]


def export_recipients(
    *, campaign: Campaign, by: Staff, at: datetime
) -> Iterator[RecipientLine]:
    """All recipients that `by` sees, read in chunks."""
    permissions.check_may(by, EXPORT)
    campaigns.check_visible(campaign, by)
    rows = ledger.list_of(Origin.CAMPAIGN, campaign.pk)
    after = 0
    while chunk := _rows_after(rows, after, EXPORT_CHUNK):
        yield from _to_lines(campaign, chunk, by, at)
        after = chunk[-1].target_id
