from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class SalesConfig(AppConfig):
    name = "qunce.sales"
    label = "sales"

    def ready(self) -> None:
        import_module("qunce.sales.coupons")
        importing = import_module("qunce.sales.importing")
        importing.targets.register(importing.OrderTarget())
