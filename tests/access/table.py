"""What each verb answers to whom.

There is a letter for each of ROLES: `a` allowed, `r` refused, `n` not found, and `x` for
a refusal that has nothing to do with who asks. Members, groups, orders and the like are
those that the scope hides, except for "within", a manager with a scope who tries what
they see.
"""

from __future__ import annotations

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

FACTS = "records what a verb has done; refuses staff of another community"
FORMAT = "formats what the caller has loaded"
BULK = "a part of imports, whose start is checked"
GUARDED = "its callers check"
INTERNAL = {
    "core.facts.audit.insert": FACTS,
    "core.facts.audit.log": FACTS,
    "core.facts.fact_columns.record": FACTS,
    "core.facts.facts.record": FACTS,
    "core.facts.facts.record_for_accounts": FACTS,
    "core.facts.facts.record_many": FACTS,
    "core.facts.facts.record_occurrences": FACTS,
    "core.permissions.may": "a guard itself",
    "core.staff.linked_accounts.link": "takes a pair of staff, see tests/core",
    "core.staff.linked_accounts.part": GUARDED,
    "importing.plan.answers.remember": BULK,
    "ingest.fact_references.resolve_groups": "a part of reporting facts",
    "insight.group_numbers.load": "the groups are those of groups.visibility",
    "members.accounts.accounts.add_identifiers": BULK,
    "members.accounts.masking.contact": FORMAT,
    "members.accounts.masking.email": FORMAT,
    "members.accounts.masking.identifier": FORMAT,
    "members.accounts.masking.key": FORMAT,
    "members.accounts.masking.phone": FORMAT,
    "members.accounts.new_accounts.create": BULK,
    "members.attributes.attribute_texts.exact": FORMAT,
    "members.attributes.attribute_texts.is_masked": FORMAT,
    "members.attributes.attribute_texts.written": FORMAT,
    "members.people.corrections.remove": BULK,
    "members.people.identifier_merges.keep_apart": GUARDED,
    "members.people.identifier_merges.merge": GUARDED,
    "members.people.identifier_merges.unmerge": GUARDED,
    "members.people.merge_choices.apply": "a part of merging",
    "members.people.merge_choices.list_differences": GUARDED,
    "members.people.merge_choices.restore_name": "a part of merging",
    "members.people.merges.merge": GUARDED,
    "members.people.merges.unmerge": GUARDED,
    "members.people.remark_names.render_for": FORMAT,
    "members.people.removal.remove": "a part of undoing imports",
    "members.people.visibility.among": "a guard itself",
    "members.people.visibility.people_of_accounts": GUARDED,
    "members.search.member_list.load_rows": FORMAT,
    "members.search.member_list.sort": FORMAT,
    "members.staff_in_charge.assignments.prefer": "a part of merging",
    "members.staff_in_charge.assignments.write": GUARDED,
    "members.tags.assignments.create_batch": "a batch is empty",
    "members.tags.assignments.revert": GUARDED,
    "members.tags.assignments.revert_added": "a part of undoing imports",
    "members.tags.automatic.apply": "acts for the system",
    "members.tags.library.unmark_merged": "a part of undoing a batch",
    "members.tags.writer.restore_weights": "a part of undoing a batch",
    "outreach.campaigns.campaigns.transition": GUARDED,
    "outreach.campaigns.review.recipient_names": FORMAT,
    "sales.order_states.record": FACTS,
    "sales.order_undo.restore": "a part of undoing imports",
    "sets.rules.tree.compile_rule": "a guard itself",
    "sets.rules.tree.compile_scope": "a guard itself",
}
"""Functions that are no verbs of their own, and why."""

