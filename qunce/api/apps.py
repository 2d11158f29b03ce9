from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "qunce.api"
    label = "api"

    def ready(self) -> None:
        # Importing it declares its permission.
        from qunce import ingest  # noqa: F401
