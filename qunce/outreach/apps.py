from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig

DECLARING = (
    "campaigns.campaigns",
    "campaigns.results",
    "member_columns",
    "opt_outs",
    "personal_sections",
    "reported_opt_outs",
    "sending.assisted_sending",
    "sending.channel_events",
    "sending.send_facts",
)
"""Modules that declare facts and permissions when imported."""


class OutreachConfig(AppConfig):
    name = "qunce.outreach"
    label = "outreach"

    def ready(self) -> None:
        from qunce.outreach import opt_outs
        from qunce.sets.bitmaps import marks

        for module in DECLARING:
            import_module(f"qunce.outreach.{module}")
        marks.register(opt_outs.KIND)
