"""What staff decide about a finding: it is dismissed, or they act on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import community_days, errors, names, permissions, text_validation
from qunce.core.facts import facts
from qunce.insight.findings import daily
from qunce.insight.findings.actions import ACTIONS
from qunce.insight.findings.finding import Finding
from qunce.insight.findings.models import (
    MAX_REASON,
    STATES,
    Decided,
    FindingDecision,
    State,
)
from qunce.insight.findings.outcomes import Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

DECIDE = permissions.declare(
    "findings.decide",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("dismiss findings and act on them"),
)


@dataclass(frozen=True, kw_only=True)
class FindingFact(facts.FactKind):
    """`decision` is the id of the decision; what was found is not repeated."""

    labels = {
        "decision": gettext_lazy("number of the decision"),
        "metric": gettext_lazy("metric"),
        "action": gettext_lazy("action"),
    }
    decision: int
    metric: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class FindingDismissed(FindingFact):
    kind = "finding.dismissed"
    label = gettext_lazy("finding dismissed")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class FindingActed(FindingFact):
    kind = "finding.acted"
    label = gettext_lazy("finding acted on")
    action: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class FindingDecisionWithdrawn(FindingFact):
    kind = "finding.decision_withdrawn"
    label = gettext_lazy("decision about a finding withdrawn")


class FindingNotFound(errors.NotFound):
    """There is no such finding today, or staff do not see it."""


class DecisionNotFound(errors.NotFound):
    """There is no such decision, or it is about what staff do not see."""


class InvalidDecision(errors.Invalid):
    """A dismissal has no reason, or there is no such action."""


# Checks


def check_may_decide(by: Staff, decision: FindingDecision | None = None) -> None:
    """Raise NotAllowed without the permission, DecisionNotFound for a hidden decision."""
    permissions.check_may(by, DECIDE)
    if decision is None:
        return
    is_hidden = by.is_scoped and decision.view != daily.view_of(by)
    if decision.community_id != by.community_id or is_hidden:
        raise DecisionNotFound(_("There is no such decision."))


def may_decide(by: Staff) -> bool:
    return permissions.may(by, DECIDE)


def clean_reason(reason: str) -> str:
    """Raise InvalidDecision for an empty or a long reason."""
    reason = names.clean(reason)
    if not reason:
        raise InvalidDecision(_("Say why the finding is dismissed."))
    if len(reason) > MAX_REASON or not text_validation.is_valid(reason):
        raise InvalidDecision(
            _("A reason has at most %(most)s characters.") % {"most": MAX_REASON}
        )
    return reason


# Verbs


@transaction.atomic
def dismiss(
    *, community: Community, cell: str, reason: str, by: Staff, at: datetime
) -> FindingDecision:
    """Keep an open finding, and the same one of the next 14 days, away."""
    check_may_decide(by)
    permissions.check_community(by, community.pk)
    reason = clean_reason(reason)
    decision = _create(_find_open(cell, by, at), by, at, reason=reason)
    fact = FindingDismissed(decision=decision.pk, metric=decision.finding["metric"])
    facts.record(fact, community=community, by=by, at=at)
    return decision


@transaction.atomic
def act(
    *, community: Community, cell: str, action: str = "", by: Staff, at: datetime
) -> FindingDecision:
    """Record that somebody acts on an open finding; later reports say what came of it.

    The action is by default the one that the finding suggests.
    """
    check_may_decide(by)
    permissions.check_community(by, community.pk)
    finding = _find_open(cell, by, at)
    action = action or finding.action
    if action not in ACTIONS:
        raise InvalidDecision(
            _("There is no action “%(key)s”. Available: %(all)s.")
            % {"key": action[:40], "all": ", ".join(ACTIONS)}
        )
    decision = _create(finding, by, at, action=action)
    fact = FindingActed(
        decision=decision.pk, metric=decision.finding["metric"], action=action
    )
    facts.record(fact, community=community, by=by, at=at)
    return decision


@transaction.atomic
def withdraw(*, decision: FindingDecision, by: Staff, at: datetime) -> None:
    """Undo a decision: the finding is open again if it is still there."""
    check_may_decide(by, decision)
    STATES.transition(decision, "withdraw", changed_at=at)
    fact = FindingDecisionWithdrawn(
        decision=decision.pk, metric=decision.finding["metric"]
    )
    facts.record(fact, community=decision.community, by=by, at=at)


def _find_open(cell: str, by: Staff, at: datetime) -> Finding:
    found = daily.load(by=by, at=at)
    everything = (*found.all.findings, *found.all.others)
    decided = {finding.cell for finding in found.decided}
    for finding in everything:
        if finding.cell == cell and cell not in decided:
            return finding
    raise FindingNotFound(_("There is no such open finding today."))


def _create(
    finding: Finding, by: Staff, at: datetime, *, reason: str = "", action: str = ""
) -> FindingDecision:
    return FindingDecision.objects.create(
        community=by.community,
        decided=Decided.ACTED if action else Decided.DISMISSED,
        cell=finding.cell,
        group_key=finding.group,
        view=daily.view_of(by),
        finding=finding.to_json(),
        reason=reason,
        action=action,
        day=community_days.to_date(by.community.day(at)),
        decided_at=at,
        changed_at=at,
        by=by,
    )


# Reads


def list_visible(by: Staff) -> QuerySet[FindingDecision]:
    """The decisions about what `by` sees that were not withdrawn, the latest first."""
    return daily.list_decisions(by).filter(state=State.ACTIVE)


def get(*, by: Staff, pk: int) -> FindingDecision:
    for decision in daily.list_decisions(by).filter(pk=pk):
        return decision
    raise DecisionNotFound(_("There is no such decision."))


def finding_of(decision: FindingDecision) -> Finding:
    """What staff saw when they decided."""
    return Finding.from_json(decision.finding)


def outcome_of(decision: FindingDecision) -> Outcome | None:
    return None if decision.outcome is None else Outcome.from_json(decision.outcome)


def last_day_away(decision: FindingDecision) -> date:
    """The last day on which the same finding does not come back."""
    return decision.day + timedelta(days=daily.DAYS_AWAY - 1)


def to_json(decision: FindingDecision) -> dict[str, Any]:
    return {
        "id": decision.pk,
        "decided": decision.decided,
        "state": decision.state,
        "day": decision.day.isoformat(),
        "cell": decision.cell,
        "reason": decision.reason,
        "action": decision.action,
        "by": decision.by.login,
        "until": last_day_away(decision).isoformat(),
        "finding": decision.finding,
        "outcome": decision.outcome,
    }
