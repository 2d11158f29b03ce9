from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class InstantDrawsConfig(AppConfig):
    name = "qunce.activities.instant_draws"
    label = "instant_draws"

    def ready(self) -> None:
        for module in (
            "instant_draws.instant_prizes",
            "instant_draws.personal_sections",
            "kinds.instant_draw",
        ):
            import_module(f"qunce.activities.{module}")
