"""The simulated community as the files that a brand would export from its tools."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from qunce.demo.simulation.community import SimulatedCommunity
from qunce.demo.simulation.orders import SimulatedOrder

MESSAGE_POSTED = "message.posted"
DELIVERED, CLICKED, REDEEMED = "send.delivered", "send.clicked", "coupon.redeemed"
Cell = str | int
Row = tuple[Cell, ...]
Facts = Iterable[tuple[str, str, str, datetime, Mapping[str, Cell]]]
"""Kind, member, group, time and payload."""


@dataclass(frozen=True)
class SimulatedFile:
    """`fields` are those of the import target; headings are in the staff's language."""

    name: str
    target: str
    fields: tuple[str, ...]
    rows: Callable[[SimulatedCommunity], Iterable[Row]]
    attributes: tuple[str, ...] = ()
    """Further columns, which become attributes by their headings."""
    headings: Mapping[str, str] | None = None
    """Names of headings that differ from those of their fields."""

    def mapping(self, community: SimulatedCommunity) -> dict[str, str]:
        """Return the field for each heading, in the order of the columns."""
        words = community.settings.words
        renamed = self.headings or {}
        mapping = {
            words.headings[renamed.get(field, field)]: field for field in self.fields
        }
        return mapping

    def write(self, community: SimulatedCommunity) -> bytes:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        attributes = [
            community.settings.words.headings[name] for name in self.attributes
        ]
        writer.writerow([*self.mapping(community), *attributes])
        writer.writerows(self.rows(community))
        return text.getvalue().encode()


def list_members(community: SimulatedCommunity) -> Iterable[Row]:
    words = community.settings.words
    for each in community.people:
        yield (
            each.key,
            each.name,
            _time(each.joined_at),
            _time(each.left_at),
            words.sources[each.source],
            each.phone,
            each.email,
            each.birthday.isoformat() if each.birthday else "",
            words.staff[each.staff] if each.has_staff else "",
            "" if each.gender is None else words.genders[each.gender],
            words.cities[each.city],
            "" if each.taste is None else words.tastes[each.taste],
        )


def list_shop_members(community: SimulatedCommunity) -> Iterable[Row]:
    """Yield the accounts of the online shop, which the phone joins with the others."""
    source = community.settings.words.sources["mini"]
    for each in community.people:
        if each.shop_key:
            joined_at, left_at = _time(each.joined_at), _time(each.left_at)
            yield each.shop_key, each.name, joined_at, left_at, source, each.phone


def list_memberships(community: SimulatedCommunity) -> Iterable[Row]:
    for stay in community.stays:
        key = community.groups[stay.group].key
        joined_at, left_at = _time(stay.joined_at), _time(stay.left_at)
        yield key, stay.person.key, joined_at, left_at, stay.role


def list_orders(community: SimulatedCommunity) -> Iterable[Row]:
    words = community.settings.words
    shops = (*words.shops, words.online_shop)
    for order in community.orders:
        yield (
            order.key,
            order.person.key,
            shops[order.shop],
            _time(order.paid_at),
            _money(order.amount),
            _items(order, community),
            _time(order.refunded_at),
            _money(order.refunded) if order.refunded else "",
        )


def _items(order: SimulatedOrder, community: SimulatedCommunity) -> str:
    words = community.settings.words
    items = [
        {
            "category": words.categories[item.category],
            "name": words.products[item.category][item.product],
            "quantity": item.quantity,
            "amount": item.amount / 100,
        }
        for item in order.items
    ]
    return json.dumps(items, ensure_ascii=False)


def list_chat(community: SimulatedCommunity) -> Iterable[Row]:
    """Yield a fact per message, without its text, which is stored apart."""
    topics = community.settings.words.topics
    messages: Facts = (
        (
            MESSAGE_POSTED,
            each.person.key,
            community.groups[each.group].key,
            each.at,
            {"length": len(each.text), "topic": topics[each.topic]},
        )
        for each in community.messages
    )
    return _facts("chat", messages)


def list_sends(community: SimulatedCommunity) -> Iterable[Row]:
    def facts() -> Facts:
        for send in community.sends.sends:
            key, campaign = send.person.key, {"campaign": send.mailing.name}
            yield DELIVERED, key, "", send.at, campaign
            if send.clicked_at:
                yield CLICKED, key, "", send.clicked_at, campaign
            if send.redeemed_at:
                coupon = campaign | {"coupon": send.mailing.coupon}
                yield REDEEMED, key, "", send.redeemed_at, coupon

    return _facts("send", facts())


def _facts(prefix: str, facts: Facts) -> Iterable[Row]:
    """Yield rows whose keys are unique in all files, since they have one source."""
    for number, (kind, member, group, at, payload) in enumerate(facts, start=1):
        text = json.dumps(payload, ensure_ascii=False)
        yield kind, member, group, _time(at), text, f"{prefix}-{number}"


def list_tags(community: SimulatedCommunity) -> Iterable[Row]:
    for each in community.taggings:
        name = community.tag_name(each)
        yield each.person.key, name, each.depth, _time(each.at)


def list_opt_outs(community: SimulatedCommunity) -> Iterable[Row]:
    for each in community.sends.opt_outs:
        yield each.person.key, _time(each.at), each.reason


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else ""


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


_FACTS = ("kind", "member_key", "group_key", "happened_at", "payload", "key")
_MEMBER = {"member_key": "key"}
_GROUP_TIMES = {"joined_at": "group_joined_at", "left_at": "group_left_at"}
_FACT_KEY = {"key": "fact_key"}
FILES = (
    SimulatedFile(
        "members",
        "members",
        (
            "key",
            "name",
            "joined_at",
            "left_at",
            "source",
            "phone",
            "email",
            "birthday",
            "staff",
        ),
        list_members,
        ("gender", "city", "taste"),
    ),
    SimulatedFile(
        "shop_members",
        "members",
        ("key", "name", "joined_at", "left_at", "source", "phone"),
        list_shop_members,
    ),
    SimulatedFile(
        "memberships",
        "memberships",
        ("group_key", "member_key", "joined_at", "left_at", "role"),
        list_memberships,
        headings=_MEMBER | _GROUP_TIMES,
    ),
    SimulatedFile(
        "orders",
        "orders",
        (
            "order_key",
            "member_key",
            "shop",
            "paid_at",
            "amount",
            "items",
            "refunded_at",
            "refunded_amount",
        ),
        list_orders,
        headings=_MEMBER,
    ),
    SimulatedFile("sends", "facts", _FACTS, list_sends, headings=_MEMBER | _FACT_KEY),
    SimulatedFile("chat", "facts", _FACTS, list_chat, headings=_MEMBER | _FACT_KEY),
    SimulatedFile(
        "tags",
        "tags",
        ("member_key", "tag", "depth", "tagged_at"),
        list_tags,
        headings=_MEMBER,
    ),
    SimulatedFile(
        "opt_outs",
        "opt_outs",
        ("member_key", "opted_out_at", "reason"),
        list_opt_outs,
        headings=_MEMBER,
    ),
)
"""In the order in which they are imported."""
