from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig

REGISTERING_MODULES = (
    "doctor.checks",
    "doctor.key_checks",
    "doctor.secret_checks",
)
"""Modules that register checks when imported."""


class SetsConfig(AppConfig):
    name = "qunce.sets"
    label = "sets"

    def ready(self) -> None:
        from qunce.sets.rules import base

        base.discover()
        for module in REGISTERING_MODULES:
            import_module(f"qunce.sets.{module}")
