from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class MeetupsConfig(AppConfig):
    name = "qunce.activities.meetups"
    label = "meetups"

    def ready(self) -> None:
        for module in (
            "meetups.personal_sections",
            "meetups.doctor_checks",
            "kinds.meetup",
        ):
            import_module(f"qunce.activities.{module}")
