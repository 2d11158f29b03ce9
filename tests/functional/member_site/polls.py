"""A poll for walks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.functional.member_site import parts


def open_poll() -> dict[str, Any]:
    """A poll about teas, and a member with a link for it."""
    from qunce.members.accounts import accounts

    community, by, _second = parts.staff()
    at = datetime.now(UTC)
    rows = [{"text": text} for text in ("龙井", "乌龙", "普洱")]
    poll = parts.create("poll", "今晚喝什么茶", at, settings={"options": rows})
    parts.publish(poll, at)
    member = accounts.create(
        community=community, key=poll.public_id, name=parts.NAME, by=by, at=at
    )
    return {
        "page": f"/p/{community.key}/a/{poll.public_id}",
        "link": parts.link(member.pk, poll),
    }
