"""What each verb of outreach answers to whom; the letters are those of `table`."""

from __future__ import annotations

ANSWERS: dict[str, str] = {
    "raaaaanna": """
        outreach.group_templates.previews.compute
        outreach.group_templates.applications.get
    """,
    "raaaaaana": """
        outreach.group_templates.templates.visible_content
        outreach.group_templates.templates.list_versions
        outreach.group_templates.following.compare_followers
        outreach.group_templates.applications.list_results
        outreach.group_templates.applications.list_recent
    """,
    # Group templates, which staff with a scope see, too.
    "naaaaaana": """
        outreach.group_templates.templates.get
    """,
    "rraaarrar": """
        members.tag_rules.tag_rules.list_all
    """,
    "raaaarrar": """
        outreach.care.rules.list_all
        outreach.welcomes.welcomes.list_all
        outreach.welcomes.results.count_sent
        outreach.care.budgets.find
        outreach.care.forecast.list_coming
    """,
    # Answers hold what the asker sees, of their own community.
    "aaaaaaaaa": """
        outreach.group_templates.templates.list_visible
        outreach.group_templates.following.count_followers
        outreach.campaigns.content_uses.count_by_material
        outreach.campaigns.approvals.list_waiting
        outreach.campaigns.approvals.list_answered
        outreach.campaigns.campaigns.list_stopped
        outreach.campaigns.campaigns.list_visible
        outreach.contact_budget.consequences.count
        outreach.content.materials.library.list_visible
        outreach.content.materials.search.find
        outreach.content.message_templates.list_visible
        outreach.ideas.feeds.list_visible
        outreach.ideas.festivals.list_suggestions
        outreach.ideas.ideas.list_visible
        outreach.ideas.search.find
        outreach.hold_outs.hold_outs.list_held_out
        outreach.opt_outs.count_by_source
        outreach.playbooks.playbooks.list_all
        outreach.playbooks.results.list_troubled
        outreach.playbooks.staff_notices.list_open
        outreach.sending.assisted_messages.list_open
        outreach.sending.assisted_messages.open_due
        outreach.sending.campaign_tasks.list_late_of_others
        outreach.content_calendar.best_hours.load
        outreach.content_calendar.board.load
        outreach.sending.campaign_tasks.list_visible
        outreach.series.occurrences.list_gaps
        outreach.series.series.list_visible
        outreach.report_deliveries.deliveries.list_open
        outreach.tasks.staff_tasks.list_late_of_others
        outreach.tasks.staff_tasks.list_open_about
        outreach.tasks.staff_tasks.list_requests
        outreach.tasks.staff_tasks.list_visible
    """,
    # The same, about a thing that everybody in the community sees.
    "aaaaaaana": """
        outreach.campaigns.content_uses.list_template_results
        outreach.campaigns.content_uses.list_uses
        outreach.campaigns.content_uses.total_results
        outreach.content.materials.library.get
        outreach.content.message_templates.get
        outreach.ideas.feeds.get
        outreach.ideas.ideas.get
    """,
    # About a group.
    "aaaaaanna": """
        outreach.group_templates.following.find
        outreach.group_templates.following.compare_group
        outreach.content_calendar.moves.describe
        outreach.content_calendar.moves.find_time
        outreach.series.episodes.get
        outreach.series.episodes.list_waiting
        outreach.series.occurrences.list_upcoming
        outreach.series.results.count_occurrences
        outreach.series.results.count_weeks
        outreach.series.series.get
        outreach.series.series.list_groups
    """,
    # About a member, or an order, note or batch of one.
    "aaaaanana": """
        outreach.care.forecast.list_next
        outreach.service_styles.explanations.find_style
        outreach.welcomes.explanations.why
        outreach.playbooks.explanations.list_of_member
    """,
    # About a campaign; staff with a scope see their own.
    "aaaaannna": """
        outreach.campaigns.audience_plan.build
        outreach.campaigns.campaigns.get
        outreach.campaigns.results.list_recipients
        outreach.links.link_results.list_results
    """,
    # A task of somebody else.
    "nnnaannna": """
        outreach.tasks.staff_tasks.get
        outreach.tasks.staff_tasks.get_request
        outreach.tasks.outcomes.hand_over
        outreach.sending.assisted_sending.hand_over
        outreach.sending.campaign_tasks.get
    """,
    "rrnnannnn": """
        outreach.sending.assisted_messages.mark_failed
        outreach.playbooks.staff_notices.mark_done
        outreach.sending.assisted_messages.mark_sent
    """,
    # Playbooks are of the whole community.
    "naaaannnn": """
        outreach.playbooks.playbooks.get
        outreach.playbooks.playbooks.get_by_key
    """,
    "raaaarrnr": """
        outreach.welcomes.welcomes.get
        outreach.welcomes.results.list_results
        outreach.welcomes.playbook_overlap.list_welcomes
        outreach.welcomes.explanations.preview
        outreach.care.rules.get
        outreach.care.results.count
        outreach.care.forecast.list_coming_of
        outreach.care.results.list_days
        outreach.care.results.list_occasions
        outreach.playbooks.explanations.why
        outreach.playbooks.results.count
        outreach.playbooks.variant_results.measure
        outreach.playbooks.results.list_runs
    """,
    "rraaarrnr": """
        members.tag_rules.conflicts.list_conflicts
        members.tag_rules.previews.dry_run
        members.tag_rules.previews.explain
        members.tag_rules.runs.get
        members.tag_rules.runs.list_runs
        members.tag_rules.tag_rules.get
        members.tag_rules.tag_rules.get_by_name
        outreach.care.rules.create
        outreach.care.rules.update
        outreach.care.rules.start
        outreach.care.rules.stop
        outreach.care.rules.archive
        outreach.care.rules.restore
        outreach.streak_reminders.draft
        outreach.survey_requests.draft
        outreach.playbooks.playbooks.create
        outreach.playbooks.playbooks.delete
        outreach.playbooks.playbooks.duplicate
        outreach.playbooks.playbooks.update
        outreach.playbooks.rehearsal.preview_start
        outreach.playbooks.rehearsal.rehearse
        outreach.playbooks.lifecycle.close
        outreach.playbooks.lifecycle.pause
        outreach.playbooks.lifecycle.resume
        outreach.playbooks.lifecycle.settle_stale
        outreach.playbooks.lifecycle.stop
        outreach.playbooks.lifecycle.switch_on
    """,
    # A view of somebody else that is not shared.
    "nnnnannnn": """
        outreach.playbooks.staff_notices.get
        outreach.sending.assisted_messages.get
    """,
    "rraaaaaaa": """
        outreach.content.files.store
        outreach.ideas.festivals.add_idea
    """,
    # Managers, who give others work.
    "rrraaaana": """
        outreach.group_templates.applications.undo
        outreach.ideas.assignment.assign
    """,
    # Operators and managers; the rules name what they see.
    "rraaaaana": """
        outreach.campaigns.campaigns.create
        outreach.content.materials.library.archive
        outreach.content.materials.library.create
        outreach.content.materials.library.restore
        outreach.content.materials.library.update
        outreach.ideas.archive.archive
        outreach.ideas.assignment.unassign
        outreach.ideas.archive.restore
        outreach.ideas.feeds.add
        outreach.ideas.feeds.fetch_soon
        outreach.ideas.feeds.pause
        outreach.ideas.feeds.remove
        outreach.ideas.feeds.resume
        outreach.ideas.feeds.update
        outreach.ideas.idea_materials.make_material
        outreach.ideas.ideas.create
        outreach.ideas.ideas.move
        outreach.ideas.ideas.update
        outreach.ideas.pasted_links.paste
        outreach.ideas.pasted_links.read_again
        outreach.content.message_templates.archive
        outreach.content.message_templates.create
        outreach.content.message_templates.restore
        outreach.content.message_templates.update
    """,
    # Operators and managers, in a group that they see.
    "rraaaanna": """
        outreach.content_calendar.moves.move
        outreach.series.episodes.add
        outreach.series.episodes.delete
        outreach.series.episodes.move
        outreach.series.episodes.update
        outreach.series.occurrences.move
        outreach.series.occurrences.restore
        outreach.series.occurrences.skip
        outreach.series.series.archive
        outreach.series.series.create
        outreach.series.series.pause
        outreach.series.series.set_group
        outreach.series.series.start
        outreach.series.series.update
    """,
    # Operators and managers, about members whom they see.
    "rraaanana": """
        outreach.opt_outs.opt_in
        outreach.opt_outs.opt_out
    """,
    # Operators and managers, about members and groups, or a campaign, that they see.
    "rraaannna": """
        outreach.campaigns.approvals.submit
        outreach.campaigns.approvals.withdraw
        outreach.campaigns.campaigns.duplicate
        outreach.campaigns.campaigns.pause
        outreach.campaigns.campaigns.resume
        outreach.campaigns.campaigns.schedule
        outreach.campaigns.campaigns.unschedule
        outreach.campaigns.campaigns.update
        outreach.campaigns.launch.cancel
        outreach.campaigns.launch.start
        outreach.campaigns.review.build
    """,
    # A task that belongs to the owner.
    "rrnxannna": """
        outreach.tasks.outcomes.attach_proof
        outreach.tasks.outcomes.finish
        outreach.tasks.outcomes.record
        outreach.tasks.outcomes.undo
        outreach.sending.assisted_sending.mark_failed
        outreach.sending.assisted_sending.mark_sent
        outreach.sending.assisted_sending.open_next
        outreach.sending.assisted_sending.undo
    """,
    # Managers, a group that they see.
    "rrraaanna": """
        outreach.group_templates.following.pin
        outreach.group_templates.following.unfollow
        outreach.group_templates.applications.apply
    """,
    "rrraaarna": """
        outreach.group_templates.new_groups.plan
        outreach.group_templates.new_groups.create
    """,
    "rrraannna": """
        outreach.campaigns.results.export_recipients
    """,
    # Managers who see everything, of their own community.
    "rrraarrar": """
        outreach.service_styles.styles.list_all
        outreach.service_styles.explanations.overview
    """,
    # Managers who see everything.
    "rrraarrnr": """
        outreach.group_templates.templates.create
        outreach.group_templates.templates.copy_setup
        outreach.group_templates.templates.update
        outreach.group_templates.templates.archive
        outreach.group_templates.templates.restore
        outreach.playbooks.excluded_groups.set_excluded
        outreach.content_calendar.limits.update
        outreach.care.budgets.set_amount
        outreach.care.budgets.get_occasion
        outreach.care.budgets.release
        outreach.playbooks.lifecycle.publish
        outreach.campaigns.approvals.set_from_size
        outreach.contact_budget.policies.set_zone_attribute
        outreach.contact_budget.policies.update
        outreach.service_styles.rules.update
        outreach.service_styles.styles.create
        outreach.service_styles.styles.create_usual
        outreach.service_styles.styles.delete
        outreach.service_styles.styles.get
        outreach.service_styles.styles.update
        outreach.welcomes.time_limits.update
        outreach.welcomes.welcomes.archive
        outreach.welcomes.welcomes.create
        outreach.welcomes.welcomes.move
        outreach.welcomes.welcomes.set_group
        outreach.welcomes.welcomes.switch_off
        outreach.welcomes.welcomes.switch_on
        outreach.welcomes.welcomes.update
        outreach.hold_outs.hold_outs.update
    """,
    "rrraaaaxa": """
        outreach.tasks.requests.create
    """,
    # Nobody approves what they wrote or submitted themselves.
    "rrraxnnnx": """
        outreach.campaigns.approvals.approve
        outreach.campaigns.approvals.reject
    """,
    # The campaign is sent by hand, so there is no test.
    "rrxxxnnnx": """
        outreach.campaigns.test_sends.send
    """,
    "rrnaannna": """
        outreach.tasks.requests.cancel
    """,
}
