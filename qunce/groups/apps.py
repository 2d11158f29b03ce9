from __future__ import annotations

from django.apps import AppConfig


class GroupsConfig(AppConfig):
    name = "qunce.groups"
    label = "groups"

    def ready(self) -> None:
        # Importing the modules declares their facts, permissions and effects.
        from qunce.groups import (  # noqa: F401
            groups,
            memberships,
            personal_sections,
            reported_memberships,
            survey_chat,
        )
        from qunce.sets.bitmaps import marks

        marks.register(groups.KIND)
