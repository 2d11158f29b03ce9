from __future__ import annotations

from django.apps import AppConfig


class GroupsConfig(AppConfig):
    name = "qunce.groups"
    label = "groups"

    def ready(self) -> None:
        from qunce.groups import importing, leaves, registry  # noqa: F401
        from qunce.members.importing import facts, targets
        from qunce.sets import marks

        marks.register(registry.KIND)
        targets.register(importing.MembershipTarget())
        targets.register_column("groups", importing.put_in_groups)
        facts.find_groups_with(importing.ids_of)
