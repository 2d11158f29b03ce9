from __future__ import annotations

from django.apps import AppConfig


class OverlapsConfig(AppConfig):
    name = "qunce.groups.overlaps"
    label = "overlaps"

    def ready(self) -> None:
        from qunce.groups.overlaps import clean_ups, group_sets  # noqa: F401 - facts
