from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class DrawsConfig(AppConfig):
    name = "qunce.activities.draws"
    label = "draws"

    def ready(self) -> None:
        from qunce.activities.draws import database_objects
        from qunce.core import new_databases

        new_databases.register(database_objects.create)
        for module in (
            "draws.doctor_checks",
            "draws.personal_sections",
            "draws.public_values",
            "draws.results",
            "kinds.draw",
        ):
            import_module(f"qunce.activities.{module}")
