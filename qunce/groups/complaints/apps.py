from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class ComplaintsConfig(AppConfig):
    name = "qunce.groups.complaints"
    label = "complaints"

    def ready(self) -> None:
        for module in (
            "complaint_list",
            "complaints",
            "complaint_settings",
            "escalation",
            "sections",
        ):
            import_module(f"qunce.groups.complaints.{module}")
