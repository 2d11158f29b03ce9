"""What each verb of moderation answers to whom; the letters are those of `table`."""

from __future__ import annotations

M = "groups.moderation"
ANSWERS: dict[str, str] = {
    # Answers hold what the asker sees, of their own community.
    "rraaaaaaa": f"""
        {M}.appeals.list_open
        {M}.appeals.list_visible
        {M}.appeals.median_answer_time
        {M}.cases.count_queue
        {M}.cases.list_queue
        {M}.cases.list_visible
        {M}.ladders.list_all
        {M}.mass_actions.list_visible
        {M}.mass_actions.list_waiting
        {M}.moderation_settings.get
        {M}.moderation_settings.list_group_modes
        {M}.precision.list_dropped
        {M}.precision.of_rules
        {M}.precision.recall
        {M}.rules.list_all
        {M}.safety_stops.list_active
    """,
    # About a thing of the whole community.
    "rraaaaana": f"""
        {M}.ladders.get
        {M}.rules.get
    """,
    # About a group.
    "rraaaanna": f"""
        {M}.doors.close
        {M}.doors.open_now
        {M}.pasted_messages.judge
        {M}.safety_stops.get
    """,
    # About a member.
    "rraaanana": f"""
        {M}.cases.list_of_member
    """,
    # About a member in a group.
    "rraaannna": f"""
        {M}.appeals.answer
        {M}.appeals.get
        {M}.case_decisions.confirm
        {M}.case_decisions.dismiss
        {M}.case_decisions.reopen
        {M}.case_decisions.undo
        {M}.cases.get
        {M}.cases.list_context
        {M}.mass_actions.request
        {M}.member_reports.list_of
        {M}.pasted_messages.find_listed
    """,
    # It names members whom a scope hides.
    "rraaannnn": f"""
        {M}.mass_actions.approve
        {M}.mass_actions.get
        {M}.mass_actions.refuse
    """,
    # An entry of the blacklist is for every group.
    "rraaannnr": f"""
        {M}.pasted_messages.remove
    """,
    "rraaarrnr": f"""
        {M}.shadow_runs.list_hits
    """,
    # Rules and limits are of the whole community.
    "rrraarrnr": f"""
        {M}.ladders.create
        {M}.ladders.remove
        {M}.ladders.update
        {M}.mass_actions.request_undo
        {M}.moderation_settings.set_group_mode
        {M}.moderation_settings.update
        {M}.rules.archive
        {M}.rules.create
        {M}.rules.set_mode
        {M}.rules.update
        {M}.safety_stops.end
        {M}.shadow_runs.preview
        {M}.shadow_runs.run
    """,
}
