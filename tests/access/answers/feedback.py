"""What verbs of complaints, the inbox, wishes and digests answer to whom, as in `answers`."""

from __future__ import annotations

C, W, R = "groups.complaints", "groups.wishes.wishes", "outreach.replies"
Q = "groups.message_quotes"
ANSWERS: dict[str, str] = {
    # Without the permission there is nothing to see.
    "aaaaaaaaa": f"""
        {C}.escalation.list_late_of_others
        {C}.escalation.list_own
        {C}.escalation.list_unowned
        {C}.order_links.find
        {Q}.load
        {R}.conversations.list_late_of_others
        {R}.conversations.list_own
    """,
    "aaaaanana": f"""
        {C}.order_links.list_latest
    """,
    "raaaaaaaa": f"""
        {W}.list_counted
    """,
    # The wish is everybody's; of its voices, they see those of members whom they see.
    "raaaaaana": f"""
        {W}.get
        {W}.list_people
        {W}.list_voices
    """,
    "rraaaaaaa": f"""
        {C}.complaint_list.list_visible
        {C}.complaint_list.select
        {Q}.list_around
        {Q}.list_direct
        {Q}.list_of_day
        {R}.conversations.list_visible
        {R}.conversations.select
        {R}.reply_rules.list_all
        {R}.reply_rules.try_texts
        {R}.similar_questions.find
    """,
    "rraaaaana": f"""
        {W}.change_state
        {W}.create
        {W}.merge
        {W}.separate
        {W}.update
        {R}.reply_rules.get
    """,
    "rraaaanna": """
        groups.digests.group_digests.load
    """,
    "rraaanana": f"""
        {C}.complaints.create
        {W}.add_voice
        {W}.remove_voice
    """,
    # About a hidden member in a hidden group.
    "rraaannna": f"""
        {C}.complaint_list.get
        {C}.complaint_list.list_messages
        {C}.complaint_list.list_notes
        {C}.complaints.add_note
        {C}.complaints.answer
        {C}.complaints.assign
        {C}.complaints.attach
        {C}.complaints.close
        {C}.complaints.reopen
        {C}.complaints.start
        {C}.complaints.update
        {C}.ratings.rate
        {Q}.get
        {R}.answers.get
        {R}.answers.mark_elsewhere
        {R}.answers.send
        {R}.answers.undo
        {R}.conversations.assign
        {R}.conversations.close
        {R}.conversations.get
        {R}.conversations.reopen
        {R}.threads.load
    """,
    "rrraarrnr": f"""
        {C}.complaint_settings.change
        {R}.reply_rules.archive
        {R}.reply_rules.create
        {R}.reply_rules.move
        {R}.reply_rules.switch
        {R}.reply_rules.update
        {R}.reply_settings.change
    """,
    # Whoever sees none of those who asked has nobody to answer.
    "rrraaxana": """
        outreach.wish_answers.draft
    """,
}
