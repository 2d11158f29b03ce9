"""The staff in charge of members: assigning, handing over, and who is in charge.

A member has at most one. It is stored for every account of theirs, so that both people
keep it when a merge is undone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from qunce.core import db, errors, permissions, revisions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.members.staff_in_charge import models
from qunce.members.staff_in_charge.models import HandOver, HandOverChange, InCharge
from qunce.sets import audiences

if TYPE_CHECKING:
    from pyroaring import BitMap

ASSIGN = permissions.declare(
    "members.assign_staff",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("put staff in charge of members"),
)
BY_HAND = "operator"
NOBODY = 0
"""Stands for no staff member in facts and in `number`."""
PEOPLE_PER_TRANSACTION = 2_000


@facts.declare
@dataclass(frozen=True, kw_only=True)
class StaffInChargeChanged(facts.FactKind):
    """`staff` and `before` are ids of staff, 0 for nobody."""

    kind = "member.staff_changed"
    label = gettext_lazy("staff in charge changed")
    instead = gettext_lazy("Import the members instead, or assign their staff.")
    staff: int
    before: int


class StaffNotFound(errors.NotFound):
    """There is no such staff member, or they cannot be in charge of members."""


class CountChanged(errors.Refused):
    """The number of members is not the one that was confirmed."""


# Checks


def check_staff(community: Community, staff: Staff) -> None:
    """Raises StaffNotFound unless this staff member may be in charge of members."""
    is_system = staff.login.startswith(staff_models.SYSTEM_LOGIN_PREFIX)
    if staff.community_id != community.pk or not staff.is_active or is_system:
        raise _not_found(staff.name if staff.community_id == community.pk else "")


def _not_found(text: str) -> StaffNotFound:
    return StaffNotFound(
        _("There is no active staff member “%(name)s”.") % {"name": text}
    )


# Verbs


def assign(
    *,
    community: Community,
    accounts: Iterable[int],
    staff: Staff | None,
    by: Staff,
    at: datetime,
    source: str = BY_HAND,
    hand_over: HandOver | None = None,
) -> int:
    """Put a staff member in charge of the people behind these accounts.

    None leaves them without one. A `hand_over` stores who was in charge before. Returns
    how many people have another one now.
    """
    permissions.check_may(by, ASSIGN)
    if staff is not None:
        check_staff(community, staff)
    ids = sorted(set(accounts))
    visibility.check_visible(by=by, accounts=ids, at=at)
    number = staff.pk if staff else NOBODY
    changed = 0
    for chunk in account_queries.chunks(ids, PEOPLE_PER_TRANSACTION):
        with transaction.atomic():
            own = account_queries.accounts_by_person(chunk)
            changed += write(
                community=community,
                people={person: (accounts, number) for person, accounts in own.items()},
                by=by,
                at=at,
                source=source,
                hand_over=hand_over,
            )
    return changed


def check_count(people: BitMap | Sequence[int], expected: int) -> None:
    """Raises CountChanged unless there are as many people as were confirmed."""
    if len(people) != expected:
        message = ngettext(
            "The list has %(n)s member now, not %(old)s. Check it and confirm again.",
            "The list has %(n)s members now, not %(old)s. Check it and confirm again.",
            len(people),
        )
        raise CountChanged(message % {"n": f"{len(people):,}", "old": f"{expected:,}"})


def write(
    *,
    community: Community,
    people: Mapping[int, tuple[Sequence[int], int]],
    by: Staff,
    at: datetime,
    source: str,
    hand_over: HandOver | None = None,
) -> int:
    """Store the staff, by id, of people with their accounts; 0 for nobody.

    Call it in a transaction. The caller checks permissions, staff and visibility.
    Returns how many people have another one now.
    """
    rev = _bump(community)
    account_ids = list(itertools.chain(*(own for own, _staff in people.values())))
    before = staff_ids_by_person({p: own for p, (own, _staff) in people.items()})
    stored = _stored(account_ids)
    micros = timestamps.to_micros(at)
    rows, events, changes = [], [], []
    for person, (own, staff) in people.items():
        old = before.get(person, NOBODY)
        if staff != old:
            changes.append((person, old))
            events.append(StaffInChargeChanged(account=person, staff=staff, before=old))
        elif all(stored.get(account, NOBODY) == staff for account in own):
            continue
        present = staff != NOBODY
        rows += [
            (community.pk, account, staff, micros, present, rev, source, by.pk)
            for account in own
            if present or account in stored
        ]
    upsert(rows)
    facts.record_many(events, community=community, by=by, at=at)
    if hand_over is not None:
        HandOverChange.objects.bulk_create(
            HandOverChange(hand_over=hand_over, account_id=person, before=old)
            for person, old in changes
        )
    return len(events)


UPSERT = """
INSERT INTO members_incharge
    (community_id, account_id, number, set_at, present, rev, source, by_id) VALUES
