"""What each verb of moderation answers to whom; the letters are those of `table`."""

from __future__ import annotations

M = "groups.moderation"
ANSWERS: dict[str, str] = {
    # Answers hold what the asker sees, of their own community.
    "rraaaaaaa": f"""
        {M}.staff_decisions.appeals.list_open
        {M}.staff_decisions.appeals.list_visible
        {M}.staff_decisions.appeals.median_answer_time
        {M}.cases.cases.count_queue
        {M}.cases.cases.list_queue
        {M}.cases.cases.list_visible
        {M}.ladders.ladders.list_all
        {M}.staff_decisions.mass_actions.list_visible
        {M}.staff_decisions.mass_actions.list_waiting
        {M}.moderation_settings.get
        {M}.moderation_settings.list_group_modes
        {M}.cases.precision.list_dropped
        {M}.cases.precision.of_rules
        {M}.cases.precision.recall
        {M}.rules.rules.list_all
        {M}.actions.safety_stops.list_active
    """,
    # About a thing of the whole community.
    "rraaaaana": f"""
        {M}.ladders.ladders.get
        {M}.rules.rules.get
    """,
    # About a group.
    "rraaaanna": f"""
        {M}.doors.close
        {M}.doors.open_now
        {M}.judgements.pasted_messages.judge
        {M}.actions.safety_stops.get
    """,
    # About a member.
    "rraaanana": f"""
        {M}.cases.cases.list_of_member
    """,
    # About a member in a group.
    "rraaannna": f"""
        {M}.staff_decisions.appeals.answer
        {M}.staff_decisions.appeals.get
        {M}.staff_decisions.case_decisions.confirm
        {M}.staff_decisions.case_decisions.dismiss
        {M}.staff_decisions.case_decisions.reopen
        {M}.staff_decisions.case_decisions.undo
        {M}.cases.cases.get
        {M}.cases.cases.list_context
        {M}.staff_decisions.mass_actions.request
        {M}.cases.member_reports.list_of
        {M}.judgements.pasted_messages.find_listed
    """,
    # It names members whom a scope hides.
    "rraaannnn": f"""
        {M}.staff_decisions.mass_actions.approve
        {M}.staff_decisions.mass_actions.get
        {M}.staff_decisions.mass_actions.refuse
    """,
    # An entry of the blacklist is for every group.
    "rraaannnr": f"""
        {M}.judgements.pasted_messages.remove
    """,
    "rraaarrnr": f"""
        {M}.rules.shadow_runs.list_hits
    """,
    # Rules and limits are of the whole community.
    "rrraarrnr": f"""
        {M}.ladders.ladders.create
        {M}.ladders.ladders.remove
        {M}.ladders.ladders.update
        {M}.staff_decisions.mass_actions.request_undo
        {M}.moderation_settings.set_group_mode
        {M}.moderation_settings.update
        {M}.rules.rules.archive
        {M}.rules.rules.create
        {M}.rules.rules.set_mode
        {M}.rules.rules.update
        {M}.actions.safety_stops.end
        {M}.rules.shadow_runs.preview
        {M}.rules.shadow_runs.run
    """,
}
