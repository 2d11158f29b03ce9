from __future__ import annotations

from django.apps import AppConfig


class ModerationConfig(AppConfig):
    name = "qunce.groups.moderation"
    label = "moderation"

    def ready(self) -> None:
        # Importing the modules declares their facts, permissions and erasers.
        from qunce.groups.moderation import (  # noqa: F401
            appeals,
            executor,
            judging,
            member_reports,
            personal_sections,
            rules,
            shadow_runs,
        )
