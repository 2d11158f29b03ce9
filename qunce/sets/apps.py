from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig

REGISTERING_MODULES = (
    "clauses.did",
    "clauses.members",
    "clauses.sequence",
    "doctor.checks",
    "doctor.key_checks",
)
"""Modules that declare clauses and checks when imported."""


class SetsConfig(AppConfig):
    name = "qunce.sets"
    label = "sets"

    def ready(self) -> None:
        for module in REGISTERING_MODULES:
            import_module(f"qunce.sets.{module}")
