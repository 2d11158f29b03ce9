from __future__ import annotations

from django.apps import AppConfig


class SetsConfig(AppConfig):
    name = "qunce.sets"
    label = "sets"

    def ready(self) -> None:
        from qunce.sets import basics, did, sequences  # noqa: F401 - they register
