"""What each verb answers to whom.

There is a letter for each of ROLES: `a` allowed, `r` refused, `n` not found, and `x` for
a refusal that has nothing to do with who asks. Members, groups, orders and the like are
those that the scope hides, except for "within", a manager with a scope who tries what
they see.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.access import (
    activities_table,
    feedback_table,
    group_people_table,
    moderation_table,
    outreach_table,
    points_table,
    prizes_table,
)

ROLES = (
    "gone",
    "viewer",
    "operator",
    "manager",
    "owner",
    "scoped",
    "limited",
    "stranger",
    "within",
)

ANSWERS: dict[str, str] = {
    # Nobody here has bought for half a year; tests/insight has whom an estimate counts.
    "xxxxxxxxx": """
        insight.lifetime_value.estimates.estimate
    """,
    # Answers hold what the asker sees, of their own community.
    "aaaaaaaaa": """
        groups.staff_lists.list_people
        insight.breakdowns.list_choices
        insight.breakdowns.load_parts
        insight.findings.daily.load
        insight.findings.decisions.list_visible
        insight.reports.reports.list_visible
        insight.reports.subscribers.list_new
        insight.funnels.definitions.parse
        insight.funnels.funnels.list_visible
        insight.funnels.results.compare
        insight.funnels.results.compute
        insight.funnels.results.find_people
        insight.portraits.completeness.load
        insight.portraits.portraits.list_choices
        insight.portraits.portraits.load
        insight.goals.goals.find_owner
        insight.goals.goals.list_overlapping
        insight.goals.goals.list_owners
        insight.goals.goals.list_visible
        insight.positioning.hook_results.list_results
        insight.positioning.circles.list_counts
        insight.positioning.sheets.list_versions
        insight.positioning.view_changes.default_span
        insight.positioning.view_changes.list_choices
        insight.notebook.notebook.find
        insight.notebook.notebook.list_tags
        insight.notebook.notebook.list_visible
        insight.notebook.notebook.load_benchmarks
        insight.retained_members.compute
        insight.retained_members.default_span
        insight.retained_members.find_people
        insight.retention.compare
        insight.retention.compute
        insight.retention.find_people
        insight.staff_performance.performance.compute
        insight.staff_performance.performance.default_span
        insight.staff_performance.performance.load
        insight.staff_performance.visibility.list_all
        insight.scores.distributions.parse_day
        insight.touches.compute
        insight.touches.default_span
        insight.touches.find_people
        groups.visibility.list_visible
        members.layers.assignment.preview_sizes
        members.scores.scores.visible_spec
        members.people.named_members.find_all
        members.people.notes.list_open_until
        members.people.visibility.filter_visible
        members.people.visibility.list_visible
        members.people.visibility.visible_people
        members.saved_views.saved_views.layout_of
        members.saved_views.saved_views.list_for
        members.saved_views.saved_views.set_layout
        members.search.member_list.find_people
        members.search.member_list.get_page
        members.search.search.find
        members.search.search.suggest
        members.tags.assignments.list_batches
        members.tags.assignments.list_batches_of_tag
        sales.order_list.sales
        sidebar.member_search.suggest
    """,
    # The same, for all who may see words.
    "raaaaaaaa": """
        insight.words.topics.compute
    """,
    # About a thing that everybody in the community sees.
    "aaaaaaana": """
        core.staff.roles.get
        core.staff.staff.get
        core.staff.staff.get_by_login
        insight.breakdowns.find_part
        insight.portraits.persona_cards.find
        insight.portraits.portraits.parse_subject
        insight.metrics.compute_for_community
        insight.notebook.notebook.get
        insight.positioning.sheets.get_version
        insight.metrics.sales_left_out
        insight.period_comparison.compare_community
        insight.scores.distributions.compare
        insight.scores.distributions.compute
        members.layers.moves.compare
        members.layers.moves.list_people
        members.layers.moves.moves_since
        members.segments.segments.count
        sets.audiences.compile_rule
        sets.audiences.count
        sets.audiences.count_uncounted
        sets.audiences.funnel
        sets.audiences.list_ids
        sets.audiences.overlap
        sets.audiences.people
        sets.audiences.people_by_rule
        sets.set_sizes.count_by_ref
        sets.set_sizes.count_further_marks
        sets.set_sizes.count_in_any
    """,
    "aaaaaaaxa": """
        insight.positioning.view_changes.compare
        members.staff_in_charge.assignments.count_members
    """,
    # About a group.
    "aaaaaanna": """
        insight.goals.goals.get
        insight.goals.progress.load
        insight.goals.progress.load_all
        insight.goals.results.find_change
        groups.groups.ensure
        groups.memberships.count_members
        groups.memberships.count_uncounted
        groups.memberships.list_members
        groups.memberships.list_members_with_role
        groups.visibility.get
        insight.funnels.funnels.get
        insight.metrics.compute_for_groups
        insight.typed_numbers.evenings.load
        insight.typed_numbers.evenings.load_days
        insight.typed_numbers.evenings.load_latest
        insight.typed_numbers.measured.find
        insight.typed_numbers.measured.list_ids
        insight.typed_numbers.reminders.list_missing
        insight.typed_numbers.typed_numbers.list_history
        insight.typed_numbers.typed_numbers.load
        insight.metrics.count_span
        insight.peak_hours.count
        insight.period_comparison.compare_group
    """,
    # About a member, or an order, note or batch of one.
    "aaaaanana": """
        groups.staff_lists.get_person
        members.people.named_members.get_by_key
        members.people.named_members.get_by_references
        members.people.notes.get
        members.people.visibility.get
        sidebar.member_sidebar.load
        members.tags.assignments.get_batch
        sales.order_list.get
        sales.order_list.page
        sales.order_list.totals
        sets.audiences.explain
    """,
    # Staff with a scope cannot ask who is there.
    "aaaaaranr": """
        members.accounts.accounts.ensure
        members.accounts.resolver.find_or_create
        members.accounts.resolver.find_or_create_all
    """,
    # A job of somebody else.
    # Managers see other staff, those with a scope included.
    "nnnaaaana": """
        insight.staff_performance.lists.find_staff
        insight.staff_performance.visibility.get
    """,
    "nnnaannnn": """
        members.tags.bulk.get
    """,
    # A view of somebody else that is not shared.
    "nnnnannnn": """
        members.saved_views.saved_views.get
    """,
    "rraaaaaaa": """
        members.saved_views.saved_views.save
    """,
    # About numbers of the whole community, which staff with limits do not see.
    "aaaaannnn": """
        insight.findings.decisions.get
        insight.reports.reports.find_changes
        insight.reports.reports.get
    """,
    "rraaannnn": """
        insight.findings.decisions.act
        insight.findings.decisions.dismiss
        insight.findings.decisions.withdraw
    """,
    # Operators and managers; the rules name what they see.
    "rraaaaana": """
        insight.funnels.funnels.create
        insight.reports.reports.create
        insight.notebook.notebook.archive
        insight.notebook.notebook.create
        insight.notebook.notebook.restore
        insight.notebook.notebook.update
        insight.portraits.persona_cards.remove
        insight.portraits.persona_cards.save
        members.segments.frozen.freeze
        members.segments.segments.archive
        members.segments.segments.create
        members.segments.segments.restore
        members.segments.segments.update
        members.segments.watches.start
        members.segments.watches.stop
    """,
    # Operators and managers, in a group that they see.
    "rraaaanna": """
        groups.memberships.undo_addition
        insight.typed_numbers.typed_numbers.save
        insight.funnels.funnels.archive
        insight.funnels.funnels.restore
        insight.funnels.funnels.update
    """,
    # Operators and managers, about members whom they see.
    "rraaanana": """
        ingest.record_facts
        members.accounts.accounts.leave
        members.accounts.accounts.rejoin
        members.accounts.accounts.update
        members.attributes.attributes.set_values
        members.consents.consents.record
        members.people.notes.create
        members.people.people.merge
        members.people.people.undo_merge
        members.personal_links.links.list_of_member
        members.personal_links.links.make
        members.personal_links.links.revoke
        members.personal_links.links.revoke_member
        members.personal_links.sign_in_codes.confirm
        members.personal_links.sign_in_codes.make
        members.staff_in_charge.assignments.assign
        members.staff_in_charge.hand_overs.create
        members.staff_in_charge.hand_overs.get
        members.staff_in_charge.hand_overs.undo
        members.tags.assignments.apply
        members.tags.assignments.change_depth
        members.tags.assignments.deepen
        members.tags.assignments.remove
        members.tags.assignments.set_depths
        members.tags.assignments.undo
        members.tags.bulk.start
        sales.orders.amend
        sales.orders.refund
        sales.orders.refund_order
        sales.orders.refund_up_to
    """,
    # The seen member has no such phone; nobody with a scope records new orders.
    "rraaanann": """
        members.people.corrections.correct
        sales.orders.record_payment
    """,
    "rraaananx": """
        members.people.people.unmerge
    """,
    # Operators and managers, about members and groups, or a campaign, that they see.
    "rraaannna": """
        groups.groups.add_members
        groups.groups.remove_members
        groups.memberships.add_again
        groups.memberships.change_role
    """,
    # Staff with a scope add no members.
    "rraaarnnr": """
        insight.goals.goals.archive
        insight.goals.goals.restore
        insight.goals.goals.update
    """,
    "rraaaranr": """
        insight.goals.goals.create
        members.accounts.accounts.add_identifier
        members.accounts.accounts.create
        members.accounts.resolver.create
    """,
    # The number of members that was confirmed is not that of what they see.
    "rraaaxaxx": """
        members.staff_in_charge.hand_overs.create_by_rule
    """,
    # Exports hold what the asker sees.
    "rrraaaaaa": """
        members.personal_links.erasure_requests.list_open
        members.search.export.begin
        members.search.export.start
        members.search.list_export.start
        sales.order_export.start
    """,
    # Managers, a group that they see.
    "rrraaanna": """
        groups.groups.change_stage
        groups.groups.update
    """,
    "rrraanrna": """
        members.people.person_export.export
    """,
    "rrraaarna": """
        groups.groups.create
    """,
    # Managers, about members whom they see.
    "rrraanana": """
        members.people.notes.reopen
        members.people.notes.update
        members.people.people.erase
        members.personal_links.erasure_requests.carry_out
        members.personal_links.erasure_requests.decline
        members.personal_links.erasure_requests.get
        members.people.staff_accounts.mark
        members.people.staff_accounts.unmark
    """,
    "rrraananx": """
        members.people.notes.complete
    """,
    # Managers who see everything; the server calls no address of this machine.
    "rrrxxrrnr": """
        channels.accounts.accounts.connect
        channels.accounts.invitations.accept
        channels.accounts.invitations.refuse
    """,
    # Managers who see everything, of their own community.
    "rrraarrar": """
        channels.accounts.accounts.list_accounts
        channels.accounts.missed_messages.list_open
        channels.webhooks.endpoints.list_endpoints
        core.staff.entry_links.list_all
        members.personal_links.page_views.list_results
        core.staff.roles.create
        core.staff.staff.add
        core.staff.staff.require_two_factor
        importing.jobs.jobs.find_or_create
        insight.reports.subscribers.list_all
        outreach.report_deliveries.deliveries.list_latest
        insight.reports.subscribers.list_choices
        importing.jobs.uploads.accept
    """,
    # Managers who see everything.
    "rrraarrnr": """
        members.personal_links.links.revoke_purpose
        members.personal_links.portal_settings.configure
        insight.positioning.sheets.restore
        insight.positioning.sheets.save
        channels.webhooks.deliveries.retry
        channels.webhooks.deliveries.send_test
        channels.accounts.accounts.change_limit
        channels.accounts.accounts.disconnect
        channels.accounts.accounts.get
        channels.accounts.invitations.ask_first
        channels.accounts.invitations.list_of
        channels.accounts.missed_messages.get
        channels.accounts.missed_messages.note
        channels.webhooks.endpoints.create
        channels.webhooks.endpoints.delete
        channels.webhooks.endpoints.get
        channels.webhooks.endpoints.pause
        channels.webhooks.endpoints.renew_secret
        channels.webhooks.endpoints.resume
        channels.webhooks.endpoints.update
        core.exchange_rates.remove
        core.exchange_rates.remove_all
        core.exchange_rates.set_rate
        insight.reports.consequences.list_all
        insight.reports.report_settings.change
        insight.reports.subscribers.set_subscribers
        insight.typed_numbers.reminders.set_hour
        channels.inbox.retry
        core.jobs.job_queue.retry
        core.staff.api_keys.create
        core.staff.entry_links.create
        core.staff.entry_links.get
        core.staff.entry_links.revoke
        core.staff.passwords.set_temporary
        core.staff.provider_accounts.unlink
        core.staff.roles.delete
        core.staff.roles.update
        core.staff.staff.deactivate
        core.staff.staff.reactivate
        core.staff.staff.update
        core.staff.two_factor.disable
        core.staff.units.close
        core.staff.units.create
        core.staff.units.reopen
        core.staff.units.update
        importing.background_imports.plan_upload
        importing.background_imports.resume
        importing.background_imports.retry
        importing.background_imports.start
        importing.jobs.error_report.log_download
        importing.jobs.jobs.cancel
        importing.jobs.jobs.resume
        importing.jobs.jobs.start
        importing.jobs.join_report.load
        importing.jobs.uploads.change_options
        importing.jobs.uploads.discard
        importing.jobs.uploads.select_sheet
        importing.jobs.uploads.set_options
        importing.pipeline.plan
        importing.plan_review.review
        members.accounts.identity_settings.update
        members.accounts.placeholders.add
        members.accounts.placeholders.delete
        members.attributes.attributes.define
        members.attributes.attributes.update
        members.attributes.type_change_jobs.get
        members.attributes.type_change_jobs.start
        members.attributes.type_changes.change_type
        members.attributes.type_changes.preview
        insight.scores.previews.preview
        members.scores.scores.create
        members.scores.scores.delete
        members.scores.scores.update
        members.layers.layers.archive
        members.layers.layers.create
        members.layers.layers.recompute
        members.layers.layers.restore
        members.layers.layers.update
        insight.words.word_settings.change
        members.message_texts.message_texts.set_retention
        members.people.remark_names.set_pattern
        members.people.shared_identifiers.unmark
        members.tag_rules.activation.activate
        members.tag_rules.runs.run
        members.tag_rules.runs.undo
        members.tag_rules.tag_rules.archive
        members.tag_rules.tag_rules.create
        members.tag_rules.tag_rules.move
        members.tag_rules.tag_rules.pause
        members.tag_rules.tag_rules.restore
        members.tag_rules.tag_rules.start
        members.tag_rules.tag_rules.update
        members.tags.deepening.set_kinds
        members.tags.duplicates.dismiss
        members.tags.groups.create
        members.tags.groups.update
        members.tags.library.add_synonym
        members.tags.library.archive
        members.tags.library.create
        members.tags.library.ensure
        members.tags.library.move
        members.tags.library.remove_synonym
        members.tags.library.restore
        members.tags.library.set_levels
        members.tags.library.set_owner
        members.tags.library.update
        members.tags.merges.merge
        members.tags.templates.apply
    """,
    # An account that is linked with the owner.
    "rrrnarrnr": """
        core.staff.linked_accounts.unlink
    """,
    "rrrnnrrnr": """
        members.accounts.suppression.lift
    """,
    # A key of the owner.
    "rrrrarrnr": """
        core.staff.api_keys.revoke
    """,
    "rrrrarrrr": """
        members.saved_views.saved_views.delete
    """,
    "rrrxxrrxr": """
        importing.undo.undos.start
    """,
}


def answers() -> Iterator[tuple[str, str]]:
    """Each verb with its letters."""
    tables = (
        activities_table.ANSWERS,
        ANSWERS,
        feedback_table.ANSWERS,
        group_people_table.ANSWERS,
        outreach_table.ANSWERS,
        moderation_table.ANSWERS,
        points_table.ANSWERS,
        prizes_table.ANSWERS,
    )
    for letters, verbs in (row for table in tables for row in table.items()):
        for verb in verbs.split():
            yield verb, letters
