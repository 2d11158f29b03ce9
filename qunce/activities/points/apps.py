from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class PointsConfig(AppConfig):
    name = "qunce.activities.points"
    label = "points"

    def ready(self) -> None:
        for module in (
            "point_facts",
            "adjustments",
            "chat",
            "doctor_checks",
            "past_runs",
            "personal_sections",
            "point_settings",
            "rules",
        ):
            import_module(f"qunce.activities.points.{module}")
