"""A check-in, a draw and the prize of a member, and what staff do for them."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tests.functional.member_site import parts

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity
    from qunce.activities.prizes.models import Award


def open_activities() -> dict[str, Any]:
    """A check-in and a draw of one prize, and a member with points and two links."""
    from qunce.activities.draws import draws
    from qunce.activities.points import adjustments
    from qunce.activities.prizes import prizes
    from qunce.members.accounts import accounts

    community, by, _second = parts.staff()
    at = datetime.now(UTC)
    check_in = parts.create("check_in", "每天三十页", at)
    draw = parts.create("draw", "周年抽奖", at, ends_at=at + parts.HOUR)
    prize = prizes.create(
        community=community, name="紫砂壶", kind="goods", total=1, by=by, at=at
    )
    prepared = draws.prepare(activity=draw, by=by, at=at)
    draws.set_prizes(draw=prepared, prizes=[(prize, 1)], by=by, at=at)
    for activity in (check_in, draw):
        parts.publish(activity, at)
    member = accounts.create(
        community=community, key=check_in.public_id, name=parts.NAME, by=by, at=at
    )
    adjustments.adjust(
        account_id=member.pk,
        points=120,
        reason="帮忙",
        key=check_in.public_id,
        by=by,
        at=at,
    )
    root = f"/p/{community.key}/"
    return {
        "member": member.pk,
        "root": root,
        "check_in": f"{root}a/{check_in.public_id}",
        "check_in_link": parts.link(member.pk, check_in),
        "draw": f"{root}a/{draw.public_id}",
        "draw_link": parts.link(member.pk, draw),
        "certificate": f"{root}draws/{draw.public_id}/certificate",
    }


def link(member: int, page: str) -> str:
    """Another personal link of a member for an activity."""
    return parts.link(member, parts.activity(page))


def count(page: str) -> int:
    """How often was checked in."""
    from qunce.activities.check_ins.models import CheckIn

    return CheckIn.objects.filter(activity=parts.activity(page)).count()


def draw_winners(page: str) -> dict[str, str]:
    """Close the draw as if its hour was over; returns the path of the prize."""
    from qunce.activities.activities import lifecycle
    from qunce.activities.draws import draws, results

    community, by, _second = parts.staff()
    activity = parts.activity(page)
    assert activity.ends_at is not None
    lifecycle.close(activity=activity, by=by, at=activity.ends_at)
    draw = draws.get(activity)
    signature = b"\xcd" * 48
    public = sha256(signature).digest()
    results.complete(
        draw=draw,
        public_value=public.hex(),
        public_bytes=public,
        signature=signature.hex(),
        at=activity.ends_at + parts.HOUR,
    )
    award = _award(activity)
    return {"prize": f"/p/{community.key}/prizes/{award.public_id}"}


def _award(activity: Activity) -> Award:
    from qunce.activities.prizes.models import Award

    return Award.objects.get(draw_result__draw__activity=activity)


def confirm(member: int, digits: str) -> bool:
    """Staff confirm the digits that the member said to them."""
    from qunce.members.personal_links import sign_in_codes

    _community, by, _second = parts.staff()
    at = datetime.now(UTC)
    sign_in_codes.confirm(account_id=member, digits=digits, by=by, at=at)
    return True


def send(page: str) -> bool:
    """Staff send the prize of a draw as a parcel."""
    from qunce.activities.prizes import delivery

    _community, by, _second = parts.staff()
    delivery.send(
        award=_award(parts.activity(page)),
        carrier="顺丰",
        parcel_number="SF1234567890",
        by=by,
        at=datetime.now(UTC) + 3 * parts.HOUR,
    )
    return True
