from __future__ import annotations

from django.apps import AppConfig


class GroupsConfig(AppConfig):
    name = "qunce.groups"
    label = "groups"

    def ready(self) -> None:
        from qunce.groups import groups
        from qunce.sets.bitmaps import marks

        marks.register(groups.KIND)
