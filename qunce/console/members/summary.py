"""One line beside a member's name: layer, spend, last order, staff and the next step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.console.members import presenters
from qunce.core import communities, day_texts, money
from qunce.core.staff.models import Staff
from qunce.members.layers import layers
from qunce.members.staff_in_charge import assignments
from qunce.sales import member_columns

if TYPE_CHECKING:
    from qunce.members.layers.layers import Layering

LayerRow = tuple["Layering", str, str]
"""A layering with the key and the name of the member's layer."""


@dataclass(frozen=True)
class Item:
    """One part of the summary; `title` is the longer text of its tooltip."""

    label: str
    text: str
    url: str = ""
    title: str = ""
    is_late: bool = False


def layer_rows(member: presenters.Member) -> list[LayerRow]:
    """Each layering with the member's layer."""
    rows = []
    for layering in layers.list_active(member.by.community):
        key = layers.layer_of(layering, member.id)
        names = {
            layer["key"]: str(layer.get("name") or layer["key"])
            for layer in layering.spec["layers"]
        }
        rows.append((layering, key, names.get(key, key)))
    return rows


def staff_of(member: presenters.Member) -> Staff | None:
    people = {member.id: member.account_ids}
    return assignments.staff_by_person(people).get(member.id)


def build(member: presenters.Member, rows: Sequence[LayerRow]) -> list[Item]:
    """The line, without the staff in charge, which can be changed in it."""
    items = []
    if rows:
        layering, key, name = rows[0]
        url = f"{reverse('members:list')}?layer={layering.pk}:{key}"
        items.append(Item(layering.name, name, url))
    items += _list_sales(member)
    items += _list_next_steps(member)
    return items


def _list_sales(member: presenters.Member) -> list[Item]:
    community = member.by.community
    zone = communities.zone(community)
    people = {member.id: member.account_ids}
    sales = member_columns.by_person(community, people).get(member.id)
    if sales is None:
        return [Item(_("Net spend"), _("no orders"))]
    spent = money.format_with_currency(sales.net, community.currency)
    if sales.left_out:
        spent = f"{spent} + {_(', ').join(sales.left_out)}"
    last = sales.last_paid_at
    return [
        Item(_("Net spend"), spent, title=_("%(n)s orders") % {"n": sales.orders}),
        Item(
            _("Last order"),
            day_texts.moment(last, member.at, zone),
            title=f"{last.astimezone(zone):%Y-%m-%d %H:%M}",
        ),
    ]


def _list_next_steps(member: presenters.Member) -> list[Item]:
    zone = communities.zone(member.by.community)
    steps = [
        (note.due_at, note.pk, note)
        for note in member.notes
        if note.due_at and not note.done_at
    ]
    if not steps:
        return []
    due_at, _pk, first = min(steps)
    when = day_texts.moment(due_at, member.at, zone)
    return [
        Item(
            _("Next step"),
            _("%(step)s, %(when)s") % {"step": first.next_step, "when": when},
            "#h-notes",
            title=first.staff.name if first.staff else "",
            is_late=due_at <= member.at,
        )
    ]
