"""A meet-up for walks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.functional.member_site import parts


def open_meetup() -> dict[str, Any]:
    """A meet-up in an hour with one seat, and two members with a link for it each."""
    from qunce.members.accounts import accounts

    community, by, _second = parts.staff()
    at = datetime.now(UTC)
    start = at + parts.HOUR
    settings = {
        "place": "静安店二楼，愚园路 218 号",
        "starts": start.isoformat(),
        "capacity": 1,
        "cancel_hours": 0,
        "questions": [{"text": "喝过杯测吗？", "required": True}],
    }
    meetup = parts.create(
        "meetup", "周六杯测会", at, ends_at=start + 4 * parts.HOUR, settings=settings
    )
    parts.publish(meetup, at)
    members = [
        accounts.create(
            community=community,
            key=f"{meetup.public_id}-{number}",
            name=name,
            by=by,
            at=at,
        ).pk
        for number, name in enumerate((parts.NAME, "李雷"))
    ]
    return {
        "pk": meetup.pk,
        "page": f"/p/{community.key}/a/{meetup.public_id}",
        "links": [parts.link(member, meetup) for member in members],
    }
