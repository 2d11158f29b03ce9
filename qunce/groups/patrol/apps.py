from __future__ import annotations

from django.apps import AppConfig


class PatrolConfig(AppConfig):
    name = "qunce.groups.patrol"
    label = "patrol"

    def ready(self) -> None:
        from qunce.groups.patrol import rounds  # noqa: F401 - facts
