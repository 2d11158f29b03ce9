"""Loads what the rules of `offers` know about one member."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING

from qunce.core import communities
from qunce.members.layers import layers
from qunce.members.people.people import Person
from qunce.members.tags import person_tags
from qunce.outreach import opt_outs
from qunce.outreach.tasks import staff_tasks
from qunce.sales import order_items
from qunce.sales.models import Order
from qunce.sidebar import offers

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

BIRTHDAY = "birthday"
"""The attribute whose type is fixed to a date."""
MAX_ORDERS = 200


def load(person: Person, *, by: Staff, at: datetime) -> offers.OfferContext:
    """What is known about a person whom `by` may see."""
    community = by.community
    zone = communities.zone(community)
    accounts = [account.pk for account in person.accounts]
    tags = person_tags.tags_by_person({person.id: accounts})[person.id]
    rows = Order.objects.filter(account_id__in=accounts).order_by("-paid_at")
    # What was given back is no reason to offer it again.
    kept = [row for row in rows[:MAX_ORDERS] if row.refunded_amount < row.amount]
    days = {row.pk: row.paid_at.astimezone(zone).date() for row in kept}
    return offers.OfferContext(
        today=at.astimezone(zone).date(),
        joined=person.joined_at.astimezone(zone).date(),
        orders=list(days.values()),
        purchases=[
            (days[row.pk], str(item["name"]))
            for row in kept
            for item in order_items.load_items(row.items)
            if item.get("name")
        ],
        moves=list(_list_moves(community, person.id, at)),
        interests=[
            offers.Interest(tag.tag.name, tag.depth, tag.since.astimezone(zone).date())
            for tag in tags
            if not tag.is_automatic and not (tag.tag.group and tag.tag.group.exclusive)
        ],
        birthday=find_birthday(person),
        invitations=[
            task.request.group.name
            for task in staff_tasks.list_open_about(accounts, by)
            if task.request.group is not None
        ],
        is_present=person.present,
        has_opted_out=bool(opt_outs.find_by_person([person.id])),
    )


def find_birthday(person: Person) -> date | None:
    value = person.attributes.get(BIRTHDAY)
    try:
        return date.fromisoformat(value.text[:10]) if value else None
    except ValueError:
        return None


def _list_moves(
    community: Community, person: int, at: datetime
) -> Iterator[offers.LayerMove]:
    """Moves of the last days, without those whose layering was changed."""
    first = community.day(at) - offers.MOVE_DAYS
    for layering in layers.list_active(community):
        before, after = layers.latest_run(layering, first), layers.latest_run(layering)
        if before is None or after is None or before == after:
            continue
        places = [_layer_in(run, person) for run in (before, after)]
        if "" in places or places[0] == places[1]:
            continue
        if person in layers.redefined_people(before, after):
            continue
        names = {
            layer["key"]: str(layer.get("name") or layer["key"])
            for layer in layering.spec["layers"]
        }
        if not set(places) <= names.keys():
            continue
        order = list(names)
        # The layers of a measure go from the highest to the lowest.
        is_ranked = layering.spec["by"] == "measure"
        yield offers.LayerMove(
            layering=layering.name,
            before=names[places[0]],
            after=names[places[1]],
            is_rise=order.index(places[1]) < order.index(places[0])
            if is_ranked
            else None,
        )


def _layer_in(run: layers.LayerRun, person: int) -> str:
    """The key of the layer, "" for somebody who was not there then."""
    sets = layers.load_sets(run)
    return next((layer for layer, people in sets.items() if person in people), "")
