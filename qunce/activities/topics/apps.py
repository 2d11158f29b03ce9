from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class TopicsConfig(AppConfig):
    name = "qunce.activities.topics"
    label = "topics"

    def ready(self) -> None:
        for module in (
            "topics.personal_sections",
            "topics.chat_changes",
            "kinds.topic",
        ):
            import_module(f"qunce.activities.{module}")
