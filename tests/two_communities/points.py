"""A rule of points, and points of the hidden member that wait for approval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qunce.activities.points import adjustments, rules

if TYPE_CHECKING:
    from tests.two_communities.data import TwoCommunities


def add_points(data: TwoCommunities) -> None:
    rule = rules.create(
        community=data.community,
        name="Homely points",
        event="review",
        points=10,
        by=data.owner,
        at=data.at,
    )
    done = adjustments.adjust(
        account_id=data.ids["member"],
        points=5_000,
        reason="Homely thanks",
        key="homely",
        by=data.owner,
        at=data.at,
    )
    assert done.waiting is not None
    data.ids |= {"point rule": rule.pk, "point adjustment": done.waiting.pk}
