from __future__ import annotations

from django.apps import AppConfig


class OverlapsConfig(AppConfig):
    name = "qunce.groups.overlaps"
    label = "overlaps"

    def ready(self) -> None:
        from qunce.groups.overlaps import (  # noqa: F401 - facts
            clean_ups,
            group_sets,
            personal_sections,
        )
