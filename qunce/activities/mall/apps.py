from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class MallConfig(AppConfig):
    name = "qunce.activities.mall"
    label = "mall"

    def ready(self) -> None:
        for module in ("mall.personal_sections", "kinds.mall"):
            import_module(f"qunce.activities.{module}")
