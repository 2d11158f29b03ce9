"""What verbs of members: people, tags, segments, layers answer to whom, as in `answers`."""

from __future__ import annotations

ANSWERS: dict[str, str] = {
    # Answers hold what the asker sees, of their own community.
    "aaaaaaaaa": """
        members.layers.assignment.preview_sizes
        members.scores.scores.visible_spec
        members.people.named_members.find_all
        members.people.notes.list_open_until
        members.people.visibility.filter_accounts
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
    """,
    # About a thing that everybody in the community sees.
    "aaaaaaana": """
        members.layers.moves.compare
        members.layers.moves.list_people
        members.layers.moves.moves_since
        members.segments.segments.count
    """,
    "aaaaaaaxa": """
        members.staff_in_charge.assignments.count_members
    """,
    # About a member, or an order, note or batch of one.
    "aaaaanana": """
        members.people.named_members.get_by_key
        members.people.named_members.get_by_references
        members.people.notes.get
        members.people.visibility.get
        members.tags.assignments.get_batch
    """,
    # Staff with a scope cannot ask who is there.
    "aaaaaranr": """
        members.accounts.accounts.ensure
        members.accounts.resolver.find_or_create
        members.accounts.resolver.find_or_create_all
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
    # Operators and managers; the rules name what they see.
    "rraaaaana": """
        members.segments.frozen.freeze
        members.segments.segments.archive
        members.segments.segments.create
        members.segments.segments.restore
        members.segments.segments.update
        members.segments.watches.start
        members.segments.watches.stop
    """,
    # Operators and managers, about members whom they see.
    "rraaanana": """
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
    """,
    # The seen member has no such phone; nobody with a scope records new orders.
    "rraaanann": """
        members.people.corrections.correct
    """,
    "rraaananx": """
        members.people.people.unmerge
    """,
    "rraaaranr": """
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
    """,
    "rrraanrna": """
        members.people.person_export.export
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
    # Managers who see everything, of their own community.
    "rrraarrar": """
        members.personal_links.page_views.list_results
    """,
    # Managers who see everything.
    "rrraarrnr": """
        members.personal_links.links.revoke_purpose
        members.personal_links.portal_settings.configure
        members.accounts.identity_settings.update
        members.accounts.placeholders.add
        members.accounts.placeholders.delete
        members.attributes.attributes.define
        members.attributes.attributes.update
        members.attributes.type_change_jobs.get
        members.attributes.type_change_jobs.start
        members.attributes.type_changes.change_type
        members.attributes.type_changes.preview
        members.scores.scores.create
        members.scores.scores.delete
        members.scores.scores.update
        members.layers.layers.archive
        members.layers.layers.create
        members.layers.layers.recompute
        members.layers.layers.restore
        members.layers.layers.update
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
    "rrrnnrrnr": """
        members.accounts.suppression.lift
    """,
    "rrrrarrrr": """
        members.saved_views.saved_views.delete
    """,
}