"""
REPLACE = """
ON CONFLICT (community_id, account_id) DO UPDATE SET number = excluded.number,
    set_at = excluded.set_at, present = excluded.present, rev = excluded.rev,
    source = excluded.source, by_id = excluded.by_id
"""


def upsert(rows: Sequence[Sequence[Any]]) -> None:
    """Write rows as they are stored, without facts; the caller has raised the revision."""
    if rows:
        db.insert(UPSERT, rows, on_conflict=REPLACE)


def _bump(community: Community) -> int:
    pk = community.pk
    return revisions.bump(pk, models.KIND.name, [pk])[pk]


@transaction.atomic
def prefer(
    *, community: Community, accounts: Sequence[int], by: Staff, at: datetime
) -> None:
    """Make the staff member of these accounts that of their person, replacing any other.

    A merge calls it for the side whose staff member stays.
    """
    rev = _bump(community)
    rows = InCharge.objects.filter(account_id__in=list(accounts), present=True)
    rows.update(set_at=at, rev=rev, by_id=by.pk)


def erase(community_id: int, accounts: Sequence[int]) -> None:
    """Delete the staff of erased accounts, without facts."""
    HandOverChange.objects.filter(account_id__in=list(accounts)).delete()
    rows = InCharge.objects.filter(account_id__in=list(accounts))
    if rows.exists():
        with transaction.atomic():
            kind = models.KIND.name
            rev = revisions.bump(community_id, kind, [community_id])[community_id]
            # The rows stay, so that cached columns drop them.
            rows.update(present=False, number=NOBODY, source="", by_id=None, rev=rev)


# Reads


def find_staff(community: Community, texts: Iterable[str]) -> dict[str, Staff]:
    """Text → the staff member with this login or name; unknown texts are left out.

    Of several with one name, none is found. Logins go before names.
    """
    wanted = {text: text.strip().casefold() for text in texts}
    by_login: dict[str, Staff] = {}
    by_name: dict[str, list[Staff]] = {}
    for staff in list_assignable(community):
        by_login[staff.login.casefold()] = staff
        by_name.setdefault(staff.name.strip().casefold(), []).append(staff)
    found: dict[str, Staff] = {}
    for text, folded in wanted.items():
        named = by_name.get(folded, [])
        staff_member = by_login.get(folded) or (named[0] if len(named) == 1 else None)
        if staff_member is not None:
            found[text] = staff_member
    return found


def get_staff(community: Community, text: str) -> Staff:
    """The staff member with this login or name; raises StaffNotFound."""
    found = find_staff(community, [text]).get(text)
    if found is None:
        raise _not_found(text)
    return found


def list_assignable(community: Community) -> list[Staff]:
    """The staff who may be in charge of members, by name."""
    rows = Staff.objects.filter(community=community, is_active=True)
    rows = rows.exclude(login__startswith=staff_models.SYSTEM_LOGIN_PREFIX)
    return list(rows.order_by("name", "pk"))


def staff_by_person(people: Mapping[int, Sequence[int]]) -> dict[int, Staff]:
    """Person → their staff member in charge; `people` maps person ids to account ids."""
    ids = staff_ids_by_person(people)
    staff = Staff.objects.in_bulk(set(ids.values()))
    return {person: staff[pk] for person, pk in ids.items() if pk in staff}


def staff_ids_by_person(people: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """Like `staff_by_person`, with the ids of the staff."""
    person_ids = {account: person for person, own in people.items() for account in own}
    latest: dict[int, int] = {}
    for chunk in account_queries.chunks(sorted(person_ids)):
        rows = InCharge.objects.filter(account_id__in=chunk, present=True)
        # As in the engine: of equal times, the last account counts.
        for row in rows.order_by("set_at", "account_id"):
            latest[person_ids[row.account_id]] = row.number or NOBODY
    return latest


def _stored(accounts: Sequence[int]) -> dict[int, int]:
    stored: dict[int, int] = {}
    for chunk in account_queries.chunks(sorted(accounts)):
        rows = InCharge.objects.filter(account_id__in=chunk)
        for row in rows:
            stored[row.account_id] = (row.number or NOBODY) if row.present else NOBODY
    return stored


def count_members(*, staff: Staff, by: Staff, at: datetime) -> int:
    """How many members `by` sees of whom this staff member is in charge."""
    rule = {"staff": {"any": [staff.login]}}
    return audiences.count(community=by.community, rule=rule, by=by, at=at)
