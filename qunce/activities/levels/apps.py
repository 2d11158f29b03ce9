from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class LevelsConfig(AppConfig):
    name = "qunce.activities.levels"
    label = "levels"

    def ready(self) -> None:
        for module in (
            "level_facts",
            "badges",
            "doctor_checks",
            "gifts",
            "member_columns",
            "memberships",
            "multipliers",
            "personal_sections",
            "schemes",
        ):
            import_module(f"qunce.activities.levels.{module}")
