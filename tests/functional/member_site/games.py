"""A quiz and a chain of idioms for walks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.functional.member_site import parts


def open_quiz() -> dict[str, Any]:
    """A quiz of two questions, and a member with a link for it."""
    rows = [
        {"question": "普洱茶产自哪个省？", "answer": "云南", "others": "云南省"},
        {
            "question": "龙井是哪种茶？",
            "answer": "绿茶",
            "choices": "红茶 / 绿茶 / 黑茶",
        },
    ]
    return _open_game("quiz", "茶知识小考", {"questions": rows})


def open_chain() -> dict[str, Any]:
    """A chain of idioms, and a member with a link for it."""
    return _open_game("idiom_chain", "成语接龙夜", {"start": "一心一意"})


def _open_game(kind: str, name: str, settings: dict[str, Any]) -> dict[str, Any]:
    from qunce.members.accounts import accounts

    community, by, _second = parts.staff()
    at = datetime.now(UTC)
    game = parts.create(kind, name, at, ends_at=at + parts.HOUR, settings=settings)
    parts.publish(game, at)
    member = accounts.create(
        community=community, key=game.public_id, name=parts.NAME, by=by, at=at
    )
    return {
        "page": f"/p/{community.key}/a/{game.public_id}",
        "link": parts.link(member.pk, game),
        "staff_page": f"/activities/games/{game.pk}/",
    }
