from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class OutreachConfig(AppConfig):
    name = "qunce.outreach"
    label = "outreach"

    def ready(self) -> None:
        from qunce.outreach import opt_outs
        from qunce.sets.bitmaps import marks

        for module in (
            "campaigns.campaigns",
            "sending.assisted_sending",
            "sending.channel_events",
            "sending.send_facts",
        ):
            import_module(f"qunce.outreach.{module}")
        marks.register(opt_outs.KIND)
