"""The work of a step: several runs perform it in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.playbooks.actions import RunPosition


@dataclass(frozen=True)
class WorkItem:
    """`row` is the pk of the run's step, `target` the account or group of the run.

    `person` is the first account of the member, or the group.
    """

    row: int
    target: int
    run: RunPosition
    person: int


@dataclass(frozen=True)
class Work:
    """`by` is the system account, which sees everybody.

    `playbook` is its key; `holds(rule, person)` says whether a rule holds now.
    """

    community: Community
    playbook: str
    is_group: bool
    items: Sequence[WorkItem]
    by: Staff
    at: datetime
    holds: Callable[[Any, int], bool]

    @property
    def targets(self) -> list[int]:
        return [item.target for item in self.items]


@dataclass(frozen=True)
class Outcome:
    """The outcome of performing a step.

    `held` has the reason why it cannot be done now, and the step is tried again. `skipped`
    has the reason why it is not done at all, and `over_limit` leaves to the step what
    happens then. `later_at` is when a message is sent that had to wait for its time; the
    run goes on from then. If it is `awaited`, the run waits until staff have done it. The
    work is a `message`, a follow-up `note`, or neither.
    """

    held: str = ""
    skipped: str = ""
    over_limit: bool = False
    message: int | None = None
    note: int | None = None
    later_at: datetime | None = None
    awaited: bool = False


DONE = Outcome()
