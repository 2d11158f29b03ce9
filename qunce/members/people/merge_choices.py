"""Which single values stay when two people are merged: the name, the staff, attributes.

A value that stays is made the latest one, so that undoing the merge gives both sides
their own values back. A name is written over the other one, which the merge remembers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from qunce.core import errors
from qunce.members.accounts import accounts
from qunce.members.accounts.models import Account
from qunce.members.attributes import attribute_texts, attributes
from qunce.members.attributes import values as attribute_values
from qunce.members.attributes.attributes import AttributeType
from qunce.members.people.merges import Merge
from qunce.members.staff_in_charge import assignments

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

LEFT, RIGHT = "left", "right"
NAME, STAFF = "name", "staff"
ATTRIBUTE_PREFIX = "attr-"


@dataclass(frozen=True)
class Difference:
    """A single value that differs between two people. `kept` is the side that stays
    unless staff choose the other one."""

    key: str
    label: str
    left: str
    right: str
    kept: str


class InvalidChoice(errors.Invalid):
    """A choice names no value of the two people, or neither of the sides."""


def list_differences(
    left: Sequence[int], right: Sequence[int], *, by: Staff, at: datetime
) -> list[Difference]:
    """What two people with these accounts have both, but differently."""
    found = [
        *_compare_names(left, right),
        *_compare_staff(left, right),
        *_compare_attributes(left, right, by, at),
    ]
    return [each for each in found if each.left and each.right]


def _named(ids: Sequence[int]) -> Account | None:
    """The account that gives a person their name."""
    rows = Account.objects.filter(pk__in=ids).exclude(name="").order_by("pk")
    return rows.select_related("community").first()


def _compare_names(left: Sequence[int], right: Sequence[int]) -> list[Difference]:
    one, other = _named(left), _named(right)
    if one is None or other is None or one.name == other.name:
        return []
    kept = LEFT if one.pk < other.pk else RIGHT
    label = pgettext("person", "Name")
    return [Difference(NAME, label, one.name, other.name, kept)]


def _compare_staff(left: Sequence[int], right: Sequence[int]) -> list[Difference]:
    people = {0: left, 1: right}
    staff = assignments.staff_by_person(people)
    if len(staff) < len(people) or staff[0].pk == staff[1].pk:
        return []
    both = [*left, *right]
    kept = (
        LEFT if assignments.staff_ids_by_person({0: both})[0] == staff[0].pk else RIGHT
    )
    label = _("Staff in charge")
    return [Difference(STAFF, label, staff[0].name, staff[1].name, kept)]


def _compare_attributes(
    left: Sequence[int], right: Sequence[int], by: Staff, at: datetime
) -> list[Difference]:
    values = attributes.values_by_person({0: left, 1: right})
    together = attributes.values_of_person([*left, *right])
    differences = []
    for name, one in values[0].items():
        other = values[1].get(name)
        # Those of several choices are united.
        if (
            other is None
            or other.text == one.text
            or one.attribute.type == AttributeType.MULTI
        ):
            continue
        mine, theirs = (
            attribute_texts.written(one.attribute, each.text, by=by, at=at)
            for each in (one, other)
        )
        kept = LEFT if together[name].text == one.text else RIGHT
        key = f"{ATTRIBUTE_PREFIX}{one.attribute.pk}"
        differences.append(Difference(key, one.attribute.label, mine, theirs, kept))
    return differences


def apply(
    merge: Merge,
    sides: Mapping[str, Sequence[int]],
    chosen: Mapping[str, str],
    differences: Sequence[Difference],
    *,
    by: Staff,
    at: datetime,
) -> None:
    """Keep the chosen sides of these differences; call it in the merge's transaction.

    `sides` are the accounts that the two people had before it.
    """
    by_key = {each.key: each for each in differences}
    for key, side in chosen.items():
        if side not in (LEFT, RIGHT):
            raise InvalidChoice(_("Choose one of the two values."))
        difference = by_key.get(key)
        if difference is None or difference.kept == side:
            continue
        ids = sides[side]
        if key == NAME:
            _keep_name(merge, sides[difference.kept], ids, by=by, at=at)
        elif key == STAFF:
            community = merge.community
            assignments.prefer(community=community, accounts=ids, by=by, at=at)
        else:
            pk = int(key.removeprefix(ATTRIBUTE_PREFIX))
            attribute = attributes.list_all(merge.community).get(pk=pk)
            attribute_values.prefer(attribute, ids, at=at)


def _keep_name(
    merge: Merge,
    replaced: Sequence[int],
    kept: Sequence[int],
    *,
    by: Staff,
    at: datetime,
) -> None:
    account, source = _named(replaced), _named(kept)
    if account is None or source is None:
        return
    merge.renamed_id, merge.old_name, merge.new_name = (
        account.pk,
        account.name,
        source.name,
    )
    merge.save(update_fields=["renamed_id", "old_name", "new_name"])
    accounts.update(account=account, name=source.name, by=by, at=at)


def restore_name(merge: Merge, *, by: Staff, at: datetime) -> None:
    """Give the account its name back which the merge replaced, unless it has another."""
    if merge.renamed_id is None:
        return
    rows = Account.objects.filter(pk=merge.renamed_id, name=merge.new_name)
    account = rows.select_related("community").first()
    if account is not None and merge.old_name:
        accounts.update(account=account, name=merge.old_name, by=by, at=at)
    Merge.objects.filter(pk=merge.pk).update(renamed_id=None, old_name="", new_name="")
