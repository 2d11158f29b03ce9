"""What verbs of activities and check-ins answer to whom, as in `answers`."""

from __future__ import annotations

A, C, P = "activities.activities", "activities.check_ins", "activities.pasted_lines"
M = "outreach.activity_messages"
ANSWERS: dict[str, str] = {
    # Of the groups that the asker sees.
    "aaaaaaaaa": f"""
        {M}.count_by_state
        {M}.list_groups_not_posted
    """,
    "rraaaaaaa": f"""
        {A}.activities.find_last_lesson
        {A}.activities.list_unreviewed
        activities.eligibility.count_rules
        {A}.activities.list_visible
    """,
    "rraaaaana": f"""
        {M}.draft_campaign
    """,
    # An activity of a hidden group.
    "rraaaanna": f"""
        {A}.activities.change
        {A}.activities.create
        {A}.activities.get
        {A}.activities.note_campaign
        {A}.entries.list_visible
        {A}.lifecycle.cancel
        {A}.lifecycle.close
        {A}.lifecycle.keep
        {A}.lifecycle.pause
        {A}.lifecycle.reject
        {A}.lifecycle.resume
        {A}.lifecycle.review
        {A}.lifecycle.settle
        {A}.lifecycle.submit
        {C}.card_sales.list_bought
        {C}.check_ins.list_of_day
        {P}.list_unsure
        {P}.paste
        activities.announcements.announce
        activities.announcements.announce_again
        activities.eligibility.count
        activities.eligibility.list_people
        activities.kinds.base.rehearse
        activities.results.collect
    """,
    # Whoever wrote it needs a second person.
    "rraaxanna": f"""
        {A}.lifecycle.approve
    """,
    "rraaanana": f"""
        {C}.make_up_cards.grant
    """,
    # Of a line, the member who may have said it.
    "rraaannna": f"""
        {P}.answer
        {P}.get
        {C}.card_sales.buy
        {C}.card_sales.get
        {C}.card_sales.give_back
        {A}.entries.get
        {A}.entries.restore
        {A}.entries.strike_out
        {C}.check_ins.get
        {C}.check_ins.restore
        {C}.check_ins.strike_out
        activities.kinds.base.take_part
    """,
}
