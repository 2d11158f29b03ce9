from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class FlashSalesConfig(AppConfig):
    name = "qunce.activities.flash_sales"
    label = "flash_sales"

    def ready(self) -> None:
        for module in ("flash_sales.personal_sections", "kinds.flash_sale"):
            import_module(f"qunce.activities.{module}")
