from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class HomeworkConfig(AppConfig):
    name = "qunce.activities.homework"
    label = "homework"

    def ready(self) -> None:
        for module in ("homework.personal_sections", "kinds.homework"):
            import_module(f"qunce.activities.{module}")
