"""What a run does while staff have not done a step: wait, go on, or hand it over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors
from qunce.outreach.playbooks import assignees
from qunce.outreach.playbooks.assignees import Assignee
from qunce.outreach.playbooks.names import Names

MAX_HOURS = 24 * 60
DONE_KINDS = frozenset(
    {
        *("send.marked_sent", "send.failed", "send.skipped"),
        *("note.completed", "staff_notice.done"),
    }
)
"""Facts after which a step may be done, or cannot be done any more."""
FIELDS = frozenset({"do", "hours", *assignees.FIELDS})


class Then(models.TextChoices):
    """What happens if the step is not done after some hours, when it counts as late."""

    WAIT = "wait", gettext_lazy("The run waits until it is done")
    GO_ON = (
        "go_on",
        gettext_lazy("The run waits, and continues without it after these hours"),
    )
    HAND_OVER = (
        "hand_over",
        gettext_lazy("After these hours somebody else does it, and the run waits"),
    )


class InvalidUndone(errors.Invalid):
    """`if_undone` says what happens with a step that staff have not done."""


@dataclass(frozen=True)
class Undone:
    """After `hours` the step is late. `to` is who gets it by `Then.HAND_OVER`."""

    do: str = Then.WAIT
    hours: int = 24
    to: Assignee = field(default_factory=Assignee)

    def to_json(self) -> dict[str, Any]:
        value: dict[str, Any] = {"do": self.do, "hours": self.hours}
        if self.do == Then.HAND_OVER:
            value |= {"staff": self.to.staff, "role": self.to.role}
            value |= {"without_role": self.to.without_role}
        return value

    def phrase(self, names: Names) -> str:
        words = {"n": self.hours, "who": self.to.phrase(names)}
        if self.do == Then.GO_ON:
            return _("wait until it is done, at most %(n)s h") % words
        if self.do == Then.HAND_OVER:
            return _("wait until it is done; after %(n)s h %(who)s does it") % words
        return _("wait until it is done, late after %(n)s h") % words


def parse(value: Any) -> Undone | None:
    """The answer of its JSON form, None for a run that continues immediately."""
    if value is None:
        return None
    if not isinstance(value, Mapping) or set(value) - FIELDS:
        raise InvalidUndone(
            _("“if_undone” has the fields %(fields)s.")
            % {"fields": ", ".join(sorted(FIELDS))}
        )
    if value.get("do") not in Then:
        raise InvalidUndone(
            _("“do” of “if_undone” is one of %(choices)s.")
            % {"choices": ", ".join(Then.values)}
        )
    hours = value.get("hours", 24)
    if isinstance(hours, bool) or not isinstance(hours, int):
        raise InvalidUndone(_("Write a number of hours."))
    if not 1 <= hours <= MAX_HOURS:
        raise InvalidUndone(_("Write between 1 and %(n)s hours.") % {"n": MAX_HOURS})
    assignees.check_fields(value)
    to = Assignee(
        value.get("staff", ""),
        value.get("role", ""),
        value.get("without_role", assignees.WithoutRole.HOLD),
    )
    return Undone(value["do"], hours, to)
