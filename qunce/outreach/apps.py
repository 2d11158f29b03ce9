from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class OutreachConfig(AppConfig):
    name = "qunce.outreach"
    label = "outreach"

    def ready(self) -> None:
        from qunce.outreach import optouts
        from qunce.sets import marks

        for module in ("sends", "incoming", "byhand", "campaigns"):
            import_module(f"qunce.outreach.{module}")
        marks.register(optouts.KIND)
