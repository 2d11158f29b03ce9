"""A survey for walks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.functional.member_site import parts


def open_survey() -> dict[str, Any]:
    """A survey with a branch, and a member with two links for it."""
    from qunce.members.accounts import accounts
    from qunce.members.personal_links import links
    from qunce.members.surveys import surveys

    community, by, _second = parts.staff()
    at = datetime.now(UTC)
    options = [{"key": "yes", "text": "来了"}, {"key": "no", "text": "没来"}]
    draft: list[dict[str, Any]] = [
        {"key": "came", "kind": "single", "text": "周六你来了吗？", "options": options},
        {
            "key": "score",
            "kind": "nps",
            "text": "愿意推荐给朋友吗？",
            "when": {"question": "came", "options": ["yes"]},
        },
        {
            "key": "why",
            "kind": "text",
            "text": "什么原因没来？",
            "when": {"question": "came", "options": ["no"]},
        },
        {
            "key": "drinks",
            "kind": "multiple",
            "text": "平时喝什么？",
            "is_required": False,
            "options": ["龙井", "乌龙", "普洱"],
        },
    ]
    survey = surveys.create(
        community=community, name="品鉴会之后", draft=draft, by=by, at=at
    )
    surveys.publish(survey=survey, by=by, at=at)
    member = accounts.create(
        community=community, key=survey.public_id, name=parts.NAME, by=by, at=at
    )
    purpose = f"survey:{survey.public_id}"
    made = [
        links.make(account_id=member.pk, purpose=purpose, by=by, at=at) for _n in "12"
    ]
    return {
        "page": f"/p/{community.key}/surveys/{survey.public_id}",
        "link": made[0],
        "second_link": made[1],
    }
