from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class SurveysConfig(AppConfig):
    name = "qunce.members.surveys"
    label = "surveys"

    def ready(self) -> None:
        for module in ("surveys", "personal_sections"):
            import_module(f"qunce.members.surveys.{module}")
