from __future__ import annotations

from django.apps import AppConfig


class GroupsConfig(AppConfig):
    name = "qunce.groups"
    label = "groups"

    def ready(self) -> None:
        from qunce.groups import leaves, registry  # noqa: F401
        from qunce.sets import marks

        marks.register(registry.KIND)
