from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class TieredTasksConfig(AppConfig):
    name = "qunce.activities.tiered_tasks"
    label = "tiered_tasks"

    def ready(self) -> None:
        for module in ("rewards", "sections"):
            import_module(f"qunce.activities.tiered_tasks.{module}")
        import_module("qunce.activities.kinds.tiered_task")
