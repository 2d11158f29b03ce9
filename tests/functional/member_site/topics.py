"""A topic for walks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.functional.member_site import parts


def open_topic() -> dict[str, Any]:
    """A topic with points and a reply of somebody else, and a member with a link for it."""
    from qunce.activities.activities.models import Way
    from qunce.activities.kinds import base
    from qunce.members.accounts import accounts

    community, by, _second = parts.staff()
    at = datetime.now(UTC)
    hashtag = f"今天第一杯{at:%M%S%f}"
    settings = {"hashtag": hashtag, "points": 2, "most_rewards": 10}
    topic = parts.create("topic", "今天第一杯", at, settings=settings)
    parts.publish(topic, at)
    member, other = (
        accounts.create(
            community=community, key=f"{topic.public_id}{n}", name=name, by=by, at=at
        )
        for n, name in enumerate((parts.NAME, "李雷"))
    )
    base.take_part(
        activity=topic,
        account_id=other.pk,
        way=Way.STAFF,
        said="桂花拿铁",
        key="other",
        by=by,
        at=at,
    )
    root = f"/p/{community.key}/"
    return {
        "root": root,
        "hashtag": hashtag,
        "page": f"{root}a/{topic.public_id}",
        "link": parts.link(member.pk, topic),
    }
