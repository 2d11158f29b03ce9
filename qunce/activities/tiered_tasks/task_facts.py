"""Kinds of facts about tiered tasks."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.activities.activities.activity_facts import LABELS
from qunce.core.facts import facts


@dataclass(frozen=True, kw_only=True)
class TierFact(facts.FactKind):
    """`tier` is its place in the task, from 1."""

    labels = {**LABELS, "tier": gettext_lazy("tier")}
    instead = gettext_lazy("Tiers are judged automatically, under Activities.")
    activity: int
    tier: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TierReached(TierFact):
    kind = "tier.reached"
    label = gettext_lazy("reached a tier of a task")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TierLost(TierFact):
    """Its rule does not hold any more, as after a refund."""

    kind = "tier.lost"
    label = gettext_lazy("lost a tier of a task")
