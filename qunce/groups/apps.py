from __future__ import annotations

from django.apps import AppConfig


class GroupsConfig(AppConfig):
    name = "qunce.groups"
    label = "groups"

    def ready(self) -> None:
        # Importing both modules declares their facts and permissions.
        from qunce.groups import groups, memberships  # noqa: F401
        from qunce.sets.bitmaps import marks

        marks.register(groups.KIND)
