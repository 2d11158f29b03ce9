from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "qunce.api"
    label = "api"

    def ready(self) -> None:
        # Importing them declares a permission and a fact.
        from qunce import community_settings, ingest  # noqa: F401
