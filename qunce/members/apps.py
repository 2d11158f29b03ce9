from __future__ import annotations

from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "qunce.members"
    label = "members"

    def ready(self) -> None:
        from qunce.members import (  # noqa: F401 - they declare
            accounts,
            attributerows,
            leaves,
            people,
            roster,
            tagrows,
        )
        from qunce.members.importing import facts, members, tags, targets
        from qunce.sets import columns, erasing, marks, population

        marks.register(tagrows.KIND)
        columns.register(attributerows.KIND)
        erasing.spare("member.erased")
        population.register(roster.Account._meta.db_table)
        for target in (facts.FactTarget(), members.MemberTarget(), tags.TagTarget()):
            targets.register(target)
