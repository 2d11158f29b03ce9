"""Targets, columns and states of an import in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core.communities import Community
from qunce.importing import registry
from qunce.members.attributes.attributes import Attribute

TARGETS: dict[str, tuple[StrOrPromise, StrOrPromise]] = {
    "members": (
        gettext_lazy("Members"),
        gettext_lazy("one member per row, with phone, tags, groups and more"),
    ),
    "tags": (gettext_lazy("Tags"), gettext_lazy("one member and one tag per row")),
    "memberships": (
        gettext_lazy("Group members"),
        gettext_lazy("one group and one member per row"),
    ),
    "orders": (
        gettext_lazy("Orders"),
        gettext_lazy("one order, or one line of an order, per row"),
    ),
    "facts": (
        gettext_lazy("Facts"),
        gettext_lazy("what members did and when, for example chat logs"),
    ),
}
FIELDS: dict[str, StrOrPromise] = {
    "key": gettext_lazy("Member number"),
    "name": gettext_lazy("Name or nickname"),
    "joined_at": gettext_lazy("When they joined"),
    "left_at": gettext_lazy("Left at"),
    "phone": gettext_lazy("Phone"),
    "email": gettext_lazy("E-mail"),
    "unionid": gettext_lazy("UnionID"),
    "birthday": gettext_lazy("Birthday"),
    "source": gettext_lazy("Source"),
    "tags": gettext_lazy("Tags, separated by ;"),
    "groups": gettext_lazy("Groups, separated by ;"),
    "member_key": gettext_lazy("Member number"),
    "tag": gettext_lazy("Tag"),
    "depth": gettext_lazy("Tag depth"),
    "tagged_at": gettext_lazy("Tagged at"),
    "group_key": gettext_lazy("Group"),
    "role": gettext_lazy("Role in the group"),
    "order_key": gettext_lazy("Order number"),
    "paid_at": gettext_lazy("Paid at"),
    "amount": gettext_lazy("Amount paid"),
    "currency": gettext_lazy("Currency"),
    "items": gettext_lazy("Items (JSON)"),
    "refunded_at": gettext_lazy("Refunded at"),
    "refunded_amount": gettext_lazy("Amount refunded"),
    "sku": gettext_lazy("Item code"),
    "item": gettext_lazy("Item name"),
    "category": gettext_lazy("Item category"),
    "quantity": gettext_lazy("Quantity"),
    "price": gettext_lazy("Unit price"),
    "line_amount": gettext_lazy("Line amount"),
    "kind": gettext_lazy("Kind of fact (noun.verb)"),
    "happened_at": gettext_lazy("When it happened"),
    "payload": gettext_lazy("Details (JSON)"),
}
EVENT_KEY = gettext_lazy("Fact number")
KINDS: dict[str, StrOrPromise] = {
    "key": gettext_lazy("text"),
    "text": gettext_lazy("text"),
    "moment": gettext_lazy("date and time"),
    "instant": gettext_lazy("date and time"),
    "date": gettext_lazy("date"),
    "amount": gettext_lazy("number"),
    "number": gettext_lazy("number"),
    "bool": gettext_lazy("yes or no"),
    "choice": gettext_lazy("single choice"),
    "multi": gettext_lazy("multiple choice"),
    "object": "JSON",
    "json": "JSON",
}
STATES: dict[str, tuple[StrOrPromise, str]] = {
    "waiting": (gettext_lazy("queued"), "info"),
    "running": (gettext_lazy("running"), "info"),
    "done": (gettext_lazy("done"), "good"),
    "refused": (gettext_lazy("rejected: broken rows"), "bad"),
    "failed": (gettext_lazy("failed"), "bad"),
    "cancelled": (gettext_lazy("cancelled"), "warn"),
}
COUNTS: dict[str, StrOrPromise] = {
    "members": gettext_lazy("new members"),
    "facts": gettext_lazy("new facts"),
    "orders": gettext_lazy("new orders"),
    "refunds": gettext_lazy("refunds"),
    "amended": gettext_lazy("amended orders"),
    "tagged": gettext_lazy("tags added"),
    "changed": gettext_lazy("changed"),
    "known": gettext_lazy("already known"),
    "lines": gettext_lazy("order lines"),
    "lines_without_member": gettext_lazy("order lines without a member"),
    "orders_without_member": gettext_lazy("orders without a member"),
    "value": gettext_lazy("paid less refunded"),
    "value_with_member": gettext_lazy("of which with a member"),
}


def target(key: str) -> str:
    return str(TARGETS[key][0]) if key in TARGETS else key


MOMENT = len("2026-03-05 09:07")


def shown(value: Any, kind: str) -> Any:
    """Times as everywhere on our pages: to the minute, by the community's clock."""
    if kind in ("moment", "instant") and isinstance(value, str):
        return value[:MOMENT]
    return value


def labels(community: Community, mapping: Mapping[str, str]) -> dict[str, str]:
    """What attributes are called: as they were defined, else by their heading."""
    known = Attribute.objects.filter(community=community)
    prefix = registry.ATTRIBUTE_PREFIX
    named = {field: heading for heading, field in mapping.items() if field}
    return named | {
        f"{prefix}{name}": label for name, label in known.values_list("name", "label")
    }


def field(target_key: str, name: str, called: Mapping[str, str] | None = None) -> str:
    """A field of a target, an attribute as it is called, or that it is left out."""
    if not name:
        return _("not imported")
    if (target_key, name) == ("facts", "key"):
        return str(EVENT_KEY)
    for prefix in (registry.ATTRIBUTE_PREFIX, registry.DETAIL_PREFIX):
        if name.startswith(prefix):
            if called and called.get(name):
                return called[name]
            return name.removeprefix(prefix)
    return str(FIELDS.get(name, name))


def counted(counts: dict[str, int]) -> list[tuple[str, str]]:
    """What came of the rows, without the zeros; values are kept in millionths."""
    found = []
    for name, number in counts.items():
        if number:
            plain = name.replace("_millionths", "")
            shown = f"{number:,}" if plain == name else _decimal(number)
            found.append((str(COUNTS.get(plain, plain)), shown))
    return found


def _decimal(millionths: int) -> str:
    return f"{(Decimal(millionths) / 1_000_000):,.2f}"
