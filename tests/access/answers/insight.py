"""What verbs of insight answer to whom, as in `answers`."""

from __future__ import annotations

ANSWERS: dict[str, str] = {
    # Nobody here has bought for half a year; tests/insight has whom an estimate counts.
    "xxxxxxxxx": """
        insight.lifetime_value.estimates.estimate
    """,
    # Answers hold what the asker sees, of their own community.
    "aaaaaaaaa": """
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
    """,
    # The same, for all who may see words.
    "raaaaaaaa": """
        insight.words.topics.compute
    """,
    # About a thing that everybody in the community sees.
    "aaaaaaana": """
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
    """,
    "aaaaaaaxa": """
        insight.positioning.view_changes.compare
    """,
    # About a group.
    "aaaaaanna": """
        insight.goals.goals.get
        insight.goals.progress.load
        insight.goals.progress.load_all
        insight.goals.results.find_change
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
    # A job of somebody else.
    # Managers see other staff, those with a scope included.
    "nnnaaaana": """
        insight.staff_performance.lists.find_staff
        insight.staff_performance.visibility.get
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
    """,
    # Operators and managers, in a group that they see.
    "rraaaanna": """
        insight.typed_numbers.typed_numbers.save
        insight.funnels.funnels.archive
        insight.funnels.funnels.restore
        insight.funnels.funnels.update
    """,
    # Staff with a scope add no members.
    "rraaarnnr": """
        insight.goals.goals.archive
        insight.goals.goals.restore
        insight.goals.goals.update
    """,
    "rraaaranr": """
        insight.goals.goals.create
    """,
    # Managers who see everything, of their own community.
    "rrraarrar": """
        insight.reports.subscribers.list_all
        insight.reports.subscribers.list_choices
    """,
    # Managers who see everything.
    "rrraarrnr": """
        insight.positioning.sheets.restore
        insight.positioning.sheets.save
        insight.reports.consequences.list_all
        insight.reports.report_settings.change
        insight.reports.subscribers.set_subscribers
        insight.typed_numbers.reminders.set_hour
        insight.scores.previews.preview
        insight.words.word_settings.change
    """,
}
