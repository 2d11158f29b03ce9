"""Pictures in rooms of a real homeserver: codes that advertise, and bombs (V5)."""

from __future__ import annotations

import io
from collections.abc import Callable

import segno

from qunce.groups.moderation.models import Case
from tests.groups.moderation.checks.test_codes import make_bomb
from tests.matrix.members import Member
from tests.matrix.site import Site
from tests.matrix.test_moderation import add_rule, moderate

Register = Callable[..., list[Member]]


def draw_code() -> bytes:
    content = io.BytesIO()
    segno.make_qr("https://weixin.qq.com/g/AgYAAA").save(content, kind="png", scale=8)
    return content.getvalue()


def shown(member: Member, room: str, by: Member) -> list[str]:
    """The pictures of somebody that can still be seen."""
    return [
        event["content"]["body"]
        for event in member.read(room)
        if event["sender"] == by.id and "url" in event["content"]
    ]


def test_codes_in_pictures_are_found_and_bombs_harm_nobody(
    site: Site, register: Register
) -> None:
    """A code in a picture or sticker is deleted; an image bomb delays nobody."""
    owner, eve, mallory = register("owner", "eve", "mallory")
    room = site.open_room(owner, eve, mallory, name="Tea")
    add_rule(site, check={"check": "codes", "options": {}})
    mallory.show(room, make_bomb(), body="bomb.png")
    # Called something else by its sender, and shown as a picture all the same.
    info = {"mimetype": "application/octet-stream"}
    eve.show(room, draw_code(), body="code.png", info=info)
    url = eve.call("POST", "/media/v3/upload", draw_code(), "image/png")["content_uri"]
    sticker = {"body": "sticker", "url": url, "info": {"mimetype": "image/png"}}
    path = f"/client/v3/rooms/{room}/send/m.sticker/s1"
    eve.call("PUT", path, sticker)
    moderate(site)

    assert shown(owner, room, eve) == []
    assert shown(owner, room, mallory) == ["bomb.png"]
    case = Case.objects.order_by("pk")[0]
    assert case.findings[0]["evidence"][0]["reason"] == "qr_code"
    assert "AgYAAA" in case.findings[0]["evidence"][0]["matched"]
