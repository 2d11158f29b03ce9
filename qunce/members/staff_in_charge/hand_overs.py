"""Hand-overs: many members who get another staff member at once, and the undo of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.core import errors, permissions
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.members.staff_in_charge import assignments
from qunce.members.staff_in_charge.assignments import NOBODY, PEOPLE_PER_TRANSACTION
from qunce.members.staff_in_charge.models import HandOver
from qunce.sets import audiences


class HandOverNotFound(errors.NotFound):
    """There is no such hand-over, or none of its members can be seen."""


class AlreadyUndone(errors.Refused):
    """The hand-over has been undone before."""


@dataclass(frozen=True)
class Undone:
    """People who are with who was in charge before, and those changed again since.

    Only people whom the staff member sees are counted.
    """

    restored: int
    kept: int


def create(
    *, accounts: Iterable[int], staff: Staff | None, by: Staff, at: datetime
) -> HandOver:
    """Put a staff member in charge of people, None for nobody, so that it can be undone."""
    permissions.check_may(by, assignments.ASSIGN)
    ids = sorted(accounts)
    visibility.check_visible(by=by, accounts=ids, at=at)
    if staff is not None:
        assignments.check_staff(by.community, staff)
    number = staff.pk if staff else NOBODY
    hand_over = HandOver.objects.create(
        community=by.community, number=number, by_id=by.pk, at=at
    )
    hand_over.changed = assignments.assign(
        community=by.community,
        accounts=ids,
        staff=staff,
        by=by,
        at=at,
        hand_over=hand_over,
    )
    hand_over.save(update_fields=["changed"])
    return hand_over


def create_by_rule(
    *, rule: Any, expected: int, staff: Staff | None, by: Staff, at: datetime
) -> HandOver:
    """Put a staff member in charge of all members who match a rule.

    Raises CountChanged unless they are as many as `expected`.
    """
    permissions.check_may(by, assignments.ASSIGN)
    people = audiences.people(community=by.community, rule=rule, by=by, at=at)
    assignments.check_count(people, expected)
    return create(accounts=people, staff=staff, by=by, at=at)


def get(*, by: Staff, pk: int, at: datetime) -> HandOver:
    """A hand-over of which `by` sees at least one member."""
    permissions.check_may(by, assignments.ASSIGN)
    for hand_over in HandOver.objects.filter(pk=pk, community=by.community):
        if _visible(hand_over, by, at):
            return hand_over
    raise HandOverNotFound(_("There is no such hand-over."))


def undo(*, hand_over: HandOver, by: Staff, at: datetime) -> Undone:
    """Put back who was in charge before.

    People who have somebody else since, and people whom `by` does not see, keep theirs.
    """
    hand_over = get(by=by, pk=hand_over.pk, at=at)
    before = dict(hand_over.changes.values_list("account_id", "before"))
    visible = _visible(hand_over, by, at)
    if hand_over.undone_at is not None:
        raise AlreadyUndone(_("This was undone before."))
    restored = 0
    # After a crash, the rest can be undone: whoever was restored is left as they are.
    for chunk in account_queries.chunks(visible, PEOPLE_PER_TRANSACTION):
        with transaction.atomic():
            own = account_queries.accounts_by_person(chunk)
            current = assignments.staff_ids_by_person(own)
            people = {
                person: (accounts, before[person])
                for person, accounts in own.items()
                if person in before and current.get(person, NOBODY) == hand_over.number
            }
            restored += assignments.write(
                community=by.community,
                people=people,
                by=by,
                at=at,
                source=assignments.BY_HAND,
            )
    if len(visible) == len(before):
        # The rest is left to somebody who sees it.
        HandOver.objects.filter(pk=hand_over.pk).update(undone_at=at)
    return Undone(restored, len(visible) - restored)


def _visible(hand_over: HandOver, by: Staff, at: datetime) -> list[int]:
    ids = hand_over.changes.values_list("account_id", flat=True)
    return sorted(visibility.filter_visible(by=by, accounts=ids, at=at))


def describe_undo(undone: Undone) -> str:
    text = ngettext(
        "Undone. %(n)s member is with the same staff as before.",
        "Undone. %(n)s members are with the same staff as before.",
        undone.restored,
    )
    sentences = [text % {"n": f"{undone.restored:,}"}]
    if undone.kept:
        kept = ngettext(
            "%(n)s member stays, as somebody else was put in charge since.",
            "%(n)s members stay, as somebody else was put in charge since.",
            undone.kept,
        )
        sentences.append(kept % {"n": f"{undone.kept:,}"})
    return " ".join(sentences)
