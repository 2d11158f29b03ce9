from __future__ import annotations

from qunce.insight.findings.models import FindingDecision, FindingReport
from qunce.insight.funnels.models import Funnel
from qunce.insight.goals.models import Goal, GoalResult
from qunce.insight.notebook.models import NotebookEntry
from qunce.insight.portraits.models import PersonaCard
from qunce.insight.positioning.models import PositioningVersion
from qunce.insight.reports.models import Report, ReportSubscribers
from qunce.insight.typed_numbers.models import Reminder, TypedNumber
from qunce.insight.words.models import WordDay, WordSettings

__all__ = [
    "FindingDecision",
    "FindingReport",
    "Funnel",
    "Goal",
    "GoalResult",
    "NotebookEntry",
    "PersonaCard",
    "PositioningVersion",
    "Reminder",
    "Report",
    "ReportSubscribers",
    "TypedNumber",
    "WordDay",
    "WordSettings",
]
