"""A community of 40 WeChat groups without an API, and of two people who fill in numbers."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

COUNT = 40
STAFF = {"yan": "zh-hans", "eli": "en"}


def add(at: datetime, password: str) -> None:
    """Add it with the numbers of yesterday: group n has 100 + n members."""
    from qunce.core import communities, community_days
    from qunce.core.staff import models as staff_models
    from qunce.groups import groups
    from qunce.insight.typed_numbers import typed_numbers
    from qunce.insight.typed_numbers.typed_numbers import Entry

    community = communities.create(
        key="evening", name="巷口花店", at=at - timedelta(days=9), language="zh-hans"
    )
    owner: Any = None
    for login, language in STAFF.items():
        owner = staff_models.create(
            community=community,
            login=login,
            name={"yan": "严", "eli": "Eli"}[login],
            role="owner",
            password=password,
            at=at,
        )
        owner.language = language
        owner.save(update_fields=["language"])
    yesterday: date = community_days.to_date(community.day(at) - 1)
    entries = []
    for number in range(1, COUNT + 1):
        group = groups.create(
            community=community,
            key=f"g{number:02}",
            name=f"花友群 {number:02}",
            platform="wechat",
            by=owner,
            at=at - timedelta(days=8),
        )
        entries.append(
            Entry(group=group, day=yesterday, field="members", value=100 + number)
        )
    typed_numbers.save(community=community, entries=entries, by=owner, at=at)
