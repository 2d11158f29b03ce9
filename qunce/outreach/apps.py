from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig

DECLARING = (
    "assigned_tasks",
    "campaigns.approvals",
    "campaigns.campaigns",
    "campaigns.portrait_subjects",
    "campaigns.results",
    "care.budgets",
    "care.claims",
    "care.rules",
    "contact_budget.policies",
    "group_templates.applications",
    "group_templates.following",
    "group_templates.templates",
    "hold_outs.hold_outs",
    "hook_sources",
    "ideas.archive",
    "ideas.feeds",
    "ideas.idea_materials",
    "content.file_checks",
    "content.materials.library",
    "content.message_templates",
    "member_columns",
    "number_checks",
    "opt_outs",
    "personal_sections",
    "playbooks.excluded_groups",
    "playbooks.playbooks",
    "playbooks.run_facts",
    "playbooks.staff_notices",
    "report_deliveries.deliveries",
    "reported_opt_outs",
    "sending.assisted_sending",
    "sending.channel_events",
    "sending.send_facts",
    "series.occurrences",
    "series.posting",
    "series.series",
    "service_styles.rules",
    "service_styles.styles",
    "task_permissions",
    "tasks.staff_tasks",
    "welcomes.time_limits",
    "welcomes.welcomes",
)
"""Modules that declare facts and permissions when imported."""


class OutreachConfig(AppConfig):
    name = "qunce.outreach"
    label = "outreach"

    def ready(self) -> None:
        from qunce.core import epochs
        from qunce.outreach import opt_outs
        from qunce.sets.bitmaps import marks
        from qunce.sets.mirror import lineage

        for module in DECLARING:
            import_module(f"qunce.outreach.{module}")
        marks.register(opt_outs.KIND)
        # What is sent has the ids of rows, which a restored backup gives again.
        epochs.register(lineage.ensure_current)
