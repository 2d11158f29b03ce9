from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class ActivitiesConfig(AppConfig):
    name = "qunce.activities.activities"
    label = "activities"

    def ready(self) -> None:
        for module in ("activities.sections", "activities.lifecycle", "chat"):
            import_module(f"qunce.activities.{module}")
