from __future__ import annotations

from django.apps import AppConfig


class ImportingConfig(AppConfig):
    name = "qunce.importing"
    label = "importing"

    def ready(self) -> None:
        # Importing it declares its facts and permission.
        from qunce.importing.jobs import jobs  # noqa: F401
