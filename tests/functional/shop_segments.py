"""Segments of the tea shop: living, watched for two weeks, and frozen."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.functional.tea_shop import TeaShop

OPTIONS: dict[str, Any] = {
    "any": [
        {"did": {"kind": "order.paid", "times": {"gte": 2, "lte": 5}, "within": "90d"}},
        {"did": {"kind": "order.paid", "average": {"field": "amount", "gte": 5000}}},
        {"did": {"kind": "order.paid", "hours": ["22:30", "06:00"]}},
        {"did": {"kind": "order.paid", "last": {"before": "30d"}}},
        {"joined": {"between": ["2026-01-01", "2026-01-31"]}},
        {"attr": {"name": "birthday", "anniversary": {"eq": "today+7d"}}},
    ]
}
"""Conditions with ranges, averages, hours and relative days."""


def add_segments(shop: TeaShop) -> None:
    from qunce.members.segments import frozen as frozen_segments
    from qunce.members.segments import segments

    bought = {"did": {"kind": "order.paid", "times": {"gte": 2}, "within": "90d"}}
    rules: dict[str, Any] = {
        "回头客": {"all": [bought, {"not": {"tag": {"any": ["普通"]}}}]},
        "爱岩茶的VIP": {
            "all": [
                {"tag": {"all": ["VIP"]}},
                {"any": [{"tag": {"any": ["岩茶"]}}, {"group": {"any": ["group-0"]}}]},
            ]
        },
    }
    for key, rule in rules.items():
        segment = segments.create(**shop.in_shop(key=key, rule=rule))
    segment_of_options = segments.create(**shop.in_shop(key="常客", rule=OPTIONS))
    frozen = frozen_segments.freeze(
        **shop.in_shop(key="十一月名单", rule=rule), segment=segment
    )
    watch_segment(shop, segment)
    segments.record_sizes(community=shop.community, at=shop.at)
    shop.ids |= {
        "segment": segment.pk,
        "segment_of_options": segment_of_options.pk,
        "frozen": frozen.pk,
    }


def watch_segment(shop: TeaShop, segment: Any) -> None:
    """Two weeks of sizes, and some members who lost a tag and got it again."""
    from qunce.members.segments import segments, watches
    from qunce.members.tags import assignments, library
    from qunce.sets import audiences

    for days in range(14, 0, -1):
        segments.record_size(segment=segment, at=shop.at - timedelta(days=days))
    people = audiences.list_ids(
        community=shop.community,
        rule=segment.rule,
        by=shop.staff["mei"],
        at=shop.at,
        limit=5,
    )
    vip = library.get(shop.community, "VIP")

    def change(verb: Any, accounts: list[int], days: int) -> None:
        at = shop.at - timedelta(days=days)
        verb(tag=vip, accounts=accounts, by=shop.staff["mei"], at=at)
        for watch in watches.list_active(shop.community):
            watches.check(watch, at=at)

    change(assignments.remove, people, 6)
    started = shop.at - timedelta(days=5)
    watches.start(segment=segment, by=shop.staff["mei"], at=started)
    change(assignments.apply, people[:3], 4)
    change(assignments.remove, people[:1], 3)
    change(assignments.apply, [people[0], *people[3:]], 1)
