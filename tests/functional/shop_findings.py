"""The findings of the tea shop: two that are open, and what became of earlier ones."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.functional.tea_shop import TeaShop


def add(shop: TeaShop) -> None:
    """Store them as found this morning; a shop of sixty people is too small for any."""
    from qunce.core import community_days
    from qunce.groups.groups import Group
    from qunce.insight.findings.finding import (
        Finding,
        FindingCause,
        FindingPart,
        Findings,
    )
    from qunce.insight.findings.models import FindingDecision, FindingReport

    group = Group.objects.get(pk=shop.ids["group"])
    today = community_days.to_date(shop.community.day(shop.at))

    def finding(metric: str, ago: int, until: int = 1, **fields: Any) -> Finding:
        rule = {"group": {"any": [group.key]}}
        values = {"group": group.key, "group_name": group.name, "rule": rule}
        return Finding(
            metric=metric,
            since=today - timedelta(days=ago),
            until=today - timedelta(days=until),
            days=ago - until + 1,
            is_daily=metric == "active_members",
            p_value=0.0001,
            **{"level": "group", **values, **fields},
        )

    source = FindingCause(
        dimension="source",
        label="Source",
        leading=(FindingPart(key="a", label="扫码", expected=1, observed=10),),
        others=2,
    )
    found = Findings(
        until=today - timedelta(days=1),
        findings=(
            finding(
                "leaves",
                4,
                direction="up",
                observed=14,
                expected=3,
                people=14,
                action="group_posts",
                cause=source,
                is_of_community=True,
            ),
            finding(
                "active_members",
                3,
                direction="down",
                observed=11,
                expected=28,
                people=19,
                action="write_to_silent",
            ),
        ),
        asked=37,
        not_enough=12,
    )
    FindingReport.objects.create(
        community=shop.community,
        day=today,
        result=found.to_json(),
        computed_at=shop.at,
    )
    outcome = {
        "since": (today - timedelta(days=8)).isoformat(),
        "until": (today - timedelta(days=1)).isoformat(),
        "days": 8,
        "observed": 61,
        "expected": 58,
        "verdict": "usual",
    }
    for ago, fields in (
        (9, {"decided": "acted", "action": "write_to_silent", "outcome": outcome}),
        (5, {"decided": "dismissed", "reason": "群里在做盘点，知道了"}),
    ):
        earlier = finding(
            "messages",
            ago + 4,
            until=ago + 1,
            direction="down",
            observed=9,
            expected=31,
            people=12,
            action="write_to_silent",
        )
        decision = FindingDecision.objects.create(
            community=shop.community,
            cell=earlier.cell,
            group_key=group.key,
            finding=earlier.to_json(),
            day=today - timedelta(days=ago),
            decided_at=shop.at - timedelta(days=ago),
            changed_at=shop.at - timedelta(days=ago),
            by=shop.owner,
            **fields,
        )
        shop.ids["finding_decision"] = decision.pk
