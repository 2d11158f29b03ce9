from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class CheckInsConfig(AppConfig):
    name = "qunce.activities.check_ins"
    label = "check_ins"

    def ready(self) -> None:
        for module in ("check_ins.prize_kind", "check_ins.sections", "kinds.check_in"):
            import_module(f"qunce.activities.{module}")
