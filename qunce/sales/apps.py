from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class SalesConfig(AppConfig):
    name = "qunce.sales"
    label = "sales"

    def ready(self) -> None:
        import_module("qunce.sales.coupons")
        targets = import_module("qunce.members.importing.targets")
        importing = "qunce.sales.importing"
        targets.register("orders", lambda: import_module(importing).OrderTarget())
