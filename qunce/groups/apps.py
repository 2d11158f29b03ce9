from __future__ import annotations

from importlib import import_module
from typing import Any

from django.apps import AppConfig


class GroupsConfig(AppConfig):
    name = "qunce.groups"
    label = "groups"

    def ready(self) -> None:
        from qunce.groups import leaves, registry  # noqa: F401 - clauses
        from qunce.members.importing import targets
        from qunce.sets import marks

        marks.register(registry.KIND)
        targets.register("memberships", lambda: _importing().MembershipTarget())
        targets.register_column("groups", lambda: _importing().put_in_groups)
        targets.find_groups_with(lambda: _importing().ids_of)


def _importing() -> Any:
    return import_module("qunce.groups.importing")
