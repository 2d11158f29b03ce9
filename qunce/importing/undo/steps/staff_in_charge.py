"""Takes back the staff in charge of members who existed before the import.

An entry is `[account, staff before, staff of the file]`, 0 for nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.importing.undo.step_registry import Step, Undoing
from qunce.members.accounts import queries as account_queries
from qunce.members.staff_in_charge import assignments

SOURCE = "undo"


class StaffInChargeStep(Step):
    kind = "staff"
    position = 55
    label = gettext_lazy("staff in charge restored")

    def account_of(self, entry: Any) -> int | None:
        return int(entry[0])

    def undo(self, undoing: Undoing, entries: Sequence[Any]) -> int:
        people = account_queries.accounts_by_person([entry[0] for entry in entries])
        person_of = {account: pk for pk, own in people.items() for account in own}
        current = assignments.staff_ids_by_person(people)
        restored: dict[int, int] = {}
        # The newest first, as the same member may be in the file twice.
        for account, before, after in reversed(entries):
            person = person_of[account]
            if restored.get(person, current.get(person, assignments.NOBODY)) != after:
                key = account_queries.keys_by_id(undoing.community, [account])[account]
                undoing.keep(key, _("The staff in charge has been changed since."))
                continue
            restored[person] = before
        return assignments.write(
            community=undoing.community,
            people={
                person: (people[person], staff) for person, staff in restored.items()
            },
            by=undoing.by,
            at=undoing.at,
            source=SOURCE,
        )


STEP = StaffInChargeStep
