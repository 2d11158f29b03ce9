"""An activity for posts for walks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.functional.member_site import parts


def open_posts() -> dict[str, Any]:
    """An activity for posts with rewards, and two members with a link for it each."""
    from qunce.members.accounts import accounts

    community, by, _second = parts.staff()
    at = datetime.now(UTC)
    settings = {"asks_review": True, "points": 50}
    activity = parts.create("post", "晒出你的这一杯", at, settings=settings)
    parts.publish(activity, at)
    members = [
        accounts.create(
            community=community,
            key=f"{activity.public_id}-{number}",
            name=name,
            by=by,
            at=at,
        ).pk
        for number, name in enumerate((parts.NAME, "李雷"))
    ]
    return {
        "pk": activity.pk,
        "page": f"/p/{community.key}/a/{activity.public_id}",
        "best": f"/p/{community.key}/best-posts",
        "links": [parts.link(member, activity) for member in members],
    }
