"""Invitations that staff answer, on a real homeserver (X2).

On a server that is open to everybody, its own people are strangers as those of others are.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qunce.channels.accounts import invitations
from qunce.channels.accounts.invitations import InvitationNotFound
from qunce.groups.groups import Group
from tests.matrix.members import Member
from tests.matrix.site import Site, now

Register = Callable[..., list[Member]]


def answer(site: Site, verb: Callable[..., None], room: str) -> None:
    site.account.refresh_from_db()
    verb(account=site.account, key=room, by=site.by, at=now())


def waiting(site: Site) -> list[str]:
    site.account.refresh_from_db()
    return [each.key for each in invitations.list_of(site.account, by=site.by)]


def test_staff_accept_one_invitation_and_refuse_another(
    site: Site, register: Register
) -> None:
    """Staff accept one invitation and refuse another; only the first is a group."""
    invitations.ask_first(account=site.account, asks_first=True, by=site.by, at=now())
    owner, ann = register("owner", "ann")
    tea, spam, gone = (
        owner.create_room(name=name, is_public=name != "Gone", invite=[site.bot.id])
        for name in ("Tea", "Spam", "Gone")
    )
    ann.join(tea)
    direct = ann.create_room(is_public=False, is_direct=True, invite=[site.bot.id])
    site.receive()
    assert sorted(waiting(site)) == sorted([tea, spam, gone])
    assert "invite_waiting" in site.problems()
    assert not Group.objects.exists()

    answer(site, invitations.accept, tea)
    answer(site, invitations.refuse, spam)
    owner.kick(gone, site.bot.id)
    with pytest.raises(InvitationNotFound):
        answer(site, invitations.accept, gone)
    for room in (tea, spam, gone):
        with pytest.raises(InvitationNotFound):
            answer(site, invitations.accept, room)
    ann.say(tea, "hello")
    site.receive()
    assert waiting(site) == []
    assert Group.objects.get().name == "Tea"
    assert site.members(tea) == sorted([owner.id, ann.id])
    assert site.texts() == ["hello"]
    # Members still reach the account directly, as they opt out there.
    ann.say(direct, "TD")
    site.step()
    assert len(ann.texts(direct, by=site.bot.id)) == 1
    assert "invite_waiting" not in site.problems()

    owner.invite(spam, site.bot.id)
    site.receive()
    assert waiting(site) == [spam]
    kinds = ("channel.invitation_accepted", "channel.invitation_refused")
    assert [fact["room"] for kind in kinds for fact in site.facts(kind)] == [tea, spam]
