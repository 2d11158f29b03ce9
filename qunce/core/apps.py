from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig

DECLARING = (
    "facts.audit",
    "staff.api_keys",
    "staff.linked_accounts",
    "staff.passwords",
    "staff.staff",
    "staff.two_factor",
    "staff.units",
)
"""Modules that declare facts and permissions when imported."""


class CoreConfig(AppConfig):
    name = "qunce.core"
    label = "core"

    def ready(self) -> None:
        for module in DECLARING:
            import_module(f"qunce.core.{module}")
