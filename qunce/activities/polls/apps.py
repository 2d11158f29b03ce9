from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class PollsConfig(AppConfig):
    name = "qunce.activities.polls"
    label = "polls"

    def ready(self) -> None:
        for module in ("polls.sections", "kinds.poll"):
            import_module(f"qunce.activities.{module}")
