"""Numbers of a playbook: its runs by state and end, and what its steps have done."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from django.db.models import Count

from qunce.core.staff.models import Staff
from qunce.outreach.playbooks import playbooks
from qunce.outreach.playbooks.models import LIVE, Playbook, Run, RunState, RunStep
from qunce.outreach.sending.ledger import REACHED, Message, Origin

MAX_LISTED = 200


@dataclass(frozen=True)
class StepNumbers:
    """`here` are the runs that are at the step now, `skipped` counts by reason.

    `late` is how often staff have not done it in time.
    """

    done: int = 0
    here: int = 0
    reached: int = 0
    late: int = 0
    skipped: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Numbers:
    """`ended` counts by reason. `steps` are by id; those of older versions are in it."""

    live: int
    pending: int
    held: int
    stale: int
    ended: dict[str, int]
    steps: dict[str, StepNumbers]

    @property
    def started(self) -> int:
        return self.live + sum(self.ended.values())


def count(*, playbook: Playbook, by: Staff) -> Numbers:
    playbooks.check_may_view(playbook, by)
    runs = Run.objects.filter(playbook=playbook).order_by()
    states: Counter[str] = Counter()
    ended: dict[str, int] = {}
    for state, ending, n in runs.values_list("state", "ending").annotate(n=Count("pk")):
        states[state] += n
        if state == RunState.ENDED:
            ended[ending] = n
    return Numbers(
        live=sum(states[state] for state in LIVE),
        pending=states[RunState.PENDING],
        held=states[RunState.HELD],
        stale=states[RunState.STALE],
        ended=ended,
        steps=_count_steps(playbook),
    )


def _count_steps(playbook: Playbook) -> dict[str, StepNumbers]:
    rows = RunStep.objects.filter(run__playbook=playbook).order_by()
    done: Counter[str] = Counter()
    skipped: dict[str, dict[str, int]] = {}
    for step, reason, n in rows.values_list("step", "reason").annotate(n=Count("pk")):
        if reason:
            skipped.setdefault(step, {})[reason] = n
        else:
            done[step] += n
    late = rows.filter(late_at__isnull=False).values_list("step")
    was_late = dict(late.annotate(n=Count("pk")))
    live = Run.objects.filter(playbook=playbook, state__in=LIVE).order_by()
    here = dict(live.values_list("step").annotate(n=Count("pk")))
    reached = Counter[str]()
    sent = Message.objects.filter(
        origin=Origin.PLAYBOOK,
        state__in=REACHED,
        pk__in=rows.filter(message_id__isnull=False).values("message_id"),
    )
    by_row = rows.filter(message_id__in=sent.values("pk"))
    for step, n in by_row.values_list("step").annotate(n=Count("pk")):
        reached[step] = n
    return {
        step: StepNumbers(
            done[step],
            here.get(step, 0),
            reached[step],
            was_late.get(step, 0),
            skipped.get(step, {}),
        )
        for step in {*done, *skipped, *here}
    }


def list_runs(
    *, playbook: Playbook, by: Staff, state: str = "", limit: int = MAX_LISTED
) -> list[Run]:
    """The newest runs, all or those of a state; `live` are all that are not ended."""
    playbooks.check_may_view(playbook, by)
    rows = Run.objects.filter(playbook=playbook)
    if state == "live":
        rows = rows.filter(state__in=LIVE)
    elif state:
        rows = rows.filter(state=state)
    return list(rows.order_by("-triggered_at", "-pk")[:limit])


@dataclass(frozen=True)
class Troubled:
    """Runs of a playbook that wait for staff; `reason` is empty for stale ones."""

    playbook: Playbook
    reason: str
    runs: int


def list_troubled(*, by: Staff) -> list[Troubled]:
    """Playbooks with runs that are held up, or whose late step is to be decided."""
    if not playbooks.may_manage(by):
        return []
    waiting = Run.objects.filter(
        playbook__community=by.community, state__in=[RunState.HELD, RunState.STALE]
    ).order_by()
    rows = waiting.values_list("playbook_id", "held_for").annotate(n=Count("pk"))
    counts = sorted(rows)
    found = Playbook.objects.in_bulk([pk for pk, _reason, _n in counts])
    return [Troubled(found[pk], reason, n) for pk, reason, n in counts]