ANSWERS: dict[str, str] = {
    # Answers hold what the asker sees, of their own community.
    "aaaaaaaaa": """
        groups.staff_lists.list_people
        groups.visibility.list_visible
        members.layers.assignment.preview_sizes
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
        outreach.campaigns.campaigns.list_stopped
        outreach.campaigns.campaigns.list_visible
        outreach.sending.tasks.list_late_of_others
        outreach.sending.tasks.list_visible
        sales.order_list.sales
    """,
    # The same, about a thing that everybody in the community sees.
    "aaaaaaana": """
        core.staff.roles.get
        core.staff.staff.get
        core.staff.staff.get_by_login
        insight.metrics.compute_for_community
        insight.metrics.sales_left_out
        insight.period_comparison.compare_community
        members.layers.moves.list_people
        members.layers.moves.moves_since
        members.segments.segments.count
        sets.audiences.compile_rule
        sets.audiences.count
        sets.audiences.count_staff
        sets.audiences.funnel
        sets.audiences.list_ids
        sets.audiences.overlap
        sets.audiences.people
        sets.set_sizes.count_by_ref
    """,
    "aaaaaaaxa": """
        members.staff_in_charge.assignments.count_members
    """,
    # About a group.
    "aaaaaanna": """
        groups.groups.ensure
        groups.memberships.count_members
        groups.memberships.count_staff
        groups.memberships.list_members
        groups.memberships.list_members_with_role
        groups.visibility.get
        insight.metrics.compute_for_groups
        insight.period_comparison.compare_group
    """,
    # About a member, or an order, note or batch of one.
    "aaaaanana": """
        groups.staff_lists.get_person
        members.people.named_members.get_by_key
        members.people.named_members.get_by_references
        members.people.notes.get
        members.people.visibility.get
        members.tags.assignments.get_batch
        sales.order_list.get
        sales.order_list.page
        sales.order_list.totals
        sets.audiences.explain
    """,
    # About a campaign; staff with a scope see their own.
    "aaaaannna": """
        outreach.campaigns.audience_plan.build
        outreach.campaigns.campaigns.get
        outreach.campaigns.results.list_recipients
    """,
    # Staff with a scope cannot ask who is there.
    "aaaaaranr": """
        members.accounts.accounts.ensure
        members.accounts.resolver.find_or_create
        members.accounts.resolver.find_or_create_all
    """,
    # A task of somebody else.
    "nnnaannna": """
        outreach.sending.assisted_sending.hand_over
        outreach.sending.tasks.get
    """,
    # A job of somebody else.
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
    # Operators and managers; the rules name what they see.
    "rraaaaana": """
        members.segments.frozen.freeze
        members.segments.segments.archive
        members.segments.segments.create
        members.segments.segments.restore
        members.segments.segments.update
        outreach.campaigns.campaigns.create
    """,
    # Operators and managers, in a group that they see.
    "rraaaanna": """
        groups.memberships.undo_addition
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
        members.staff_in_charge.assignments.assign
        members.tags.assignments.apply
        members.tags.assignments.change_depth
        members.tags.assignments.deepen
        members.tags.assignments.remove
        members.tags.assignments.set_depths
        members.tags.assignments.undo
        members.tags.bulk.start
        outreach.opt_outs.opt_in
        outreach.opt_outs.opt_out
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
    # Staff with a scope add no members.
    "rraaaranr": """
        members.accounts.accounts.add_identifier
        members.accounts.accounts.create
        members.accounts.resolver.create
    """,
    # The number of members that was confirmed is not that of what they see.
    "rraaaxaxx": """
        members.staff_in_charge.assignments.hand_over
    """,
    # A task that belongs to the owner.
    "rrnxannna": """
        outreach.sending.assisted_sending.mark_failed
        outreach.sending.assisted_sending.mark_sent
        outreach.sending.assisted_sending.open_next
        outreach.sending.assisted_sending.undo
    """,
    # Exports hold what the asker sees.
    "rrraaaaaa": """
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
        members.people.staff_accounts.mark
        members.people.staff_accounts.unmark
    """,
    "rrraananx": """
        members.people.notes.complete
    """,
    "rrraannna": """
        outreach.campaigns.results.export_recipients
    """,
    # Managers who see everything, of their own community.
    "rrraarrar": """
        channels.webhooks.endpoints.list_endpoints
        core.staff.roles.create
        core.staff.staff.add
        core.staff.staff.require_two_factor
        importing.jobs.jobs.find_or_create
        importing.jobs.uploads.accept
    """,
    # Managers who see everything.
    "rrraarrnr": """
        channels.webhooks.deliveries.retry
        channels.webhooks.deliveries.send_test
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
        core.jobs.job_queue.retry
        core.staff.api_keys.create
        core.staff.passwords.set_temporary
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
        members.layers.layers.archive
        members.layers.layers.create
        members.layers.layers.recompute
        members.layers.layers.restore
        members.layers.layers.update
        members.people.remark_names.set_pattern
        members.people.shared_identifiers.unmark
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
