from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "qunce.members"
    label = "members"

    def ready(self) -> None:
        from qunce.members import (  # noqa: F401 - they declare
            accounts,
            attributerows,
            checkups,
            exporting,
            leaves,
            masks,
            notes,
            people,
            remarks,
            roster,
            tagrows,
        )
        from qunce.sets import columns, erasing, marks, population

        marks.register(tagrows.KIND)
        columns.register(attributerows.KIND)
        erasing.spare("member.erased")
        population.register(roster.Account._meta.db_table)
        _register_targets()


def _register_targets() -> None:
    """What they need to read files is loaded with the first file."""
    from qunce.members.importing import targets

    room = "qunce.members.importing"
    targets.register("members", lambda: import_module(f"{room}.members").MemberTarget())
    targets.register("tags", lambda: import_module(f"{room}.tags").TagTarget())
    targets.register("facts", lambda: import_module(f"{room}.facts").FactTarget())
