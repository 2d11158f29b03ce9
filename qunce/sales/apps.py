from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class SalesConfig(AppConfig):
    name = "qunce.sales"
    label = "sales"

    def ready(self) -> None:
        for module in (
            "complaint_orders",
            "coupons",
            "member_columns",
            "number_checks",
            "order_categories",
            "order_facts",
            "order_erasure",
            "orders",
            "personal_sections",
            "reported_orders",
        ):
            import_module(f"qunce.sales.{module}")
