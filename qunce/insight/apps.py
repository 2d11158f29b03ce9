from __future__ import annotations

from django.apps import AppConfig


class InsightConfig(AppConfig):
    name = "qunce.insight"
    label = "insight"

    def ready(self) -> None:
        # Importing it declares the metrics.
        from qunce.insight import identities, metrics  # noqa: F401

        identities.load()
