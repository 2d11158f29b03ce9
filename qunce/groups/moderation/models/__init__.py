"""All tables of moderation."""

from __future__ import annotations

from qunce.groups.moderation.models.actions import (
    Action,
    ActionState,
    MassAction,
    MassState,
)
from qunce.groups.moderation.models.cases import (
    CASE_STATES,
    Appeal,
    AppealState,
    Case,
    CaseSource,
    CaseState,
    MemberReport,
    Strike,
)
from qunce.groups.moderation.models.rules import (
    CheckState,
    GroupMode,
    Ladder,
    LearnedModel,
    Mode,
    ModerationSettings,
    Rule,
    RuleVersion,
    RuleWeek,
    Rung,
    SafetyStop,
    ShadowRun,
)

__all__ = [
    "CASE_STATES",
    "Action",
    "ActionState",
    "Appeal",
    "AppealState",
    "Case",
    "CaseSource",
    "CaseState",
    "CheckState",
    "GroupMode",
    "Ladder",
    "LearnedModel",
    "MassAction",
    "MassState",
    "MemberReport",
    "Mode",
    "ModerationSettings",
    "Rule",
    "RuleVersion",
    "RuleWeek",
    "Rung",
    "SafetyStop",
    "ShadowRun",
    "Strike",
]
