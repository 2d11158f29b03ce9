from __future__ import annotations

from django.apps import AppConfig


class ModerationConfig(AppConfig):
    name = "qunce.groups.moderation"
    label = "moderation"

    def ready(self) -> None:
        # Importing the modules declares their facts, permissions and erasers.
        from qunce.groups.moderation import personal_sections  # noqa: F401
        from qunce.groups.moderation.actions import executor  # noqa: F401
        from qunce.groups.moderation.cases import member_reports  # noqa: F401
        from qunce.groups.moderation.judgements import judging  # noqa: F401
        from qunce.groups.moderation.rules import rules, shadow_runs  # noqa: F401
        from qunce.groups.moderation.staff_decisions import appeals  # noqa: F401
