"""What follows from facts of moderation: notices, tasks by hand, answers to reporters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qunce.core.facts.fact_consumers import Reaction
from qunce.groups.moderation.actions import actions
from qunce.groups.moderation.cases import cases, member_reports
from qunce.groups.moderation.staff_decisions import appeals
from qunce.outreach.moderation_notices import hand_tasks, notices

REACTIONS: Mapping[str, Sequence[Reaction]] = {
    cases.CaseActed.kind: (notices.react_to_acted,),
    cases.CaseUndone.kind: (
        notices.react_to_undone,
        member_reports.answer_settled,
    ),
    cases.CaseConfirmed.kind: (member_reports.answer_settled,),
    cases.CaseDismissed.kind: (member_reports.answer_settled,),
    appeals.AppealOpened.kind: (notices.react_to_appeal_opened,),
    appeals.AppealAnswered.kind: (notices.react_to_appeal_answered,),
    member_reports.ReportAnswered.kind: (notices.react_to_report_answered,),
    actions.ActionNeedsStaff.kind: (hand_tasks.react,),
}
