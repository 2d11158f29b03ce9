from __future__ import annotations

from django.apps import AppConfig


class EntryConfig(AppConfig):
    name = "qunce.groups.entry"
    label = "entry"

    def ready(self) -> None:
        from qunce.groups.entry import (  # noqa: F401 - facts
            gates,
            group_rules,
            personal_sections,
            requests,
        )
