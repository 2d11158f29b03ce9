"""Facts about runs of playbooks."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core.facts import facts


@facts.declare
@dataclass(frozen=True, kw_only=True)
class RunStarted(facts.FactKind):
    """`playbook` is the key of the playbook, `number` counts the member’s runs in it."""

    kind = "run.started"
    label = gettext_lazy("playbook begun")
    labels = {
        "playbook": gettext_lazy("playbook"),
        "number": pgettext_lazy("run", "number"),
    }
    playbook: str
    number: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class StepLate(facts.FactKind):
    """Staff have not done a step in time; recorded once per step of a run."""

    kind = "run.step_late"
    label = gettext_lazy("step of a playbook late")
    labels = {
        "playbook": gettext_lazy("playbook"),
        "step": gettext_lazy("step"),
        "staff": gettext_lazy("staff"),
    }
    playbook: str
    step: str
    staff: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class StepHandedOver(facts.FactKind):
    """What staff had not done was given to somebody else; `staff` is who has it now."""

    kind = "run.step_handed_over"
    label = gettext_lazy("step of a playbook handed over")
    labels = {
        "playbook": gettext_lazy("playbook"),
        "step": gettext_lazy("step"),
        "staff": gettext_lazy("staff"),
    }
    playbook: str
    step: str
    staff: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class RunEnded(facts.FactKind):
    """`reason` is one of `actions.Ending`."""

    kind = "run.ended"
    label = gettext_lazy("playbook ended")
    labels = {"playbook": gettext_lazy("playbook"), "reason": gettext_lazy("reason")}
    playbook: str
    reason: str
