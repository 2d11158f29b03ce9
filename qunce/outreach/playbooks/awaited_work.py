"""What staff do for runs that wait for it: whether it is done, and handing it over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.people import notes
from qunce.members.people.notes import Note
from qunce.outreach.playbooks import assignees, staff_notices
from qunce.outreach.playbooks.assignees import Assignee
from qunce.outreach.playbooks.models import RunStep, StaffNotice
from qunce.outreach.sending.ledger import Message, State


@dataclass(frozen=True)
class OpenWork:
    """What staff have not done; `targets` maps rows to accounts or groups."""

    community: Community
    is_group: bool
    targets: Mapping[int, int]
    by: Staff
    at: datetime


def find_open(rows: Sequence[RunStep]) -> set[int]:
    """The pks of those rows whose work can still be done; all others are done or deleted."""
    by_message = {row.message_id: row.pk for row in rows if row.message_id}
    by_note = {row.note_id: row.pk for row in rows if row.note_id}
    open_messages = Message.objects.filter(pk__in=by_message, state=State.PLANNED)
    open_notes = Note.objects.filter(pk__in=by_note, done_at__isnull=True)
    notices = StaffNotice.objects.filter(
        run_step__in=[row.pk for row in rows], done_at__isnull=True
    )
    return {
        *(by_message[pk] for pk in open_messages.values_list("pk", flat=True)),
        *(by_note[pk] for pk in open_notes.values_list("pk", flat=True)),
        *notices.values_list("run_step_id", flat=True),
    }


def names_of_staff(rows: Sequence[RunStep]) -> dict[int, str]:
    """Row → the name of who has it."""
    by_message = {row.message_id: row.pk for row in rows if row.message_id}
    by_note = {row.note_id: row.pk for row in rows if row.note_id}
    name = "staff__name"
    messages = Message.objects.filter(pk__in=by_message, staff__isnull=False)
    own_notes = Note.objects.filter(pk__in=by_note, staff__isnull=False)
    notices = StaffNotice.objects.filter(run_step__in=[row.pk for row in rows])
    return {
        **{by_message[pk]: who for pk, who in messages.values_list("pk", name)},
        **{by_note[pk]: who for pk, who in own_notes.values_list("pk", name)},
        **dict(notices.values_list("run_step_id", name)),
    }


def hand_over(rows: Sequence[RunStep], to: Assignee, work: OpenWork) -> set[int]:
    """Give what is not done to others; returns the pks of the rows that changed hands.

    What nobody else can do, or may not see, stays with whom it is.
    """
    found = assignees.find(
        to,
        community=work.community,
        targets=sorted(set(work.targets.values())),
        is_group=work.is_group,
    )
    seen = {
        staff.pk: staff_notices.visible(
            staff, list(work.targets.values()), is_group=work.is_group, at=work.at
        )
        for staff in set(found.values())
        if staff is not None
    }
    moved = set()
    for row in rows:
        target = work.targets[row.pk]
        staff = found[target]
        if staff is None or target not in seen[staff.pk]:
            continue
        if _give(row, staff, work):
            moved.add(row.pk)
    return moved


def _give(row: RunStep, staff: Staff, work: OpenWork) -> bool:
    """Change who does the work of a row, unless it is done or theirs already."""
    if row.message_id is not None:
        planned = Message.objects.filter(pk=row.message_id, state=State.PLANNED)
        return bool(planned.exclude(staff=staff).update(staff=staff))
    if row.note_id is not None:
        rows = Note.objects.filter(pk=row.note_id, done_at__isnull=True)
        note = rows.exclude(staff=staff).select_related("community").first()
        if note is None:
            return False
        notes.update(note=note, staff=staff, by=work.by, at=work.at)
        return True
    notices = StaffNotice.objects.filter(run_step=row, done_at__isnull=True)
    return bool(notices.exclude(staff=staff).update(staff=staff))
